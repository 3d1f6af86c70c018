import { Writable } from 'node:stream';
import type { RunningServer } from '@lockstep/testkit';
import { startNats, startRedis } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import type { Logger } from 'pino';
import { pino } from 'pino';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import { adminUrl } from './admin-harness.ts';
import { CLIENT_SECRET, TestAuthorizationServer } from './authorization-server.ts';
import type { TestClient } from './harness.ts';
import { connectClient, npmServer, startTestNode } from './harness.ts';
import { Origin } from './mcp-origin.ts';
import { recordCommands } from './record-commands.ts';
import { RecordedTelemetry } from './recorded-telemetry.ts';

/** What somebody has put into the configuration, and nobody may find anywhere else. */
const PLANTED = {
  clusterSecret: 'planted-cluster-secret-0123456789abcdef',
  encryptionKey: '5ec4e7'.repeat(10).padEnd(64, '0'),
  gatewayKey: 'planted-gateway-key-of-ada',
  wrongKey: 'planted-wrong-gateway-key',
  environment: 'planted-environment-value',
  argument: 'planted-argument-value',
  header: 'planted-header-value',
  query: 'planted-query-value',
  clientSecret: CLIENT_SECRET,
  wrongClientSecret: 'planted-wrong-client-secret',
  adminToken: 'planted-token-of-the-admin-api-0123456789',
  wrongAdminToken: 'planted-wrong-token-of-the-admin-api',
} as const;

let tier: RunningServer;
let bus: RunningServer;
let issuer: TestAuthorizationServer;
let protectedServer: Origin;
let plainServer: Origin;
let nodes: readonly GatewayNode[];
let clients: readonly TestClient[];
let logged = '';
let telemetry: RecordedTelemetry;

beforeAll(async () => {
  telemetry = new RecordedTelemetry();
  [tier, bus, issuer, protectedServer, plainServer] = await Promise.all([
    startRedis(),
    startNats(),
    TestAuthorizationServer.start(),
    new Origin().start(),
    new Origin().start(),
  ]);
  const memory = npmServer('memory');
  const { url } = plainServer.entry('plain').config as { url: string };
  const servers = [
    {
      ...memory,
      config: {
        ...memory.config,
        args: [...(memory.config['args'] as string[]), PLANTED.argument],
        env: { TOKEN: PLANTED.environment },
      },
    },
    { server_name: 'plain', config: { url: `${url}?key=${PLANTED.query}`, headers: { 'x-api-key': PLANTED.header } } },
    issuer.protect(protectedServer, 'protected'),
    {
      ...plainServer.entry('refused'),
      oauth_config: issuer.config({ OAUTH_CLIENT_SECRET: PLANTED.wrongClientSecret }),
    },
    {
      server_name: 'dead',
      config: {
        command: process.execPath,
        args: ['-e', 'console.error(process.argv[1], process.env.TOKEN); process.exit(3)', PLANTED.argument],
        env: { TOKEN: PLANTED.environment },
      },
    },
    { server_name: 'away', config: { url: `http://user:${PLANTED.query}@127.0.0.1:1/mcp?key=${PLANTED.query}` } },
  ];
  const text = JSON.stringify({
    lockstep: {
      port: 0,
      adminPort: 0,
      tierUrl: tier.url,
      busUrl: bus.url,
      secret: PLANTED.clusterSecret,
      oauthTokens: 'shared',
      encryptionKeys: `k1:${PLANTED.encryptionKey}`,
    },
    admin_tokens: { ops: { token: PLANTED.adminToken, role: 'operator' } },
    mcp_configs: { 'config-1': { mcp_config: servers } },
    projects: { 'project-1': { mcp_config_id: 'config-1' } },
    users: { 'user-1': {} },
    apikeys: { [PLANTED.gatewayKey]: { project_id: 'project-1', user_id: 'user-1' } },
  });
  nodes = await Promise.all([startTestNode(text, {}, listening()), startTestNode(text, {}, listening())]);
  const headers = { authorization: `Bearer ${PLANTED.gatewayKey}` };
  clients = await Promise.all(nodes.map((node) => connectClient(node.url, { headers })));
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(nodes.map((node) => node.close()));
  await Promise.all([tier.stop(), bus.stop(), issuer.stop(), protectedServer.stop(), plainServer.stop()]);
  telemetry.stop();
});

/** A log of everything there is to log. */
function listening(): Logger {
  const sink = new Writable({
    write(chunk, _, done) {
      logged += String(chunk);
      done();
    },
  });
  return pino({ level: 'trace' }, sink);
}

/** Everything that the tier holds, of whatever type: names, and values as they are serialised. */
async function heldByTier(): Promise<string> {
  const redis = new Redis(tier.url);
  const keys = await redis.keys('*');
  const dumps = await Promise.all(keys.map((key) => redis.dumpBuffer(key)));
  redis.disconnect();
  expect(keys.length).toBeGreaterThan(10);
  return [...keys, ...dumps.map((dump) => dump?.toString('latin1') ?? '')].join('\n');
}

it('no secret of the configuration, and no token, is in the tier, on its way there, in a log line, an answer, a span or a metric', async () => {
  const recording = await recordCommands(tier);
  let answered = '';
  for (const client of clients) {
    const call = async (name: string, args: Record<string, unknown> = {}): Promise<void> => {
      answered += JSON.stringify(await client.call(name, args).catch((error: unknown) => String(error)));
    };
    await call('enkrypt_list_all_servers');
    await call('enkrypt_discover_all_tools');
    for (const server of ['memory', 'plain', 'protected', 'refused', 'dead', 'away']) {
      await call('enkrypt_get_server_info', { server_name: server });
      await call('enkrypt_secure_call_tools', {
        server_name: server,
        tool_calls: [{ name: 'echo' }, { name: 'read_graph' }],
      });
    }
    answered += JSON.stringify(await client.client.listTools());
    await call('enkrypt_get_cache_status');
    await call('enkrypt_clear_cache', { cache_type: 'nonsense' });
    await call('enkrypt_clear_cache');
    await call('enkrypt_discover_all_tools');
  }
  for (const { url } of nodes) {
    for (const key of [PLANTED.wrongKey, `${PLANTED.gatewayKey}x`]) {
      const refused = await fetch(url, { method: 'POST', headers: { apikey: key }, body: '{' });
      answered += `${refused.status} ${await refused.text()} ${JSON.stringify([...refused.headers])}`;
    }
    for (const path of ['/healthz', '/readyz', '/nothing']) answered += await (await fetch(new URL(path, url))).text();
  }
  for (const node of nodes) {
    const asked = async (path: string, token: string, body?: object): Promise<void> => {
      const init = body && { method: 'POST', body: JSON.stringify(body) };
      const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
      const answer = await fetch(new URL(path, adminUrl(node)), { headers, ...init });
      answered += `${answer.status} ${await answer.text()}`;
    };
    const gateway = 'user-1_project-1_config-1';
    for (const token of [PLANTED.adminToken, PLANTED.wrongAdminToken]) {
      for (const path of ['status', 'nodes', 'audit', 'audit/verify', 'openapi.json'])
        await asked(`/v1/${path}`, token);
      for (const key of ['anything', PLANTED.gatewayKey])
        await asked(`/v1/explain?namespace=gateway-key&key=${key}`, token);
      const scope = { everything: true };
      await asked('/v1/clear', token, { scope, dryRun: true, sample: 100 });
      await asked('/v1/warm', token, { gateway });
      await asked('/v1/clear', token, { scope: { gateway, cacheType: 'all' }, reason: 'a search for secrets' });
      await asked('/v1/expire', token, { scope, reason: 'a search for secrets' });
    }
  }
  recording.stop();
  expect(answered).toContain('a search for secrets');
  expect(issuer.issued.length).toBeGreaterThan(0);
  expect(answered).toContain('called echo');
  const spans = new Set(telemetry.spans.map(({ name }) => name));
  for (const name of ['POST /mcp', 'POST /v1/clear', 'tools/call echo', 'initialize']) expect(spans).toContain(name);
  const places = {
    tier: await heldByTier(),
    'on its way to the tier': recording.text(),
    log: logged,
    answers: answered,
    telemetry: await telemetry.text(),
  };
  const secrets = { ...PLANTED, ...Object.fromEntries(issuer.issued.map((token, at) => [`token ${at}`, token])) };
  const found = Object.entries(places).flatMap(([place, text]) =>
    Object.entries(secrets).flatMap(([name, secret]) => {
      const forms = [
        secret,
        Buffer.from(secret).toString('base64').replace(/=+$/, ''),
        Buffer.from(secret).toString('hex'),
      ];
      return forms.some((form) => text.includes(form)) ? [`${name} in ${place}`] : [];
    }),
  );
  expect(found).toEqual([]);
});
