import type { Journal, JournalAppend, JournalEntry, JournalHead, JournalRecord } from '@lockstep/core';
import { Connection } from './connection.ts';
import { malformedReply } from './failure.ts';
import { appendScript } from './generated/append.ts';
import { journalHeadScript } from './generated/journal-head.ts';
import type { JournalKeys } from './key-layout.ts';
import { KeyLayout } from './key-layout.ts';
import type { KeydbTierOptions } from './options.ts';
import { resolveOptions } from './options.ts';
import { parseNumber, Reply, textOf } from './reply.ts';

/** The most records of one read. */
const READ_RECORDS_MAX = 1_000;
const RECORD_ID = /^(\d{1,16})-0$/;

/** Options of `connectKeydbJournal`: those of a tier that concern its connection. */
export type KeydbJournalOptions = Pick<
  KeydbTierOptions,
  'url' | 'cluster' | 'commandTimeoutMs' | 'connectTimeoutMs' | 'tls' | 'logger' | 'onState'
>;

/** Connects to a cluster's journal, over a connection of its own: in the background, and again for ever. */
export function connectKeydbJournal(options: KeydbJournalOptions): KeydbJournal {
  return new KeydbJournal(options);
}

/** The journal of a cluster, beside its tier, on one server that speaks the Redis protocol. Errors as those of the tier. */
export class KeydbJournal implements Journal {
  readonly #connection: Connection;
  readonly #keys: JournalKeys;

  constructor(options: KeydbJournalOptions) {
    const config = resolveOptions(options);
    this.#connection = new Connection(config);
    this.#keys = new KeyLayout(config.cluster).journal;
  }

  async append({ expected, head, sequence, bytes, keep }: JournalEntry): Promise<JournalAppend> {
    const args = [expected ?? '', head, sequence, bytes, keep ?? 0];
    const { head: key, records } = this.#keys;
    const reply = new Reply('append', await this.#connection.runInTurn(appendScript, [key, records], args));
    return reply.number(0) === 1 ? { outcome: 'appended' } : { outcome: 'differs', ...headAt(reply, 1) };
  }

  async read(from: number, limit: number): Promise<readonly JournalRecord[]> {
    const range = [this.#keys.records, `${from}-0`, '+', 'COUNT', Math.min(limit, READ_RECORDS_MAX)];
    const reply = await this.#connection.call('journal', (client) => client.callBuffer('xrange', range));
    if (!Array.isArray(reply)) throw malformedReply('journal');
    return reply.map(parseRecord);
  }

  async head(): Promise<JournalHead> {
    const { head, records } = this.#keys;
    return headAt(new Reply('journal head', await this.#connection.run(journalHeadScript, [head, records], [])), 0);
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }
}

function headAt(reply: Reply, at: number): JournalHead {
  const head = reply.bytes(at);
  return { head: head?.length === 0 ? undefined : head, newest: reply.number(at + 1) };
}

/**
 * A record is `[id, ['r', bytes]]`. One of another form is empty: that something is there, and is not what was written,
 * is for the journal's user to tell.
 */
function parseRecord(item: unknown): JournalRecord {
  const [id, fields] = Array.isArray(item) ? (item as readonly unknown[]) : [];
  const sequence = parseNumber(RECORD_ID.exec(textOf(id) ?? '')?.[1]);
  const [name, bytes] = Array.isArray(fields) ? (fields as readonly unknown[]) : [];
  if (sequence === undefined) throw malformedReply('journal');
  return { sequence, bytes: textOf(name) === 'r' && Buffer.isBuffer(bytes) ? bytes : new Uint8Array() };
}
