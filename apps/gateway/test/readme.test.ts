import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { OWN_TOOLS } from '../src/mcp/own-tools.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../README.md');

it('the README lists every tool with its arguments, and no other', () => {
  const offered = OWN_TOOLS.map(({ definition: { name, inputSchema } }) => [
    name,
    Object.keys(inputSchema.properties ?? {}).sort(),
  ]);
  const listed = [...readme.matchAll(/^\| `(enkrypt_\w+)` \| (.*?) \|/gm)].map(([, name, args = '']) => {
    const names = [...args.matchAll(/`(\w+)`/g)].map((match) => match[1]).filter((word) => word !== 'all');
    return [name, names.sort()];
  });
  expect(listed).toEqual(offered);
});

it('the README lists every code of a failed request to an MCP server', () => {
  const union = /export type UpstreamErrorCode =([\s\S]*?);/.exec(read('../src/upstream/upstream-error.ts'))?.[1] ?? '';
  const codes = [...union.matchAll(/'([\w-]+)'/g)].map((match) => match[1]);
  const errors = readme.slice(readme.indexOf('## Errors'), readme.indexOf('## Telemetry'));
  const listed = [...errors.slice(errors.indexOf('`error_code`:')).matchAll(/`([\w-]+)`/g)].map((match) => match[1]);
  expect(listed.slice(1)).toEqual(codes);
});
