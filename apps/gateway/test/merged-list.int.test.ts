import { waitFor } from '@lockstep/testkit';
import { ProtocolError } from '@modelcontextprotocol/client';
import { afterEach, describe, expect, it } from 'vitest';
import type { ServerEntry, TestClient } from './harness.ts';
import { configText, connectClient, npmServer, scriptServer, startTestNode } from './harness.ts';
import { Origin } from './mcp-origin.ts';

const DEAD = scriptServer('dead', 'process.exit(3);');
const OWN_COUNT = 6;
const closings: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

async function gateway(servers: readonly ServerEntry[], lockstep: Record<string, unknown> = {}) {
  const node = await startTestNode(configText(servers, lockstep));
  closings.push(() => node.close());
  const connect = async (mode: 'auto' | 'legacy' = 'auto'): Promise<TestClient> => {
    const client = await connectClient(node.url, { mode });
    closings.push(() => client.close());
    return client;
  };
  return { ...(await connect()), connect };
}

async function origin(behaviour: ConstructorParameters<typeof Origin>[0] = {}): Promise<Origin> {
  const started = await new Origin(behaviour).start();
  closings.push(() => started.stop());
  return started;
}

const list = async ({ client }: Pick<TestClient, 'client'>, cursor?: string) =>
  client.request({ method: 'tools/list', params: cursor === undefined ? {} : { cursor } });

const namesOf = async (client: Pick<TestClient, 'client'>) => (await list(client)).tools.map(({ name }) => name);

async function rejection(work: Promise<unknown>): Promise<ProtocolError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ProtocolError);
  return error as ProtocolError;
}

describe('tools/list of the gateway', () => {
  it("has the gateway's own tools and those of all servers, in the order of the configuration", async () => {
    const [one, other] = [await origin({ page: () => ({ tools: ['b', 'a'] }) }), await origin()];
    const listed = { server_name: 'listed', config: { command: 'none' }, tools: { find: 'Find a page' } };
    const client = await gateway([other.entry('second one'), one.entry('first'), listed]);
    const names = await namesOf(client);
    expect(names.slice(0, OWN_COUNT).every((name) => name.startsWith('enkrypt_'))).toBe(true);
    expect(names.slice(OWN_COUNT)).toEqual([
      expect.stringMatching(/^second_one__echo_[0-9a-f]{16}$/),
      'first__b',
      'first__a',
      'listed__find',
    ]);
    expect(await namesOf(client)).toEqual(names);
    expect([one.pagesAsked, other.pagesAsked]).toEqual([1, 1]);
  });

  it('has everything of a tool but its name as the server has it', async () => {
    const tool = {
      name: 'echo',
      title: 'Echo',
      description: 'says it again',
      inputSchema: { type: 'object' as const, properties: { text: { type: 'string' } }, required: ['text'] },
      outputSchema: { type: 'object' as const },
      annotations: { readOnlyHint: true },
      _meta: { 'example.com/kept': 1 },
    };
    const client = await gateway([(await origin({ page: () => ({ tools: [tool] }) })).entry('one')]);
    expect((await list(client)).tools.at(-1)).toEqual({ ...tool, name: 'one__echo' });
  });

  it('leaves out a server that fails, and is to be asked again soon', async () => {
    const client = await gateway([DEAD, (await origin()).entry('healthy')]);
    const { tools, ttlMs, cacheScope } = await list(client);
    expect(tools.slice(OWN_COUNT).map(({ name }) => name)).toEqual(['healthy__echo']);
    expect(ttlMs).toBeLessThanOrEqual(5_000);
    expect(cacheScope).toBe('private');
  });

  it('does not wait for a slow server beyond the patience, and has its tools once they have come', async () => {
    const { promise: released, resolve: release } = Promise.withResolvers<void>();
    const slow = await origin({ page: () => released.then(() => ({ tools: ['late'] })) });
    const client = await gateway([slow.entry('slow'), (await origin()).entry('quick')], { discoveryPatienceMs: 200 });
    const { tools, ttlMs } = await list(client);
    expect(tools.slice(OWN_COUNT).map(({ name }) => name)).toEqual(['quick__echo']);
    expect(ttlMs).toBe(0);
    release();
    await waitFor(async () => (await namesOf(client)).includes('slow__late'), { what: 'the late tools' });
    expect(slow.pagesAsked).toBe(1);
  });

  it('changes when a server changes', async () => {
    const changing = await origin();
    const client = await gateway([changing.entry('one')]);
    expect((await namesOf(client)).slice(OWN_COUNT)).toEqual(['one__echo']);
    changing.behaviour.page = () => ({ tools: ['other'] });
    await client.call('enkrypt_clear_cache', { cache_type: 'tools' });
    expect((await namesOf(client)).slice(OWN_COUNT)).toEqual(['one__other']);
  });

  it('is private where it depends on the key, even where it has no tool of a server', async () => {
    const client = await gateway([]);
    expect(await list(client)).toMatchObject({ ttlMs: 300_000, cacheScope: 'private' });
  });

  it('may be kept for as long as all of its parts, and not longer', async () => {
    const hinted = (ttlMs: number) => origin({ hint: { ttlMs, cacheScope: 'private' } });
    const [long, short] = [await hinted(3_600_000), await hinted(60_000)];
    const client = await gateway([long.entry('long'), short.entry('short')]);
    for (let asked = 1; asked <= 2; asked++) {
      const { ttlMs } = await list(client);
      expect(ttlMs).toBeGreaterThan(50_000);
      expect(ttlMs).toBeLessThanOrEqual(60_000);
    }
    short.behaviour.hint = { ttlMs: 0, cacheScope: 'private' };
    await client.call('enkrypt_clear_cache', { server_name: 'short', cache_type: 'tools' });
    // A millisecond is the least that a list is kept for.
    for (let asked = 1; asked <= 2; asked++) {
      const { ttlMs } = await list(client);
      expect(ttlMs).toBeLessThanOrEqual(1);
    }
  });

  it('has no hints for clients of the 2025 revisions, which do not know them', async () => {
    const { connect } = await gateway([(await origin()).entry('one')]);
    const legacy = await list(await connect('legacy'));
    expect(Object.keys(legacy).filter((key) => key !== '_meta')).toEqual(['tools']);
    expect(legacy.tools.at(-1)?.name).toBe('one__echo');
  });

  it("is the gateway's own tools alone where the configuration says so, and other names cannot be called", async () => {
    const client = await gateway([(await origin()).entry('one')], { toolList: 'own' });
    expect(await list(client)).toMatchObject({ ttlMs: 300_000, cacheScope: 'public' });
    expect(await namesOf(client)).toHaveLength(OWN_COUNT);
    expect(await rejection(client.client.callTool({ name: 'one__echo', arguments: {} }))).toMatchObject({
      code: -32602,
    });
    expect(await rejection(list(client, 'after:one__echo'))).toMatchObject({ code: -32602 });
  });

  it('comes in pages where it is long: each tool once, in order, also where the list changes meanwhile', async () => {
    const names = Array.from({ length: 2_500 }, (_, index) => `tool-${index}`);
    const [long, other] = [await origin({ page: () => ({ tools: names }) }), await origin()];
    const client = await gateway([other.entry('other'), long.entry('long')]);
    const pages: string[][] = [];
    for (let cursor: string | undefined, more = true; more; more = cursor !== undefined) {
      const page = await list(client, cursor);
      pages.push(page.tools.map(({ name }) => name));
      expect(page).toMatchObject({ cacheScope: 'private' });
      cursor = page.nextCursor;
      other.behaviour.page = () => ({ tools: [] });
      await client.call('enkrypt_clear_cache', { server_name: 'other', cache_type: 'tools' });
    }
    expect(pages.map(({ length }) => length)).toEqual([1_000, 1_000, 507]);
    expect(pages.flat().slice(OWN_COUNT + 1)).toEqual(names.map((name) => `long__${name}`));
    expect((await client.client.listTools()).tools).toHaveLength(2_506);
  });

  it('refuses a cursor that it has not given, or whose tool is gone', async () => {
    const client = await gateway([(await origin()).entry('one')]);
    for (const cursor of ['', 'nonsense', 'after:one__gone', '__proto__', 'x'.repeat(100_000)]) {
      const { code, message } = await rejection(list(client, cursor));
      expect([code, message]).toEqual([-32602, expect.stringMatching(/^cursor: .*ask again without a cursor$/)]);
    }
  });
});

describe('tools/call of the gateway', () => {
  it('calls the tool of the server and passes its result on as it is', async () => {
    const result = {
      content: [
        { type: 'text' as const, text: 'one', annotations: { priority: 0.5 } },
        { type: 'image' as const, data: 'AAAA', mimeType: 'image/png' },
      ],
      structuredContent: { deep: [1, { two: null }] },
      isError: true,
      _meta: { 'example.com/kept': true },
    };
    const client = await gateway([(await origin({ call: () => result })).entry('one')]);
    const { content, structuredContent, isError, _meta } = await client.client.callTool({ name: 'one__echo' });
    expect({ content, structuredContent, isError }).toEqual({
      content: result.content,
      structuredContent: result.structuredContent,
      isError: true,
    });
    expect(_meta).toMatchObject(result._meta);
  });

  it('calls a tool whose name had to be changed', async () => {
    const named = await origin({
      page: () => ({ tools: ['läs.filen', '__proto__'] }),
      call: (name) => `it is ${name}`,
    });
    const client = await gateway([named.entry('a__b'), (await origin()).entry('a')]);
    const [read, proto] = (await namesOf(client)).slice(OWN_COUNT);
    const called = async (name = '') => (await client.client.callTool({ name })).content[0];
    expect(await called(read)).toMatchObject({ text: 'it is läs.filen' });
    expect(await called(proto)).toMatchObject({ text: 'it is __proto__' });
    expect(await called('a__echo')).toMatchObject({ text: 'called echo' });
  });

  it('works without a list before, and for clients of the 2025 revisions', async () => {
    const { connect } = await gateway([(await origin()).entry('one'), npmServer('everything')]);
    const legacy = await connect('legacy');
    expect(await legacy.client.callTool({ name: 'one__echo' })).toMatchObject({ content: [{ text: 'called echo' }] });
    const echoed = await legacy.client.callTool({ name: 'everything__echo', arguments: { message: 'hello' } });
    expect(echoed).toMatchObject({ content: [{ text: 'Echo: hello' }] });
  });

  it('refuses a tool that no server has, without asking any', async () => {
    const called: string[] = [];
    const one = await origin({ call: (name) => `${called.push(name)}` });
    const client = await gateway([one.entry('one')]);
    for (const name of ['one__none', 'none__echo', 'echo', '__proto__', 'one__']) {
      expect(await rejection(client.client.callTool({ name }))).toMatchObject({
        code: -32602,
        message: expect.stringContaining(`Tool ${name} not found`),
      });
    }
    expect(called).toEqual([]);
  });

  it("passes on a server's protocol error, and says why there is no answer", async () => {
    const refusing = await origin({
      call: () => {
        throw new ProtocolError(-32050, 'not today', { until: 'tomorrow' });
      },
    });
    const never = await origin({ call: () => new Promise(() => undefined) });
    const client = await gateway([refusing.entry('refusing'), never.entry('never'), DEAD], { toolCallTimeoutMs: 300 });
    expect(await rejection(client.client.callTool({ name: 'refusing__echo' }))).toMatchObject({
      code: -32050,
      message: expect.stringContaining('not today'),
      data: { until: 'tomorrow' },
    });
    expect(await rejection(client.client.callTool({ name: 'never__echo' }))).toMatchObject({
      code: -32603,
      message: expect.stringContaining('never took too long'),
      data: { error_code: 'timed-out' },
    });
    expect(await rejection(client.client.callTool({ name: 'dead__any' }))).toMatchObject({
      code: -32603,
      data: { error_code: 'unreachable' },
    });
  });

  it("ends the server's call when the client leaves", async () => {
    const { promise: called, resolve: call } = Promise.withResolvers<void>();
    const { promise: ended, resolve: end } = Promise.withResolvers<string>();
    const slow = await origin({
      call: (_name, signal) => {
        signal.addEventListener('abort', () => end('ended'));
        call();
        return ended;
      },
    });
    const client = await gateway([slow.entry('slow')]);
    const leaving = new AbortController();
    const answer = client.client.callTool({ name: 'slow__echo' }, { signal: leaving.signal }).catch(() => 'left');
    await called;
    leaving.abort();
    expect(await answer).toBe('left');
    expect(await ended).toBe('ended');
  });

  it('tells the progress of a call to a client that wants to know', async () => {
    const client = await gateway([npmServer('everything')]);
    const told: number[] = [];
    const args = { duration: 0.3, steps: 3 };
    const onprogress = ({ progress }: { progress: number }) => void told.push(progress);
    const name = 'everything__trigger-long-running-operation';
    const { isError } = await client.client.callTool({ name, arguments: args }, { onprogress });
    expect(isError).not.toBe(true);
    // The last is sent with the result, which may overtake it.
    expect(told.slice(0, 2)).toEqual([1, 2]);
  });
});
