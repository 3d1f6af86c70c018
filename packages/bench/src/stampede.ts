import type { Row } from './figures.ts';
import { quantiles, row } from './figures.ts';
import type { Scale } from './item.ts';
import { nowNs, Peer } from './peer.ts';
import { startServers } from './servers.ts';

const CALLERS = 1_000;
const PROCESSES = 3;
const ROUNDS = 20;
/** How long the origin takes. */
const LOAD_MS = 50;

/** So many callers ask for one cold key at once, in three processes: how often it is loaded, and how long they all wait. */
export async function stampede({ small }: Scale): Promise<readonly Row[]> {
  await using servers = await startServers();
  const peers: Peer[] = [];
  try {
    for (let index = 0; index < PROCESSES; index++) peers.push(await Peer.start(servers));
    const loads: number[] = [];
    const times: { readonly all: number[]; readonly one: number[] } = { all: [], one: [] };
    for (let round = 0; round < (small ? 2 : ROUNDS); round++) {
      const [first] = peers as [Peer];
      const alone = `alone-${round}`;
      times.one.push(await timeOf([[first, 1]], alone));
      const key = `together-${round}`;
      const share = Math.ceil(CALLERS / PROCESSES);
      const asked = peers.map((peer, index) => [peer, Math.min(share, CALLERS - index * share)] as const);
      times.all.push(await timeOf(asked, key));
      const loaded = await Promise.all(peers.map((peer) => peer.ask({ ask: 'loads-of', key })));
      loads.push(loaded.reduce((total, count) => total + count));
    }
    return [
      row({
        id: 'stampede.loads',
        unit: 'loads',
        ours: quantiles(loads),
        target: { at: 'p99', atLeast: 1, atMost: 1 },
      }),
      row({ id: 'stampede.last-answer', unit: 'ms', ours: quantiles(times.all), floor: quantiles(times.one) }),
    ];
  } finally {
    for (const peer of peers) await peer[Symbol.asyncDispose]();
  }
}

/** From the question until the last caller has its answer, in ms. */
async function timeOf(asked: readonly (readonly [peer: Peer, callers: number])[], key: string): Promise<number> {
  const startedNs = nowNs();
  const ended = asked.map(([peer, callers]) => peer.ask({ ask: 'load', key, callers, loadMs: LOAD_MS }));
  return (Math.max(...(await Promise.all(ended))) - startedNs) / 1e6;
}
