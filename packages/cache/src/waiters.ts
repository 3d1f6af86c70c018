import type { KeyId, Timers } from '@lockstep/core';

/** Those who wait for another node's load of a key: woken by the bus, or by their own patience. */
export class Waiters {
  readonly #timers: Timers;
  readonly #byKey: Map<KeyId, Set<() => void>> = new Map();

  constructor(timers: Timers) {
    this.#timers = timers;
  }

  /** Resolves when the key is said to be filled, or given up, or after `patienceMs`. */
  wait(keyId: KeyId, patienceMs: number): Promise<void> {
    return new Promise((resolve) => {
      const waiting = this.#byKey.get(keyId) ?? new Set();
      this.#byKey.set(keyId, waiting);
      const cancel = this.#timers.after(patienceMs, () => wake());
      const wake = (): void => {
        cancel();
        waiting.delete(wake);
        if (waiting.size === 0 && this.#byKey.get(keyId) === waiting) this.#byKey.delete(keyId);
        resolve();
      };
      waiting.add(wake);
    });
  }

  wake(keyId: KeyId): void {
    for (const wake of [...(this.#byKey.get(keyId) ?? [])]) wake();
  }

  wakeAll(): void {
    for (const keyId of [...this.#byKey.keys()]) this.wake(keyId);
  }
}
