import { waitFor } from '@lockstep/testkit';
import type { Row } from './figures.ts';
import { quantiles, row, single } from './figures.ts';
import type { Scale } from './item.ts';
import { nowNs, Peer } from './peer.ts';
import { openNode, startServers } from './servers.ts';

const DELTA_MAX_MS = 1_000;
const WARM_UP_ROUNDS = 200;

/** Clears that wait for all three nodes: beside a plain clear's propagation, and while one node is stopped. */
export async function fencedClear({ small }: Scale): Promise<readonly Row[]> {
  const options = { deltaMax: DELTA_MAX_MS, maxStaleness: DELTA_MAX_MS };
  await using servers = await startServers();
  await using writer = await openNode(servers, options);
  const entries = writer.namespace<string>('bench');
  await using one = await Peer.start(servers, options);
  await using other = await Peer.start(servers, options);
  const peers = [one, other];
  const keysOf = (what: string, count: number): string[] => Array.from({ length: count }, (_, at) => `${what}-${at}`);

  // Acknowledgements suffice once the connection has been up for longer than anyone's right to serve lasts.
  await waitFor(async () => (await entries.clear('none', { wait: 'fenced' })).fence?.by === 'acknowledgements', {
    what: 'a fence that holds by acknowledgements',
  });
  const warmUps = small ? 5 : WARM_UP_ROUNDS;
  const keys = keysOf('key', warmUps + (small ? 20 : 1_500));
  for (const peer of peers) await peer.ask({ ask: 'warm', keys });
  const plainMs: number[] = [];
  const fencedMs: number[] = [];
  for (const [index, key] of keys.entries()) {
    for (const peer of peers) await peer.ask({ ask: 'await-departure', key });
    const startedNs = nowNs();
    if (index % 2 === 0) {
      await entries.clear(key);
      const departed = await Promise.all(peers.map((peer) => peer.ask({ ask: 'departed-at' })));
      if (index >= warmUps) plainMs.push((Math.max(...departed) - startedNs) / 1e6);
    } else {
      await entries.clear(key, { wait: 'fenced' });
      if (index >= warmUps) fencedMs.push((nowNs() - startedNs) / 1e6);
    }
  }

  const stoppedMs: number[] = [];
  let oldAnswers = 0;
  for (const key of keysOf('stopped', small ? 1 : 10)) {
    await other.ask({ ask: 'warm', keys: [key] });
    const answered = other.ask({ ask: 'old-answers-after-stop', key });
    await other.ask({ ask: 'warm', keys: [key] });
    other.signal('SIGSTOP');
    const startedNs = nowNs();
    await entries.clear(key, { wait: 'fenced' });
    stoppedMs.push((nowNs() - startedNs) / 1e6);
    other.signal('SIGCONT');
    oldAnswers += await answered;
  }
  return [
    row({
      id: 'fenced-clear.healthy',
      unit: 'ms',
      ours: quantiles(fencedMs),
      floor: quantiles(plainMs),
      target: { at: 'p99', ratioAtMost: 3 },
    }),
    row({
      id: 'fenced-clear.one-stopped',
      unit: 'ms',
      ours: quantiles(stoppedMs),
      target: { at: 'p99', atMost: 1.05 * DELTA_MAX_MS + 50 },
    }),
    row({
      id: 'fenced-clear.old-answers-on-waking',
      unit: 'answers',
      ours: single(oldAnswers),
      target: { at: 'p50', atMost: 0 },
    }),
  ];
}
