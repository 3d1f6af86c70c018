/** How many records a journal keeps: the oldest goes. */
export const JOURNAL_RECORDS_MAX = 100_000;

/** The most records that one reading asks for. */
export const JOURNAL_PAGE_MAX = 1_000;

/** One record of a journal; records are numbered from 1. */
export interface JournalRecord {
  readonly number: number;
  readonly bytes: Uint8Array;
}

/** How an append ended. `overtaken`: nothing was appended, because the newest record is another one than it was taken for. */
export type Appended = { readonly outcome: 'appended' } | { readonly outcome: 'overtaken'; readonly newest: number };

/**
 * A list of records that all nodes of a cluster append to, each after the one that it knows to be the newest. No record is
 * ever changed. Calls reject as the tier's do; a rejected append may have taken effect.
 */
export interface Journal {
  /** Appends a record, if its number comes right after the newest one's. */
  append(record: JournalRecord): Promise<Appended>;
  /** The newest record's number; 0: there is none. */
  newest(): Promise<number>;
  /** The records that there are, of at most `limit` numbers from `from` on. */
  read(from: number, limit: number): Promise<readonly JournalRecord[]>;
}
