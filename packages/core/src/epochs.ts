import type { Born } from './entry.ts';
import type { Head } from './history.ts';
import type { Incarnation, ScopeId } from './keys.ts';
import { EVERYTHING } from './keys.ts';

/** The most scopes whose epochs a node keeps: about 20 MB. */
export const EPOCHS_MAX = 100_000;

/** Where a load is born on a node that has not joined a history yet; joining drops what was born there. */
export const UNJOINED: Born = { incarnation: '0000000000000000' as Incarnation, sequence: 0 };

/**
 * The last clear of every scope, as one node knows it.
 *
 * An epoch is the control sequence of a scope's last clear, and is only ever raised. Entries born before an epoch of
 * one of their scopes are dead; so are those born below the floor, the highest epoch that was pruned.
 */
export class EpochTable {
  #incarnation: Incarnation = UNJOINED.incarnation;
  #floor = 0;
  /** Oldest first. */
  #epochs: Map<ScopeId, number> = new Map();
  #generation = 0;
  /** The highest sequence raised since `startJournal`, by scope. */
  #journal: Map<ScopeId, number> | undefined;

  get incarnation(): Incarnation {
    return this.#incarnation;
  }

  /** Raised whenever anything here changes: an entry judged under an older generation must be judged again. */
  get generation(): number {
    return this.#generation;
  }

  /** Raises a scope's epoch to `sequence`; a lower one changes nothing. */
  raise(scopeId: ScopeId, sequence: number): void {
    this.#journal?.set(scopeId, Math.max(sequence, this.#journal.get(scopeId) ?? 0));
    if (sequence <= (this.#epochs.get(scopeId) ?? 0)) return;
    this.#epochs.delete(scopeId);
    this.#epochs.set(scopeId, sequence);
    this.#generation++;
    this.#prune();
  }

  /** From here to the next `adopt`, remembers what is raised: the state about to be read may be older than it. */
  startJournal(): void {
    this.#journal = new Map();
  }

  /** Ends the journal where there is nothing to adopt: it would grow with every scope that is cleared from here on. */
  dropJournal(): void {
    this.#journal = undefined;
  }

  /**
   * Takes over the control partition's whole state: its incarnation, its floor, and every epoch.
   * What was raised since `startJournal` and lies beyond `head` is raised again.
   */
  adopt(head: Head, floor: number, epochs: readonly (readonly [ScopeId, number])[]): void {
    const raisedMeanwhile: ReadonlyMap<ScopeId, number> = this.#journal ?? new Map();
    this.#journal = undefined;
    this.#incarnation = head.incarnation;
    this.#floor = floor;
    this.#epochs = new Map([...epochs].sort(([, one], [, other]) => one - other));
    this.#generation++;
    this.#prune();
    for (const [scopeId, sequence] of raisedMeanwhile) if (sequence > head.sequence) this.raise(scopeId, sequence);
  }

  /** Whether something born there is live: of today's incarnation, not below the floor, no scope cleared since. */
  isLive(born: Born, namespace: ScopeId, tags: readonly ScopeId[]): boolean {
    if (born.incarnation !== this.#incarnation || born.sequence < this.#floor) return false;
    if (this.#clearedSince(EVERYTHING, born) || this.#clearedSince(namespace, born)) return false;
    for (const tag of tags) if (this.#clearedSince(tag, born)) return false;
    return true;
  }

  /** Beyond the bound, gives up the oldest tenth: what was born before one of them counts as dead from now on. */
  #prune(): void {
    if (this.#epochs.size <= EPOCHS_MAX) return;
    let left = EPOCHS_MAX / 10;
    for (const [scopeId, sequence] of this.#epochs) {
      if (left-- <= 0) return;
      this.#epochs.delete(scopeId);
      this.#floor = Math.max(this.#floor, sequence);
    }
  }

  #clearedSince(scopeId: ScopeId, born: Born): boolean {
    const epoch = this.#epochs.get(scopeId);
    return epoch !== undefined && epoch > born.sequence;
  }
}
