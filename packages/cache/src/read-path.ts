import type { Clock, EpochTable, KeyAddress } from '@lockstep/core';
import { LoaderError, LoaderTimeoutError, OverloadedError } from '@lockstep/core';
import type { NearEntry, NearRegion } from '@lockstep/near-cache';
import { isFreshnessEnded } from '@lockstep/near-cache';
import { spanning } from '@lockstep/telemetry';
import { CallersOfFlights } from './callers.ts';
import type { Engine, NamespaceCounters, Space } from './engine.ts';
import type { Flight } from './flight.ts';
import { beginFlight } from './flight.ts';
import { FlightPath } from './flight-path.ts';
import { keyAddress } from './key-address.ts';
import { isLiveNear } from './live-near.ts';
import { LoadPath } from './load-path.ts';
import type { LoadOptions, Lookup, Manner, Question } from './lookup.ts';
import { freshHit, miss } from './lookup.ts';
import type { Watched } from './lookup-watch.ts';
import { LookupWatch } from './lookup-watch.ts';
import { standInOf } from './stand-in.ts';
import type { Asking, Consulted } from './tier-reader.ts';
import { TierReader } from './tier-reader.ts';

/** With so many lookups, loads and writes under way on one node, no further lookup begins. */
const FLIGHTS_MAX = 100_000;

/** Stands for an answer that is about to be looked up. */
const UNANSWERED: Lookup<unknown> = miss(undefined, false);

/** The way of a lookup through one namespace: the near-cache, a flight under way, or one of its own. */
export class ReadPath {
  readonly #engine: Engine;
  readonly #space: Space;
  readonly #tier: TierReader;
  readonly #loads: LoadPath;
  readonly #flights: FlightPath;
  readonly #waiting: CallersOfFlights;
  readonly watch: LookupWatch;
  readonly #askNear = (key: string): NearEntry | undefined => this.near(key);
  // What a hit reads, one step away.
  readonly #counters: NamespaceCounters;
  readonly #watchesHits: boolean;
  readonly #region: NearRegion;
  readonly #clock: Clock;
  readonly #serveUntil: Float64Array;
  readonly #epochs: EpochTable;

  constructor(engine: Engine, space: Space) {
    this.#engine = engine;
    this.#space = space;
    this.#tier = new TierReader(engine, space);
    this.#loads = new LoadPath(engine, space);
    this.#flights = new FlightPath(engine, space, { tier: this.#tier, loads: this.#loads, near: this.#askNear });
    this.#waiting = new CallersOfFlights(engine, space);
    this.watch = new LookupWatch(engine.node, space);
    this.#counters = space.counters;
    this.#watchesHits = this.watch.watchesHits;
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

  /** As `near`, for a lookup, which it ends: counted, and traced where that is wanted. */
  hit(key: string): NearEntry | undefined {
    const entry = this.#watchesHits ? this.watch.near(this.#askNear, key) : this.near(key);
    if (entry !== undefined) this.#counters.nearHits++;
    return entry;
  }

  /** Answers from the near-cache, else joins a flight for the key, else starts one. */
  lookup(key: string, manner: Manner): Promise<Lookup<unknown>> {
    const near = this.hit(key);
    if (near !== undefined) return Promise.resolve(this.#answer(near, manner));
    const address = keyAddress(this.#engine.node, this.#space.name, key);
    const joined = this.#joinable(address.keyId, manner.loader !== undefined);
    if (joined === undefined) this.#refuseOverload(1);
    return this.watch.beyondNear(address.keyId, (watched) => {
      if (joined !== undefined) return this.#join(joined, manner.options, watched);
      return this.#launch(this.#asking(key, address, manner), watched);
    });
  }

  /**
   * Answers each key as `lookup` does, and goes to the tier for all together: by one read, which takes no lease, and
   * where there is a loader, for what that did not find, by reads that are sent at once and take each its own.
   */
  lookupMany(keys: ReadonlySet<string>, manner: Manner): Map<string, Lookup<unknown> | Promise<Lookup<unknown>>> {
    this.#refuseOverload(keys.size);
    const { node } = this.#engine;
    const loads = manner.loader !== undefined;
    const begun = new Map<string, Asking>();
    const together: Asking[] = [];
    const answers = new Map<string, Lookup<unknown> | Promise<Lookup<unknown>>>();
    for (const key of keys) {
      // Its place in the order; its answer, if it has to be looked up, comes below.
      answers.set(key, UNANSWERED);
      const near = this.watch.nearOfMany(this.#askNear, key);
      if (near !== undefined) {
        this.#counters.nearHits++;
        answers.set(key, this.#answer(near, manner));
        continue;
      }
      const address = keyAddress(node, this.#space.name, key);
      const joined = this.#joinable(address.keyId, loads);
      if (joined !== undefined) {
        answers.set(
          key,
          this.watch.oneOfMany((watched) => this.#join(joined, manner.options, watched)),
        );
        continue;
      }
      const asking = this.#asking(key, address, manner);
      begun.set(key, asking);
      manner.batch?.expect(key);
      if (this.#space.policy.shared && this.#tier.mayReadNow(address.partition)) together.push(asking);
    }
    const consulted = together.length > 0 ? this.#tier.consultMany(together) : [];
    const first = new Map(together.map((asking, at) => [asking, consulted[at]]));
    for (const [key, asking] of begun) {
      answers.set(
        key,
        this.watch.oneOfMany((watched) => this.#launch(asking, watched, first.get(asking))),
      );
    }
    return answers;
  }

  /** Judges an entry anew after the epoch table has changed, and drops it where it is dead. */
  #checked(entry: NearEntry): NearEntry | undefined {
    if (!isLiveNear(this.#epochs, entry)) {
      this.#region.delete(entry.key);
      return undefined;
    }
    entry.checkedGeneration = this.#epochs.generation;
    return isFreshnessEnded(entry) ? undefined : entry;
  }

  /** The answer of an entry that may be served; one whose time has come is loaded anew meanwhile. */
  #answer(entry: NearEntry, manner: Manner): Lookup<unknown> {
    const { refreshAtMs } = entry;
    // The clock is read again only where something may be loaded ahead of time.
    const mayBeDue = manner.loader !== undefined && refreshAtMs !== Number.POSITIVE_INFINITY;
    const isDue = mayBeDue && this.#clock.ceilingMs() >= refreshAtMs;
    // What is only ahead of time waits where there is too much to do; the hit is one all the same.
    if (isDue && this.#engine.node.flights.size < FLIGHTS_MAX) {
      entry.refreshAtMs = Number.POSITIVE_INFINITY;
      this.#refresh(entry, manner);
    }
    return freshHit(entry, 'near');
  }

  /** Loads ahead of time, unless another node does: nobody waits; where that changes nothing it is tried again later. */
  #refresh(entry: NearEntry, manner: Manner): void {
    const { node } = this.#engine;
    const { key, keyId, partition, version } = entry;
    const { flight, question } = this.#asking(key, { keyId, partition, namespace: this.#space.name }, manner);
    manner.batch?.expect(key);
    const span = this.watch.refresh(keyId);
    const load = async (): Promise<void> => {
      const found = this.#space.policy.shared
        ? await this.#tier.consult(flight, question, { leases: true, over: version })
        : undefined;
      if (found !== undefined && found.kind !== 'granted') return;
      await this.#loads.load(flight, question, found ?? {});
    };
    node.background.run('refresh', async () => {
      try {
        await spanning(span, load);
      } catch (error) {
        if (!(error instanceof LoaderError || error instanceof LoaderTimeoutError)) throw error;
      } finally {
        // Of no use to an entry that was replaced.
        entry.refreshAtMs = node.clock.nowMs() + this.#space.policy.graceRetryMs;
        node.flights.remove(flight);
        manner.batch?.settle(key);
      }
    });
  }

  #refuseOverload(more: number): void {
    if (this.#engine.node.flights.size + more <= FLIGHTS_MAX) return;
    this.#counters.failedLookups += more;
    const what = `namespace "${this.#space.name}": ${FLIGHTS_MAX} lookups at once are all that a node makes`;
    throw new OverloadedError(
      `${what}; ${this.#engine.node.flights.size} are under way, and ${more} more are asked for`,
    );
  }

  /** Begins a flight. */
  #asking(key: string, address: KeyAddress, manner: Manner): Asking {
    const { keyId, partition } = address;
    const { loader, options, batch } = manner;
    const flight = beginFlight({ keyId, partition, loads: loader !== undefined });
    this.#engine.node.flights.add(flight);
    return { flight, question: { key, address, loader, options, batch } };
  }

  /** Lets a flight that has begun find its answer, of which `first` may be the first part. */
  #launch({ flight, question }: Asking, watched: Watched, first?: Promise<Consulted>): Promise<Lookup<unknown>> {
    watched.flight = flight;
    flight.span = watched.span;
    const flown = this.#flyAndLand(flight, question, first);
    flight.answer = flown;
    // Without a load there is nothing to be answered before.
    if (question.loader !== undefined) {
      const early = Promise.withResolvers<Lookup<unknown>>();
      flight.answerEarly = (answer) => {
        flight.answerEarly = undefined;
        // Who comes later may be too late for what stands in.
        flight.answer = flown;
        early.resolve(answer);
      };
      flight.answer = Promise.race([flown, early.promise]);
    }
    return this.#waiting.answer(flight, question.options);
  }

  async #join(flight: Flight, options: LoadOptions, watched: Watched): Promise<Lookup<unknown>> {
    this.#counters.coalesced++;
    watched.flight = flight;
    watched.coalesced = true;
    if (flight.span !== undefined) watched.span?.addLink({ context: flight.span.spanContext() });
    const behind = !this.#engine.node.isFresh(flight.partition);
    const early = flight.answerEarly === undefined ? standInOf(this.#engine, this.#space, flight) : undefined;
    const answer = early ?? (await this.#waiting.answer(flight, options));
    return behind ? { ...answer, degraded: true } : answer;
  }

  /** A flight that may still answer a lookup that begins now: no event has overtaken it. */
  #joinable(keyId: Flight['keyId'], loads: boolean): Flight | undefined {
    for (const flight of this.#engine.node.flights.of(keyId)) {
      if (!flight.poisoned && !flight.isAbandoned && flight.answer !== undefined && flight.loads === loads)
        return flight;
    }
    return undefined;
  }

  async #flyAndLand(flight: Flight, question: Question, first?: Promise<Consulted>): Promise<Lookup<unknown>> {
    try {
      return await this.#flights.fly(flight, question, first);
    } finally {
      this.#engine.node.flights.remove(flight);
      question.batch?.settle(question.key);
    }
  }
}
