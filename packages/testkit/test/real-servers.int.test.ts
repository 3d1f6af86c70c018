import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Balancer, RunningServer } from '@lockstep/testkit';
import { startHaproxy, startNats, startNginx, startPrometheus, startRedis, waitFor } from '@lockstep/testkit';
import { afterEach, describe, expect, it } from 'vitest';

const started: RunningServer[] = [];

async function keep(starting: Promise<RunningServer>): Promise<RunningServer> {
  const server = await starting;
  started.push(server);
  return server;
}

afterEach(async () => {
  await Promise.all(started.splice(0).map((server) => server.stop()));
});

describe.each([
  { what: 'a tier server', start: () => startRedis() },
  { what: 'a bus server', start: () => startNats() },
  { what: 'Prometheus', start: () => startPrometheus('global: { scrape_interval: 1s }') },
  { what: 'a proxy of connections', start: () => startHaproxy({ checkPath: '/', checkEveryMs: 100 }) },
  { what: 'a proxy of requests', start: () => startNginx() },
])('$what', ({ start }) => {
  it('listens on its port once started, and no more once stopped', async () => {
    const server = await keep(start());
    expect(await isListening(server.port)).toBe(true);
    await server.stop();
    expect(await isListening(server.port)).toBe(false);
    await server.stop();
  });

  it('comes back on the same port as another process after it was killed', async () => {
    const server = await keep(start());
    const { pid, port, url } = server;
    await server.kill();
    expect(await isListening(port)).toBe(false);
    await server.restart();
    expect(server.pid).not.toBe(pid);
    expect({ port: server.port, url: server.url }).toEqual({ port, url });
    expect(await isListening(port)).toBe(true);
  });

  it('is stopped also while it is paused', async () => {
    const server = await keep(start());
    server.pause();
    await server.stop();
    expect(await isListening(server.port)).toBe(false);
  });

  it('takes a port of its own beside another one', async () => {
    const [one, other] = await Promise.all([keep(start()), keep(start())]);
    expect(one.port).not.toBe(other.port);
  });
});

it.each([
  { persistent: true, reply: '$1\r\n1\r\n' },
  { persistent: false, reply: '$-1\r\n' },
])('a tier server with persistent: $persistent answers $reply for what was written before a kill', async (run) => {
  const server = await keep(startRedis({ persistent: run.persistent }));
  expect(await ask(server.port, 'SET a 1\r\n')).toBe('+OK\r\n');
  await server.kill();
  await server.restart();
  expect(await ask(server.port, 'GET a\r\n')).toBe(run.reply);
});

it('a tier server that asks for a password is started', async () => {
  const server = await keep(startRedis({ args: ['--requirepass', 'secret'] }));
  expect(await ask(server.port, 'GET a\r\n')).toMatch(/^-NOAUTH/);
});

it('a tier server with much data is started again once it has loaded it', async () => {
  const server = await keep(startRedis({ persistent: true }));
  const script = "for i = 1, 200000 do redis.call('SET', i, string.rep('x', 50)) end return 'OK'";
  expect(await ask(server.port, `EVAL "${script}" 0\r\n`)).toBe('$2\r\nOK\r\n');
  await server.kill();
  await server.restart();
  expect(await ask(server.port, 'DBSIZE\r\n')).toBe(':200000\r\n');
});

it.each<{ what: string; start: () => Promise<Balancer> }>([
  { what: 'of connections', start: () => startHaproxy({ checkPath: '/', checkEveryMs: 100 }) },
  { what: 'of requests', start: startNginx },
])('a proxy $what sends them to the servers that were added, and to none that was removed', async ({ start }) => {
  const proxy = await start();
  started.push(proxy);
  const [one, other] = await Promise.all([answering('one'), answering('other')]);
  const answer = (): Promise<string> =>
    fetch(proxy.url, { headers: { connection: 'close' } }).then((response) => response.text());
  await proxy.add(one.port);
  await proxy.add(other.port);
  expect([...(await proxy.serving())].sort()).toEqual([one.port, other.port].sort());
  await waitFor(async () => (await answer()) === 'one', { what: 'the one' });
  await waitFor(async () => (await answer()) === 'other', { what: 'the other' });
  await proxy.remove(one.port);
  expect(await proxy.serving()).toEqual([other.port]);
  // A worker that leaves may still answer the first.
  await waitFor(async () => (await answer()) === 'other', { what: 'the other' });
  one.close();
  expect(await Promise.all([answer(), answer(), answer()])).toEqual(['other', 'other', 'other']);
  other.close();
});

it('a server that refuses its arguments fails to start, with its own words in the error', async () => {
  await expect(startNats({ args: ['--no-such-option'] })).rejects.toThrow(/ended before it answered.*no-such-option/s);
});

it('a fixed port that is taken is an error, not another port', async () => {
  const server = await keep(startNats());
  await expect(startNats({ port: server.port })).rejects.toThrow(/address already in use/);
});

it('servers and their directories are gone soon after the process that started them was killed', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-orphans-'));
  mkdirSync(join(directory, 'tmp'));
  const script = fileURLToPath(new URL('./start-servers.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@lockstep/source', script], {
    env: { ...process.env, TMPDIR: join(directory, 'tmp') },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  try {
    const [line] = await once(child.stdout, 'data');
    const ports = String(line).trim().split(' ').map(Number);
    expect(ports).toHaveLength(4);
    expect(await Promise.all(ports.map(isListening))).toEqual([true, true, true, true]);
    child.kill('SIGKILL');
    await waitFor(async () => !(await Promise.all(ports.map(isListening))).includes(true), { what: 'freed ports' });
    await waitFor(() => readdirSync(join(directory, 'tmp')).length === 0, { what: 'removed directories' });
  } finally {
    child.kill('SIGKILL');
    rmSync(directory, { recursive: true, force: true });
  }
});

async function answering(text: string): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = createServer((_, response) => response.end(text));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { port: (server.address() as AddressInfo).port, close: () => server.close() };
}

async function isListening(port: number): Promise<boolean> {
  const socket = connect({ host: '127.0.0.1', port });
  try {
    await once(socket, 'connect');
    return true;
  } catch {
    return false;
  } finally {
    socket.destroy();
  }
}

async function ask(port: number, command: string): Promise<string> {
  const socket = connect({ host: '127.0.0.1', port });
  await once(socket, 'connect');
  socket.write(command);
  const [reply] = await once(socket, 'data');
  socket.destroy();
  return String(reply);
}
