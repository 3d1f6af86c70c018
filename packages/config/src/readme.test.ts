import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { SETTINGS } from './index.ts';

it('documents every setting in the README, with its variable, what it takes, its default and its meaning', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const rows = SETTINGS.map(({ name, variable, seedName, takes, fallback, meaning }) => {
    const ours = `\`${name}\`<br>\`${variable}\``;
    return `| ${ours} | ${seedName ?? '–'} | ${takes} | ${fallback === undefined ? 'none' : `\`${fallback}\``} | ${meaning} |`;
  });
  const documented = readme.split('\n').filter((line) => /^\| `\w+`<br>/.test(line));
  expect(documented).toEqual(rows);
});
