import type { Commit, Incarnation, KeyId } from '@lockstep/core';
import type { Prng } from './prng.ts';
import { TierModel } from './tier-model.ts';
import type { Moment } from './tier-partition.ts';
import type { World } from './world.ts';

/** 2026-01-01 in µs: sequences are the tier's time, and look as they do on a real one. */
const EPOCH_US = 1_767_225_600_000_000;

/** How far behind the primary a replica is at most, in ms. */
export const LAG_MS_MAX = 60_000;

/** For steps that need neither time nor randomness. */
const AT_NO_MOMENT: Moment = { nowUs: 0, incarnation: '' as Incarnation };

/** One step on a model. Replayed on a replica it does the same. */
export type Step<R> = (model: TierModel, moment: Moment) => R;

interface Replicated {
  readonly atMs: number;
  readonly moment: Moment;
  readonly step: Step<unknown>;
}

/** What a server that cannot serve a caller says. */
export type Refusal = 'down' | 'refused';

/**
 * One shard's primary, with a replica that follows some time behind, and the faults that befall a server.
 *
 * After a failover the old primary may stay reachable for some nodes, isolated: it refuses plain writes, and runs
 * scripts whose effects are lost.
 */
export class TierServer {
  readonly #world: World;
  readonly #random: Prng;
  #primary: TierModel = new TierModel();
  #replica: TierModel = new TierModel();
  #behind: Replicated[] = [];
  #isolated: TierModel | undefined;
  readonly #deceived: Set<number> = new Set();
  #aheadUs = 0;
  #nowUs = 0;
  #upSinceMs = 0;
  #failedOverMs = 0;
  /** Up to when the replica has said that it has everything. */
  #acknowledgedMs = Number.NEGATIVE_INFINITY;
  #isDown = false;

  constructor(world: World) {
    this.#world = world;
    this.#random = world.random.fork();
  }

  get isDown(): boolean {
    return this.#isDown;
  }

  set isDown(isDown: boolean) {
    if (this.#isDown && !isDown) this.#upSinceMs = this.#world.nowMs;
    this.#isDown = isDown;
  }

  /** Since when a node's connection leads to the server that it leads to now, in true ms. */
  upSinceMs(node: number): number {
    return this.#deceived.has(node) ? this.#upSinceMs : Math.max(this.#upSinceMs, this.#failedOverMs);
  }

  /** Runs a step for a node, now. */
  run<R>(node: number, step: Step<R>, plainWrite: boolean): R | Refusal {
    if (this.isDown) return 'down';
    const moment = this.#moment();
    if (this.#isolated !== undefined && this.#deceived.has(node)) {
      return plainWrite ? 'refused' : step(this.#isolated, moment);
    }
    return this.#onPrimary(step, moment);
  }

  /** Has the replica acknowledge all that there is, for a node that asks about a commit: how many replicas have it. */
  acknowledge(node: number, partition: number | 'control', commit: Commit): number | Refusal {
    if (this.isDown) return 'down';
    if (this.#isolated !== undefined && this.#deceived.has(node)) return 'refused';
    this.#acknowledgedMs = this.#world.nowMs;
    return this.#primary.has(partition, commit) ? 1 : 0;
  }

  /** FLUSHALL: everything is gone. The replica hears of it as of any other write. */
  flush(): void {
    this.#onPrimary((model) => model.flush(), AT_NO_MOMENT);
  }

  /**
   * The replica takes over as it was `lagMs` ago, at most `LAG_MS_MAX`, or as it last said that it was; for these nodes the old primary seems
   * to live on.
   */
  failOver(lagMs: number, deceived: readonly number[]): void {
    const promotedFromMs = Math.max(this.#world.nowMs - lagMs, this.#acknowledgedMs);
    for (const { atMs, moment, step } of this.#behind) if (atMs <= promotedFromMs) step(this.#replica, moment);
    this.#isolated = this.#primary;
    this.#failedOverMs = this.#world.nowMs;
    for (const node of deceived) this.#deceived.add(node);
    this.#primary = this.#replica;
    this.#replica = this.#primary.clone();
    this.#behind = [];
  }

  /** Nobody talks to the old primary any more. */
  endIsolation(): void {
    if (this.#isolated !== undefined) this.#failedOverMs = this.#world.nowMs;
    this.#isolated = undefined;
    this.#deceived.clear();
  }

  /** Takes one entry away, as memory pressure does; the replica hears of it. */
  evict(partition: number, keyId: KeyId): void {
    this.#onPrimary((model) => model.evict(partition, keyId), AT_NO_MOMENT);
  }

  /** Takes some entries away. */
  evictSome(probability: number): void {
    for (const [partition, keyId] of this.#primary.entries()) {
      if (this.#random.chance(probability)) this.evict(partition, keyId);
    }
  }

  /** The server's clock steps forward. */
  stepClock(ms: number): void {
    this.#aheadUs += Math.floor(ms * 1_000);
  }

  #onPrimary<R>(step: Step<R>, moment: Moment): R {
    this.#catchUp();
    this.#behind.push({ atMs: this.#world.nowMs, moment, step });
    return step(this.#primary, moment);
  }

  /** The replica takes over what no failover can lose any more; now and then, so that little is moved each time. */
  #catchUp(): void {
    const oldest = this.#behind[0];
    if (oldest === undefined || oldest.atMs > this.#world.nowMs - 2 * LAG_MS_MAX) return;
    const first = this.#behind.findIndex(({ atMs }) => atMs > this.#world.nowMs - LAG_MS_MAX);
    const known = this.#behind.splice(0, first === -1 ? this.#behind.length : first);
    for (const { moment, step } of known) step(this.#replica, moment);
  }

  /** No two steps are taken at one moment, also where time stands still. */
  #moment(): Moment {
    const nowUs = EPOCH_US + Math.floor(this.#world.nowMs * 1_000) + this.#aheadUs;
    this.#nowUs = Math.max(nowUs, this.#nowUs + 1);
    return { nowUs: this.#nowUs, incarnation: this.#random.hex(8) as Incarnation };
  }
}
