import type { Journal, JournalRecord, Logger } from '@lockstep/core';
import { CacheError, JOURNAL_PAGE_MAX, JOURNAL_RECORDS_MAX } from '@lockstep/core';
import type { AuditEntry, AuditRecord, Damage, DatedEntry } from './audit-record.ts';
import { AuditSeal, NO_HASH } from './audit-record.ts';

/** The most records that wait for the tier on one node. */
export const PENDING_RECORDS_MAX = 1_000;
/** So often in a row another node may append first. */
const TRIES_MAX = 100;
/** The longest text of a record's parts, in characters; the rest is cut off. */
const TEXT_MAX = 16_384;

/** What an audit trail is made of. */
export interface AuditTrailOptions {
  readonly journal: Journal;
  /** The cluster's secret; in local mode any text. */
  readonly secret: string;
  /** This node's id. */
  readonly node: string;
  /** What the wall clock says, in ISO 8601. */
  readonly wallClock: () => string;
  readonly logger: Logger;
}

/** What became of an entry: it is in the trail, or waits for the tier, or is lost because too many wait already. */
export type Recorded =
  | { readonly audit: 'recorded'; readonly number: number; readonly hash: string }
  | { readonly audit: 'pending' | 'lost' };

/** A record, or why it is none. */
export type ReadRecord = AuditRecord | { readonly number: number; readonly damage: Damage };

/** What a verification found. */
export type Verification =
  | { readonly ok: true; readonly first: number; readonly newest: number; readonly newestHash: string }
  | {
      readonly ok: false;
      /** The oldest record that was looked at. */
      readonly first: number;
      readonly number: number;
      readonly fault: Fault;
      readonly problem: string;
    };

/**
 * What is wrong with a record. `changed`: it is not what was written there. `missing`: it is gone. `unlinked`: it does not
 * follow the one before it. `truncated`: all after it are gone. `unreadable`: it was written under another secret.
 */
export type Fault = 'changed' | 'missing' | 'unlinked' | 'truncated' | 'unreadable';

type Flaw = readonly [fault: Fault, problem: string];

/** An entry that waits. */
interface Pending {
  readonly entry: DatedEntry;
  readonly settle: (recorded: Recorded) => void;
  /** The record that was sent for it and not answered: it may be there. */
  sent?: Anchor;
}

/** A record that a node has seen in its place; one that says otherwise was put there later. */
interface Anchor {
  readonly number: number;
  readonly hash: string;
}

/**
 * Who cleared what, why, and what came of it: a chain of records in the tier, to which all nodes append. Each bears a hash
 * of itself and of the one before it, so none can be changed, taken out or put elsewhere without its being seen.
 *
 * What is done is recorded after it was done: a node that dies between the two takes the record with it, and so does one
 * that dies while the tier is away. A node remembers the newest record that it has seen: a trail that is shorter later is
 * a problem, which only a node that has not seen it cannot tell.
 */
export class AuditTrail {
  readonly #options: AuditTrailOptions;
  readonly #seal: AuditSeal;
  #pending: Pending[] = [];
  #writing: Promise<void> | undefined;
  /** Whether the tier took nothing the last time. */
  #isWaiting = false;
  #newest: Anchor = { number: 0, hash: NO_HASH };
  /** How many entries were lost because too many waited for the tier. */
  lost = 0;

  constructor(options: AuditTrailOptions) {
    this.#options = options;
    this.#seal = new AuditSeal(options.secret);
  }

  /** How many entries wait for the tier. */
  get pending(): number {
    return this.#pending.length;
  }

  /** Writes an entry down. Never rejects: while the tier is away it waits, and is written by a later `flush`. */
  record(entry: AuditEntry): Promise<Recorded> {
    const { node, wallClock, logger } = this.#options;
    if (this.#pending.length >= PENDING_RECORDS_MAX) {
      this.lost++;
      logger.error('an audit record is lost: too many wait for the tier', { actor: entry.actor, action: entry.action });
      return Promise.resolve({ audit: 'lost' });
    }
    const dated = { ...shortened(entry), node, at: wallClock() };
    const recorded = new Promise<Recorded>((settle) => this.#pending.push({ entry: dated, settle }));
    void this.flush();
    return recorded;
  }

  /** Writes what waits, in order, as far as the tier answers; answers whether nothing is left. Never rejects. */
  async flush(): Promise<boolean> {
    if (this.#pending.length === 0) return true;
    this.#writing ??= this.#write();
    await this.#writing;
    return this.#pending.length === 0;
  }

  /** The records that are kept, of at most `limit` numbers from `from` on. Rejects as a call of the tier does. */
  async read(from: number, limit: number): Promise<readonly ReadRecord[]> {
    const records = await this.#options.journal.read(from, Math.min(limit, JOURNAL_PAGE_MAX));
    return records.map((record) => this.#opened(record));
  }

  /** The newest record's number; 0: there is none. */
  async newest(): Promise<number> {
    return this.#options.journal.newest();
  }

  /** Reads the whole trail, and tells the first record that is not as it was written. Rejects as a call of the tier does. */
  async verify(): Promise<Verification> {
    const known = this.#newest;
    const newest = await this.#options.journal.newest();
    const first = Math.max(1, newest - JOURNAL_RECORDS_MAX + 1);
    if (newest < known.number) {
      const problem = `the trail ends here, though this node has seen record ${known.number}`;
      return { ok: false, first, number: newest, fault: 'truncated', problem };
    }
    let previousHash = first === 1 ? NO_HASH : undefined;
    let number = first;
    while (number <= newest) {
      const page = await this.#options.journal.read(number, Math.min(JOURNAL_PAGE_MAX, newest - number + 1));
      const found = new Map(page.map((record) => [record.number, record]));
      const end = Math.min(number + JOURNAL_PAGE_MAX - 1, newest);
      for (; number <= end; number++) {
        const checked = this.#check(found.get(number), previousHash, known);
        if (!('hash' in checked)) return { ok: false, first, number, fault: checked[0], problem: checked[1] };
        previousHash = checked.hash;
      }
    }
    const newestHash = previousHash ?? NO_HASH;
    this.#saw({ number: newest, hash: newestHash });
    return { ok: true, first, newest, newestHash };
  }

  #check(record: JournalRecord | undefined, previousHash: string | undefined, known: Anchor): AuditRecord | Flaw {
    if (record === undefined) return ['missing', 'it is missing'];
    const opened = this.#opened(record);
    if ('damage' in opened) {
      const fault = opened.damage === 'not readable with this secret' ? 'unreadable' : 'changed';
      return [fault, `it is ${opened.damage}`];
    }
    if (previousHash !== undefined && opened.previousHash !== previousHash) {
      return ['unlinked', 'it does not follow the record before it: that one is another than when it was written'];
    }
    if (opened.number === known.number && opened.hash !== known.hash)
      return ['changed', 'it is another one than this node has seen'];
    return opened;
  }

  #opened(record: JournalRecord): ReadRecord {
    const opened = this.#seal.open(record);
    return typeof opened === 'string' ? { number: record.number, damage: opened } : opened;
  }

  /** Begins with an entry that has to be sent, so that it does not end before its caller knows it. */
  async #write(): Promise<void> {
    try {
      for (let next = this.#pending[0]; next !== undefined; next = this.#pending[0]) {
        const anchor = (await this.#sentAlready(next)) ?? (await this.#append(next));
        this.#pending.shift();
        next.settle({ audit: 'recorded', ...anchor });
      }
      this.#isWaiting = false;
    } catch (error) {
      // Whatever it is: who has cleared something is told, and it is tried again. Said once for as long as it lasts.
      const reason = error instanceof Error ? error.message : String(error);
      if (!this.#isWaiting) this.#options.logger.warn('audit records wait for the tier', { reason });
      this.#isWaiting = true;
      for (const { settle } of this.#pending) settle({ audit: 'pending' });
    } finally {
      // At once: who records something from here on must not wait for this writing.
      this.#writing = undefined;
    }
  }

  /** Appends after whatever is the newest record by then. */
  async #append(pending: Pending): Promise<Anchor> {
    const { journal } = this.#options;
    for (let tries = 0; tries < TRIES_MAX; tries++) {
      const before = await this.#hashOf(await journal.newest());
      const number = before.number + 1;
      const { bytes, hash } = this.#seal.seal(number, pending.entry, before.hash);
      pending.sent = { number, hash };
      const { outcome } = await journal.append({ number, bytes });
      if (outcome !== 'appended') continue;
      this.#saw({ number, hash });
      return { number, hash };
    }
    throw new CacheError('tier-refused', `other nodes were faster ${TRIES_MAX} times in a row`, { retryable: true });
  }

  /** Where an entry is whose record was sent, and the answer lost. */
  async #sentAlready({ sent }: Pending): Promise<Anchor | undefined> {
    if (sent === undefined) return undefined;
    const there = await this.#hashOf(sent.number);
    return there.hash === sent.hash ? sent : undefined;
  }

  /** The hash of a record, which a new one is to follow; of one that is damaged too, so that the trail goes on after it. */
  async #hashOf(number: number): Promise<Anchor> {
    if (number === 0) return { number, hash: NO_HASH };
    const [record] = await this.#options.journal.read(number, 1);
    const opened = record && this.#seal.open(record);
    return { number, hash: typeof opened === 'object' ? opened.hash : NO_HASH };
  }

  #saw(anchor: Anchor): void {
    if (anchor.number >= this.#newest.number) this.#newest = anchor;
  }
}

/** An entry whose parts are no longer than a record may be. */
function shortened({ actor, action, scope, reason, outcome }: AuditEntry): AuditEntry {
  const short = (part: unknown): unknown => {
    const text = JSON.stringify(part) ?? 'null';
    return text.length <= TEXT_MAX ? part : `${text.slice(0, TEXT_MAX)}…`;
  };
  return {
    actor: actor.slice(0, TEXT_MAX),
    action,
    scope: short(scope),
    reason: reason.slice(0, TEXT_MAX),
    outcome: short(outcome),
  };
}
