import type { Incarnation } from './keys.ts';

/** The most events across a gap that a node remembers the links of; beyond it a heartbeat's replay closes the gap. */
export const LINKS_AHEAD_MAX = 256;

/** The newest event of a partition. */
export interface Head {
  readonly incarnation: Incarnation;
  readonly sequence: number;
}

/** What an event's links say: see {@link PartitionHistory.note}. */
export type EventVerdict = 'linked' | 'old' | 'gap' | 'foreign';

/** What a head read from the tier says: see {@link PartitionHistory.judge}. */
export type HeadVerdict = 'current' | 'ahead' | 'reset';

/** The links of one event. */
export interface Link extends Head {
  readonly previous: number;
}

/**
 * What one node knows of one partition's history.
 *
 * `applied` is the head up to which every event has taken effect here; `seen` the newest event known of, applied or
 * across a gap. Events may take effect in any order; only their links move `applied`.
 */
export class PartitionHistory {
  #applied: Head | undefined;
  #seen: Head | undefined;
  /** Events across a gap, by the sequence of the event before them. */
  readonly #ahead: Map<number, number> = new Map();

  get applied(): Head | undefined {
    return this.#applied;
  }

  get seen(): Head | undefined {
    return this.#seen;
  }

  /** Whether an event is known of that has not been linked to what is applied. */
  get hasGap(): boolean {
    return this.#applied !== undefined && this.#seen !== undefined && this.#seen.sequence > this.#applied.sequence;
  }

  /**
   * Takes note of an event that has taken effect. `linked`: applied moved to it, and beyond where events across the
   * gap link on. `old`: at or behind applied. `gap`: events before it are missing. `foreign`: of another incarnation
   * than ours, or nothing is applied yet.
   */
  note(event: Link): EventVerdict {
    const applied = this.#applied;
    if (applied === undefined || event.incarnation !== applied.incarnation) return 'foreign';
    if (event.sequence <= applied.sequence) return 'old';
    if (this.#seen === undefined || event.sequence > this.#seen.sequence) this.#seen = headOf(event);
    if (event.previous !== applied.sequence) {
      if (this.#ahead.size < LINKS_AHEAD_MAX) this.#ahead.set(event.previous, event.sequence);
      return 'gap';
    }
    this.#advance(event.sequence);
    return 'linked';
  }

  /**
   * Judges a head read from the tier; `seenWhenSent` is `seen` as it was when the request was sent.
   * `reset`: another history than ours, or one that lost what was seen. `current`: nothing was missed.
   * `ahead`: the log holds what was missed.
   */
  judge(head: Head | undefined, seenWhenSent: Head | undefined): HeadVerdict {
    const applied = this.#applied;
    if (applied === undefined || head === undefined || head.incarnation !== applied.incarnation) return 'reset';
    if (isBehind(head, seenWhenSent)) return 'reset';
    return head.sequence <= applied.sequence ? 'current' : 'ahead';
  }

  /** Starts over from this head: what was known before it says nothing about it. */
  adopt(head: Head): void {
    this.#applied = headOf(head);
    this.#seen = this.#applied;
    this.#ahead.clear();
  }

  #advance(sequence: number): void {
    const incarnation = (this.#applied as Head).incarnation;
    let newest = sequence;
    for (let next = this.#ahead.get(newest); next !== undefined; next = this.#ahead.get(newest)) newest = next;
    for (const [previous, linked] of this.#ahead) if (linked <= newest) this.#ahead.delete(previous);
    this.#applied = { incarnation, sequence: newest };
  }
}

/** Whether a head is of another incarnation than `seen`, or older than it: read from a tier that lost history. */
export function isBehind(head: Head, seen: Head | undefined): boolean {
  return seen !== undefined && (head.incarnation !== seen.incarnation || head.sequence < seen.sequence);
}

function headOf(head: Head): Head {
  return { incarnation: head.incarnation, sequence: head.sequence };
}
