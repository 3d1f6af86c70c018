import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startNats, startRedis, waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { ServerEntry } from './harness.ts';
import { configText, connectClient, KEY, nodeStatus, npmServer, SECRET, scriptServer } from './harness.ts';
import { Origin } from './mcp-origin.ts';
import type { NodeProcess } from './node-process.ts';
import { isAlive, startProcess } from './node-process.ts';

let folder: string;
let running: NodeProcess[];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-gateway-'));
  running = [];
});

afterEach(async () => {
  for (const { child, exited } of running) {
    child.kill('SIGKILL');
    await exited;
  }
  await rm(folder, { recursive: true, force: true });
});

async function start(servers: readonly ServerEntry[], lockstep: Record<string, unknown> = {}): Promise<NodeProcess> {
  const file = join(folder, 'gateway.json');
  await writeFile(file, configText(servers, { logLevel: 'info', ...lockstep }));
  const node = startProcess(['--config', file]);
  running.push(node);
  return node;
}

/** Writes its process id to a file, then never answers, and does not end when it is asked to. */
function hanging(name: string): ServerEntry & { readonly pid: () => Promise<number> } {
  const file = join(folder, `${name}.pid`);
  const script = `import { writeFileSync } from 'node:fs'; process.on('SIGTERM', () => {}); process.stdin.resume();
    setInterval(() => {}, 1e6); writeFileSync(${JSON.stringify(file)}, String(process.pid));`;
  return {
    ...scriptServer(name, script),
    pid: () => waitFor(async () => Number(await readFile(file, 'utf8')) || undefined, { what: 'the server to start' }),
  };
}

it('refuses to start with a wrong configuration: every problem on standard error, exit code 2', async () => {
  const file = join(folder, 'gateway.json');
  await writeFile(
    file,
    JSON.stringify({ apikeys: { 'a-secret-key': { project_id: 'gone', user_id: 'u' } }, prjects: {} }),
  );
  const node = startProcess(['--config', file], {
    LOCKSTEP_PORT: 'eighty',
    LOCKSTEP_TIER_URL: 'redis://me:hidden@tier',
    ENKRYPT_CACHE_HOTS: 'x',
  });
  expect(await node.exited).toBe(2);
  expect(node.stdout()).toBe('');
  for (const part of [
    'The configuration cannot be used: 6 problems.',
    'LOCKSTEP_PORT\n    got:   "eighty" (text)\n    takes: a whole number from 0 to 65535',
    'did you mean ENKRYPT_CACHE_HOST?',
    'did you mean projects?',
    'apikeys.<key 1>.project_id',
    'apikeys.<key 1>.user_id',
    'secret\n    got:   nothing',
  ]) {
    expect(node.stderr()).toContain(part);
  }
  expect(node.stderr()).not.toMatch(/a-secret-key|hidden/);
});

it('says how it is called: exit code 2 for an unknown argument, 0 for --help', async () => {
  const wrong = startProcess(['--confg', 'x']);
  expect(await wrong.exited).toBe(2);
  expect(wrong.stderr()).toContain('Usage: ');
  const help = startProcess(['--help']);
  expect(await help.exited).toBe(0);
  expect(help.stdout()).toContain('--config FILE');
});

it('prints its configuration with secrets masked', async () => {
  const file = join(folder, 'gateway.json');
  await writeFile(file, configText([npmServer('memory')], { tierUrl: 'redis://me:hidden@tier', secret: SECRET }));
  const node = startProcess(['--config', file, '--print-config']);
  expect(await node.exited).toBe(0);
  expect(JSON.parse(node.stdout())).toMatchObject({ cluster: { tierUrl: 'redis://(secret)@tier' } });
  expect(node.stdout()).not.toMatch(new RegExp(`hidden|${SECRET}|${KEY}`));
});

it('refuses an older Node before it loads anything, and says which it needs: exit code 1', async () => {
  const older = "Object.defineProperty(process, 'versions', { value: { ...process.versions, node: '22.14.1' } })";
  const node = startProcess(['--help'], { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(older)}` });
  expect(await node.exited).toBe(1);
  expect(node.stderr()).toBe('The gateway needs Node 22.15 or newer; this is Node 22.14.1.\n');
  expect(node.stdout()).toBe('');
  const [main, manifest] = await Promise.all([
    readFile(new URL('../src/main.ts', import.meta.url), 'utf8'),
    readFile(new URL('../package.json', import.meta.url), 'utf8'),
  ]);
  expect(main).not.toMatch(/^import |^export .* from /m);
  expect(JSON.parse(manifest)).toMatchObject({ engines: { node: '>=22.15' } });
});

it('logs what the README shows: the same fields in the same order', async () => {
  const readme = await readFile(new URL('../README.md', import.meta.url), 'utf8');
  const node = await start([]);
  await node.listening();
  const fieldsOf = (text: string): readonly string[] => {
    const line = text.split('\n').find((candidate) => candidate.includes('"msg":"listening"'));
    return Object.keys(JSON.parse(line ?? '{}') as object);
  };
  expect(fieldsOf(readme)).toEqual(fieldsOf(node.stdout()));
});

it('does not start where its port is taken: exit code 1, and the reason', async () => {
  const taken = createServer();
  const port = await freePort();
  await new Promise<void>((resolve) => taken.listen(port, '127.0.0.1', resolve));
  const node = await start([], { port });
  expect(await node.exited).toBe(1);
  expect(node.stderr()).toContain('EADDRINUSE');
  await new Promise((resolve) => taken.close(resolve));
});

it('leaves on SIGTERM within ten seconds though a server hangs and a client waits, and leaves no process behind', async () => {
  const silent = hanging('silent');
  const node = await start([silent, npmServer('memory')]);
  const client = await connectClient(await node.listening(), { mode: 'legacy' });
  await client.call('enkrypt_discover_all_tools', { server_name: 'memory' });
  const waiting = client.call('enkrypt_discover_all_tools', { server_name: 'silent' });
  const hung = await silent.pid();
  const startedMs = performance.now();
  node.child.kill('SIGTERM');
  expect(await node.exited).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(10_000);
  expect(isAlive(hung)).toBe(false);
  expect(await waiting).toMatchObject({ status: 'error', error_code: 'closed' });
  await client.close();
});

it('ends at once on a second signal', async () => {
  const silent = hanging('silent');
  const node = await start([silent]);
  const client = await connectClient(await node.listening());
  const waiting = client.call('enkrypt_discover_all_tools', { server_name: 'silent' }).catch((error: unknown) => error);
  const hung = await silent.pid();
  node.child.kill('SIGTERM');
  await waitFor(() => node.stdout().includes('"msg":"leaving"'), { what: 'the node to leave' });
  const startedMs = performance.now();
  node.child.kill('SIGTERM');
  expect(await node.exited).toBe(143);
  expect(performance.now() - startedMs).toBeLessThan(2_000);
  await waiting;
  process.kill(hung, 'SIGKILL');
  await client.close();
});

it('takes no more requests once it leaves, and lets one that is under way end', async () => {
  const { promise: called, resolve: call } = Promise.withResolvers<void>();
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  const origin = await new Origin({
    call: async () => {
      call();
      await released;
      return 'done';
    },
  }).start();
  const node = await start([origin.entry('slow')]);
  const url = await node.listening();
  const client = await connectClient(url);
  const waiting = client.call('enkrypt_secure_call_tools', { server_name: 'slow', tool_calls: [{ name: 'echo' }] });
  await called;
  node.child.kill('SIGTERM');
  const refused = () =>
    fetch(url.replace('/mcp', '/readyz')).then(
      () => false,
      () => true,
    );
  await waitFor(refused, { what: 'no more connections' });
  release();
  expect(await waiting).toMatchObject({ status: 'success', results: [{ response: 'done' }] });
  expect(await node.exited).toBe(0);
  await client.close();
  await origin.stop();
});

it('answers calls that it breaks off on SIGTERM, the rest of their batch included, and logs how many they were', async () => {
  const listed = { 'trigger-long-running-operation': 'Takes its time', echo: 'Answers at once' };
  const node = await start([{ ...npmServer('everything', ['stdio']), tools: listed }]);
  const url = await node.listening();
  const [client, watcher] = [await connectClient(url), await connectClient(url)];
  const hour = { name: 'trigger-long-running-operation', args: { duration: 3_600, steps: 1 } };
  const tool_calls = [hour, { name: 'echo', args: { message: 'never' } }];
  const waiting = client.call('enkrypt_secure_call_tools', { server_name: 'everything', tool_calls });
  await waitFor(async () => (await nodeStatus(watcher)).server_requests === 1, { what: 'the call to be under way' });
  const startedMs = performance.now();
  node.child.kill('SIGTERM');
  const closed = { status: 'error', error_code: 'closed' };
  expect(await waiting).toMatchObject({ status: 'error', results: [closed, closed] });
  expect(node.child.exitCode).toBeNull();
  expect(await node.exited).toBe(0);
  expect(performance.now() - startedMs).toBeLessThan(9_500);
  expect(node.stdout()).toContain('"requests":1,"msg":"requests to MCP servers are broken off"');
  await Promise.all([client.close(), watcher.close()]);
});

it('starts without tier and bus, serves, says that it is degraded, and joins by itself when they come', async () => {
  const [tierPort, busPort] = [await freePort(), await freePort()];
  const node = await start([npmServer('memory')], {
    tierUrl: `redis://127.0.0.1:${tierPort}`,
    busUrl: `nats://127.0.0.1:${busPort}`,
    secret: SECRET,
  });
  const url = await node.listening();
  const readiness = async () =>
    (await fetch(url.replace('/mcp', '/readyz'))).json() as Promise<Record<string, unknown>>;
  expect(await readiness()).toMatchObject({ status: 'degraded', coherence: 'isolated', reason: expect.any(String) });
  const client = await connectClient(url);
  const discovered = await client.call('enkrypt_discover_all_tools', { server_name: 'memory' });
  expect(discovered).toMatchObject({ status: 'success', degraded: true });
  const [tier, bus] = await Promise.all([startRedis({ port: tierPort }), startNats({ port: busPort })]);
  await waitFor(async () => (await readiness())['status'] === 'ready', { what: 'the node to join', timeoutMs: 20_000 });
  const rejoined = await client.call('enkrypt_discover_all_tools', { server_name: 'memory' });
  expect(rejoined).toMatchObject({ status: 'success', degraded: false });
  expect(node.stdout()).not.toContain(SECRET);
  await client.close();
  node.child.kill('SIGTERM');
  expect(await node.exited).toBe(0);
  await Promise.all([tier.stop(), bus.stop()]);
});
