import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CLOCK_RATE_ERROR } from '@lockstep/core';
import type { History, Prng, Violation } from '@lockstep/simulator';
import { check } from '@lockstep/simulator';
import { waitFor } from '@lockstep/testkit';
import type { FleetNode } from './fleet.ts';
import { RoundKeys } from './keys.ts';
import { DELTA_MAX_MS, DELTA_MS } from './parameters.ts';
import { planRound } from './plan.ts';
import { readRecords } from './records.ts';
import type { ChaosScene } from './storm.ts';
import { befall } from './storm.ts';

/** How long faults begin, and how long the clients go on after them. */
const STORM_MS = 14_000;
const CALM_MS = 2_000;
/** Within this time of calm every node has to be coherent. */
const CONVERGE_MS_MAX = 20_000;
/** A call that takes longer is not answered: the longest wait is for a fence, or for another node's load and one's own. */
const ANSWER_MS_MAX = 30_000;

/** What a round needs besides the scene. */
export interface RoundSetting {
  readonly number: number;
  readonly random: Prng;
  readonly directory: string;
  /** Ends the round early. */
  readonly signal: AbortSignal;
}

/** One round: clients and faults, then calm, in which the nodes must come together; then everything is checked. */
export async function runRound(
  scene: ChaosScene,
  setting: RoundSetting,
): Promise<{ readonly history: History; readonly violations: readonly Violation[] }> {
  const { history, nodes } = scene;
  const { number, random, directory, signal } = setting;
  const keys = new RoundKeys(number);
  const fileOf = (node: FleetNode): string => join(directory, `round-${number}-node-${node.number}.jsonl`);
  const started = new Set<FleetNode>();
  const load = (): void => {
    for (const node of nodes) {
      if (started.has(node)) continue;
      started.add(node);
      node.tell({ order: 'load', round: number, file: fileOf(node) });
    }
  };
  load();
  const storm = planRound(random, STORM_MS).map(async (fault) => {
    await delay(fault.atMs, undefined, { signal });
    await befall(scene, fault);
    load();
  });
  await Promise.all([...storm, delay(STORM_MS, undefined, { signal })]);
  for (const { tier, bus } of nodes) for (const way of [tier, bus]) way.restore();
  await delay(CALM_MS, undefined, { signal });
  const alive = nodes.filter(({ isAlive }) => isAlive);
  await Promise.all(alive.map((node) => node.ask({ order: 'pause' }, 'paused', ANSWER_MS_MAX)));
  const violations = [...diedAlone(started), ...(await converge(alive))];
  for (const node of started) {
    if (existsSync(fileOf(node)))
      readRecords(fileOf(node), node.number, { history, keysOf: (...call) => keys.of(...call) });
    if (!node.isAlive) endCalls(history, node.number);
  }
  history.calls.sort((one, other) => one.startMs - other.startMs);
  const found = [...violations, ...check(history, { deltaMs: DELTA_MS, clockRateError: CLOCK_RATE_ERROR })];
  if (found.length === 0) for (const node of started) rmSync(fileOf(node), { force: true });
  return { history, violations: found };
}

/** In calm every node is coherent, and once nobody keeps what the tier does not have, they answer the same. */
async function converge(nodes: readonly FleetNode[]): Promise<readonly Violation[]> {
  const state = async (node: FleetNode) => (await node.ask({ order: 'report' }, 'state', 5_000)).coherence;
  const violations: Violation[] = [];
  await Promise.all(
    nodes.map(async (node) => {
      const isCoherent = async () => (await state(node)).state === 'coherent';
      await waitFor(isCoherent, { what: 'coherence', timeoutMs: CONVERGE_MS_MAX }).catch(async () => {
        const { state: now, reason } = await state(node);
        violations.push({ promise: 'converges', text: `node ${node.number} is ${now} in calm: ${reason}`, calls: [] });
      });
    }),
  );
  await delay(DELTA_MAX_MS);
  const reads = await Promise.all(nodes.map((node) => node.ask({ order: 'read' }, 'read', ANSWER_MS_MAX)));
  for (const key of Object.keys(reads[0]?.answers ?? {})) {
    const answers = new Set(reads.map(({ answers: all }) => all[key]).filter((answer) => typeof answer === 'string'));
    const text = `nodes answer ${[...answers].join(', ')} for ${key} in calm`;
    if (answers.size > 1) violations.push({ promise: 'converges', text, calls: [] });
  }
  return violations;
}

function diedAlone(nodes: Iterable<FleetNode>): readonly Violation[] {
  return [...nodes]
    .filter(({ isAlive, wasKilled }) => !isAlive && !wasKilled)
    .map(({ number }) => ({ promise: 'ends', text: `node ${number} ended of its own accord`, calls: [] }));
}

/** A node that was killed owes no answers any more. */
function endCalls(history: History, node: number): void {
  for (const call of history.calls) {
    if (call.node === node && call.endMs === undefined) {
      Object.assign(call, { endMs: call.startMs, answer: { kind: 'failed', code: 'killed' } });
    }
  }
}
