import type { NearView, NodeReport, Nodes, PositionView } from '@lockstep/admin-api';
import { nodeReportSchema } from '@lockstep/admin-api';
import type { Lockstep, Namespace } from '@lockstep/cache';
import type { Logger } from 'pino';

/** How often a node says how it is. */
const PERIOD_MS = 5_000;
/** Who says nothing for so long is not asked about any more. */
const REPORT_TTL_MS = 3 * PERIOD_MS;

/** What a node is, beside what its cache knows of it. */
export interface NodeIdentity {
  readonly version: string;
  /** Where its MCP endpoint is. */
  readonly url: string;
  /** Δ. */
  readonly stalenessBoundMs: number;
  /** Those that it tells of. */
  readonly namespaces: readonly Namespace<unknown>[];
}

/** Says in the cluster how this node is, every few seconds, and knows what the others said. */
export class NodeReports {
  readonly #lockstep: Lockstep;
  readonly #logger: Logger;
  readonly #reports: Namespace<NodeReport>;
  readonly #startedAt = new Date();
  readonly #keyIds: Map<string, string> = new Map();
  #identity: NodeIdentity | undefined;
  #timer: NodeJS.Timeout | undefined;
  #isSilent = false;

  constructor(lockstep: Lockstep, logger: Logger) {
    this.#lockstep = lockstep;
    this.#logger = logger;
    const secret = lockstep.mode === 'cluster';
    // Keyed by node; what was said last stays when this node cannot be sure of it, and its time bounds its age.
    this.#reports = lockstep.namespace('gateway-node', { ttl: REPORT_TTL_MS, secret, whenIncoherent: 'serve-stale' });
  }

  /** Says it from now on. */
  start(identity: NodeIdentity): void {
    this.#identity = identity;
    if (this.#lockstep.mode === 'local') return;
    void this.#say();
    this.#timer = setInterval(() => void this.#say(), PERIOD_MS).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** What this node says of itself. */
  own(): NodeReport {
    const { state, stalenessMs, reason } = this.#lockstep.coherence;
    const { version = '', url = '', stalenessBoundMs, namespaces = [] } = this.#identity ?? {};
    return {
      version,
      url,
      state,
      stalenessMs: finite(stalenessMs),
      ...(reason === undefined ? {} : { reason }),
      startedAt: this.#startedAt.toISOString(),
      uptimeSeconds: Math.round((Date.now() - this.#startedAt.getTime()) / 1_000),
      ...(stalenessBoundMs === undefined ? {} : { stalenessBoundMs }),
      violations: this.#lockstep.stats().coherenceViolations,
      positions: this.#lockstep.positions().map(positionView),
      near: Object.fromEntries(namespaces.map((namespace) => [namespace.name, nearView(namespace)])),
    };
  }

  /** The members of the cluster, this node first. Rejects where the tier cannot be asked. */
  async nodes(): Promise<Nodes> {
    const { nodeId } = this.#lockstep;
    const others = (await this.#lockstep.members()).filter((id) => id !== nodeId);
    const reports = await this.#reports.getMany(others);
    return {
      nodes: [
        { id: nodeId, isSelf: true, report: this.own() },
        ...others.map((id) => ({ id, isSelf: false, report: checked(reports.get(id)) })),
      ],
    };
  }

  /** What tier and bus know the reports of these nodes by. */
  async keyIds(nodes: readonly string[]): Promise<ReadonlySet<string>> {
    for (const known of this.#keyIds.keys()) if (!nodes.includes(known)) this.#keyIds.delete(known);
    for (const node of nodes) {
      if (!this.#keyIds.has(node)) this.#keyIds.set(node, (await this.#reports.explain(node)).keyId);
    }
    return new Set(this.#keyIds.values());
  }

  async #say(): Promise<void> {
    try {
      await this.#reports.set(this.#lockstep.nodeId, this.own());
      this.#isSilent = false;
    } catch (error) {
      if (this.#isSilent) return;
      this.#isSilent = true;
      this.#logger.debug({ reason: String(error) }, 'this node cannot say in the cluster how it is');
    }
  }
}

/** What a node of another release says may be of another form. */
function checked(report: NodeReport | undefined): NodeReport | null {
  const parsed = nodeReportSchema.safeParse(report);
  return parsed.success ? parsed.data : null;
}

function positionView(position: ReturnType<Lockstep['positions']>[number]): PositionView {
  const { partition, incarnation = null, applied = null, seen = null, stalenessMs } = position;
  return { partition, incarnation, applied, seen, stalenessMs: finite(stalenessMs) };
}

/** What a namespace's near-cache has, and what the node has counted there. */
export function nearView(namespace: Namespace<unknown>): NearView {
  const { coalesced: _, misses: __, ...near } = namespace.stats();
  return near;
}

function finite(ms: number): number | null {
  return Number.isFinite(ms) ? Math.max(0, Math.round(ms)) : null;
}
