import type { RunningServer } from '@lockstep/testkit';
import { startNats, startRedis, waitFor } from '@lockstep/testkit';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import { CLIENT_SECRET, TestAuthorizationServer } from './authorization-server.ts';
import type { Answer, TestClient } from './harness.ts';
import { configText, connectClient, SECRET, startTestNode } from './harness.ts';
import { Origin } from './mcp-origin.ts';
import { recordCommands } from './record-commands.ts';

const SETTINGS = { secret: SECRET, oauthTokens: 'shared', encryptionKeys: `k1:${'0f'.repeat(32)}` };
const CALL = { server_name: 'protected', tool_calls: [{ name: 'echo' }] };
const DONE = { status: 'success', results: [{ status: 'success', response: 'called echo' }] };

let tier: RunningServer;
let bus: RunningServer;
let issuer: TestAuthorizationServer;
let origin: Origin;
let nodes: readonly GatewayNode[];
let clients: readonly [TestClient, TestClient, TestClient];
/** Every token that the MCP server was sent. */
const seen: string[] = [];

beforeAll(async () => {
  [tier, bus, issuer, origin] = await Promise.all([
    startRedis(),
    startNats(),
    TestAuthorizationServer.start(),
    new Origin().start(),
  ]);
  const text = configText([issuer.protect(origin, 'protected', seen)], {
    ...SETTINGS,
    tierUrl: tier.url,
    busUrl: bus.url,
  });
  nodes = await Promise.all([startTestNode(text), startTestNode(text), startTestNode(text)]);
  clients = (await Promise.all(nodes.map(({ url }) => connectClient(url)))) as unknown as typeof clients;
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(nodes.map((node) => node.close()));
  await Promise.all([tier.stop(), bus.stop(), issuer.stop(), origin.stop()]);
});

afterEach(async () => {
  issuer.lifeSeconds = 3_600;
  issuer.held = Promise.resolve();
  await clients[0].call('enkrypt_clear_cache', { wait: 'fenced' });
});

const callOnEach = (): Promise<Answer[]> =>
  Promise.all(clients.map((client) => client.call('enkrypt_secure_call_tools', CALL)));

it('opens a protected MCP server to a tool call on each of three nodes, with one token for all of them', async () => {
  const recording = await recordCommands(tier);
  const before = issuer.tokensAsked;
  for (const answer of await callOnEach()) expect(answer).toMatchObject(DONE);
  expect(issuer.tokensAsked).toBe(before + 1);
  const token = issuer.issued.at(-1) ?? '';
  expect(new Set(seen)).toEqual(new Set([token]));
  recording.stop();
  expect(recording.text()).toContain('oauth-token');
  for (const secret of [token, CLIENT_SECRET, SECRET]) expect(recording.text()).not.toContain(secret);
});

it('replaces a token before it ends, while calls go on with the old one', async () => {
  issuer.lifeSeconds = 6;
  await callOnEach();
  const [asked, old] = [issuer.tokensAsked, issuer.issued.at(-1)];
  const { promise: held, resolve: release } = Promise.withResolvers<void>();
  issuer.held = held;
  await waitFor(
    async () => {
      expect(await clients[0].call('enkrypt_secure_call_tools', CALL)).toMatchObject(DONE);
      return issuer.tokensAsked > asked;
    },
    { what: 'another token to be asked for', timeoutMs: 8_000 },
  );
  for (const answer of await callOnEach()) expect(answer).toMatchObject(DONE);
  expect(seen.at(-1)).toBe(old);
  expect(await issuer.knows(old)).toBe(true);
  issuer.lifeSeconds = 3_600;
  release();
  await waitFor(
    async () => {
      for (const answer of await callOnEach()) expect(answer).toMatchObject(DONE);
      return seen.slice(-3).every((token) => token === issuer.issued.at(-1));
    },
    { what: 'the other token on every node' },
  );
  expect(issuer.tokensAsked).toBe(asked + 1);
});

it('revokes a token with a fenced clear: no node uses it after that', async () => {
  await callOnEach();
  const old = issuer.issued.at(-1);
  expect(await issuer.knows(old)).toBe(true);
  const answer = await clients[1].call('enkrypt_clear_cache', { server_name: 'protected', wait: 'fenced' });
  expect(answer).toMatchObject({ status: 'success', tokens_revoked: 1, fence: {} });
  expect(await issuer.knows(old)).toBe(false);
  seen.splice(0);
  for (const again of await callOnEach()) expect(again).toMatchObject(DONE);
  expect(seen.length).toBeGreaterThan(0);
  expect(seen).not.toContain(old);
});

it('leaves a token to its end with any other clear', async () => {
  await callOnEach();
  const old = issuer.issued.at(-1);
  expect(await clients[0].call('enkrypt_clear_cache')).not.toHaveProperty('tokens_revoked');
  expect(await issuer.knows(old)).toBe(true);
});

it('gets one new token for all nodes where a server refuses the one it is sent, and repeats the calls with it', async () => {
  await callOnEach();
  const asked = issuer.tokensAsked;
  await issuer.takeBack(issuer.issued.at(-1));
  for (const answer of await callOnEach()) expect(answer).toMatchObject(DONE);
  expect(issuer.tokensAsked).toBe(asked + 1);
  for (const answer of await callOnEach()) expect(answer).toMatchObject(DONE);
  expect(seen.slice(-3)).toEqual(Array.from({ length: 3 }, () => issuer.issued.at(-1)));
});
