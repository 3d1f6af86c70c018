import { readFileSync } from 'node:fs';
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { expect, it } from 'vitest';
import { buildMcpServer } from '../src/mcp/mcp-server.ts';
import type { Caller } from '../src/mcp/services.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../README.md');

it('the README lists every tool with its arguments, and no other', async () => {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  await buildMcpServer({} as Caller).connect(ours);
  const client = new Client({ name: 'test', version: '1.0.0' });
  await client.connect(theirs);
  const { tools } = await client.listTools();
  await client.close();
  const offered = tools.map(({ name, inputSchema }) => [name, Object.keys(inputSchema.properties ?? {}).sort()]);
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
