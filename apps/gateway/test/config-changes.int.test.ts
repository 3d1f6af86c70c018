import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { configText, connectClient, KEY, nodeStatus } from './harness.ts';
import type { NodeProcess } from './node-process.ts';
import { startProcess } from './node-process.ts';

const SETTINGS = { logLevel: 'info', toolList: 'own' };
const LISTED = { server_name: 'listed', config: { command: 'never-started' }, tools: { ping: 'Answers' } };
const OTHER = { ...LISTED, server_name: 'other' };

let folder: string;
let file: string;
const closings: (() => unknown)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-changes-'));
  file = join(folder, 'gateway.json');
  await writeFile(file, configText([LISTED], SETTINGS));
});

afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
  await rm(folder, { recursive: true, force: true });
});

function start(environment: Readonly<Record<string, string>> = {}, location = file): NodeProcess {
  const node = startProcess(['--config', location], environment);
  closings.push(async () => {
    node.child.kill('SIGKILL');
    await node.exited;
  });
  return node;
}

async function connected(node: NodeProcess) {
  const client = await connectClient(await node.listening());
  closings.push(() => client.close());
  const servers = async () => {
    const answer = await client.call('enkrypt_list_all_servers', { discover_tools: false });
    return Object.keys(answer['available_servers'] as object);
  };
  return { client, servers };
}

const logged = (node: NodeProcess, message: string) =>
  node
    .stdout()
    .split('\n')
    .filter((line) => line.includes(`"msg":"${message}`))
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const isLogged = (node: NodeProcess, message: string) =>
  waitFor(() => logged(node, message)[0], { what: message, timeoutMs: 10_000 });

it('takes a changed file over by itself, and keeps the last usable one when it is broken: every problem, no secret', async () => {
  const node = start();
  const { client, servers } = await connected(node);
  expect(await servers()).toEqual(['listed']);
  await writeFile(`${file}.new`, configText([LISTED, OTHER], SETTINGS));
  await rename(`${file}.new`, file);
  await waitFor(async () => (await servers()).length === 2, { what: 'the other server', timeoutMs: 5_000 });
  const broken = { ...OTHER, config: { command: 1, args: 'hidden', url: 'https://me:hidden@host' } };
  await writeFile(file, configText([broken], { ...SETTINGS, secret: 'hidden' }));
  const { problems } = await isLogged(node, 'a changed configuration cannot be used');
  expect(problems).toHaveLength(4);
  expect(JSON.stringify(problems)).toMatch(/mcp_config\[0\]\.config\.command: got 1 ?.*takes a program/);
  expect(node.stdout()).not.toMatch(/hidden|a-gateway-key/);
  expect(await servers()).toEqual(['listed', 'other']);
  expect((await nodeStatus(client)).config).toMatchObject({ state: 'refused', changes_applied: 1, changes_refused: 1 });
  await writeFile(file, '{ "not": ');
  await waitFor(() => logged(node, 'a changed configuration cannot be used').length === 2, {
    what: 'the next problem',
  });
  await writeFile(file, configText([OTHER], SETTINGS));
  await waitFor(async () => (await servers()).join() === 'other', { what: 'a usable file' });
  expect((await nodeStatus(client)).config).toMatchObject({ state: 'current', changes_applied: 2, changes_refused: 2 });
});

it('does not take settings of the process over, and names those that need a restart, without their values', async () => {
  const node = start();
  const { client, servers } = await connected(node);
  const changed = { ...SETTINGS, port: 1, connectTimeoutMs: 12_345, toolsTtlMs: 1_000 };
  await writeFile(file, configText([OTHER], changed));
  await waitFor(async () => (await servers()).join() === 'other', { what: 'the other server' });
  const settings = ['port', 'toolsTtlMs', 'upstream.connectTimeoutMs'];
  expect(await isLogged(node, 'settings changed that need a restart')).toMatchObject({ settings });
  expect((await nodeStatus(client)).config).toMatchObject({ needs_restart: settings });
  expect(node.stdout()).not.toContain('12345');
});

/** A service that answers a configuration to who has the token, and 304 to who has it already. */
async function service(text: () => string): Promise<{ url: string; server: Server; asked: () => number }> {
  let asked = 0;
  const server = createServer(({ headers }, response) => {
    asked++;
    const etag = `"${text().length}"`;
    if (headers.authorization !== 'Bearer a-token') response.writeHead(401).end();
    else if (headers['if-none-match'] === etag) response.writeHead(304).end();
    else response.writeHead(200, { etag }).end(text());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  closings.push(() => {
    server.closeAllConnections();
    return new Promise((resolve) => server.close(resolve));
  });
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/gateway.json?key=hidden`,
    server,
    asked: () => asked,
  };
}

it('follows a URL: at once on SIGHUP, and goes on with what it has while that cannot be reached', async () => {
  let text = configText([LISTED], SETTINGS);
  const { url, server, asked } = await service(() => text);
  const node = start({ LOCKSTEP_CONFIG_TOKEN: 'a-token', LOCKSTEP_CONFIG_POLL_MS: '3600000' }, url);
  const { client, servers } = await connected(node);
  expect(await servers()).toEqual(['listed']);
  await waitFor(() => asked() === 2, { what: 'the first look' });
  text = configText([LISTED, OTHER], SETTINGS);
  node.child.kill('SIGHUP');
  await waitFor(async () => (await servers()).length === 2, { what: 'the other server', timeoutMs: 5_000 });
  server.close();
  server.closeAllConnections();
  node.child.kill('SIGHUP');
  expect(await isLogged(node, 'the configuration cannot be read')).toMatchObject({ reason: 'ECONNREFUSED' });
  expect(await servers()).toEqual(['listed', 'other']);
  expect((await nodeStatus(client)).config).toMatchObject({ state: 'unreachable', reads_failed: 1 });
  expect(node.stdout()).not.toMatch(/hidden|a-token/);
});

it('asks a URL by itself, now and then', async () => {
  let text = configText([LISTED], SETTINGS);
  const { url } = await service(() => text);
  const node = start({ LOCKSTEP_CONFIG_TOKEN: 'a-token', LOCKSTEP_CONFIG_POLL_MS: '1000' }, url);
  const { servers } = await connected(node);
  text = configText([LISTED, OTHER], SETTINGS);
  await waitFor(async () => (await servers()).length === 2, { what: 'the other server', timeoutMs: 5_000 });
});

it.each<[string, string, () => Promise<string>]>([
  [
    'a service that is not there',
    'not readable (ECONNREFUSED)',
    async () => `http://127.0.0.1:${await freePort()}/?key=hidden`,
  ],
  ['a service that refuses', 'not readable (HTTP 401)', async () => (await service(() => '{}')).url],
  ['a URL with a password', 'a token goes into LOCKSTEP_CONFIG_TOKEN', async () => 'https://me:hidden@127.0.0.1/'],
])('does not start from %s: exit code 2, and the reason', async (_, reason, location) => {
  const node = start({}, await location());
  expect(await node.exited).toBe(2);
  expect(node.stderr()).toContain('The configuration cannot be used: 1 problem.');
  expect(node.stderr()).toContain(reason);
  expect(node.stderr()).not.toMatch(new RegExp(`hidden|${KEY}`));
});
