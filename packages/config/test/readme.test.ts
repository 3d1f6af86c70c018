import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadGatewayConfig, SETTINGS, SOURCE_VARIABLES } from '../src/index.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../README.md');

it('the README shows the example that is type-checked', () => {
  const shown = /```ts examples\/load\.ts\n([\s\S]*?)```/.exec(readme)?.[1];
  expect(shown).toBe(read('../examples/load.ts'));
});

it('the file that the README shows can be used', () => {
  const shown = /```json\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const result = loadGatewayConfig({ file: 'shown.json', environment: {}, readText: () => shown });
  expect(result).toMatchObject({ ok: true, value: { port: 8000, notes: [] } });
});

it('the README lists every setting, with its variable, what it takes, its default and its meaning, and no other', () => {
  const rows = SETTINGS.map(({ name, variable, seedName, takes, fallback, meaning }) => {
    const ours = `\`${name}\`<br>\`${variable}\``;
    return `| ${ours} | ${seedName ?? '–'} | ${takes} | ${fallback === undefined ? 'none' : `\`${fallback}\``} | ${meaning} |`;
  });
  expect(readme.split('\n').filter((line) => /^\| `\w+`<br>/.test(line))).toEqual(rows);
});

it('the README lists every variable that says how the configuration is fetched, and no other', () => {
  const rows = SOURCE_VARIABLES.map(({ variable, takes, fallback, meaning }) => {
    return `| \`${variable}\` | ${takes} | ${fallback === undefined ? 'none' : `\`${fallback}\``} | ${meaning} |`;
  });
  expect(readme.split('\n').filter((line) => /^\| `LOCKSTEP_CONFIG_/.test(line))).toEqual(rows);
});
