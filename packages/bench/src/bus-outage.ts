import type { Namespace } from '@lockstep/cache';
import { startProxy, waitFor } from '@lockstep/testkit';
import type { Row } from './figures.ts';
import { row, single } from './figures.ts';
import type { Scale } from './item.ts';
import { nowNs } from './peer.ts';
import { openNode, startServers } from './servers.ts';

const OUTAGE_MS = 5_000;
const DELTA_MS = 2_000;
const CLEARS_AT_ONCE = 100;

/** A node without its bus for five seconds, while another one clears 10,000 keys: how it is afterwards. */
export async function busOutage({ small }: Scale): Promise<readonly Row[]> {
  const count = small ? 100 : 10_000;
  await using servers = await startServers();
  const proxy = await startProxy({ target: servers.natsUrl });
  await using writer = await openNode(servers, { maxStaleness: DELTA_MS });
  await using node = await openNode({ ...servers, natsUrl: proxy.url }, { maxStaleness: DELTA_MS });
  const policy = { ttl: 3_600_000, nearEntriesMax: 4 * count };
  const kept = node.namespace<string>('bench', policy);
  const written = writer.namespace<string>('bench', policy);
  const unchanged = Array.from({ length: count }, (_, index) => `unchanged-${index}`);
  const changed = Array.from({ length: count }, (_, index) => `changed-${index}`);
  await warm(kept, [...unchanged, ...changed]);

  proxy.cut();
  const cutNs = nowNs();
  for (let from = 0; from < count; from += CLEARS_AT_ONCE) {
    await Promise.all(changed.slice(from, from + CLEARS_AT_ONCE).map((key) => written.clear(key)));
  }
  const leftMs = OUTAGE_MS - (nowNs() - cutNs) / 1e6;
  if (!small) await new Promise((resolve) => setTimeout(resolve, leftMs));
  const { eventsReplayed } = node.stats();
  if (!small && eventsReplayed < count / 2) throw new Error(`the node replayed ${eventsReplayed}: it had its bus`);
  proxy.restore();
  const restoredNs = nowNs();
  await waitFor(() => node.coherence.stalenessMs <= DELTA_MS, { what: 'staleness under Δ' });
  const freshMs = (nowNs() - restoredNs) / 1e6;
  await waitFor(() => changed.every((key) => kept.peek(key) === undefined), { what: 'the cleared keys gone' });
  const goneMs = (nowNs() - restoredNs) / 1e6;
  const heldShare = unchanged.filter((key) => kept.peek(key) !== undefined).length / count;
  await proxy.close();
  return [
    row({ id: 'bus-outage.fresh-after', unit: 'ms', ours: single(freshMs), target: { at: 'p50', atMost: 250 } }),
    row({ id: 'bus-outage.cleared-gone-after', unit: 'ms', ours: single(goneMs), target: { at: 'p50', atMost: 250 } }),
    row({
      id: 'bus-outage.unchanged-kept',
      unit: 'share',
      ours: single(heldShare),
      target: { at: 'p50', atLeast: 0.99 },
    }),
  ];
}

async function warm(namespace: Namespace<string>, keys: readonly string[]): Promise<void> {
  for (let from = 0; from < keys.length; from += CLEARS_AT_ONCE) {
    const batch = keys.slice(from, from + CLEARS_AT_ONCE);
    await Promise.all(batch.map((key) => namespace.set(key, `value of ${key}`)));
  }
}
