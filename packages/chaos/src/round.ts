import { existsSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { CLOCK_RATE_ERROR } from '@lockstep/core';
import type { History, Violation } from '@lockstep/simulator';
import { check } from '@lockstep/simulator';
import type { Prng } from '@lockstep/testing/world';
import { callDown } from './calm.ts';
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
  const { violations, silent } = await callDown(
    nodes.filter(({ isAlive }) => isAlive),
    DELTA_MAX_MS,
  );
  for (const node of started) {
    if (existsSync(fileOf(node)))
      readRecords(fileOf(node), node.number, { history, keysOf: (...call) => keys.of(...call) });
    if (!node.isAlive && !silent.has(node)) endCalls(history, node.number);
  }
  history.calls.sort((one, other) => one.startMs - other.startMs);
  const broken = check(history, { deltaMs: DELTA_MS, clockRateError: CLOCK_RATE_ERROR });
  const found = [...violations, ...diedAlone(started), ...broken];
  if (found.length === 0) for (const node of started) rmSync(fileOf(node), { force: true });
  return { history, violations: found };
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
