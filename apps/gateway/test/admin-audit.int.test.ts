import { waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminCluster } from './admin-harness.ts';
import { adminOf, GATEWAY, refusal, SECRETS, startAdminCluster } from './admin-harness.ts';
import { recordCommands } from './record-commands.ts';

const REASON = 'a reason that nobody may read in the tier';
const OF_TOOLS = { gateway: GATEWAY, cacheType: 'tools' } as const;
const JOURNAL = 'lockstep:{lockstep:ctl}:journal';

let cluster: AdminCluster;
let raw: Redis;

beforeAll(async () => {
  cluster = await startAdminCluster();
  raw = new Redis(cluster.tier.url, { disableClientInfo: true });
  raw.on('error', () => undefined);
});

afterAll(async () => {
  raw.disconnect();
  await cluster.stop();
});

describe('the audit trail', () => {
  it('has the clears of the admin API, of the MCP tool and of servers, whichever node made them', async () => {
    const admin = adminOf(cluster.nodes[1], 'viewer');
    const { head } = await admin.audit({});
    await adminOf(cluster.nodes[0]).clear({ scope: OF_TOOLS, reason: REASON });
    await cluster.clients[1].call('enkrypt_clear_cache', { cache_type: 'tools' });
    await cluster.bothNear();
    cluster.origin.behaviour.page = () => ({ tools: ['echo', 'another'] });
    const records = await waitFor(
      async () => {
        // The stream on which the server speaks of changes opens a moment after the connection.
        cluster.origin.toolsChanged();
        const page = await admin.audit({ from: head + 1 });
        return page.records.some(({ actor }) => actor === 'server:origin') ? page.records : undefined;
      },
      { what: 'the record of the changed list' },
    );
    expect(records.slice(0, 3)).toMatchObject([
      { actor: 'admin:operator', action: 'clear', scope: OF_TOOLS, reason: REASON, node: cluster.nodes[0].nodeId },
      { actor: `gateway:${GATEWAY}`, action: 'clear', reason: 'enkrypt_clear_cache', node: cluster.nodes[1].nodeId },
      { actor: 'server:origin', action: 'clear', scope: { server: 'origin' }, reason: 'tools/list_changed' },
    ]);
    for (const [index, record] of records.entries()) {
      expect(record).toMatchObject({ sequence: head + 1 + index, outcome: 'done' });
      expect(record.receipts.length).toBeGreaterThan(0);
      if (index > 0) expect(record.previousHash).toBe(records[index - 1]?.hash);
    }
  });

  it('is read in pages', async () => {
    const admin = adminOf(cluster.nodes[0], 'viewer');
    const { records, next } = await admin.audit({ from: 1, limit: 2 });
    expect({ sequences: records.map(({ sequence }) => sequence), next }).toEqual({ sequences: [1, 2], next: 3 });
    const newest = await admin.audit({ limit: 1 });
    expect(newest).toMatchObject({ records: [{ sequence: newest.head }], next: null });
  });

  it('of clears of both nodes at once is one chain', async () => {
    const admins = [adminOf(cluster.nodes[0]), adminOf(cluster.nodes[1])];
    const clears = Array.from({ length: 20 }, (_, index) => {
      return admins[index % 2]?.clear({ scope: { namespace: 'oauth-token' }, reason: `clear ${index}` });
    });
    const marks = (await Promise.all(clears)).map((done) => done?.audit);
    const sequences = marks.map((mark) => (mark?.state === 'recorded' ? mark.sequence : 0));
    expect(new Set(sequences).size).toBe(20);
    expect(await adminOf(cluster.nodes[0], 'viewer').verifyAudit()).toMatchObject({ valid: true });
  });

  it('that somebody changed in the tier is told by its first wrong record', async () => {
    const viewer = adminOf(cluster.nodes[0], 'viewer');
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
    const recording = await recordCommands(cluster.tier);
    await adminOf(cluster.nodes[0]).clear({ scope: OF_TOOLS, reason: REASON });
    await adminOf(cluster.nodes[0]).audit({});
    await waitFor(() => recording.text().includes(JOURNAL), { what: 'the record' });
    recording.stop();
    const stored = JSON.stringify(await raw.hgetall(JOURNAL));
    for (const secret of [GATEWAY, REASON, 'admin:operator', ...SECRETS]) {
      expect(recording.text()).not.toContain(secret);
      expect(stored).not.toContain(secret);
    }
  });
});

// Last: it takes the tier away.
describe('while the tier is away', () => {
  it('a clear says what is not known, and its record waits until the tier is back', async () => {
    const admin = adminOf(cluster.nodes[0]);
    const { head } = await admin.audit({});
    await cluster.tier.kill();
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
    await cluster.tier.restart();
    const record = await waitFor(
      // With a token of its own: asking again and again uses up its rate.
      async () =>
        (
          await adminOf(cluster.nodes[0], 'eager')
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
