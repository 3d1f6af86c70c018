import { CacheError } from '@lockstep/core';
import { Applier } from './apply.ts';
import { Auditor } from './auditor.ts';
import { Breaker } from './breaker.ts';
import { CoherenceWatch } from './coherence.ts';
import { Durability } from './durability.ts';
import type { Engine } from './engine.ts';
import { Fences } from './fenced-clear.ts';
import { Heartbeat } from './heartbeat.ts';
import { Inbox } from './inbox.ts';
import { Membership } from './membership.ts';
import type { NodeParts } from './node.ts';
import { Node } from './node.ts';
import type { NodeConfig } from './node-config.ts';
import { Outbox } from './outbox.ts';
import { QueuedClears } from './queued-clears.ts';
import { Waiters } from './waiters.ts';

/** How long a node that leaves waits for its lookups, for its background work, and for the tier and the bus, each. */
const LEAVE_STEP_MS_MAX = 2_000;

/** An engine, and what only its lifecycle touches. */
export interface RunningEngine extends Engine {
  readonly abort: AbortController;
}

/** Puts a node together; it hears the bus from here on, but has joined nothing yet. */
export function startEngine(parts: NodeParts, options: NodeConfig): RunningEngine {
  const node = new Node(parts);
  const abort = new AbortController();
  const breaker = new Breaker({ probe: () => heartbeat.request() });
  const heartbeat = new Heartbeat(node, {
    replayMax: options.replayMax,
    onBeat: (failure) => {
      report(failure);
      breaker.beat(failure);
      if (node.shared) coherence.look();
      if (failure !== undefined || !node.shared) return;
      if (queuedClears.size > 0) node.background.run('replay-clears', () => queuedClears.replay());
      if (membership.isDue) node.background.run('watch-members', () => membership.look());
    },
  });
  const coherence = new CoherenceWatch(node, breaker);
  const membership = new Membership(node);
  const report = reporter(node);
  const requestHeartbeat = (): void => heartbeat.request();
  const outbox = new Outbox(node);
  const waiters = new Waiters(node.timers);
  const applier = new Applier(node, outbox, { reorderWindowMs: options.reorderWindowMs, requestHeartbeat });
  const fences = new Fences(node, heartbeat, abort.signal);
  node.bus.listen(new Inbox(node, { applier, outbox, waiters, fences, requestHeartbeat }));
  const durability = new Durability(node, options.durability);
  const queuedClears = new QueuedClears(node, { breaker, applier, outbox });
  const closing = abort.signal;
  if (node.shared && options.audit) {
    new Auditor(node, { options: options.audit, breaker, closing }).start();
  }
  return {
    node,
    heartbeat,
    breaker,
    coherence,
    applier,
    outbox,
    waiters,
    fences,
    durability,
    queuedClears,
    closing,
    abort,
  };
}

/**
 * Joins the cluster, or waits `timeoutMs` for it and lets the node go on degraded: it joins when it can.
 * Rejects only where waiting is of no use: the node's settings do not fit the cluster.
 */
export async function join(engine: RunningEngine, timeoutMs: number): Promise<void> {
  const { node, heartbeat, breaker } = engine;
  if (!node.shared) {
    await heartbeat.beat();
    await heartbeat.stop();
    node.horizons.raiseControl(Number.POSITIVE_INFINITY);
    for (const partition of node.data.keys()) node.horizons.raise(partition, Number.POSITIVE_INFINITY);
    return;
  }
  const untilMs = node.clock.monotonicMs() + timeoutMs;
  for (;;) {
    await heartbeat.beat();
    if (breaker.failure?.code === 'settings-differ') {
      const refusal = breaker.failure;
      await leave(engine);
      throw refusal;
    }
    if (breaker.closed || node.clock.monotonicMs() >= untilMs) return;
    await new Promise<void>((resolve) => node.timers.after(RETRY_JOIN_MS, resolve));
  }
}

const RETRY_JOIN_MS = 50;

/** Leaves: answers nothing more, lets what is under way end, forgets itself, releases the bus and the tier. */
export async function leave(engine: RunningEngine): Promise<void> {
  const { node, heartbeat, waiters } = engine;
  engine.abort.abort(new CacheError('closed', 'the node is closed'));
  engine.coherence.close();
  // Once it is forgotten no fence waits for it: from here on it serves nothing, and keeps nothing.
  node.near.dropAll();
  waiters.wakeAll();
  await atMost(engine, flightsEnded(engine));
  await atMost(engine, heartbeat.stop());
  await atMost(engine, committedClears(engine));
  node.background.run('leave', () => node.tier.forget(node.id, heartbeat.nonce));
  await atMost(engine, node.background.drain());
  await atMost(engine, node.bus.close());
  await atMost(engine, node.tier.close());
}

/** A last try at the clears that wait for the tier; what is left goes with the node, and is told. */
async function committedClears({ node, queuedClears }: Engine): Promise<void> {
  if (queuedClears.size === 0 || (await queuedClears.replay())) return;
  node.logger.error('clears that waited for the tier were never committed', { clears: queuedClears.size });
}

async function flightsEnded(engine: Engine): Promise<void> {
  const ended = engine.node.flights.all().map((flight) => flight.answer?.then(noop, noop));
  await Promise.all(ended);
}

function atMost(engine: Engine, work: Promise<unknown>): Promise<void> {
  return new Promise((resolve) => {
    const cancel = engine.node.timers.after(LEAVE_STEP_MS_MAX, () => resolve());
    void work.then(noop, noop).then(() => {
      cancel();
      resolve();
    });
  });
}

/** Tells when this node loses and regains what it needs to vouch for its near-cache; not how it first finds it. */
function reporter(node: Node): (failure: CacheError | undefined) => void {
  let hadJoined = false;
  let told: string | undefined;
  return (failure) => {
    if (failure?.message === told) return;
    if (failure !== undefined && (hadJoined || !failure.retryable)) {
      node.logger.warn('heartbeats fail: this node is degraded after the staleness bound', { reason: failure.message });
      told = failure.message;
    }
    if (failure === undefined) {
      if (told !== undefined) node.logger.info('heartbeats succeed again');
      told = undefined;
      hadJoined = true;
    }
  };
}

function noop(): void {}
