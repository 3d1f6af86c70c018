import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../README.md');

it('the README shows the example that is type-checked', () => {
  const shown = /```ts examples\/clear\.ts\n([\s\S]*?)```/.exec(readme)?.[1];
  expect(shown).toBe(read('../examples/clear.ts'));
});

it('the README lists every code that is not of the API, and every option', () => {
  const [, codes = ''] =
    /export type AdminClientErrorCode = AdminErrorCode \|([^;]*);/.exec(read('../src/admin-error.ts')) ?? [];
  for (const [code] of codes.matchAll(/[a-z-]+/g)) expect(readme).toContain(`| \`${code}\` |`);
  const [, options = ''] = /interface AdminClientOptions \{([\s\S]*?)\n\}/.exec(read('../src/options.ts')) ?? [];
  for (const [, name] of options.matchAll(/readonly (\w+)/g)) expect(readme).toContain(`| \`${name}\` |`);
});

it('nothing in it is of Node alone', () => {
  for (const file of ['admin-client', 'admin-error', 'deadline', 'options', 'read-body', 'server-sent', 'transport']) {
    expect(read(`../src/${file}.ts`), file).not.toMatch(/'node:|\b(process|Buffer|require)\b/);
  }
});
