import type { Timers } from '@lockstep/core';
import { ConfigError } from '@lockstep/core';
import type { AnswerOptions, LoadContext, StaleValue } from './load-answer.ts';
import { LoadAnswer } from './load-answer.ts';

/** Keys that come later, because another node has given them up, are gathered for so long, in ms. */
const GATHER_MS = 1;

/** What a loader of many keys is told, and the answers it may make for one of them besides a plain value. */
export interface LoadManyContext<V = unknown> {
  /** The keys that this node is to load: what is near, in the tier, or loaded by another node is not among them. */
  readonly keys: readonly string[];
  /** Aborted when the load takes longer than `lease`, when nobody waits for any of the keys any more, and when the node closes. */
  readonly signal: AbortSignal;
  /** The values that this load would replace, by key, where they are there and were not cleared. */
  readonly stale: ReadonlyMap<string, StaleValue<V>>;
  /** A value, with what is to be known of it. */
  answer(value: V, options?: AnswerOptions): LoadAnswer<V>;
  /** The key's stale value holds: it is fresh again. Throws `config-invalid` where there is none. */
  notModified(key: string, options?: AnswerOptions): LoadAnswer<V>;
  /** The origin has no such thing, as of a key that is left out: kept for `missingTtl`. */
  missing(options?: Pick<AnswerOptions, 'ttl' | 'tags'>): LoadAnswer<V>;
  /** The origin refuses: kept for `deniedTtl`. */
  denied(options?: Pick<AnswerOptions, 'ttl' | 'tags'>): LoadAnswer<V>;
}

/** Values by key, as a Map or an object; a key left out has none. */
export type LoadedMany<V> =
  | ReadonlyMap<string, V | LoadAnswer<V>>
  | { readonly [key: string]: V | LoadAnswer<V> | undefined };

/** Asks the origin for the values of many keys. */
export type ManyLoader<V> = (context: LoadManyContext<V>) => Promise<LoadedMany<V>> | LoadedMany<V>;

/** With what a batch works; `watch` runs a load. */
export interface LoadBatchOptions {
  readonly timers: Timers;
  readonly watch: <R>(load: () => Promise<R>) => Promise<R>;
}

/** One key that waits for the loader. */
interface Asked {
  readonly context: LoadContext;
  readonly resolve: (answer: unknown) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Gathers those keys of one call that this node is to load, and asks the caller's loader for all of them at once: as
 * soon as of each key it is known whether it is to be loaded. Those that come later are asked for after that, together.
 */
export class LoadBatch {
  readonly #load: ManyLoader<unknown>;
  readonly #timers: Timers;
  readonly #watch: LoadBatchOptions['watch'];
  /** The keys of which it is not known yet. */
  readonly #open: Set<string> = new Set();
  #asked: Map<string, Asked> = new Map();

  constructor(load: ManyLoader<unknown>, { timers, watch }: LoadBatchOptions) {
    this.#load = load;
    this.#timers = timers;
    this.#watch = watch;
  }

  /** A key that may have to be loaded. */
  expect(key: string): void {
    this.#open.add(key);
  }

  /** A key that is not to be loaded, or not soon: it was found, failed, or another node loads it. */
  settle(key: string): void {
    if (this.#open.delete(key) && this.#open.size === 0) void this.#ask();
  }

  /** Asks for one key, with the others. */
  readonly loader = (context: LoadContext): Promise<unknown> =>
    new Promise((resolve, reject) => {
      const isFirst = this.#asked.size === 0;
      this.#asked.set(context.key, { context, resolve, reject });
      if (this.#open.size > 0) this.settle(context.key);
      else if (isFirst) this.#timers.after(GATHER_MS, () => void this.#ask());
    });

  async #ask(): Promise<void> {
    // A load that was broken off while others were still looked up is waited for by nobody.
    const asked = new Map([...this.#asked].filter(([, { context }]) => !context.signal.aborted));
    this.#asked = new Map();
    if (asked.size === 0) return;
    const over = new AbortController();
    try {
      const load = async (): Promise<LoadedMany<unknown>> => this.#load(contextOf(asked, over.signal));
      const answers = await this.#watch(load);
      for (const [key, { context, resolve }] of asked) resolve(answerOf(answers, key) ?? context.missing());
    } catch (error) {
      for (const { reject } of asked.values()) reject(error);
    } finally {
      over.abort();
    }
  }
}

function contextOf(asked: ReadonlyMap<string, Asked>, over: AbortSignal): LoadManyContext {
  const contexts = [...asked.values()].map(({ context }) => context);
  const { missing, denied, answer } = contexts[0] as LoadContext;
  return {
    keys: [...asked.keys()],
    signal: whenAll(
      contexts.map(({ signal }) => signal),
      over,
    ),
    stale: new Map(contexts.flatMap(({ key, stale }) => (stale === undefined ? [] : [[key, stale] as const]))),
    answer,
    notModified: (key, options) => {
      const context = asked.get(key)?.context;
      if (context === undefined) throw new ConfigError('notModified: the loader was not asked for this key');
      return context.notModified(options);
    },
    missing,
    denied,
  };
}

/** What was answered for a key; undefined where it was left out. One whose value is undefined was not. */
function answerOf(answers: LoadedMany<unknown>, key: string): LoadAnswer<unknown> | undefined {
  if (answers instanceof Map) return answers.has(key) ? answered(answers.get(key)) : undefined;
  if (typeof answers !== 'object' || answers === null) {
    throw new TypeError(`the loader answered ${typeof answers}; it answers a Map or an object of values by key`);
  }
  return Object.hasOwn(answers, key) ? answered((answers as Record<string, unknown>)[key]) : undefined;
}

function answered(value: unknown): LoadAnswer<unknown> {
  return value instanceof LoadAnswer ? value : new LoadAnswer('value', value, {});
}

/** Aborted once all of them are, with the last one's reason; listens until `over`, or they would live as long as the node. */
function whenAll(signals: readonly AbortSignal[], over: AbortSignal): AbortSignal {
  const all = new AbortController();
  let left = signals.length;
  for (const signal of signals) {
    signal.addEventListener(
      'abort',
      () => {
        if (--left === 0) all.abort(signal.reason);
      },
      { once: true, signal: over },
    );
  }
  return all.signal;
}
