import { request } from 'node:http';
import { PREFIX, ROUTE_NAMES, ROUTES } from '@lockstep/admin-api';
import { AdminClient } from '@lockstep/admin-client';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import { adminOf, adminText, adminUrl, bearer, GATEWAY, refusal, SECRETS } from './admin-harness.ts';
import { configText, startTestNode } from './harness.ts';

const REASON = 'a test';
const STATIC = { server_name: 'static', config: { command: 'none' }, tools: { find: 'Finds' } };

let node: GatewayNode;
const logged: string[] = [];

beforeAll(async () => {
  const logger = pino({ level: 'trace' }, { write: (line: string) => void logged.push(line) });
  node = await startTestNode(adminText([STATIC]), {}, logger);
});

afterAll(async () => {
  await node.close();
});

/** Sends a request with any header, which `fetch` does not. */
function send(
  options: Parameters<typeof request>[1],
  path = '/v1/status',
  url = adminUrl(node),
): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const sent = request(`${url}${path}`, options as object, (response) => {
      let body = '';
      response.on('data', (part) => (body += String(part)));
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body }));
    });
    sent.on('error', reject);
    sent.end();
  });
}

it('a node without tokens has no admin API, and says so', async () => {
  const said: string[] = [];
  const logger = pino({ level: 'info' }, { write: (line: string) => void said.push(line) });
  const without = await startTestNode(configText([]), {}, logger);
  expect(without.adminUrl).toBeUndefined();
  expect(said.join()).toContain('the admin API is off');
  await without.close();
});

describe('roles', () => {
  it.each(ROUTE_NAMES)('%s needs a token, and the role of the contract', async (name) => {
    const { method, path, role } = ROUTES[name];
    const init = { method, headers: { 'content-type': 'application/json' }, ...(method === 'POST' && { body: '{' }) };
    const url = `${adminUrl(node)}${PREFIX}${path}`;
    const asViewer = await fetch(url, { ...init, headers: { ...init.headers, ...bearer('viewer') } });
    await asViewer.body?.cancel();
    if (role === 'operator') expect(asViewer.status).toBe(403);
    else expect([200, 400]).toContain(asViewer.status);
  });

  it('a viewer sees, and clears nothing', async () => {
    const viewer = adminOf(node, 'viewer');
    expect(await viewer.status()).toMatchObject({ mode: 'local', cache_type: 'local' });
    const clear = viewer.clear({ scope: { everything: true }, reason: REASON });
    expect(await refusal(clear)).toMatchObject({ code: 'forbidden', status: 403 });
    expect((await refusal(viewer.clear({ scope: { everything: true }, dryRun: true }))).code).toBe('forbidden');
  });
});

describe('limits', () => {
  it.each([
    { everything: true },
    { tag: 'mcp-config:config-1' },
    { namespace: 'tools' },
    { namespace: 'tools', key: 'a' },
    { gateway: 'another' },
  ] as const)('a token of one gateway may not clear %j', async (scope) => {
    const limited = adminOf(node, 'ofGateway');
    expect((await refusal(limited.clear({ scope, reason: REASON }))).code).toBe('forbidden');
    expect((await refusal(limited.expire({ scope, reason: REASON }))).code).toBe('forbidden');
    expect((await refusal(limited.clear({ scope, dryRun: true }))).code).toBe('forbidden');
  });

  it('a token of one gateway clears, explains and warms that gateway', async () => {
    const limited = adminOf(node, 'ofGateway');
    expect(await limited.clear({ scope: { gateway: GATEWAY }, reason: REASON })).toMatchObject({ dryRun: false });
    expect(await limited.explain({ namespace: 'tools', gateway: GATEWAY, server: 'static' })).toMatchObject({
      answer: 'nothing',
    });
    const lines = [];
    for await (const line of limited.warm({ gateway: GATEWAY })) lines.push(line);
    expect(lines.at(-1)).toMatchObject({ type: 'done', succeeded: 1 });
    expect((await refusal(limited.warm({}).next())).code).toBe('forbidden');
  });

  it('a token of one namespace clears that, and no gateway', async () => {
    const limited = adminOf(node, 'ofTools');
    expect(await limited.clear({ scope: { namespace: 'tools' }, reason: REASON })).toMatchObject({ dryRun: false });
    for (const scope of [{ namespace: 'gateway-key' }, { gateway: GATEWAY }, { everything: true }] as const) {
      expect((await refusal(limited.clear({ scope, reason: REASON }))).code).toBe('forbidden');
    }
  });

  it('a limited token sees neither the audit trail nor events, and sweeps nothing', async () => {
    const limited = adminOf(node, 'ofTools');
    const calls = [limited.audit({}), limited.verifyAudit(), limited.events().next(), limited.sweep({})];
    for (const call of calls) expect((await refusal(call)).code).toBe('forbidden');
    expect((await limited.nodes()).nodes).toHaveLength(1);
  });
});

describe('requests', () => {
  it('name each field that cannot be used', async () => {
    const operator = adminOf(node);
    const wrong = { scope: { everything: true, tag: 'a' }, wait: 'soon', reason: '' } as never;
    const { code, status, problems } = await refusal(operator.clear(wrong));
    expect({ code, status, fields: problems.map(({ field }) => field).sort() }).toEqual({
      code: 'request-invalid',
      status: 400,
      fields: ['reason', 'scope', 'wait'],
    });
    expect((await refusal(operator.audit({ limit: 0 }))).problems[0]?.field).toBe('limit');
    expect((await refusal(operator.sweep({ limits: 1 } as never))).problems[0]?.field).toBe('limits');
    expect((await refusal(operator.sweep({ cursor: 'nowhere' }))).code).toBe('request-invalid');
  });

  it('about what is not there are told so', async () => {
    const operator = adminOf(node);
    for (const scope of [
      { namespace: 'tool' },
      { namespace: 'gateway-node' },
      { gateway: 'nobody' },
      { gateway: GATEWAY, server: 'none' },
    ]) {
      expect((await refusal(operator.clear({ scope, reason: REASON }))).code).toBe('not-found');
    }
  });

  it('of other forms are refused by name', async () => {
    const url = adminUrl(node);
    const headers = bearer('operator');
    const codeOf = async (path: string, init: RequestInit): Promise<unknown> => {
      const response = await fetch(`${url}${path}`, { ...init, headers: { ...headers, ...init.headers } });
      expect(response.headers.get('cache-control')).toBe('no-store');
      expect(response.headers.get('access-control-allow-origin')).toBeNull();
      return ((await response.json()) as { error: { code: string } }).error.code;
    };
    const json = { 'content-type': 'application/json' };
    expect(await codeOf('/v1/clear', { method: 'POST', body: 'a=b' })).toBe('unsupported-media-type');
    expect(await codeOf('/v1/clear', { method: 'POST', body: '{', headers: json })).toBe('request-invalid');
    expect(await codeOf('/v1/clear', { method: 'POST', body: `"${'x'.repeat(70_000)}"`, headers: json })).toBe(
      'body-too-large',
    );
    expect(await codeOf('/v1/clear', { method: 'GET' })).toBe('method-not-allowed');
    expect(await codeOf('/v1/other', {})).toBe('not-found');
    expect(await codeOf('/v1/status?verbose=1', {})).toBe('request-invalid');
  });

  it('that a web page of another place sends are refused, whatever token they have', async () => {
    const headers = bearer('operator');
    const host = new URL(adminUrl(node)).host;
    expect((await send({ headers })).status).toBe(200);
    expect((await send({ headers: { ...headers, origin: `http://${host}` } })).status).toBe(200);
    for (const other of [
      { host: 'rebound.example.com' },
      { host: 'rebound.example.com:8001' },
      { origin: 'https://example.com' },
      { origin: 'null' },
    ]) {
      const { status, body } = await send({ headers: { ...headers, ...other } });
      expect({ status, body: JSON.parse(body) }).toMatchObject({
        status: 403,
        body: { error: { code: 'host-refused' } },
      });
    }
  });
});

it('requests that name the API by one of its own names are let in: those of a Service, say', async () => {
  const adminHosts = 'admin.lockstep.svc, Admin.lockstep.svc.cluster.local';
  const named = await startTestNode(adminText([STATIC], { adminHosts }));
  const statusOf = async (host: string) =>
    (await send({ headers: { ...bearer('viewer'), host } }, '/v1/status', adminUrl(named))).status;
  expect(await statusOf('admin.lockstep.svc:8001')).toBe(200);
  expect(await statusOf('admin.lockstep.svc.cluster.local')).toBe(200);
  for (const other of ['lockstep.svc', 'other.admin.lockstep.svc', 'admin.lockstep.svc.example.com']) {
    expect(await statusOf(other)).toBe(403);
  }
  await named.close();
});

it('the document of the contract is served', async () => {
  expect(await adminOf(node, 'viewer').openapi()).toMatchObject({ openapi: '3.1.0' });
});

it('a HEAD of the events takes no place among their readers', async () => {
  const events = `${adminUrl(node)}/v1/events`;
  for (let asked = 1; asked <= 33; asked++) {
    const { status, headers } = await fetch(events, { method: 'HEAD', headers: bearer('operator') });
    expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream']);
  }
  const stream = adminOf(node, 'viewer').events();
  expect(await stream.next()).toMatchObject({ value: { type: 'coherence' } });
  await stream.return(undefined);
});

it('a token that asks too often is told how long to wait; another one is not held up by it', async () => {
  const eager = adminOf(node, 'eager');
  const asked = await Promise.all(Array.from({ length: 80 }, () => eager.nodes().catch((error: unknown) => error)));
  const refused = asked.filter((answer) => answer instanceof Error);
  expect(refused.length).toBeGreaterThan(5);
  expect(refused[0]).toMatchObject({ code: 'rate-limited', status: 429, retryAfterSeconds: 1 });
  await adminOf(node, 'viewer').nodes();
});

it('no token, and no part of one, is in a log line', () => {
  expect(logged.join()).toContain('the admin API listens');
  for (const secret of SECRETS) expect(logged.join()).not.toContain(secret);
});

it('an address that fails too often waits, and who is there with a right token does not', async () => {
  const wrong = new AdminClient({ url: adminUrl(node), token: 'x'.repeat(40) });
  const codes = [];
  for (let attempt = 1; attempt <= 12; attempt++) codes.push((await refusal(wrong.status())).code);
  expect(new Set(codes.slice(0, 5))).toEqual(new Set(['unauthenticated']));
  expect(codes.at(-1)).toBe('rate-limited');
  const { code, retryAfterSeconds } = await refusal(wrong.status());
  expect({ code, waits: (retryAfterSeconds ?? 0) > 0 }).toEqual({ code: 'rate-limited', waits: true });
  expect(await adminOf(node, 'viewer').status()).toMatchObject({ cache_type: 'local' });
});
