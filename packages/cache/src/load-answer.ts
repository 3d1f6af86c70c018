import type { Duration } from './duration.ts';

/** What a loader may say with its value; each wins over the call's option, and over the namespace's. */
export interface AnswerOptions {
  /** How long the value is fresh. Default: the call's, or the namespace's, `ttl`. */
  readonly ttl?: Duration;
  /** How long after that it may stand in for a load that fails. Default: the call's, or the namespace's, `grace`. */
  readonly grace?: Duration;
  /** Names by which `lockstep.clear({ tag })` finds the value, where the call lists none. Default: none; for `notModified`, those it has. */
  readonly tags?: readonly string[];
  /** Answers the value to those who wait for it, and keeps it nowhere. Default: false. */
  readonly doNotStore?: boolean;
}

/** Why there is no value: the origin has none, or does not give it to this caller. */
export type Absence = 'missing' | 'denied';

/** What a loader answers where a plain value does not say enough: made by its context. */
export class LoadAnswer<V> {
  readonly kind: 'value' | 'not-modified' | Absence;
  readonly value: V | undefined;
  readonly options: AnswerOptions;

  constructor(kind: LoadAnswer<V>['kind'], value: V | undefined, options: AnswerOptions) {
    this.kind = kind;
    this.value = value;
    this.options = options;
  }
}

/** The value that a load would replace: an origin that is asked with a condition may answer that it still holds. */
export interface StaleValue<V> {
  readonly value: V;
  /** The version of the entry in the tier. */
  readonly version: string;
}

/** What a loader is told, and the answers it may make besides a plain value. */
export interface LoadContext<V = unknown> {
  readonly key: string;
  /** Aborted when the load takes longer than `lease`, when nobody waits for it any more, and when the node closes. */
  readonly signal: AbortSignal;
  /** The value that this load would replace, where one is there and was not cleared. */
  readonly stale: StaleValue<V> | undefined;
  /** A value, with what is to be known of it. */
  answer(value: V, options?: AnswerOptions): LoadAnswer<V>;
  /** The stale value holds: it is fresh again, and no node hears of it. Throws `config-invalid` where there is none. */
  notModified(options?: AnswerOptions): LoadAnswer<V>;
  /** The origin has no such thing: kept for `missingTtl`. */
  missing(options?: Pick<AnswerOptions, 'ttl' | 'tags'>): LoadAnswer<V>;
  /** The origin refuses: kept for `deniedTtl`. */
  denied(options?: Pick<AnswerOptions, 'ttl' | 'tags'>): LoadAnswer<V>;
}
