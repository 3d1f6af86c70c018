import type { Clock, EpochTable } from '@lockstep/core';
import { OverloadedError, partitionOf } from '@lockstep/core';
import type { NearEntry, NearRegion } from '@lockstep/near-cache';
import type { Engine, Space } from './engine.ts';
import type { Flight } from './flight.ts';
import { LoadPath } from './load-path.ts';
import type { Fallback, Loader, LoadOptions, Lookup, Question } from './lookup.ts';
import { staleHit } from './lookup.ts';
import { TierReader } from './tier-reader.ts';

/** How often one lookup asks the tier without a wait for another node's load in between. */
const READS_MAX = 4;
const PATIENCE_MS_MIN = 50;
const PATIENCE_MS_MAX = 500;

/** With so many lookups, loads and writes under way on one node, no further lookup begins. */
const FLIGHTS_MAX = 100_000;

/** After this many lease times of waiting for others, a lookup loads for itself. */
const LEASES_WAITED_MAX = 2;

/** The way of a lookup through one namespace: near-cache, flights under way, tier, loader. */
export class ReadPath {
  readonly #engine: Engine;
  readonly #space: Space;
  readonly #tier: TierReader;
  readonly #loads: LoadPath;
  // What a hit reads, one step away.
  readonly #region: NearRegion;
  readonly #clock: Clock;
  readonly #serveUntil: Float64Array;
  readonly #epochs: EpochTable;

  constructor(engine: Engine, space: Space) {
    this.#engine = engine;
    this.#space = space;
    this.#tier = new TierReader(engine, space);
    this.#loads = new LoadPath(engine, space);
    this.#region = space.region;
    this.#clock = engine.node.clock;
    this.#serveUntil = engine.node.horizons.serveUntil;
    this.#epochs = engine.node.epochs;
  }

  /** The near-cache's entry, if this node may serve it now. Synchronous; no hash, no promise. */
  near(key: string): NearEntry | undefined {
    const entry = this.#region.get(key);
    if (entry === undefined) return undefined;
    const ceilingMs = this.#clock.ceilingMs();
    if (ceilingMs >= entry.freshUntilMs || ceilingMs > (this.#serveUntil[entry.partition] as number)) return undefined;
    return entry.checkedGeneration === this.#epochs.generation ? entry : this.#checked(entry);
  }

  /** Answers from the near-cache, else joins a flight for the key, else starts one. */
  async lookup(key: string, loader: Loader<unknown> | undefined, options: LoadOptions): Promise<Lookup<unknown>> {
    const near = this.#nearHit(key);
    if (near !== undefined) return near;
    const { node } = this.#engine;
    const keyId = node.secrets.identifiers.key(this.#space.name, key);
    const partition = partitionOf(keyId, node.partitions);
    const joined = this.#joinable(keyId, loader !== undefined);
    if (joined?.answer !== undefined) {
      this.#space.counters.coalesced++;
      const behind = !node.isFresh(partition);
      const answer = await joined.answer;
      return behind ? { ...answer, degraded: true } : answer;
    }
    if (node.flights.size >= FLIGHTS_MAX) {
      throw new OverloadedError(`namespace "${this.#space.name}": ${FLIGHTS_MAX} lookups are under way on this node`);
    }
    const loads = loader !== undefined;
    const flight: Flight = { keyId, partition, scopes: undefined, poisoned: false, loads, answer: undefined };
    node.flights.add(flight);
    const question = { key, address: { partition, namespace: this.#space.name, keyId }, loader, options };
    flight.answer = this.#fly(flight, question).finally(() => node.flights.remove(flight));
    return flight.answer;
  }

  /** Judges an entry anew after the epoch table has changed, and drops it where it is dead. */
  #checked(entry: NearEntry): NearEntry | undefined {
    if (!this.#epochs.isLive(entry.born, entry.namespace, entry.tags)) {
      this.#region.delete(entry.key);
      return undefined;
    }
    entry.checkedGeneration = this.#epochs.generation;
    return entry;
  }

  #nearHit(key: string): Lookup<unknown> | undefined {
    const entry = this.near(key);
    if (entry === undefined) return undefined;
    this.#space.counters.nearHits++;
    return { outcome: 'hit', source: 'near', value: entry.value, stale: false, degraded: false };
  }

  /** A flight that may still answer a lookup that begins now: no event has overtaken it. */
  #joinable(keyId: Flight['keyId'], loads: boolean): Flight | undefined {
    for (const flight of this.#engine.node.flights.of(keyId)) {
      if (!flight.poisoned && flight.answer !== undefined && flight.loads === loads) return flight;
    }
    return undefined;
  }

  async #fly(flight: Flight, question: Question): Promise<Lookup<unknown>> {
    const { node, waiters } = this.#engine;
    const waitUntilMs = node.clock.nowMs() + this.#space.policy.leaseMs * LEASES_WAITED_MAX;
    let patienceMs = PATIENCE_MS_MIN;
    let over: string | undefined;
    let isWoken = false;
    for (let reads = 0; reads < READS_MAX; ) {
      const near = (isWoken ? this.#nearHit(question.key) : undefined) ?? (await this.#caughtUp(flight, question.key));
      if (near !== undefined) return near;
      const asked = over;
      const found = await this.#tier.consult(flight, question, asked);
      over = undefined;
      switch (found.kind) {
        case 'live':
          this.#space.counters.tierHits++;
          return { outcome: 'hit', source: 'tier', value: found.value, stale: false, degraded: false };
        case 'unreachable':
          return this.#loads.withoutTier(flight, question);
        case 'absent':
          return question.loader === undefined ? this.#miss() : this.#loads.load(flight, question, {});
        case 'granted':
          return this.#loads.load(flight, question, { token: found.token, fallback: found.fallback });
        case 'again':
          reads++;
          break;
        case 'replaceable':
          if (question.loader === undefined) return this.#miss();
          over = found.version;
          reads++;
          break;
        case 'wait':
          if (found.fallback !== undefined) return this.#stale(found.fallback);
          if (node.clock.nowMs() > waitUntilMs) return this.#loads.load(flight, question, {});
          // The dead entry stays until the fill, and is still the one to read over; another one is read as it is.
          over = asked;
          await waiters.wait(flight.keyId, patienceMs * (0.75 + 0.5 * node.random.fraction()));
          patienceMs = Math.min(patienceMs * 2, PATIENCE_MS_MAX);
          isWoken = true;
          // While others load, every fill may be dead on arrival: that is no reason to load beside them.
          reads = 0;
      }
    }
    return this.#loads.withoutTier(flight, question);
  }

  /** Where this node was away from the tier for longer than Δ: catches up, and looks into the near-cache again. */
  async #caughtUp(flight: Flight, key: string): Promise<Lookup<unknown> | undefined> {
    const { node, breaker, heartbeat } = this.#engine;
    if (node.isFresh(flight.partition) || !breaker.closed) return undefined;
    await heartbeat.beat();
    return this.#nearHit(key);
  }

  #stale(fallback: Fallback): Lookup<unknown> {
    this.#space.counters.staleAnswers++;
    return staleHit(fallback, false);
  }

  #miss(): Lookup<unknown> {
    this.#space.counters.misses++;
    return { outcome: 'miss', stale: false, degraded: false };
  }
}
