import type { Born, ScopeId } from '@lockstep/core';
import { CacheError, ConfigError, LoaderError, LoaderTimeoutError } from '@lockstep/core';
import type { EncodedValue } from './codec.ts';
import { encodeAbsence, encodeValue } from './codec.ts';
import type { Engine, Space } from './engine.ts';
import { freshFor, graceFor, tagIds } from './entry-write.ts';
import type { Flight } from './flight.ts';
import type { AnswerOptions, LoadContext } from './load-answer.ts';
import { LoadAnswer } from './load-answer.ts';
import { watchedLoad } from './load-watch.ts';
import type { LoadOptions, Previous, Question } from './lookup.ts';
import { scopesOf } from './near-store.ts';

/** What the loader gave, ready to be stored. */
export interface LoadedValue extends EncodedValue {
  readonly tags: readonly ScopeId[];
  readonly born: Born;
  readonly startedMs: number;
  /** 0: it is kept nowhere. */
  readonly ttlMs: number;
  readonly graceMs: number;
}

/** Nobody waits for the load any more. */
class AbandonedError extends CacheError {
  constructor(what: string) {
    super('loader-failed', `${what}: nobody waits for the load any more`);
  }
}

/** Asks the loaders of one namespace, in the time that a load may take, and makes of their answers what can be stored. */
export class Origin {
  readonly #engine: Engine;
  readonly #space: Space;

  constructor(engine: Engine, space: Space) {
    this.#engine = engine;
    this.#space = space;
  }

  /** Asks the loader of a flight; `replaced` is the value that the load would replace. */
  async ask(flight: Flight, question: Question, replaced: Previous | undefined): Promise<LoadedValue> {
    const previous = replaced && this.#canHold(replaced) ? replaced : undefined;
    const { node, closing } = this.#engine;
    const { key, loader, options, address } = question;
    const what = `namespace "${this.#space.name}", key ${address.keyId}`;
    if (loader === undefined) throw new CacheError('loader-failed', `${what}: no loader`);
    closing.throwIfAborted();
    const { copies } = this.#space.policy;
    const startedMs = node.clock.nowMs();
    const born = node.born();
    // What the value's tags are, only a call's list tells before the value is there.
    const known = typeof options.tags === 'object' ? tagIds(this.#engine, options.tags) : undefined;
    flight.scopes = known && scopesOf(this.#space, known);
    this.#space.counters.loads++;
    const load = (): Promise<unknown> =>
      this.#inTime(flight, what, (signal) => loader(contextOf({ key, signal, previous, what, copies })));
    // A load of many keys, which is one for all, is watched there.
    const answered = await (question.batch === undefined ? watchedLoad(node, this.#space, load) : load());
    const answer = answered instanceof LoadAnswer ? answered : new LoadAnswer('value', answered, {});
    if (answer.options.tags !== undefined && known !== undefined) {
      throw new ConfigError(`${what}: tags: told by the call and by the loader, takes one of them`);
    }
    const encoded = await this.#encoded(what, answer, previous);
    const ofValue = encoded.absence === undefined ? options.tags : undefined;
    const told = answer.options.tags ?? this.#told(ofValue, what, encoded.value);
    const has = answer.kind === 'not-modified' ? previous?.tags : undefined;
    const tags = known ?? (told === undefined && has !== undefined ? has : tagIds(this.#engine, told ?? []));
    flight.scopes = scopesOf(this.#space, tags);
    return { ...encoded, ...this.#life(answer, options, { ...encoded, what }), tags, born, startedMs };
  }

  async #encoded(what: string, answer: LoadAnswer<unknown>, previous: Previous | undefined): Promise<EncodedValue> {
    if (answer.kind === 'missing' || answer.kind === 'denied') return encodeAbsence(answer.kind);
    if (answer.kind === 'value' || previous === undefined) return encodeValue(this.#space, what, answer.value);
    const { value, encoded, bytes } = previous;
    if (encoded !== undefined) return { ...encoded, value, absence: undefined };
    const { schema, codec } = this.#space.policy;
    if (schema === undefined) return encodeValue(this.#space, what, value);
    // Without a tier nobody reads the bytes, only their number counts.
    return { value, absence: undefined, codec: codec.number, payload: new Uint8Array(bytes) };
  }

  /** Whether a value can be stored anew as it is: what a schema made of its bytes, the schema need not take. */
  #canHold({ encoded }: Previous): boolean {
    return encoded !== undefined || this.#space.policy.schema === undefined || !this.#engine.node.shared;
  }

  /** How long what was loaded is fresh, and may stand in after that. */
  #life(
    { options: told }: LoadAnswer<unknown>,
    options: LoadOptions,
    { value, absence, what }: EncodedValue & { readonly what: string },
  ): Pick<LoadedValue, 'ttlMs' | 'graceMs'> {
    const { policy } = this.#space;
    if (absence !== undefined) {
      const byDefaultMs = policy[`${absence}TtlMs`];
      return { ttlMs: told.ttl === undefined ? byDefaultMs : freshFor(this.#space, told.ttl, byDefaultMs), graceMs: 0 };
    }
    const graceMs = graceFor(this.#space, told.grace ?? options.grace);
    if (told.doNotStore === true) return { ttlMs: 0, graceMs };
    const ttlMs = freshFor(this.#space, told.ttl ?? this.#told(options.ttl, what, value), policy.ttlMs);
    return { ttlMs: Math.ceil(ttlMs * (1 - policy.jitter * this.#engine.node.random.fraction())), graceMs };
  }

  /** What an option says of a loaded value. One that throws is a part of the loader, and has failed. */
  #told<T>(option: T | ((value: unknown) => T), what: string, value: unknown): T {
    if (!(option instanceof Function)) return option;
    try {
      return option(value);
    } catch (cause) {
      throw this.#failed(what, cause);
    }
  }

  #failed(what: string, cause: unknown): CacheError {
    this.#space.counters.loadsFailed++;
    if (cause instanceof LoaderTimeoutError) return cause;
    return new LoaderError(`${what}: the loader failed; its error is the cause`, { cause });
  }

  /** Runs a loader for as long as its lease holds: a value that comes later could not be stored. */
  async #inTime(flight: Flight, what: string, load: (signal: AbortSignal) => unknown): Promise<unknown> {
    const { node, closing } = this.#engine;
    const { leaseMs } = this.#space.policy;
    const late = new AbortController();
    const over = Promise.withResolvers<never>();
    // It is broken off by the loader's own first steps, too, before anyone waits for it.
    over.promise.catch(() => {});
    const breakOff = (error: CacheError): void => {
      late.abort(error);
      over.reject(error);
    };
    const cancel = node.timers.after(leaseMs, () =>
      breakOff(new LoaderTimeoutError(`${what}: the loader took longer than lease (${leaseMs} ms)`)),
    );
    flight.abandon = () => breakOff(new AbandonedError(what));
    try {
      if (flight.isAbandoned) throw new AbandonedError(what);
      const loading = Promise.resolve(load(AbortSignal.any([late.signal, closing])));
      return await Promise.race([loading, over.promise]);
    } catch (cause) {
      throw cause instanceof AbandonedError ? cause : this.#failed(what, cause);
    } finally {
      cancel();
      flight.abandon = undefined;
    }
  }
}

/** What a loader is told. */
function contextOf(given: {
  readonly key: string;
  readonly signal: AbortSignal;
  readonly previous: Previous | undefined;
  readonly what: string;
  readonly copies: boolean;
}): LoadContext {
  const { key, signal, previous, what, copies } = given;
  return {
    key,
    signal,
    stale: previous && { value: copies ? structuredClone(previous.value) : previous.value, version: previous.version },
    answer: (value, options = {}) => new LoadAnswer('value', value, options),
    notModified: (options = {}) => {
      if (previous !== undefined) return new LoadAnswer<unknown>('not-modified', undefined, options);
      throw new ConfigError(`${what}: notModified: there is no stale value that could still hold`);
    },
    missing: (options: AnswerOptions = {}) => new LoadAnswer<unknown>('missing', undefined, options),
    denied: (options: AnswerOptions = {}) => new LoadAnswer<unknown>('denied', undefined, options),
  };
}
