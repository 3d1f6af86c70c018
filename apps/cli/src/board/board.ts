import type { AdminEvent, MemberView, NodeReport, Nodes } from '@lockstep/admin-api';
import { FanOut } from './fan-out.ts';
import type { Frame, NodeLine } from './frame.ts';
import { lookupsOf, NodeSamples, RECENT_MS } from './lookups.ts';

/** The moment at which something was heard. */
export interface Moment {
  /** Monotonic, in ms. */
  readonly atMs: number;
  /** By the wall clock, ISO 8601. */
  readonly at: string;
}

/** What is known of one URL. */
interface Followed {
  /** The node that answers there. */
  id: string | null;
  /** Why it does not answer; undefined: it does. */
  lost: string | undefined;
  /** The node whose events come from there, and since when, in ms; undefined: none do. */
  heard: { readonly id: string; readonly sinceMs: number } | undefined;
}

/** Everything that the board has heard of a cluster, through one admin API or several. */
export class Board {
  readonly #followed: ReadonlyMap<string, Followed>;
  /** Members by id; of one that is followed, what it said itself. */
  #members: ReadonlyMap<string, MemberView> = new Map();
  readonly #samples: Map<string, NodeSamples> = new Map();
  readonly #fanOut = new FanOut();

  constructor(urls: readonly string[]) {
    this.#followed = new Map(urls.map((url) => [url, { id: null, lost: 'it has not answered yet', heard: undefined }]));
  }

  /** Takes what the node at a URL says of the cluster, or of itself alone where it cannot ask who the others are. */
  answered(url: string, { nodes, isWhole }: Nodes & { readonly isWhole: boolean }, { atMs }: Moment): void {
    const at = this.#at(url);
    at.id = nodes.find(({ isSelf }) => isSelf)?.id ?? null;
    at.lost = undefined;
    const own = new Set([...this.#followed.values()].flatMap(({ id, lost }) => (lost === undefined ? (id ?? []) : [])));
    const members = new Map(isWhole ? [] : this.#members);
    for (const member of nodes) {
      const before = this.#members.get(member.id);
      // What a node says of itself is newer than what the others have of it.
      const isNews = member.isSelf || before === undefined || !own.has(member.id);
      members.set(member.id, isNews ? member : before);
      const near = isNews ? member.report?.near : undefined;
      if (near !== undefined) this.#samplesOf(member.id).add(near, { atMs, isOwn: member.isSelf });
    }
    this.#members = members;
    for (const id of this.#samples.keys()) if (!members.has(id)) this.#samples.delete(id);
  }

  /** The node at a URL does not answer. */
  failed(url: string, why: string): void {
    this.#at(url).lost = why;
  }

  /** Takes an event from a URL. */
  heard(url: string, event: AdminEvent, moment: Moment): void {
    const at = this.#at(url);
    // The first event of a stream says whose it is.
    if (event.type === 'coherence' && at.heard === undefined) at.heard = { id: event.node, sinceMs: moment.atMs };
    if (event.type === 'applied' && at.heard !== undefined) this.#fanOut.heard(at.heard.id, event, moment);
    if (event.type === 'reset' && at.heard !== undefined) {
      this.#fanOut.dropped(at.heard.id, event.partition, moment.atMs);
    }
    if (event.type === 'audit') this.#fanOut.recorded(event.record);
  }

  /** The events from a URL have ended. */
  unheard(url: string): void {
    this.#at(url).heard = undefined;
  }

  frame({ at }: Pick<Moment, 'at'>): Frame {
    const nodes = this.#nodeLines();
    const heardSince = new Map([...this.#followed.values()].map(({ heard }) => [heard?.id, heard?.sinceMs]));
    const reached = nodes.map(({ id, url }) => ({
      id,
      heardSinceMs: id === null ? undefined : heardSince.get(id),
      isFollowed: url !== null,
    }));
    const names = new Set([...this.#samples.values()].flatMap(({ namespaces }) => namespaces));
    return {
      at,
      recentMs: RECENT_MS,
      nodes,
      namespaces: [...names].map((name) => ({
        name,
        ...lookupsOf([...this.#samples.values()].map((samples) => samples.counted(name))),
      })),
      clears: this.#fanOut.lines(reached),
    };
  }

  /** In the order of the URLs; then members that are seen through others alone, by id. */
  #nodeLines(): readonly NodeLine[] {
    const followed = [...this.#followed].map(([url, { id, lost }]) => this.#line({ id, url, lost }));
    const ids = new Set([...this.#followed.values()].map(({ id }) => id));
    const others = [...this.#members.keys()].filter((id) => !ids.has(id)).sort();
    return [...followed, ...others.map((id) => this.#line({ id, url: null, lost: undefined }))];
  }

  #line({ id, url, lost }: { id: string | null; url: string | null; lost: string | undefined }): NodeLine {
    const report = id === null ? undefined : this.#members.get(id)?.report;
    const counted = id === null ? undefined : this.#samples.get(id)?.counted();
    return {
      id,
      url,
      ...stateOf(report ?? undefined, lost),
      stalenessBoundMs: report?.stalenessBoundMs ?? null,
      violations: report?.violations ?? null,
      ...lookupsOf(counted === undefined ? [] : [counted]),
    };
  }

  #at(url: string): Followed {
    return this.#followed.get(url) as Followed;
  }

  #samplesOf(id: string): NodeSamples {
    const known = this.#samples.get(id) ?? new NodeSamples();
    this.#samples.set(id, known);
    return known;
  }
}

function stateOf(
  report: NodeReport | undefined,
  lost: string | undefined,
): Pick<NodeLine, 'state' | 'reason' | 'stalenessMs'> {
  if (lost !== undefined) return { state: 'lost', reason: lost, stalenessMs: null };
  if (report === undefined) return { state: 'silent', stalenessMs: null };
  const { state, stalenessMs, reason } = report;
  return { state, stalenessMs, ...(reason === undefined ? {} : { reason }) };
}
