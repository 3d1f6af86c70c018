/** Every query of every dashboard, and every rule, on the metrics of three real nodes that a real Prometheus scrapes. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { OtlpReceiver, waitFor } from '@lockstep/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { allQueries } from './dashboard-queries.ts';
import { Origin } from './mcp-origin.ts';
import type { ObservedCluster } from './observed-cluster.ts';
import { sendingTo, startObservedCluster } from './observed-cluster.ts';
import type { Rule } from './prometheus.ts';
import { finiteValues } from './prometheus.ts';
import { askOverAndOver } from './traffic.ts';

const ROOT = join(import.meta.dirname, '../../..');
const SERVERS = 4;
const REASON = 'a test of the dashboards';
/** How long what was done may take to be seen: a scrape, an evaluation, and the window of a rate. */
const SEEN_MS_MAX = 40_000;

let cluster: ObservedCluster;
let origin: Origin;
let broken: Origin;
let collector: OtlpReceiver;
let stopAsking: () => Promise<void>;
let rules: readonly Rule[];

beforeAll(async () => {
  collector = await OtlpReceiver.start();
  origin = await new Origin().start();
  broken = await new Origin({ refusal: () => new Response('no', { status: 500 }) }).start();
  const names = Array.from({ length: SERVERS }, (_, index) => `server-${index}`);
  cluster = await startObservedCluster({
    servers: [...names.map((name) => origin.entry(name)), broken.entry('broken')],
    settings: { maxStalenessMs: 1_000 },
    environment: sendingTo(collector),
  });
  await cluster.allSay('ready');
  stopAsking = askOverAndOver(cluster.nodes);
  await befall(cluster);
  rules = await cluster.prometheus.rules();
}, 240_000);

afterAll(async () => {
  await stopAsking?.();
  await cluster?.stop();
  await Promise.all([origin.stop(), broken.stop(), collector.stop()]);
});

/** Lets happen what the dashboards are there to show. */
async function befall({ nodes, allSay }: ObservedCluster): Promise<void> {
  const [first, second, third] = nodes;
  const everything = { scope: { everything: true }, reason: REASON } as const;
  // Nodes that have just come hold fences by time.
  const young = first.admin.clear({ ...everything, wait: 'fenced' });
  await second.admin.clear(everything);
  await third.admin.expire(everything);
  // What the bus does not bring to a node, it reads from the log of the tier.
  third.bus.cut();
  await seen('lockstep_bus_connected{instance="gateway-3"} < 1');
  await first.admin.clear(everything);
  await seen('lockstep_replays_total{instance="gateway-3"} > 0');
  third.bus.restore();
  await seen('lockstep_bus_connected{instance="gateway-3"} > 0');
  // A refusal is no reason to try again: these spans are lost.
  collector.answer = 400;
  await seen('rate(otel_sdk_processor_span_processed_total{error_type!=""}[4s]) > 0');
  collector.answer = 200;
  await young;
  await seen('lockstep_fence_duration_seconds_count{lockstep_by="time"} > 0');
  for (const node of nodes) node.tier.cut();
  await allSay('degraded');
  await expect(first.admin.clear(everything)).rejects.toThrow();
  await seen('min(lockstep_breaker_open) > 0');
  for (const node of nodes) node.tier.restore();
  await allSay('ready');
  await first.admin.clear({ ...everything, wait: 'fenced' });
}

/** Resolves when an expression has had a value since the beginning. */
function seen(expression: string): Promise<readonly number[]> {
  const look = async () => {
    const range = { from: cluster.since, to: Date.now() / 1_000, step: 1 };
    const values = finiteValues(await cluster.prometheus.range(expression, range));
    return values.length > 0 && values;
  };
  return waitFor(look, { what: `data of ${expression}`, timeoutMs: SEEN_MS_MAX });
}

describe('on real nodes', () => {
  it.each(allQueries())('%s', { timeout: SEEN_MS_MAX + 5_000 }, async (_, query) => {
    await seen(query);
  });

  it('every rule has data once its threshold is taken away', { timeout: SEEN_MS_MAX + 5_000 }, async () => {
    expect(rules.length).toBeGreaterThan(0);
    const compared = / *(<=?|>=?|[!=]=) *[-\d.e]+/g;
    await Promise.all(rules.map(({ query }) => seen(query.replaceAll(compared, ''))));
  });
});

it('every alert says how bad it is, what it is, and where its runbook is, which is there', () => {
  const alerts = rules.filter(({ type }) => type === 'alerting');
  expect(alerts.length).toBeGreaterThan(0);
  for (const { name, labels, annotations = {} } of alerts) {
    const page = `apps/docs/runbooks/${name.replaceAll(/(?<!^)(?=[A-Z])/g, '-').toLowerCase()}.md`;
    expect(labels, name).toEqual({ severity: expect.stringMatching(/^(critical|warning)$/) });
    expect(annotations, name).toEqual({
      summary: expect.any(String),
      description: expect.stringContaining('{{'),
      runbook_url: page,
    });
    expect(existsSync(join(ROOT, page)), page).toBe(true);
  }
});
