import { waitFor } from '@lockstep/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminCluster } from './admin-harness.ts';
import { adminOf, GATEWAY, startAdminCluster } from './admin-harness.ts';
import { sources } from './harness.ts';

const REASON = 'a test';
const OF_TOOLS = { gateway: GATEWAY, cacheType: 'tools' } as const;

let cluster: AdminCluster;

beforeAll(async () => {
  cluster = await startAdminCluster();
});

afterAll(async () => {
  await cluster.stop();
});

describe('two nodes', () => {
  it('tell of themselves and of each other', async () => {
    const both = await waitFor(
      async () => {
        const { nodes: members } = await adminOf(cluster.nodes[0], 'viewer').nodes();
        return members.length === 2 && members.every(({ report }) => report !== null) ? members : undefined;
      },
      { what: 'reports of both nodes' },
    );
    expect(both.map(({ id }) => id).sort()).toEqual(cluster.nodes.map(({ nodeId }) => nodeId).sort());
    expect(both[0]).toMatchObject({ id: cluster.nodes[0].nodeId, isSelf: true });
    const other = both[1]?.report;
    expect(other).toMatchObject({ url: cluster.nodes[1].url, version: '0.1.0', state: 'coherent' });
    for (const { report } of both) {
      expect(report).toMatchObject({ stalenessBoundMs: 1_000, violations: 0, near: { tools: { loadsFailed: 0 } } });
    }
    expect(other?.positions.map(({ partition }) => partition)).toEqual(['control', ...Array(16).keys()]);
    expect(other?.positions[0]).toMatchObject({ incarnation: expect.stringMatching(/^[0-9a-f]{16}$/) });
  });

  it("answer the status by the description's names, and ours", async () => {
    await cluster.bothNear();
    expect(await adminOf(cluster.nodes[1], 'viewer').status()).toMatchObject({
      mode: 'cluster',
      node: { id: cluster.nodes[1].nodeId, state: 'coherent', version: '0.1.0' },
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
    await cluster.bothNear();
    const admin = adminOf(cluster.nodes[0]);
    const before = await admin.audit({});
    for (const [scope, entries] of [
      [{ namespace: 'tools' }, 1],
      [OF_TOOLS, 1],
      [{ gateway: GATEWAY }, 3],
      [{ namespace: 'oauth-token' }, 0],
      [{ tag: 'mcp-config:config-1' }, 1],
    ] as const) {
      const { preview, dryRun } = await admin.clear({ scope, dryRun: true });
      expect({ dryRun, entries: preview.entries, complete: preview.complete }, JSON.stringify(scope)).toEqual({
        dryRun: true,
        entries,
        complete: true,
      });
    }
    const asked = cluster.origin.pagesAsked;
    for (const client of cluster.clients)
      expect(sources(await client.call('enkrypt_discover_all_tools'))).toEqual({ origin: 'near' });
    expect(cluster.origin.pagesAsked).toBe(asked);
    expect(await admin.audit({})).toEqual(before);
  });

  it('a dry run does not show keys that are made of gateway keys', async () => {
    const { preview } = await adminOf(cluster.nodes[0]).clear({ scope: { namespace: 'gateway-key' }, dryRun: true });
    expect(preview.sample).toEqual([expect.not.objectContaining({ key: expect.anything() })]);
    const ofTools = await adminOf(cluster.nodes[0]).clear({ scope: { namespace: 'tools' }, dryRun: true });
    expect(ofTools.preview.sample[0]?.key).toContain('origin');
  });

  it('a fenced clear says by what it is certain, and no node serves the list when it is answered', async () => {
    await cluster.bothNear();
    const done = await adminOf(cluster.nodes[0]).clear({ scope: OF_TOOLS, wait: 'fenced', reason: REASON });
    expect(done).toMatchObject({
      action: 'clear',
      receipts: [{ cache: 'tools', partition: 'control', sequence: expect.any(Number) }],
      fence: { by: expect.stringMatching(/^(acknowledgements|time)$/) },
      audit: { state: 'recorded', sequence: expect.any(Number) },
    });
    expect(Object.keys(done.fence?.members ?? {})).toEqual([cluster.nodes[1].nodeId]);
    const place = { namespace: 'tools', gateway: GATEWAY, server: 'origin' };
    expect(await adminOf(cluster.nodes[1]).explain(place)).toMatchObject({
      answer: 'nothing',
      near: { objection: 'cleared' },
    });
  });

  it('an expire ends the freshness alone', async () => {
    await cluster.bothNear();
    const admin = adminOf(cluster.nodes[1]);
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
    await cluster.bothNear();
    expect(await admin.explain(where)).toMatchObject({ answer: 'near', near: { objection: null } });
  });

  it('one key, a tag and everything are cleared', async () => {
    await cluster.bothNear();
    const admin = adminOf(cluster.nodes[0]);
    const { preview } = await admin.clear({ scope: { namespace: 'tools' }, dryRun: true });
    const key = preview.sample[0]?.key ?? '';
    const ofKey = await admin.clear({ scope: { namespace: 'tools', key }, reason: REASON });
    expect(ofKey.receipts).toEqual([expect.objectContaining({ cache: 'tools', partition: expect.any(Number) })]);
    expect((await admin.explain({ namespace: 'tools', key })).tier).toBeNull();
    await cluster.bothNear();
    await admin.clear({ scope: { tag: 'mcp-config:config-1' }, reason: REASON });
    expect((await admin.explain({ namespace: 'tools', key })).answer).toBe('nothing');
    await cluster.bothNear();
    expect((await admin.clear({ scope: { everything: true }, reason: REASON })).receipts.length).toBeGreaterThan(0);
    expect((await admin.explain({ namespace: 'tools', key })).answer).toBe('nothing');
  });

  it('a sweep takes what clears have killed from the tier', async () => {
    await cluster.bothNear();
    const admin = adminOf(cluster.nodes[0]);
    await admin.clear({ scope: { namespace: 'tools' }, reason: REASON });
    const { reclaimed, cursor } = await admin.sweep({});
    expect({ any: reclaimed > 0, cursor }).toEqual({ any: true, cursor: null });
    expect((await admin.sweep({})).reclaimed).toBe(0);
  });

  it('warming discovers, and tells of each server', async () => {
    await adminOf(cluster.nodes[0]).clear({ scope: OF_TOOLS, reason: REASON });
    const lines = [];
    for await (const line of adminOf(cluster.nodes[1]).warm({ gateway: GATEWAY, server: 'origin' })) lines.push(line);
    expect(lines).toEqual([
      { type: 'started', servers: 1 },
      expect.objectContaining({ type: 'server', server: 'origin', status: 'success', tools: 1, source: 'origin' }),
      { type: 'done', succeeded: 1, failed: 0, pending: 0 },
    ]);
  });
});
