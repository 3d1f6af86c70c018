import type { Inspected, InspectSubject } from '@lockstep/core';
import { CacheError, CLOCK_RATE_ERROR, EVERYTHING } from '@lockstep/core';
import type { NearEntry } from '@lockstep/near-cache';
import { auditVerdict, versionSequence } from './audit-verdict.ts';
import type { Breaker } from './breaker.ts';
import type { Duration } from './duration.ts';
import { isLiveNear } from './live-near.ts';
import type { Node } from './node.ts';

/** The most events of a partition's log that are read to settle a doubt: what lies beyond them is not counted. */
const LOG_EVENTS_MAX = 1_000;

/** How often the auditor looks, and at how much. */
export interface AuditOptions {
  /** From one look to the next, with jitter. Default: `1s`. */
  readonly every?: Duration;
  /** The most near entries that one look compares with the tier, 1 to 1,000. Default: 16. */
  readonly entries?: number;
}

/** The same with nothing left open. */
export interface AuditConfig {
  readonly everyMs: number;
  readonly entries: number;
}

/** What the auditor needs besides the node. */
export interface AuditorParts {
  readonly options: AuditConfig;
  readonly breaker: Breaker;
  /** Aborted when the node closes. */
  readonly closing: AbortSignal;
}

/** An entry that the tier speaks against, and from when on this node has no right to serve it. */
interface Suspect {
  readonly entry: NearEntry;
  readonly fromMs: number;
}

/**
 * Compares near entries with the tier, a few at a time, and counts what breaks P1.
 *
 * An entry that the tier speaks against is no violation yet: its event may be on its way. It is one when the entry is
 * still here, and this node would still serve it, more than Δ after the tier's answer. It is logged, and dropped.
 */
export class Auditor {
  readonly #node: Node;
  readonly #parts: AuditorParts;
  #suspects: Suspect[] = [];
  #cancel: () => void = () => {};
  #hasFailed = false;

  constructor(node: Node, parts: AuditorParts) {
    this.#node = node;
    this.#parts = parts;
  }

  /** Begins to look, until the node closes. */
  start(): void {
    this.#parts.closing.addEventListener('abort', () => this.#cancel());
    this.#schedule();
  }

  #schedule(): void {
    if (this.#parts.closing.aborted) return;
    const { timers, random, background } = this.#node;
    const delayMs = this.#parts.options.everyMs * (0.75 + 0.5 * random.fraction());
    this.#cancel = timers.after(delayMs, () =>
      background.run('audit', () => this.#look().finally(() => this.#schedule())),
    );
  }

  /** Asks the tier about the suspects whose time has come, and about the next entries; in one request. */
  async #look(): Promise<void> {
    const { clock, near, tier } = this.#node;
    const nowMs = clock.nowMs();
    const waiting = this.#suspects.filter(({ entry }) => near.holds(entry));
    const due = waiting.filter(({ fromMs }) => nowMs >= fromMs).map(({ entry }) => entry);
    const known = new Set(waiting.map(({ entry }) => entry));
    const next = near.sample(this.#parts.options.entries - due.length).filter((entry) => !known.has(entry));
    const asked = [...due, ...next].filter((entry) => entry.version !== '' && this.#isServable(entry));
    // Where the tier cannot be asked, the suspects stay what they are.
    this.#suspects = waiting;
    if (!this.#parts.breaker.closed) return;
    try {
      const answers = asked.length === 0 ? [] : await tier.inspect(asked.map(subjectOf));
      this.#suspects = waiting.filter(({ fromMs }) => nowMs < fromMs);
      this.#node.counters.audited += asked.length;
      for (const [at, entry] of asked.entries()) {
        const inspected = answers[at] as Inspected;
        if (!(await this.#isOvertaken(entry, inspected)) || !near.holds(entry)) continue;
        if (!due.includes(entry)) this.#suspect(entry);
        else if (this.#isServable(entry)) this.#violated(entry, inspected);
      }
    } catch (error) {
      this.#failed(error);
    }
  }

  /** Tells once why nothing is audited. A tier that is away is the heartbeat's to tell. */
  #failed(error: unknown): void {
    if (this.#hasFailed || (error instanceof CacheError && error.retryable)) return;
    this.#hasFailed = true;
    this.#node.logger.warn('near entries cannot be compared with the tier', { reason: String(error) });
  }

  async #isOvertaken(entry: NearEntry, inspected: Inspected): Promise<boolean> {
    const verdict = auditVerdict(entry, inspected);
    if (verdict !== 'doubtful') return verdict === 'overtaken';
    const written = versionSequence(entry.version);
    const log = await this.#node.tier.log(entry.partition, written + 1, LOG_EVENTS_MAX);
    return log.some(({ effect }) => 'keyId' in effect && effect.keyId === entry.keyId);
  }

  /** Whether a lookup that began now would be answered from this entry. */
  #isServable(entry: NearEntry): boolean {
    const { clock, epochs } = this.#node;
    if (!isLiveNear(epochs, entry) || !this.#node.isFresh(entry.partition)) return false;
    return clock.nowMs() < entry.freshUntilMs;
  }

  /** Remembers what the tier has just spoken against. */
  #suspect(entry: NearEntry): void {
    if (this.#suspects.length >= this.#parts.options.entries) return;
    const fromMs = this.#node.clock.nowMs() + this.#node.deltaMs * (1 + 1.1 * CLOCK_RATE_ERROR);
    this.#suspects.push({ entry, fromMs });
  }

  #violated(entry: NearEntry, { header }: Inspected): void {
    const { counters, logger, near, namespaces } = this.#node;
    counters.coherenceViolations++;
    near.drop(entry.keyId);
    logger.error('served longer than maxStaleness after it changed in the tier: dropped; please report it', {
      namespace: namespaces.get(entry.namespace),
      keyId: entry.keyId,
      partition: entry.partition,
      versionHere: entry.version,
      versionInTier: header?.version,
    });
  }
}

function subjectOf({ partition, keyId, namespace, tags }: NearEntry): InspectSubject {
  return { partition, keyId, scopes: [EVERYTHING, namespace, ...tags] };
}
