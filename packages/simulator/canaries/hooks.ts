import { registerHooks } from 'node:module';
import { CANARIES } from './canaries.ts';

/** Runs everything that this process imports with one rule taken out: the canary that `LOCKSTEP_CANARY` names. */
const name = process.env['LOCKSTEP_CANARY'] ?? '';
const canary = CANARIES[name];
if (canary === undefined)
  throw new Error(`LOCKSTEP_CANARY: got '${name}', takes one of ${Object.keys(CANARIES).join(', ')}`);

registerHooks({
  load(url, context, nextLoad) {
    const loaded = nextLoad(url, context);
    if (!url.endsWith(`/${canary.file}`)) return loaded;
    const source = String(loaded.source);
    if (source.split(canary.find).length !== 2) throw new Error(`canary ${name}: its text is not there exactly once`);
    return { ...loaded, source: source.replace(canary.find, () => canary.replace) };
  },
});
