import type { AdminEvent } from '@lockstep/admin-api';
import type { RunningServer } from '@lockstep/testkit';
import { startNats, startRedis, waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import { adminOf, adminText, GATEWAY, refusal, SECRETS } from './admin-harness.ts';
import type { TestClient } from './harness.ts';
import { connectClient, SECRET, sources, startTestNode } from './harness.ts';
import { Origin } from './mcp-origin.ts';
import { recordCommands } from './record-commands.ts';

const REASON = 'a reason that nobody may read in the tier';
const JOURNAL = 'lockstep:{lockstep:ctl}:journal';
const OF_TOOLS = { gateway: GATEWAY, cacheType: 'tools' } as const;

let tier: RunningServer;
let bus: RunningServer;
let origin: Origin;
let text: string;
let nodes: GatewayNode[];
let clients: readonly TestClient[];
let raw: Redis;

beforeAll(async () => {
  [tier, bus] = await Promise.all([startRedis({ persistent: true }), startNats()]);
  origin = await new Origin().start();
  text = adminText([origin.entry('origin')], {
    ...{ tierUrl: tier.url, busUrl: bus.url, secret: SECRET, maxStalenessMs: 1_000 },
  });
  nodes = await Promise.all([startTestNode(text), startTestNode(text)]);
  clients = await Promise.all(nodes.map(({ url }) => connectClient(url)));
  raw = new Redis(tier.url, { disableClientInfo: true });
  raw.on('error', () => undefined);
});

afterAll(async () => {
  raw.disconnect();
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(nodes.map((node) => node.close()));
  await Promise.all([origin.stop(), tier.stop(), bus.stop()]);
});

const ids = (): readonly string[] => nodes.map(({ nodeId }) => nodeId);
const discover = (client: TestClient | undefined) => client?.call('enkrypt_discover_all_tools') as Promise<never>;
/** Both nodes have the list near. */
const bothNear = () =>
  waitFor(
    async () => {
      const answers = await Promise.all(clients.map(discover));
      return answers.every((answer) => sources(answer)['origin'] === 'near');
    },
    { what: 'the list on both nodes' },
  );

describe('two nodes', () => {
  it('tell of themselves and of each other', async () => {
    const both = await waitFor(
      async () => {
        const { nodes: members } = await adminOf(nodes[0], 'viewer').nodes();
        return members.length === 2 && members.every(({ report }) => report !== null) ? members : undefined;
      },
      { what: 'reports of both nodes' },
    );
    expect(both.map(({ id }) => id).sort()).toEqual([...ids()].sort());
    expect(both[0]).toMatchObject({ id: nodes[0]?.nodeId, isSelf: true });
    const other = both[1]?.report;
    expect(other).toMatchObject({ url: nodes[1]?.url, version: '0.1.0', state: 'coherent' });
    expect(other?.positions.map(({ partition }) => partition)).toEqual(['control', ...Array(16).keys()]);
    expect(other?.positions[0]).toMatchObject({ incarnation: expect.stringMatching(/^[0-9a-f]{16}$/) });
  });

  it("answer the status by the description's names, and ours", async () => {
    await bothNear();
    expect(await adminOf(nodes[1], 'viewer').status()).toMatchObject({
      mode: 'cluster',
      node: { id: nodes[1]?.nodeId, state: 'coherent', version: '0.1.0' },
      members: 2,
      cache_type: 'external',
      total_gateways: 1,
      total_tool_caches: 1,
      total_config_caches: 1,
      redis_info: { redis_version: expect.any(String), total_keys: expect.any(Number) },
      namespaces: { tools: { entries: 1, near: { entries: 1 } }, 'gateway-key': { entries: 1 } },
      audit: { pending: 0, dropped: 0 },
    });
  });

  it('a dry run shows what would be cleared, changes nothing, and leaves no record', async () => {
    await bothNear();
    const admin = adminOf(nodes[0]);
    const before = await admin.audit({});
    for (const [scope, entries] of [
      [{ namespace: 'tools' }, 1],
      // The list, and that it is private.
      [OF_TOOLS, 2],
      [{ gateway: GATEWAY }, 4],
      [{ namespace: 'oauth-token' }, 0],
      [{ tag: 'mcp-config:config-1' }, 2],
    ] as const) {
      const { preview, dryRun } = await admin.clear({ scope, dryRun: true });
      expect({ dryRun, entries: preview.entries, complete: preview.complete }, JSON.stringify(scope)).toEqual({
        dryRun: true,
        entries,
        complete: true,
      });
    }
    const asked = origin.pagesAsked;
    for (const client of clients) expect(sources(await discover(client))).toEqual({ origin: 'near' });
    expect(origin.pagesAsked).toBe(asked);
    expect(await admin.audit({})).toEqual(before);
  });

  it('a dry run does not show keys that are made of gateway keys', async () => {
    const { preview } = await adminOf(nodes[0]).clear({ scope: { namespace: 'gateway-key' }, dryRun: true });
    expect(preview.sample).toEqual([expect.not.objectContaining({ key: expect.anything() })]);
    const ofTools = await adminOf(nodes[0]).clear({ scope: { namespace: 'tools' }, dryRun: true });
    expect(ofTools.preview.sample[0]?.key).toContain('origin');
  });

  it('a fenced clear says by what it is certain, and no node serves the list when it is answered', async () => {
    await bothNear();
    const done = await adminOf(nodes[0]).clear({ scope: OF_TOOLS, wait: 'fenced', reason: REASON });
    expect(done).toMatchObject({
      action: 'clear',
      receipts: [{ cache: 'tools', partition: 'control', sequence: expect.any(Number) }],
      fence: { by: expect.stringMatching(/^(acknowledgements|time)$/) },
      audit: { state: 'recorded', sequence: expect.any(Number) },
    });
    expect(Object.keys(done.fence?.members ?? {})).toEqual([nodes[1]?.nodeId]);
    const { near } = await adminOf(nodes[1]).explain({ namespace: 'tools', gateway: GATEWAY, server: 'origin' });
    expect(near).toBeNull();
  });

  it('an expire ends the freshness alone', async () => {
    await bothNear();
    const admin = adminOf(nodes[1]);
    const { preview } = await admin.expire({ scope: { namespace: 'tools' }, dryRun: true });
    const where = { namespace: 'tools', key: preview.sample[0]?.key ?? '' };
    expect(await admin.expire({ scope: OF_TOOLS, wait: 'fenced', reason: REASON })).toMatchObject({
      action: 'expire',
      receipts: [{ cache: 'tools' }],
    });
    expect(await admin.explain(where)).toMatchObject({
      answer: 'nothing',
      near: { objection: 'not-fresh', standsInForMs: expect.any(Number) },
      tier: { objection: 'not-fresh' },
    });
    await bothNear();
    expect(await admin.explain(where)).toMatchObject({ answer: 'near', near: { objection: null } });
  });

  it('one key, a tag and everything are cleared', async () => {
    await bothNear();
    const admin = adminOf(nodes[0]);
    const { preview } = await admin.clear({ scope: { namespace: 'tools' }, dryRun: true });
    const key = preview.sample[0]?.key ?? '';
    const ofKey = await admin.clear({ scope: { namespace: 'tools', key }, reason: REASON });
    expect(ofKey.receipts).toEqual([expect.objectContaining({ cache: 'tools', partition: expect.any(Number) })]);
    expect((await admin.explain({ namespace: 'tools', key })).tier).toBeNull();
    await bothNear();
    await admin.clear({ scope: { tag: 'mcp-config:config-1' }, reason: REASON });
    expect((await admin.explain({ namespace: 'tools', key })).answer).toBe('nothing');
    await bothNear();
    expect((await admin.clear({ scope: { everything: true }, reason: REASON })).receipts.length).toBeGreaterThan(0);
    expect((await admin.explain({ namespace: 'tools', key })).answer).toBe('nothing');
  });

  it('a sweep takes what clears have killed from the tier', async () => {
    await bothNear();
    const admin = adminOf(nodes[0]);
    await admin.clear({ scope: { namespace: 'tools' }, reason: REASON });
    const { reclaimed, cursor } = await admin.sweep({});
    expect({ any: reclaimed > 0, cursor }).toEqual({ any: true, cursor: null });
    expect((await admin.sweep({})).reclaimed).toBe(0);
  });

  it('warming discovers, and tells of each server', async () => {
    await adminOf(nodes[0]).clear({ scope: OF_TOOLS, reason: REASON });
    const lines = [];
    for await (const line of adminOf(nodes[1]).warm({ gateway: GATEWAY, server: 'origin' })) lines.push(line);
    expect(lines).toEqual([
      { type: 'started', servers: 1 },
      expect.objectContaining({ type: 'server', server: 'origin', status: 'success', tools: 1, source: 'origin' }),
      { type: 'done', succeeded: 1, failed: 0, pending: 0 },
    ]);
  });
});

describe('the audit trail', () => {
  it('has the clears of the admin API, of the MCP tool and of servers, whichever node made them', async () => {
    const admin = adminOf(nodes[1], 'viewer');
    const { head } = await admin.audit({});
    await adminOf(nodes[0]).clear({ scope: OF_TOOLS, reason: REASON });
    await clients[1]?.call('enkrypt_clear_cache', { cache_type: 'tools' });
    await bothNear();
    origin.behaviour.page = () => ({ tools: ['echo', 'another'] });
    const records = await waitFor(
      async () => {
        // The stream on which the server speaks of changes opens a moment after the connection.
        origin.toolsChanged();
        const page = await admin.audit({ from: head + 1 });
        return page.records.some(({ actor }) => actor === 'server:origin') ? page.records : undefined;
      },
      { what: 'the record of the changed list' },
    );
    expect(records.slice(0, 3)).toMatchObject([
      { actor: 'admin:operator', action: 'clear', scope: OF_TOOLS, reason: REASON, node: nodes[0]?.nodeId },
      { actor: `gateway:${GATEWAY}`, action: 'clear', reason: 'enkrypt_clear_cache', node: nodes[1]?.nodeId },
      { actor: 'server:origin', action: 'clear', scope: { server: 'origin' }, reason: 'tools/list_changed' },
    ]);
    for (const [index, record] of records.entries()) {
      expect(record).toMatchObject({ sequence: head + 1 + index, outcome: 'done' });
      expect(record.receipts.length).toBeGreaterThan(0);
      if (index > 0) expect(record.previousHash).toBe(records[index - 1]?.hash);
    }
  });

  it('is read in pages', async () => {
    const admin = adminOf(nodes[0], 'viewer');
    const { records, next } = await admin.audit({ from: 1, limit: 2 });
    expect({ sequences: records.map(({ sequence }) => sequence), next }).toEqual({ sequences: [1, 2], next: 3 });
    const newest = await admin.audit({ limit: 1 });
    expect(newest).toMatchObject({ records: [{ sequence: newest.head }], next: null });
  });

  it('of clears of both nodes at once is one chain', async () => {
    const admins = [adminOf(nodes[0]), adminOf(nodes[1])];
    const clears = Array.from({ length: 20 }, (_, index) => {
      return admins[index % 2]?.clear({ scope: { namespace: 'oauth-token' }, reason: `clear ${index}` });
    });
    const marks = (await Promise.all(clears)).map((done) => done?.audit);
    const sequences = marks.map((mark) => (mark?.state === 'recorded' ? mark.sequence : 0));
    expect(new Set(sequences).size).toBe(20);
    expect(await adminOf(nodes[0], 'viewer').verifyAudit()).toMatchObject({ valid: true });
  });

  it('that somebody changed in the tier is told by its first wrong record', async () => {
    const viewer = adminOf(nodes[0], 'viewer');
    expect(await viewer.verifyAudit()).toMatchObject({ valid: true, hash: expect.stringMatching(/^[0-9a-f]{64}$/) });
    const record = (await raw.hgetBuffer(JOURNAL, '3')) as Buffer;
    const flipped = Buffer.from(record);
    flipped[flipped.length - 1] = (flipped.at(-1) as number) ^ 1;
    await raw.hset(JOURNAL, '3', flipped);
    expect(await viewer.verifyAudit()).toEqual({ valid: false, checked: 2, broken: { sequence: 3, fault: 'changed' } });
    expect(await viewer.audit({ from: 2, limit: 2 })).toMatchObject({ records: [{ sequence: 2 }], damaged: [3] });
    await raw.hdel(JOURNAL, '3');
    expect(await viewer.verifyAudit()).toMatchObject({ valid: false, broken: { sequence: 3, fault: 'missing' } });
    await raw.hset(JOURNAL, '3', record);
    expect(await viewer.verifyAudit()).toMatchObject({ valid: true });
  });

  it('names no gateway, no reason and no token that anyone could read in the tier', async () => {
    const recording = await recordCommands(tier);
    await adminOf(nodes[0]).clear({ scope: OF_TOOLS, reason: REASON });
    await adminOf(nodes[0]).audit({});
    await waitFor(() => recording.text().includes(JOURNAL), { what: 'the record' });
    recording.stop();
    const stored = JSON.stringify(await raw.hgetall(JOURNAL));
    for (const secret of [GATEWAY, REASON, 'admin:operator', ...SECRETS]) {
      expect(recording.text()).not.toContain(secret);
      expect(stored).not.toContain(secret);
    }
  });
});

describe('events', () => {
  it('tell of clears of other nodes, of records, and of who comes and goes', async () => {
    const abort = new AbortController();
    const events: AdminEvent[] = [];
    const reading = (async () => {
      for await (const event of adminOf(nodes[1], 'viewer').events({ signal: abort.signal })) events.push(event);
    })().catch(() => undefined);
    const heard = (what: string, is: (event: AdminEvent) => boolean) => waitFor(() => events.some(is), { what });
    await heard('how the node is', ({ type }) => type === 'coherence');
    const { audit } = await adminOf(nodes[0]).clear({ scope: { namespace: 'oauth-token' }, reason: REASON });
    await heard('the clear', (event) => event.type === 'applied' && event.kind === 'clear-scope');
    const sequence = audit.state === 'recorded' ? audit.sequence : 0;
    await heard('the record', (event) => event.type === 'audit' && event.record.sequence === sequence);
    const third = await startTestNode(text);
    const isThird = (event: AdminEvent) => event.type === 'member' && event.node === third.nodeId;
    await heard('the new member', (event) => isThird(event) && 'change' in event && event.change === 'joined');
    await third.close();
    await heard('that it left', (event) => isThird(event) && 'change' in event && event.change === 'left');
    abort.abort();
    await reading;
  });

  it('end when the node leaves', async () => {
    const leaving = await startTestNode(text);
    const stream = adminOf(leaving, 'viewer').events();
    await stream.next();
    const drained = leaving.drain();
    for await (const _ of stream);
    await drained;
    expect((await refusal(adminOf(leaving, 'viewer').status())).code).toBe('unreachable');
    await leaving.close();
  });
});

// Last: it takes the tier away.
describe('while the tier is away', () => {
  it('a clear says what is not known, and its record waits until the tier is back', async () => {
    const admin = adminOf(nodes[0]);
    const { head } = await admin.audit({});
    await tier.kill();
    const failure = await refusal(admin.clear({ scope: OF_TOOLS, reason: 'while the tier was away' }));
    expect(failure).toMatchObject({ status: 503, unknown: ['tools'], receipts: [], audit: { state: 'pending' } });
    expect(failure.code).toBe('tier-unavailable');
    expect(await admin.status()).toMatchObject({
      members: null,
      total_tool_caches: null,
      redis_info: null,
      audit: { pending: 1 },
    });
    expect((await refusal(admin.nodes())).code).toBe('tier-unavailable');
    expect((await refusal(admin.audit({}))).code).toBe('tier-unavailable');
    const where = { namespace: 'tools', gateway: GATEWAY, server: 'origin' } as const;
    expect((await admin.explain(where)).tier).toBe('unreachable');
    await tier.restart();
    const record = await waitFor(
      // With a token of its own: asking again and again uses up its rate.
      async () =>
        (
          await adminOf(nodes[0], 'eager')
            .audit({ from: head + 1 })
            .catch(() => undefined)
        )?.records[0],
      { what: 'the record that waited', timeoutMs: 15_000 },
    );
    expect(record).toMatchObject({ reason: 'while the tier was away', outcome: 'unknown', receipts: [] });
    expect(await admin.verifyAudit()).toMatchObject({ valid: true });
    expect((await admin.status()).audit).toEqual({ pending: 0, dropped: 0 });
  });
});
