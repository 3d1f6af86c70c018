import { setTimeout as delay } from 'node:timers/promises';
import type { Violation } from '@lockstep/simulator';
import { waitFor } from '@lockstep/testkit';
import type { FleetNode } from './fleet.ts';
import type { Order, Report } from './messages.ts';

/** Within this time of calm every node has to be coherent. */
const CONVERGE_MS_MAX = 20_000;
/** A call that takes longer is not answered: the longest wait is for a fence, or for another node's load and one's own. */
const ANSWER_MS_MAX = 30_000;
const REPORT_MS_MAX = 5_000;

/** A node, as far as calm is concerned. */
export type CalmNode = Pick<FleetNode, 'number' | 'ask' | 'kill'>;

/** What calm has shown. */
export interface Calm<N extends CalmNode> {
  readonly violations: Violation[];
  /** The nodes that were ended because they did not answer: the calls that they owe are not forgiven. */
  readonly silent: Set<N>;
}

/**
 * Lets the nodes end their calls, become coherent and answer the same. One that does not say in time that it has
 * done what it was told breaks a promise, and is ended. `settleMs`: so long a node may keep what the tier does not have.
 */
export async function callDown<N extends CalmNode>(nodes: readonly N[], settleMs: number): Promise<Calm<N>> {
  const calm: Calm<N> = { violations: [], silent: new Set() };
  await Promise.all(nodes.map((node) => told(calm, node, [{ order: 'pause' }, 'paused', ANSWER_MS_MAX])));
  const speaking = (): readonly N[] => nodes.filter((node) => !calm.silent.has(node));
  await Promise.all(speaking().map((node) => becomesCoherent(calm, node)));
  await delay(settleMs);
  const readAll = (node: N) => told(calm, node, [{ order: 'read' }, 'read', ANSWER_MS_MAX]);
  const reads = (await Promise.all(speaking().map(readAll))).filter((read) => read !== undefined);
  for (const key of Object.keys(reads[0]?.answers ?? {})) {
    const answers = new Set(reads.map(({ answers: all }) => all[key]).filter((answer) => typeof answer === 'string'));
    const text = `nodes answer ${[...answers].join(', ')} for ${key} in calm`;
    if (answers.size > 1) calm.violations.push({ promise: 'converges', text, calls: [] });
  }
  return calm;
}

async function becomesCoherent<N extends CalmNode>(calm: Calm<N>, node: N): Promise<void> {
  let last: Extract<Report, { report: 'state' }> | undefined;
  const isOver = async (): Promise<boolean> => {
    last = await told(calm, node, [{ order: 'report' }, 'state', REPORT_MS_MAX]);
    return last === undefined || last.coherence.state === 'coherent';
  };
  await waitFor(isOver, { what: 'coherence', timeoutMs: CONVERGE_MS_MAX }).catch(() => {
    const text = `node ${node.number} is ${last?.coherence.state} in calm: ${last?.coherence.reason}`;
    calm.violations.push({ promise: 'converges', text, calls: [] });
  });
}

/** Tells a node, and answers what it reports; one that is silent is ended. */
async function told<N extends CalmNode, R extends Report['report']>(
  calm: Calm<N>,
  node: N,
  [order, report, withinMs]: readonly [Order, R, number],
): Promise<Extract<Report, { report: R }> | undefined> {
  try {
    return await node.ask(order, report, withinMs);
  } catch (error) {
    const text = `told to ${order.order}: ${error instanceof Error ? error.message : String(error)}`;
    calm.violations.push({ promise: 'ends', text, calls: [] });
    calm.silent.add(node);
    await node.kill();
    return undefined;
  }
}
