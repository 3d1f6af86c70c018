import type { KeyId } from '@lockstep/core';

/** So many failures are remembered on one node; beyond it the oldest are forgotten, and their keys asked for again. */
const FAILURES_MAX = 10_000;

interface Failure {
  readonly error: unknown;
  readonly untilMs: number;
}

/** Loads that failed a moment ago: until its time is over, the origin of such a key is left alone. */
export class Failures {
  /** Oldest first. */
  readonly #byKey: Map<KeyId, Failure> = new Map();

  /** Remembers that a key's load failed, until `untilMs`. */
  note(keyId: KeyId, failure: Failure): void {
    this.#byKey.delete(keyId);
    this.#byKey.set(keyId, failure);
    if (this.#byKey.size <= FAILURES_MAX) return;
    for (const oldest of this.#byKey.keys()) {
      this.#byKey.delete(oldest);
      return;
    }
  }

  /** The failure that keeps a key from being loaded now. */
  of(keyId: KeyId, nowMs: number): Failure | undefined {
    const failure = this.#byKey.get(keyId);
    if (failure === undefined || nowMs < failure.untilMs) return failure;
    this.#byKey.delete(keyId);
    return undefined;
  }

  /** An event of the key: what failed before it says nothing of what comes after. */
  drop(keyId: KeyId): void {
    this.#byKey.delete(keyId);
  }

  dropAll(): void {
    this.#byKey.clear();
  }
}
