import type { AdminEvent } from '@lockstep/admin-api';
import type { Coherence, NodeEvent } from '@lockstep/cache';
import { CONTROL_PARTITION } from '@lockstep/core';
import { auditRecord } from './audit.ts';
import type { AdminCaches } from './caches.ts';
import { EventFeed } from './event-feed.ts';
import type { NodeReports } from './node-reports.ts';
import { Refusal } from './refusal.ts';

/** How many read events at once, and how many of one token. */
const FEEDS_MAX = 32;
const TOKEN_FEEDS_MAX = 8;
/** How often the tier is asked for members and new records, while somebody reads. */
const LOOK_MS = 1_000;
/** The most new records that one look tells. */
const RECORDS_MAX = 200;

/**
 * Tells everyone who reads it what happens on this node and in the cluster, but for what nodes say of themselves every few
 * seconds. Asks for nothing while nobody does.
 */
export class EventHub {
  readonly #caches: AdminCaches;
  readonly #reports: NodeReports;
  /** By whose token. */
  readonly #feeds: Map<EventFeed, string> = new Map();
  #stop: (() => void) | undefined;
  #members: ReadonlySet<string> | undefined;
  #recorded: number | undefined;
  /** What tier and bus know the reports of the members by. */
  #reportIds: ReadonlySet<string> = new Set();
  #looking: Promise<void> | undefined;

  constructor(caches: AdminCaches, reports: NodeReports) {
    this.#caches = caches;
    this.#reports = reports;
  }

  /** A feed of what happens from now on for a reader with this token, with how the node is as its first event. */
  open(token: string): EventFeed {
    if (this.#feeds.size >= FEEDS_MAX) {
      throw new Refusal('busy', `events: ${FEEDS_MAX} are reading already`, { retryAfterSeconds: 5 });
    }
    const own = [...this.#feeds.values()].filter((name) => name === token).length;
    if (own >= TOKEN_FEEDS_MAX) {
      throw new Refusal('busy', `events: ${own} are reading already with this token`, { retryAfterSeconds: 5 });
    }
    const feed = new EventFeed();
    this.#feeds.set(feed, token);
    feed.push(this.#coherence(this.#caches.lockstep.coherence));
    this.#stop ??= this.#start();
    return feed;
  }

  close(feed: EventFeed): void {
    this.#feeds.delete(feed);
    feed.end();
    if (this.#feeds.size > 0) return;
    this.#stop?.();
    this.#stop = undefined;
  }

  /** Ends every feed. */
  end(): void {
    for (const feed of [...this.#feeds.keys()]) this.close(feed);
  }

  #start(): () => void {
    const { lockstep } = this.#caches;
    [this.#members, this.#recorded] = [undefined, undefined];
    const stops = [
      lockstep.onEvent((event) => this.#hear(event)),
      lockstep.onCoherenceChange((coherence) => this.#tell(this.#coherence(coherence))),
    ];
    let timer: NodeJS.Timeout | undefined;
    let isStopped = false;
    const look = async (): Promise<void> => {
      await Promise.all([this.#lookForMembers(), this.#lookForRecords()]);
      if (!isStopped) timer = setTimeout(() => void look(), LOOK_MS).unref();
    };
    void look();
    return () => {
      isStopped = true;
      clearTimeout(timer);
      for (const stop of stops) stop();
    };
  }

  #hear(event: NodeEvent): void {
    if (event.kind !== 'put') return this.#tell(eventView(event));
    const tell = (): void => {
      if (!this.#reportIds.has(event.keyId)) this.#tell(eventView(event));
    };
    // Of a key that is not known it may be the first report of a node that has just joined: who the members are tells.
    if (this.#reportIds.has(event.keyId)) return;
    this.#looking ??= this.#lookForMembers().finally(() => {
      this.#looking = undefined;
    });
    void this.#looking.then(tell);
  }

  /** What the tier cannot be asked for is asked for again; that it is away is told by the coherence. */
  async #lookForMembers(): Promise<void> {
    const { lockstep } = this.#caches;
    const looked = lockstep.members().then(async (found) => ({ found, reportIds: await this.#reports.keyIds(found) }));
    const answer = await looked.catch(() => undefined);
    if (answer === undefined) return;
    const { found, reportIds } = answer;
    this.#reportIds = reportIds;
    const members = new Set(found);
    const known = this.#members ?? members;
    const [joined, left] = [found.filter((node) => !known.has(node)), [...known].filter((node) => !members.has(node))];
    for (const node of joined) this.#tell({ type: 'member', change: 'joined', node });
    for (const node of left) this.#tell({ type: 'member', change: 'left', node });
    this.#members = members;
  }

  async #lookForRecords(): Promise<void> {
    const { audit } = this.#caches.services;
    try {
      const newest = await audit.newest();
      const known = this.#recorded ?? newest;
      if (newest > known) {
        for (const record of await audit.read(known + 1, Math.min(newest - known, RECORDS_MAX))) {
          if (!('damage' in record)) this.#tell({ type: 'audit', record: auditRecord(record) });
        }
      }
      this.#recorded = Math.min(newest, known + RECORDS_MAX);
    } catch {
      // The next look asks from where this one ended.
    }
  }

  #coherence({ state, stalenessMs, reason }: Coherence): AdminEvent {
    const staleness = Number.isFinite(stalenessMs) ? Math.max(0, Math.round(stalenessMs)) : null;
    const node = this.#caches.lockstep.nodeId;
    return { type: 'coherence', node, state, stalenessMs: staleness, ...(reason === undefined ? {} : { reason }) };
  }

  #tell(event: AdminEvent): void {
    for (const feed of this.#feeds.keys()) feed.push(event);
  }
}

function eventView(event: NodeEvent): AdminEvent {
  const { sequence } = event;
  const partition = event.partition === CONTROL_PARTITION ? 'control' : event.partition;
  if (event.kind === 'reset') return { type: 'reset', partition, sequence };
  const of = 'keyId' in event ? { keyId: event.keyId } : { scope: event.scope };
  return { type: 'applied', kind: event.kind, partition, sequence, ...of };
}
