import type { Born } from './entry.ts';
import type { ScopeEffect, ScopeKind } from './event.ts';
import type { Head } from './history.ts';
import type { Incarnation, ScopeId } from './keys.ts';
import { EVERYTHING } from './keys.ts';

/** The most scopes whose epochs a node keeps: about 20 MB. */
export const EPOCHS_MAX = 100_000;

/** Where a load is born on a node that has not joined a history yet; joining drops what was born there. */
export const UNJOINED: Born = { incarnation: '0000000000000000' as Incarnation, sequence: 0 };

/** The control sequence of a scope's last clear, or of its last expire. */
export interface Epoch extends ScopeEffect {
  readonly sequence: number;
}

/** The two epochs of one scope; 0: there was none. */
type EpochsOfScope = Record<ScopeKind, number>;

/**
 * The last clear and the last expire of every scope, as one node knows them.
 *
 * An epoch is the control sequence of a scope's last clear, or expire, and is only ever raised. Entries born before a
 * clear of one of their scopes are dead; so are those born below the floor, the highest epoch that was pruned. Those
 * born before an expire are live, but not fresh.
 */
export class EpochTable {
  #incarnation: Incarnation = UNJOINED.incarnation;
  #floor = 0;
  /** Oldest first. */
  #epochs: Map<ScopeId, EpochsOfScope> = new Map();
  #generation = 0;
  /** What was raised since `startJournal`. */
  #journal: Epoch[] | undefined;

  get incarnation(): Incarnation {
    return this.#incarnation;
  }

  /** Raised whenever anything here changes: an entry judged under an older generation must be judged again. */
  get generation(): number {
    return this.#generation;
  }

  /** Raises a scope's epoch to `sequence`; a lower one changes nothing. */
  raise({ kind, scopeId }: ScopeEffect, sequence: number): void {
    this.#journal?.push({ kind, scopeId, sequence });
    const epochs = this.#epochs.get(scopeId) ?? { 'clear-scope': 0, 'expire-scope': 0 };
    if (sequence <= epochs[kind]) return;
    epochs[kind] = sequence;
    this.#epochs.delete(scopeId);
    this.#epochs.set(scopeId, epochs);
    this.#generation++;
    this.#prune();
  }

  /** From here to the next `adopt`, remembers what is raised: the state about to be read may be older than it. */
  startJournal(): void {
    this.#journal = [];
  }

  /** Ends the journal where there is nothing to adopt: it would grow with every scope that is cleared from here on. */
  dropJournal(): void {
    this.#journal = undefined;
  }

  /**
   * Takes over the control partition's whole state: its incarnation, its floor, and every epoch.
   * What was raised since `startJournal` and lies beyond `head` is raised again.
   */
  adopt(head: Head, floor: number, epochs: readonly Epoch[]): void {
    const raisedMeanwhile = this.#journal ?? [];
    this.#journal = undefined;
    this.#incarnation = head.incarnation;
    this.#floor = floor;
    this.#epochs = new Map();
    this.#generation++;
    for (const epoch of epochs.toSorted((one, other) => one.sequence - other.sequence)) {
      this.raise(epoch, epoch.sequence);
    }
    for (const epoch of raisedMeanwhile) if (epoch.sequence > head.sequence) this.raise(epoch, epoch.sequence);
  }

  /** Whether something born there is live: of today's incarnation, not below the floor, no scope cleared since. */
  isLive(born: Born, namespace: ScopeId, tags: readonly ScopeId[]): boolean {
    if (born.incarnation !== this.#incarnation || born.sequence < this.#floor) return false;
    return !this.#hasEnded('clear-scope', born, [namespace, tags]);
  }

  /** Whether a scope of something born there was expired since: then it is no longer fresh. */
  isExpired(born: Born, namespace: ScopeId, tags: readonly ScopeId[]): boolean {
    return this.#hasEnded('expire-scope', born, [namespace, tags]);
  }

  /** Beyond the bound, gives up the oldest tenth: what was born before one of them counts as dead from now on. */
  #prune(): void {
    if (this.#epochs.size <= EPOCHS_MAX) return;
    let left = EPOCHS_MAX / 10;
    for (const [scopeId, epochs] of this.#epochs) {
      if (left-- <= 0) return;
      this.#epochs.delete(scopeId);
      this.#floor = Math.max(this.#floor, epochs['clear-scope'], epochs['expire-scope']);
    }
  }

  #hasEnded(kind: ScopeKind, born: Born, [namespace, tags]: readonly [ScopeId, readonly ScopeId[]]): boolean {
    if (this.#isSince(kind, born, EVERYTHING) || this.#isSince(kind, born, namespace)) return true;
    for (const tag of tags) if (this.#isSince(kind, born, tag)) return true;
    return false;
  }

  #isSince(kind: ScopeKind, born: Born, scopeId: ScopeId): boolean {
    const epochs = this.#epochs.get(scopeId);
    return epochs !== undefined && epochs[kind] > born.sequence;
  }
}
