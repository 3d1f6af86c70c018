import type { ControlState, Head, Incarnation, PartitionHistory } from '@lockstep/core';
import { CacheError, CONTROL_PARTITION } from '@lockstep/core';
import { ATTRIBUTES, detached } from '@lockstep/telemetry';
import { applyEvent } from './apply.ts';
import { ClusterFit } from './cluster-fit.ts';
import type { Node } from './node.ts';
import { BEATS_PER_DELTA } from './pace.ts';

/** The shortest time between the starts of two heartbeats. */
const INTERVAL_MS_MIN = 20;

const LOG_PAGE_EVENTS = 256;
const NONCE_BYTES = 8;
const INCARNATION_BYTES = 8;

/** How heartbeats are made. */
export interface HeartbeatOptions {
  /** The most events replayed for one partition; beyond it the partition is dropped instead. */
  readonly replayMax: number;
  /** Called after every heartbeat with why it failed, or undefined. */
  readonly onBeat: (failure: CacheError | undefined) => void;
}

/**
 * Proves, several times per Δ, that this node has applied everything the tier has committed.
 *
 * Nothing else moves a horizon: neither the bus's silence nor its messages. A heartbeat that finds events missing
 * replays them from the log; one that finds another history drops what the old one vouched for.
 */
export class Heartbeat {
  readonly #node: Node;
  readonly #options: HeartbeatOptions;
  readonly #fit: ClusterFit;
  #running: Promise<void> | undefined;
  #startedMs = Number.NEGATIVE_INFINITY;
  #cancelNext: () => void = () => {};
  /** Ends the wait for a heartbeat's turn. */
  #endTurn: () => void = () => {};
  #requested = false;
  #stopped = false;
  /** What the last heartbeat recorded in the member list. */
  nonce = '';
  /** Since when this node knows the control partition's incarnation, in monotonic ms. */
  controlSinceMs: number = Number.POSITIVE_INFINITY;

  constructor(node: Node, options: HeartbeatOptions) {
    this.#node = node;
    this.#options = options;
    this.#fit = new ClusterFit(node);
  }

  /**
   * Makes a heartbeat, or joins the one under way; two begin at least 20 ms apart. Never rejects: the outcome is in
   * the horizons.
   */
  async beat(): Promise<void> {
    if (this.#stopped) return;
    this.#running ??= detached(() =>
      this.#beatInTurn().finally(() => {
        this.#running = undefined;
        this.#schedule(this.#requested ? this.#untilNextMs() : this.#periodMs());
        this.#requested = false;
      }),
    );
    return this.#running;
  }

  /** Asks for a heartbeat that begins after this call; several requests share one. */
  request(): void {
    if (this.#stopped) return;
    if (this.#running !== undefined) this.#requested = true;
    else this.#schedule(this.#untilNextMs());
  }

  /** Makes no further heartbeat, and waits for the one under way. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancelNext();
    this.#endTurn();
    await this.#running;
  }

  /** How long the next heartbeat has to wait: lookups that want to catch up must not make a storm of them. */
  #untilNextMs(): number {
    return Math.max(0, this.#startedMs + INTERVAL_MS_MIN - this.#node.clock.monotonicMs());
  }

  async #beatInTurn(): Promise<void> {
    this.#cancelNext();
    const waitMs = this.#untilNextMs();
    if (waitMs > 0) {
      await new Promise<void>((resolve) => {
        const cancel = this.#node.timers.after(waitMs, resolve);
        this.#endTurn = () => {
          cancel();
          resolve();
        };
      });
    }
    if (!this.#stopped) await this.#run();
  }

  #periodMs(): number {
    return (this.#node.deltaMs / BEATS_PER_DELTA) * (0.9 + 0.2 * this.#node.random.fraction());
  }

  #schedule(delayMs: number): void {
    if (this.#stopped) return;
    this.#cancelNext();
    this.#cancelNext = this.#node.timers.after(delayMs, () =>
      this.#node.background.run('heartbeat', () => this.beat()),
    );
  }

  async #run(): Promise<void> {
    this.#node.counters.heartbeats++;
    this.#startedMs = this.#node.clock.monotonicMs();
    try {
      await this.#prove();
      this.#node.pace.took(this.#took('ok'));
      this.#options.onBeat(undefined);
    } catch (cause) {
      this.#node.counters.heartbeatsFailed++;
      this.#took('failed');
      const failure = cause instanceof CacheError ? cause : new CacheError('tier-refused', String(cause), { cause });
      this.#options.onBeat(failure);
    }
  }

  /** How long the heartbeat took, in ms; recorded. */
  #took(result: 'ok' | 'failed'): number {
    const tookMs = this.#node.clock.monotonicMs() - this.#startedMs;
    this.#node.durations.heartbeat.record(tookMs / 1000, { [ATTRIBUTES.result]: result });
    return tookMs;
  }

  async #prove(): Promise<void> {
    const node = this.#node;
    await this.#fit.check();
    const sentMs = node.clock.nowMs();
    this.nonce = node.random.hex(NONCE_BYTES);
    await node.tier.beat(node.id, this.nonce);
    const partitions = [CONTROL_PARTITION, ...node.data.keys()];
    const histories = [node.control, ...node.data];
    const seenWhenSent = histories.map((history) => history.seen);
    const heads = await node.tier.heads(partitions);
    const passed = await Promise.allSettled(
      histories.map(async (history, index) => {
        const partition = partitions[index] as number;
        const head = heads[index];
        const verdict = history.judge(head, seenWhenSent[index]);
        if (verdict === 'reset') await this.#reset(partition, history, head);
        if (verdict === 'ahead') await this.#replay(partition, history, head as Head);
        if (partition === CONTROL_PARTITION) node.horizons.raiseControl(sentMs);
        else node.horizons.raise(partition, sentMs);
      }),
    );
    for (const outcome of passed) if (outcome.status === 'rejected') throw outcome.reason;
  }

  /** Applies what the log has beyond what is applied here; where the two do not connect, starts over. */
  async #replay(partition: number, history: PartitionHistory, head: Head): Promise<void> {
    this.#node.counters.replays++;
    for (let replayed = 0; ; ) {
      const from = (history.applied as Head).sequence;
      const page = await this.#node.tier.log(partition, from, LOG_PAGE_EVENTS);
      for (const record of page) {
        const applied = (history.applied as Head).sequence;
        if (record.sequence <= applied) continue;
        if (record.previous !== applied) break;
        applyEvent(this.#node, { ...record, partition, incarnation: head.incarnation });
        this.#node.counters.eventsReplayed++;
        replayed++;
      }
      const applied = (history.applied as Head).sequence;
      if (applied >= head.sequence) return;
      // Where the log did not move this node on, nor the bus meanwhile, the two do not connect.
      if (applied === from || replayed > this.#options.replayMax) return this.#reset(partition, history, head);
    }
  }

  /** Starts a partition over from the tier's history: what another history vouched for is dropped. */
  async #reset(partition: number, history: PartitionHistory, head: Head | undefined): Promise<void> {
    const node = this.#node;
    if (partition === CONTROL_PARTITION) return this.#resetControl(history);
    const adopted = head ?? (await node.tier.found(partition, this.#newIncarnation()));
    node.near.dropPartition(partition);
    node.flights.poisonPartition(partition);
    node.failures.dropAll();
    history.adopt(adopted);
    node.counters.resets++;
    node.events.reset(partition, adopted.sequence);
  }

  async #resetControl(history: PartitionHistory): Promise<void> {
    const node = this.#node;
    node.epochs.startJournal();
    const state = await this.#readControl().catch((error: unknown) => {
      node.epochs.dropJournal();
      throw error;
    });
    node.near.dropAll();
    node.flights.poisonAll();
    node.failures.dropAll();
    node.epochs.adopt(state.head, state.floor, state.epochs);
    if (history.applied?.incarnation !== state.head.incarnation) this.controlSinceMs = node.clock.monotonicMs();
    history.adopt(state.head);
    node.counters.resets++;
    node.events.reset(CONTROL_PARTITION, state.head.sequence);
    this.#fit.forget();
    await this.#fit.check();
  }

  async #readControl(): Promise<ControlState> {
    const { tier } = this.#node;
    const state = await tier.control();
    if (state !== undefined) return state;
    await tier.found(CONTROL_PARTITION, this.#newIncarnation());
    const founded = await tier.control();
    if (founded === undefined) throw new CacheError('tier-refused', 'the tier keeps losing the control partition');
    return founded;
  }

  #newIncarnation(): Incarnation {
    return this.#node.random.hex(INCARNATION_BYTES) as Incarnation;
  }
}
