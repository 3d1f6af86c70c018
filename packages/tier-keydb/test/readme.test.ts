import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

it('the example in the README is the one that is type-checked', () => {
  const shown = /```ts examples\/one-load\.ts\n(.*?)```/s.exec(read('../README.md'))?.[1];
  expect(shown).toBe(read('../examples/one-load.ts'));
});

it('the README lists every option', () => {
  const options = read('../src/options.ts');
  const declared = /interface KeydbTierOptions \{(.*?)\n\}/s.exec(options)?.[1] ?? '';
  const names = Array.from(declared.matchAll(/^ {2}readonly (\w+)\??:/gm), (match) => match[1]);
  const listed = Array.from(read('../README.md').matchAll(/^\| `(\w+)` \| (?!when)/gm), (match) => match[1]);
  expect(names.length).toBeGreaterThan(5);
  expect(listed.filter((name) => names.includes(name))).toEqual(names);
});

const readme = read('../README.md');
const grants = (rule: string): readonly string[] => [...rule.matchAll(/\+(\S+)/g)].map(([, name = '']) => name);
const ruleOf = (text: string): string => /^user lockstep .*$/m.exec(text)?.[0] ?? '';

it('the rule for a node grants the commands that the tier sends, and no other', () => {
  const forms = read('./fixtures/redis-6.2-forms.txt')
    .split('\n')
    .filter((line) => /^\d/.test(line));
  const sent = forms.map((form) => {
    const [, name = '', first = ''] = form.split(' ');
    return name === 'client' ? `client|${first.toLowerCase()}` : name;
  });
  // To remove a cluster is no node's business; its user needs SCAN besides.
  expect([...grants(ruleOf(readme))].sort()).toEqual([...new Set(sent)].filter((name) => name !== 'scan').sort());
});

it('the rule of infra/keydb grants the same, on the keys of one cluster', () => {
  const rule = ruleOf(read('../../../infra/keydb/users.acl'));
  expect(grants(rule)).toEqual(grants(ruleOf(readme)));
  expect(rule.split(' ').filter((word) => /^[~&]|@|^all/.test(word))).toEqual(['~lockstep:{CLUSTER:*', '-@all']);
});
