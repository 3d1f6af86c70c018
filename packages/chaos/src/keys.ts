import type { CallKind } from '@lockstep/simulator';
import { isOfScope } from '@lockstep/simulator';

const HOT_KEYS = 6;
const COLD_KEYS = 200;
const TAGS = ['red', 'blue'] as const;

/** The keys and scopes of one round: few hot keys, on which calls collide, and many cold ones. */
export class RoundKeys {
  readonly hot: readonly string[];
  readonly cold: readonly string[];
  readonly #byTarget: Map<string, readonly string[]> = new Map();
  /** What a clear of a scope may name: a tag of this round, `namespace` or `everything`. */
  readonly scopes: readonly string[];

  constructor(round: number) {
    this.hot = Array.from({ length: HOT_KEYS }, (_, index) => `${round}:hot:${index}`);
    this.cold = Array.from({ length: COLD_KEYS }, (_, index) => `${round}:cold:${index}`);
    const all = [...this.hot, ...this.cold];
    for (const tag of TAGS) {
      const name = `${round}:${tag}`;
      this.#byTarget.set(
        name,
        all.filter((key) => tagOf(key) === name),
      );
    }
    this.scopes = [...this.#byTarget.keys(), 'namespace', 'everything'];
    this.#byTarget.set('namespace', all).set('everything', all);
  }

  /** The keys that a call concerns. */
  of(kind: CallKind, target: string): readonly string[] {
    return isOfScope(kind) ? (this.#byTarget.get(target) ?? []) : [target];
  }
}

/** The one tag that a key's values carry. */
export function tagOf(key: string): string {
  const [round, , index] = key.split(':');
  return `${round}:${TAGS[Number(index) % TAGS.length]}`;
}
