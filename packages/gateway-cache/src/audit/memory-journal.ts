import type { Appended, Journal, JournalRecord } from '@lockstep/core';
import { JOURNAL_RECORDS_MAX } from '@lockstep/core';

/** The journal of a node that has no tier: it ends with its process. */
export class MemoryJournal implements Journal {
  readonly #records: Map<number, Uint8Array> = new Map();
  #newest = 0;

  async append({ number, bytes }: JournalRecord): Promise<Appended> {
    if (number !== this.#newest + 1) return { outcome: 'overtaken', newest: this.#newest };
    this.#newest = number;
    this.#records.set(number, bytes);
    this.#records.delete(number - JOURNAL_RECORDS_MAX);
    return { outcome: 'appended' };
  }

  async newest(): Promise<number> {
    return this.#newest;
  }

  async read(from: number, limit: number): Promise<readonly JournalRecord[]> {
    return Array.from({ length: limit }, (_, at) => from + at).flatMap((number) => {
      const bytes = this.#records.get(number);
      return bytes === undefined ? [] : [{ number, bytes }];
    });
  }
}
