import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { waitFor } from '@lockstep/testkit';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { bearerOf, CLIENT_ID, CLIENT_SECRET, TestAuthorizationServer } from './authorization-server.ts';
import type { Answer, ServerEntry, TestClient } from './harness.ts';
import { configText, connectClient, KEY, nodeStatus, startTestNode } from './harness.ts';
import { Origin } from './mcp-origin.ts';

const WRONG_SECRET = 'a-wrong-secret-that-no-log-may-have';
const DONE = { status: 'success', results: [{ status: 'success' }] };

const closings: (() => Promise<unknown>)[] = [];
let issuer: TestAuthorizationServer;
let logged: string[];

beforeEach(async () => {
  issuer = await TestAuthorizationServer.start();
  closings.push(() => issuer.stop());
  logged = [];
});

afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
  const log = logged.join('');
  expect(log).not.toBe('');
  for (const secret of [...issuer.issued, CLIENT_SECRET, WRONG_SECRET, KEY]) expect(log).not.toContain(secret);
  for (const encoded of [CLIENT_SECRET, WRONG_SECRET]) {
    const basic = Buffer.from(`${CLIENT_ID}:${encoded}`).toString('base64');
    expect(log).not.toContain(basic.slice(20, 40));
  }
});

async function gateway(servers: readonly ServerEntry[], settings: Record<string, unknown> = {}): Promise<TestClient> {
  const logger = pino({ level: 'trace' }, { write: (line: string) => logged.push(line) });
  const node = await startTestNode(configText(servers, settings), {}, logger);
  const client = await connectClient(node.url);
  closings.push(
    () => node.close(),
    () => client.close(),
  );
  return client;
}

async function origin(): Promise<Origin> {
  const started = await new Origin().start();
  closings.push(() => started.stop());
  return started;
}

const call = (client: TestClient, server = 'protected'): Promise<Answer> =>
  client.call('enkrypt_secure_call_tools', { server_name: server, tool_calls: [{ name: 'echo' }] });

const asText = (answer: Answer): string => JSON.stringify(answer);

it('goes on without the authorization server while its token lives, and then says what is away', async () => {
  issuer.lifeSeconds = 3;
  const client = await gateway([issuer.protect(await origin(), 'protected')]);
  expect(await call(client)).toMatchObject(DONE);
  await issuer.stop();
  expect(await call(client)).toMatchObject(DONE);
  const failed = await waitFor(
    async () => {
      const answer = await call(client);
      return answer.status === 'error' ? answer : undefined;
    },
    { what: 'the end of the token', timeoutMs: 8_000 },
  );
  const reason = `no access token for protected from ${issuer.url}/token: it cannot be reached (ECONNREFUSED)`;
  expect(failed).toMatchObject({ results: [{ error: reason, error_code: 'unauthorized' }] });
  await issuer.listen();
  await waitFor(async () => (await call(client)).status === 'success', { what: 'another token', timeoutMs: 10_000 });
});

it('waits a bounded time for an authorization server, and holds back no other server meanwhile', async () => {
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  issuer.held = held;
  closings.push(async () => release());
  const open = await origin();
  const servers = [issuer.protect(await origin(), 'protected'), open.entry('open')];
  const client = await gateway(servers, { connectTimeoutMs: 1_000, discoveryPatienceMs: 100 });
  const slow = client.call('enkrypt_discover_all_tools', { server_name: 'protected' });
  expect(await client.call('enkrypt_discover_all_tools')).toMatchObject({
    discovery_success_servers: ['open'],
    discovery_pending_servers: ['protected'],
  });
  expect(await call(client, 'open')).toMatchObject(DONE);
  expect(await slow).toMatchObject({
    status: 'error',
    error_code: 'unauthorized',
    error: `no access token for protected from ${issuer.url}/token: it took longer than 750 ms`,
  });
});

it('uses a token with a second to live, and gets the next one after it', async () => {
  issuer.lifeSeconds = 1;
  const client = await gateway([issuer.protect(await origin(), 'protected')]);
  expect(await call(client)).toMatchObject(DONE);
  await waitFor(
    async () => {
      expect(await call(client)).toMatchObject(DONE);
      return issuer.tokensAsked > 2;
    },
    { what: 'a third token' },
  );
});

it('names the fields of a wrong secret, and asks once, however often the server is needed', async () => {
  const entry = issuer.protect(await origin(), 'protected');
  const client = await gateway([{ ...entry, oauth_config: issuer.config({ OAUTH_CLIENT_SECRET: WRONG_SECRET }) }]);
  for (let attempt = 1; attempt <= 20; attempt++) {
    const answer = await call(client);
    expect(answer).toMatchObject({ status: 'error', error_code: 'unauthorized' });
    expect(answer['error']).toContain(
      'it answers invalid_client (HTTP 401): look at OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET',
    );
    expect(asText(answer)).not.toContain(WRONG_SECRET);
  }
  expect(issuer.tokensAsked).toBe(1);
  expect((await nodeStatus(client)).access_tokens).toMatchObject({
    entries: 0,
    acquisitions: 1,
    acquisitions_failed: 1,
  });
});

it('gets no tokens in a storm for a server that refuses them all', async () => {
  const closed = await origin();
  const entry = issuer.protect(closed, 'protected');
  closed.behaviour.refusal = () => new Response('no', { status: 401 });
  const client = await gateway([entry]);
  for (let attempt = 1; attempt <= 10; attempt++) {
    expect(await call(client)).toMatchObject({
      status: 'error',
      error_code: 'unauthorized',
      error: 'protected refuses what it was sent to be let in (HTTP 401): look at its oauth_config, or its headers',
    });
  }
  expect(issuer.tokensAsked).toBe(2);
});

it('sends a token to no other origin, wherever a redirect points', async () => {
  const elsewhere: (string | undefined)[] = [];
  const other = createServer((request, response) => {
    elsewhere.push(request.headers.authorization);
    response.end('{}');
  });
  await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
  closings.push(async () => other.close());
  const redirecting = await origin();
  const entry = issuer.protect(redirecting, 'protected');
  const seen: (string | undefined)[] = [];
  redirecting.behaviour.refusal = (request) => {
    seen.push(bearerOf(request));
    const { port } = other.address() as AddressInfo;
    return new Response(null, { status: 307, headers: { location: `http://127.0.0.1:${port}/mcp` } });
  };
  const client = await gateway([entry]);
  expect(await call(client)).toMatchObject({ status: 'error', error_code: 'unreachable' });
  expect(seen.length).toBeGreaterThan(0);
  expect(new Set(seen)).toEqual(new Set(issuer.issued));
  expect(elsewhere).toEqual([]);
});

it('follows a redirect that stays with the server, token and all', async () => {
  const moved = await origin();
  const entry = issuer.protect(moved, 'protected');
  const letIn = moved.behaviour.refusal;
  moved.behaviour.refusal = (request) =>
    request.url.endsWith('/mcp')
      ? new Response(null, { status: 307, headers: { location: new URL('/mcp/v2', request.url).href } })
      : letIn(request);
  const client = await gateway([entry]);
  expect(await call(client)).toMatchObject(DONE);
});
