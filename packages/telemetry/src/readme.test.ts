import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { ATTRIBUTES, OBSERVED, RECORDED, SPANS } from './index.ts';

const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');

test('the README has a row for every metric, as the code describes it', () => {
  const rows = [...Object.values(OBSERVED), ...Object.values(RECORDED)].map(
    ({ name, kind, unit, attributes, description }) =>
      `| \`${name}\` | ${kind} | \`${unit}\` | ${attributes.map((attribute) => `\`${attribute}\``).join(', ')} | ${description} |`,
  );
  expect(
    readme.split('\n').filter((line) => /^\| `(lockstep|db)\..* \| (counter|gauge|histogram) \|/.test(line)),
  ).toEqual(rows);
});

test('the README names every span and every attribute', () => {
  for (const name of Object.values(SPANS)) expect(readme).toContain(`\`${name}`);
  for (const name of Object.values(ATTRIBUTES)) expect(readme).toContain(`\`${name}\``);
});

test('no metric has an attribute for a key or a node', () => {
  const attributes = [...Object.values(OBSERVED), ...Object.values(RECORDED)].flatMap((metric) => metric.attributes);
  for (const refused of [ATTRIBUTES.keyHash, ATTRIBUTES.nodeId, ATTRIBUTES.version, ATTRIBUTES.scopeId]) {
    expect(attributes).not.toContain(refused);
  }
});
