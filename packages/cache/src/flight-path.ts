import { CacheError } from '@lockstep/core';
import type { NearEntry } from '@lockstep/near-cache';
import type { Engine, Space } from './engine.ts';
import type { Flight } from './flight.ts';
import type { LoadPath } from './load-path.ts';
import type { Lookup, Question } from './lookup.ts';
import { freshHit, miss, staleHit } from './lookup.ts';
import type { Consulted, TierReader } from './tier-reader.ts';
import { tierTimeOf } from './tier-time.ts';

/** How often one lookup asks the tier without a wait for another node's load in between. */
const READS_MAX = 5;
const PATIENCE_MS_MIN = 50;
const PATIENCE_MS_MAX = 500;

/** After this many lease times of waiting for others, a lookup loads for itself. */
const LEASES_WAITED_MAX = 2;

/** What a flight asks. */
export interface FlightPathParts {
  readonly tier: TierReader;
  readonly loads: LoadPath;
  /** The near-cache's entry, if it may be served. */
  readonly near: (key: string) => NearEntry | undefined;
}

/** How a flight of one namespace finds its answer beyond the near-cache: in the tier, by waiting for others, by a load. */
export class FlightPath {
  readonly #engine: Engine;
  readonly #space: Space;
  readonly #tier: TierReader;
  readonly #loads: LoadPath;
  readonly #near: FlightPathParts['near'];

  constructor(engine: Engine, space: Space, { tier, loads, near }: FlightPathParts) {
    this.#engine = engine;
    this.#space = space;
    this.#tier = tier;
    this.#loads = loads;
    this.#near = near;
  }

  /** Finds it; `first` may be the first of the tier's answers. */
  async fly(flight: Flight, question: Question, first?: Promise<Consulted>): Promise<Lookup<unknown>> {
    const { node, waiters, breaker, heartbeat } = this.#engine;
    const waitUntilMs = node.clock.nowMs() + this.#space.policy.leaseMs * LEASES_WAITED_MAX;
    let patienceMs = PATIENCE_MS_MIN;
    let over: string | undefined;
    let isWoken = false;
    let asked = first;
    // The tier mostly has what is asked for: only who has to load takes the lease.
    let leases = false;
    const tierTime = tierTimeOf(this.#engine, this.#space, (token) => this.#loads.release(question, token));
    for (let reads = 0; reads < READS_MAX; ) {
      if (flight.isAbandoned) throw new CacheError('loader-failed', 'nobody waits for the answer any more');
      if (asked === undefined) {
        // Who was away from the tier for longer than Δ catches up, and looks into the near-cache again.
        const isBehind = !isWoken && !node.isFresh(flight.partition) && breaker.closed;
        if (isBehind) await heartbeat.beat();
        const near = isWoken || isBehind ? this.#near(question.key) : undefined;
        if (near !== undefined) {
          flight.cachedIn = 'near';
          return freshHit(near, 'near');
        }
        if (!this.#space.policy.shared) break;
      }
      const replaced = over;
      const consulting = asked ?? this.#tier.consult(flight, question, { leases, over: replaced });
      const found = await (tierTime?.within(flight, consulting) ?? consulting);
      if (found.kind !== 'live') flight.span?.addEvent(`tier.${found.kind}`);
      leases = question.loader !== undefined;
      asked = undefined;
      over = undefined;
      switch (found.kind) {
        case 'live':
          flight.cachedIn = 'tier';
          return found.answer;
        case 'unreachable':
          return this.#loads.withoutTier(flight, question);
        case 'absent':
          return question.loader === undefined ? miss(undefined, false) : this.#loads.load(flight, question, {});
        case 'granted':
          return this.#loads.load(flight, question, { token: found.token, previous: found.previous });
        case 'again':
          reads++;
          break;
        case 'replaceable':
          if (question.loader === undefined) return miss(undefined, false);
          over = found.version;
          reads++;
          break;
        case 'wait':
          if (found.previous !== undefined && node.clock.nowMs() < found.previous.standsInUntilMs) {
            return staleHit(found.previous, false);
          }
          if (node.clock.nowMs() > waitUntilMs) return this.#loads.load(flight, question, {});
          // The dead entry stays until the fill, and is still the one to read over; another one is read as it is.
          over = replaced;
          question.batch?.settle(question.key);
          this.#space.counters.leaseWaits++;
          await waiters.wait(flight.keyId, patienceMs * (0.75 + 0.5 * node.random.fraction()));
          patienceMs = Math.min(patienceMs * 2, PATIENCE_MS_MAX);
          isWoken = true;
          // While others load, every fill may be dead on arrival: that is no reason to load beside them.
          reads = 0;
      }
    }
    return this.#loads.withoutTier(flight, question);
  }
}
