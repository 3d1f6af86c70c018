/**
 * Makes the pictures of apps/docs/images: what the overview dashboard shows of a real cluster's life, and the trace of a real
 * clear. Takes about four minutes; `pnpm pictures`.
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { ReceivedSpan } from '@lockstep/testkit';
import { OtlpReceiver, waitFor } from '@lockstep/testkit';
import { panelsOf } from '../test/dashboard-queries.ts';
import { Origin } from '../test/mcp-origin.ts';
import type { ObservedCluster } from '../test/observed-cluster.ts';
import { sendingTo, startObservedCluster } from '../test/observed-cluster.ts';
import { askOverAndOver } from '../test/traffic.ts';
import { dashboardPicture } from './dashboard-picture.ts';
import { invalidate, play, toolsOf } from './scenario.ts';
import { clearPicture, instanceOf } from './trace-picture.ts';

const FOLDER = join(import.meta.dirname, '../../docs/images');
const SERVERS = 20;
const TOOLS_PER_SERVER = 10;
/** How long an origin takes to list its tools: from, and up to so much more. */
const LIST_MS_MIN = 30;
const LIST_MS_SPREAD = 90;
const TOOLS_TTL_MS = 45_000;
const ASK_EVERY_MS = 50;
const STEP_SECONDS = 2;

const receiver = await OtlpReceiver.start();
const origin = await new Origin({ page: slowPage }).start();
const names = Array.from({ length: SERVERS }, (_, index) => `server-${index + 1}`);
const cluster = await startObservedCluster({
  servers: names.map((name) => origin.entry(name)),
  settings: { toolsTtlMs: TOOLS_TTL_MS },
  environment: sendingTo(receiver),
});
try {
  await cluster.allSay('ready');
  const stopAsking = askOverAndOver(cluster.nodes, () => delay(ASK_EVERY_MS));
  const { episodes, since, seconds } = await play(cluster, names);
  const overview = await dashboardPicture({
    title: 'Lockstep: overview',
    panels: panelsOf('lockstep-overview.json'),
    prometheus: cluster.prometheus,
    range: { from: since, to: since + seconds, step: STEP_SECONDS },
    episodes,
  });
  await stopAsking();
  const trace = clearPicture(await traceOfClear(cluster, receiver));
  mkdirSync(FOLDER, { recursive: true });
  writeFileSync(join(FOLDER, 'overview.svg'), overview);
  writeFileSync(join(FOLDER, 'clear-trace.svg'), trace);
  console.log(`overview.svg (${seconds.toFixed(0)} s of a cluster's life) and clear-trace.svg are in apps/docs/images`);
} finally {
  await cluster.stop();
  await Promise.all([origin.stop(), receiver.stop()]);
}

/** The spans of one fenced clear, once each node has sent its own. */
async function traceOfClear({ nodes }: ObservedCluster, { spans }: OtlpReceiver): Promise<readonly ReceivedSpan[]> {
  const before = spans.length;
  await invalidate(nodes[0], 'clear', { scope: toolsOf(names[0] ?? ''), wait: 'fenced' });
  return waitFor(
    () => {
      const fresh = spans.slice(before);
      const root = fresh.find(({ name }) => name === 'lockstep.clear');
      const trace = fresh.filter(({ traceId }) => traceId === root?.traceId);
      const appliedOn = new Set(trace.filter(({ name }) => name === 'lockstep.apply').map(instanceOf));
      return appliedOn.size === nodes.length && trace;
    },
    { what: "each node's part of the trace" },
  );
}

async function slowPage(): Promise<{ readonly tools: readonly string[] }> {
  await delay(LIST_MS_MIN + Math.random() * LIST_MS_SPREAD);
  return { tools: Array.from({ length: TOOLS_PER_SERVER }, (_, index) => `tool-${index}`) };
}
