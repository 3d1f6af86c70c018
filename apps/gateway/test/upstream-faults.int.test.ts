import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { freePort, waitFor } from '@lockstep/testkit';
import { afterEach, expect, it } from 'vitest';
import type { Answer, ServerEntry, TestClient } from './harness.ts';
import { configText, connectClient, nodeStatus, npmServer, scriptServer, sources, startTestNode } from './harness.ts';
import { Origin } from './mcp-origin.ts';

const HOUR_MS = 3_600_000;
/** Never answers, and does not end when it is asked to. */
const HANGING = scriptServer(
  'hanging',
  "process.on('SIGTERM', () => {}); process.stdin.resume(); setInterval(() => {}, 1e6);",
);
const DEAD = scriptServer('dead', "console.error('no configuration found'); process.exit(3);");

const closings: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

async function gateway(servers: readonly ServerEntry[], lockstep: Record<string, unknown> = {}): Promise<TestClient> {
  const node = await startTestNode(configText(servers, lockstep));
  const client = await connectClient(node.url);
  closings.push(
    () => node.close(),
    () => client.close(),
  );
  return client;
}

async function origin(behaviour: ConstructorParameters<typeof Origin>[0] = {}): Promise<Origin> {
  const started = await new Origin(behaviour).start();
  closings.push(() => started.stop());
  return started;
}

const discover = (client: TestClient, server?: string): Promise<Answer> =>
  client.call('enkrypt_discover_all_tools', server === undefined ? {} : { server_name: server });

const toolsOf = (answer: Answer) => Object.keys(answer['tools'] as object);

it('answers for the others when a server is dead, and keeps nothing of its failure', async () => {
  const healthy = await origin();
  const client = await gateway([DEAD, healthy.entry('healthy')]);
  const answer = await discover(client);
  expect(answer).toMatchObject({
    status: 'success',
    discovery_success_servers: ['healthy'],
    discovery_failed_servers: ['dead'],
    available_servers: { dead: { status: 'error', error_code: 'unreachable' } },
  });
  expect(await discover(client, 'dead')).toMatchObject({
    status: 'error',
    message: expect.stringMatching(/^dead cannot be reached/),
  });
  const { origin_discoveries_by_server: asked, origin_discoveries_failed: failed } = await nodeStatus(client);
  expect([asked['dead'], failed]).toEqual([2, 2]);
});

it('leaves a server alone that failed three times in a row, and tries it again later', async () => {
  const recovering = await origin();
  const entry = recovering.entry('recovering');
  await recovering.stop();
  const client = await gateway([entry]);
  for (let failure = 1; failure <= 3; failure++) {
    expect(await discover(client, 'recovering')).toMatchObject({ status: 'error', error_code: 'unreachable' });
  }
  expect(await discover(client, 'recovering')).toMatchObject({ status: 'error', error_code: 'unavailable' });
  await recovering.start();
  const answer = await waitFor(
    async () => {
      const tried = await discover(client, 'recovering');
      return tried.status === 'success' ? tried : undefined;
    },
    { what: 'the server to be tried again' },
  );
  expect(toolsOf(answer)).toEqual(['echo']);
});

it('does not wait for a slow server beyond its patience, and has its tools once they have come', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const slow = await origin({ page: () => released.then(() => ({ tools: ['late'] })) });
  const quick = await origin();
  const client = await gateway([slow.entry('slow'), quick.entry('quick')], { discoveryPatienceMs: 200 });
  const startedMs = performance.now();
  const answer = await discover(client);
  expect(performance.now() - startedMs).toBeLessThan(5_000);
  expect(answer).toMatchObject({
    status: 'success',
    discovery_success_servers: ['quick'],
    discovery_pending_servers: ['slow'],
    available_servers: { slow: { status: 'pending' } },
  });
  release();
  await waitFor(async () => sources(await discover(client))['slow'] === 'near', {
    what: 'the late tools in the cache',
  });
  expect(slow.pagesAsked).toBe(1);
});

it('gives up a server that never shakes hands, and ends its process', async () => {
  const client = await gateway([HANGING], { connectTimeoutMs: 300 });
  expect(await discover(client, 'hanging')).toMatchObject({ status: 'error', error_code: 'timed-out' });
  const call = { server_name: 'hanging', tool_calls: [{ name: 'any', args: {} }] };
  expect(await client.call('enkrypt_secure_call_tools', call)).toMatchObject({
    status: 'error',
    error_code: 'timed-out',
  });
});

it('keeps all pages of a list as one entry, in order', async () => {
  const pages: Record<string, { tools: string[]; nextCursor?: string }> = {
    first: { tools: ['a', 'b'], nextCursor: 'second' },
    second: { tools: ['c'], nextCursor: 'third' },
    third: { tools: ['d'] },
  };
  const paged = await origin({ page: (cursor = 'first') => pages[cursor] ?? { tools: [] } });
  const client = await gateway([paged.entry('paged')]);
  expect(toolsOf(await discover(client, 'paged'))).toEqual(['a', 'b', 'c', 'd']);
  expect(await discover(client, 'paged')).toMatchObject({ source: 'near' });
  expect(paged.pagesAsked).toBe(3);
});

it('refuses a list whose pages go round in a circle, and keeps none of it', async () => {
  const endless = await origin({
    page: (cursor) => (cursor === 'a' ? { tools: ['x'], nextCursor: 'b' } : { tools: ['y'], nextCursor: 'a' }),
  });
  const client = await gateway([endless.entry('endless')]);
  expect(await discover(client, 'endless')).toMatchObject({ status: 'error', error_code: 'unusable' });
  expect(endless.pagesAsked).toBeLessThanOrEqual(65);
  const { origin_discoveries_failed: failed } = await nodeStatus(client);
  expect(failed).toBe(1);
});

it("keeps a server's list only as long as the server says, and never longer than the gateway's own time", async () => {
  const fleeting = await origin({ hint: { ttlMs: 0, cacheScope: 'private' } });
  const lasting = await origin({ hint: { ttlMs: HOUR_MS, cacheScope: 'private' } });
  const client = await gateway([fleeting.entry('fleeting'), lasting.entry('lasting')]);
  await discover(client);
  expect(sources(await discover(client))).toEqual({ fleeting: 'origin', lasting: 'near' });
});

it('answers from an older list while a server is away, and says so', async () => {
  const fleeting = await origin({ hint: { ttlMs: 0, cacheScope: 'private' } });
  const client = await gateway([fleeting.entry('fleeting')]);
  await discover(client);
  await fleeting.stop();
  expect(await discover(client, 'fleeting')).toMatchObject({ status: 'success', source: 'near', stale: true });
});

it('bounds a tool call, and goes on with the next', async () => {
  const never = new Promise<string>(() => undefined);
  const partly = await origin({
    page: () => ({ tools: ['slow', 'quick'] }),
    call: (name) => (name === 'slow' ? never : 'done'),
  });
  const client = await gateway([partly.entry('partly')], { toolCallTimeoutMs: 300 });
  const tool_calls = [{ name: 'slow' }, { name: 'quick' }];
  expect(await client.call('enkrypt_secure_call_tools', { server_name: 'partly', tool_calls })).toMatchObject({
    status: 'success',
    results: [
      { status: 'error', error_code: 'timed-out' },
      { status: 'success', response: 'done' },
    ],
  });
});

it('uses a remote server again after it restarted and forgot the session', async () => {
  const port = await freePort();
  const manifest = npmServer('everything').config['args'] as readonly string[];
  const start = async () => {
    const child = spawn(process.execPath, [String(manifest[0]), 'streamableHttp'], {
      env: { ...process.env, PORT: String(port) },
      stdio: 'ignore',
    });
    const ended = once(child, 'exit');
    const isUp = () => fetch(`http://127.0.0.1:${port}/mcp`).then(() => true);
    await waitFor(isUp, { what: 'the remote server', timeoutMs: 20_000 });
    return async () => {
      child.kill('SIGKILL');
      await ended;
    };
  };
  let stop = await start();
  closings.push(() => stop());
  const client = await gateway([{ server_name: 'remote', config: { url: `http://127.0.0.1:${port}/mcp` } }]);
  const call = { server_name: 'remote', tool_calls: [{ name: 'echo', args: { message: 'hello' } }] };
  expect(await client.call('enkrypt_secure_call_tools', call)).toMatchObject({ status: 'success' });
  await stop();
  stop = await start();
  expect(await client.call('enkrypt_secure_call_tools', call)).toMatchObject({
    status: 'success',
    results: [{ response: 'Echo: hello' }],
  });
});

it('starts a local server again after its process died', async () => {
  const mortal = scriptServer(
    'mortal',
    `import { McpServer } from '@modelcontextprotocol/server';
     import { serveStdio } from '@modelcontextprotocol/server/stdio';
     serveStdio(() => {
       const server = new McpServer({ name: 'mortal', version: '1.0.0' });
       server.registerTool('pid', {}, async () => ({ content: [{ type: 'text', text: String(process.pid) }] }));
       return server;
     });`,
  );
  const here = new URL('..', import.meta.url).pathname;
  const client = await gateway([{ ...mortal, config: { ...mortal.config, cwd: here } }]);
  const pid = async () => {
    const answer = await client.call('enkrypt_secure_call_tools', {
      server_name: 'mortal',
      tool_calls: [{ name: 'pid' }],
    });
    return Number((answer['results'] as readonly { response: string }[])[0]?.response);
  };
  const first = await pid();
  expect(await pid()).toBe(first);
  process.kill(first, 'SIGKILL');
  await waitFor(async () => (await nodeStatus(client)).server_connections === 0, { what: 'the loss to be noticed' });
  expect(await pid()).not.toBe(first);
});

it('keeps no more connections than it may: the idle one makes room, and a busy one is not broken off', async () => {
  const { promise: called, resolve: call } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<string>();
  const busy = await origin({
    call: () => {
      call();
      return released;
    },
  });
  const other = await origin();
  const client = await gateway([busy.entry('busy'), other.entry('other')], { connectionsMax: 1 });
  expect(await discover(client, 'other')).toMatchObject({ status: 'success' });
  const waiting = client.call('enkrypt_secure_call_tools', { server_name: 'busy', tool_calls: [{ name: 'echo' }] });
  await called;
  expect((await nodeStatus(client)).server_connections).toBe(1);
  await client.call('enkrypt_clear_cache', { server_name: 'other', cache_type: 'tools' });
  expect(await discover(client, 'other')).toMatchObject({ status: 'error', error_code: 'busy' });
  release('done');
  expect(await waiting).toMatchObject({ results: [{ response: 'done' }] });
  expect(await discover(client, 'other')).toMatchObject({ status: 'success' });
});

it('runs no more requests on a server at once than it may, and the others wait their turn', async () => {
  const running: (() => void)[] = [];
  let most = 0;
  const narrow = await origin({
    call: () =>
      new Promise((resolve) => {
        running.push(() => resolve('done'));
        most = Math.max(most, running.length);
      }),
  });
  const client = await gateway([narrow.entry('narrow')], { serverConcurrencyMax: 2 });
  const asked = { server_name: 'narrow', tool_calls: [{ name: 'echo' }] };
  const answers = Array.from({ length: 6 }, () => client.call('enkrypt_secure_call_tools', asked));
  for (let pair = 1; pair <= 3; pair++) {
    await waitFor(() => running.length >= 2, { what: 'two calls at once' });
    for (let trip = 1; trip <= 5; trip++) await nodeStatus(client);
    for (const end of running.splice(0)) end();
  }
  for (const answer of await Promise.all(answers)) expect(answer).toMatchObject({ status: 'success' });
  expect(most).toBe(2);
});
