import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { History, traceOf } from '@lockstep/simulator';
import { Prng } from '@lockstep/testing/world';
import { startNats } from '@lockstep/testkit';
import { FleetNode } from './fleet.ts';
import { runRound } from './round.ts';
import type { ChaosScene } from './storm.ts';
import { follow } from './storm.ts';
import { Tally } from './tally.ts';
import { ChaosTier } from './tier.ts';

const NODES = 3;

/** How a run is made. */
export interface ChaosOptions {
  readonly minutes: number;
  readonly seed: number;
  /** Whether writes wait for the tier's replica; then one that has it may not be lost in a failover. */
  readonly durable: boolean;
  readonly say: (line: string) => void;
  /** Ends the run after what is under way. */
  readonly signal: AbortSignal;
}

/** Runs round after round until the time is over; answers what it counted. */
export async function runChaos({ minutes, seed, durable, say, signal }: ChaosOptions): Promise<Tally> {
  const originNs = process.hrtime.bigint();
  const nowMs = (): number => Number(process.hrtime.bigint() - originNs) / 1e6;
  const random = new Prng(seed);
  const directory = mkdtempSync(join(tmpdir(), 'lockstep-chaos-'));
  const tally = new Tally();
  const tier = await ChaosTier.start();
  const bus = await startNats();
  const nodes: FleetNode[] = [];
  let started = 0;
  const startNode = async (): Promise<void> => {
    const number = started++;
    const given = { primary: tier.primary, bus, seed: seed * 1_000 + number, originNs, durable };
    const node = await FleetNode.start(number, given);
    node.tier.retarget(tier.primary.url);
    nodes.push(node);
  };
  try {
    await Promise.all(Array.from({ length: NODES }, startNode));
    for (let number = 1; nowMs() < minutes * 60_000 && !signal.aborted; number++) {
      const history = new History();
      const scene: ChaosScene = { tier, bus, nodes, history, random, nowMs, startNode };
      tier.onMoved = (primary) => follow(scene, primary);
      const { violations } = await runRound(scene, { number, random: random.fork(), directory, signal });
      nodes.splice(0, nodes.length, ...nodes.filter(({ isAlive }) => isAlive));
      while (nodes.length < NODES) await startNode();
      say(tally.round(number, history, violations));
      if (violations.length > 0) say(traceOf({ name: `seed ${seed}`, violations, history }));
    }
  } finally {
    await Promise.allSettled(nodes.map((node) => node.close()));
    await Promise.allSettled([tier.close(), bus.stop()]);
    if (tally.violations === 0) rmSync(directory, { recursive: true, force: true });
    else say(`the histories of the rounds that failed are in ${directory}`);
  }
  return tally;
}
