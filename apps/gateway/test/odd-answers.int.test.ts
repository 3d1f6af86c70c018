import { monitorEventLoopDelay } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import { discover, gateway, hostile, listOf, MIB, namesOf, TOOL } from './hostile-checks.ts';
import { resultOf, sendJson } from './hostile-server.ts';

describe('odd answers that can be used', () => {
  it('a tool called __proto__ is a tool as any other', async () => {
    const proto = '{"name":"__proto__","inputSchema":{"type":"object","properties":{"__proto__":{"type":"string"}}}}';
    const server = await hostile((response, asked) => {
      if (asked.method === 'tools/list') return sendJson(response, resultOf(asked, listOf(proto)));
      sendJson(response, resultOf(asked, '{"content":[{"type":"text","text":"__proto__ answers"}]}'));
    });
    const client = await gateway(server.entry('hostile'));
    const [name = '', ...others] = await namesOf(client);
    expect([name, others]).toEqual(['hostile____proto__', ['healthy__echo']]);
    expect((await client.client.callTool({ name })).content).toMatchObject([{ text: '__proto__ answers' }]);
    expect(Object.keys((await discover(client))['tools'] as object)).toEqual(['__proto__']);
    expect(({} as { type?: unknown }).type).toBeUndefined();
  });

  it('times and scopes of nonsense keep a list no longer than it may be, and show it to no others', async () => {
    const odd = ['1000000000000000', '-1', '1.5', '"x"', '1e999', 'null', '[]'];
    for (const ttlMs of odd) {
      const result = listOf(TOOL).replace('{', `{"ttlMs":${ttlMs},"cacheScope":"everyone",`);
      const server = await hostile((response, asked) => sendJson(response, resultOf(asked, result)), { modern: true });
      const client = await gateway(server.entry('hostile'));
      const listed = await client.client.request({ method: 'tools/list' });
      expect(listed).toMatchObject({ cacheScope: 'private' });
      expect(listed['ttlMs']).toBeGreaterThanOrEqual(0);
      expect(listed['ttlMs']).toBeLessThanOrEqual(300_000);
      const lasts = ['1000000000000000', '1e999'].includes(ttlMs);
      await client.client.request({ method: 'tools/list' });
      expect([ttlMs, server.asked]).toEqual([ttlMs, lasts ? 1 : 2]);
    }
  });

  it('a result of a call that is too large, or too deep, is refused, and other calls go on', async () => {
    const server = await hostile((response, asked) => {
      if (asked.method === 'tools/list') {
        const named = (name: string) => TOOL.replace('x', name);
        return sendJson(response, resultOf(asked, listOf(named('large'), named('deep'), named('fine'))));
      }
      const { name } = asked.params as { name?: string };
      const text = name === 'large' ? 'x'.repeat(3 * MIB) : 'fine';
      const deep = name === 'deep' ? `,"structuredContent":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}` : '';
      sendJson(response, resultOf(asked, `{"content":[{"type":"text","text":"${text}"}]${deep}}`));
    });
    const client = await gateway(server.entry('hostile'));
    const call = (name: string) => client.client.callTool({ name: `hostile__${name}` });
    await expect(call('large')).rejects.toMatchObject({ code: -32603, data: { error_code: 'unusable' } });
    await expect(call('deep')).rejects.toMatchObject({ code: -32603, data: { error_code: 'unusable' } });
    expect((await call('fine')).content).toMatchObject([{ text: 'fine' }]);
  });
});

it('the largest list there may be stalls the node for seconds at most, on a busy machine', async () => {
  const schema = `{"type":"object","properties":{"a":{"type":"string"},"b":{"enum":[${'"value",'.repeat(35)}"last"]}}}`;
  const tools = Array.from({ length: 10_000 }, (_, at) => `{"name":"t${at}","inputSchema":${schema}}`);
  const text = listOf(...tools);
  expect(text.length).toBeGreaterThan(3.5 * MIB);
  const server = await hostile((response, asked) => sendJson(response, resultOf(asked, text)));
  const client = await gateway(server.entry('hostile'), { discoveryTimeoutMs: 20_000 });
  const stalls = monitorEventLoopDelay({ resolution: 10 });
  stalls.enable();
  const names = await namesOf(client);
  stalls.disable();
  expect(names.length).toBeGreaterThan(500);
  expect(stalls.max / 1e6).toBeLessThan(10_000);
});
