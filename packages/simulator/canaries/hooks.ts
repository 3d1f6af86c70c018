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
    const edits = canary.edits.filter(({ file }) => url.endsWith(`/${file}`));
    if (edits.length === 0) return loaded;
    let source = String(loaded.source);
    for (const { find, replace } of edits) {
      if (source.split(find).length !== 2) throw new Error(`canary ${name}: '${find}' is not there exactly once`);
      source = source.replace(find, () => replace);
    }
    return { ...loaded, source };
  },
});
