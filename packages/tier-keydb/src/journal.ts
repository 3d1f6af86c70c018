import type { Appended, Journal, JournalRecord } from '@lockstep/core';
import { JOURNAL_RECORDS_MAX } from '@lockstep/core';
import type { Connection } from './connection.ts';
import { malformedReply } from './failure.ts';
import { appendRecordScript } from './generated/append-record.ts';
import type { KeyLayout } from './key-layout.ts';
import { parseNumber, Reply } from './reply.ts';

/** The journal of a cluster: a hash of its records by their numbers, and `newest`. */
export class KeydbJournal implements Journal {
  readonly #connection: Connection;
  readonly #key: string;

  constructor(connection: Connection, keys: KeyLayout) {
    this.#connection = connection;
    this.#key = keys.control.journal;
  }

  async append({ number, bytes }: JournalRecord): Promise<Appended> {
    const args = [number, bytes, JOURNAL_RECORDS_MAX];
    const reply = new Reply('append', await this.#connection.runInTurn(appendRecordScript, [this.#key], args));
    return reply.flag(0) ? { outcome: 'appended' } : { outcome: 'overtaken', newest: reply.number(1) };
  }

  async newest(): Promise<number> {
    const reply = await this.#connection.call('journal', (client) => client.hget(this.#key, 'newest'));
    const newest = parseNumber(reply ?? '0');
    if (newest === undefined) throw malformedReply('journal');
    return newest;
  }

  async read(from: number, limit: number): Promise<readonly JournalRecord[]> {
    const numbers = Array.from({ length: limit }, (_, at) => from + at);
    const found = await this.#connection.call('journal', (client) =>
      client.hmgetBuffer(this.#key, ...numbers.map(String)),
    );
    return numbers.flatMap((number, at) => {
      const bytes = found[at];
      return bytes === null || bytes === undefined ? [] : [{ number, bytes }];
    });
  }
}
