import { z } from 'zod';

/** Whether a node can vouch for its near-cache. */
export interface CoherenceView {
  readonly state: 'coherent' | 'degraded' | 'isolated';
  /** How old an answer may be, in ms; null: the node has never reached the tier. */
  readonly stalenessMs: number | null;
  /** Why it is not coherent. */
  readonly reason?: string;
}

/** Where a node stands in one partition's history; null: it has not joined. */
export interface PositionView {
  /** `control`: that of the clears and expires of scopes. */
  readonly partition: number | 'control';
  readonly incarnation: string | null;
  readonly applied: number | null;
  readonly seen: number | null;
  readonly stalenessMs: number | null;
}

/** What a node's near-cache has of one namespace, and what the node has counted there since its start. */
export interface NearView {
  readonly entries: number;
  readonly bytes: number;
  readonly nearHits: number;
  readonly tierHits: number;
  readonly loads: number;
  readonly loadsFailed: number;
  readonly staleAnswers: number;
  readonly degradedAnswers: number;
  readonly evictions: number;
}

/** What a node says of itself. */
export interface NodeReport extends CoherenceView {
  readonly version: string;
  /** Where its MCP endpoint is. */
  readonly url: string;
  /** By the node's own wall clock, ISO 8601. */
  readonly startedAt: string;
  readonly uptimeSeconds: number;
  /** Δ: how old an answer may be before the node says that it is not coherent, in ms. Absent: a release that does not tell. */
  readonly stalenessBoundMs?: number;
  /** Near entries that were served though they might not be, as its auditor found: 0, or something is broken. Absent: likewise. */
  readonly violations?: number;
  readonly positions: readonly PositionView[];
  /** By namespace. Absent: likewise. */
  readonly near?: Readonly<Record<string, NearView>>;
}

/** One namespace: entries of the tier (null: it cannot be asked), and what this node's near-cache has and did. */
export interface NamespaceView {
  readonly entries: number | null;
  readonly near: NearView;
}

/** The answer of `GET /status`; the names with underscores are those of the description that the gateway follows. */
export interface Status {
  readonly mode: 'cluster' | 'local';
  readonly node: { readonly id: string } & Omit<NodeReport, 'positions' | 'near'>;
  /** How many members the cluster has; null: the tier cannot be asked. */
  readonly members: number | null;
  readonly cache_type: 'external' | 'local';
  readonly total_gateways: number | null;
  readonly total_tool_caches: number | null;
  readonly total_config_caches: number | null;
  /** The tier's server; null: it cannot be asked. Absent in local mode. */
  readonly redis_info?: {
    readonly redis_version: string;
    readonly used_memory_human: string;
    readonly total_keys: number;
  } | null;
  readonly namespaces: Readonly<Record<string, NamespaceView>>;
  /** The audit trail as this node has it. */
  readonly audit: {
    /** Records that wait for the journal, in this node's memory. */
    readonly pending: number;
    /** Records that were lost because too many waited, since the start. */
    readonly dropped: number;
  };
}

/** One member of the cluster; `report` is null where it has not said how it is for a while. */
export interface MemberView {
  readonly id: string;
  /** The node that was asked. */
  readonly isSelf: boolean;
  readonly report: NodeReport | null;
}

/** The answer of `GET /nodes`. */
export interface Nodes {
  readonly nodes: readonly MemberView[];
}

const state = z.enum(['coherent', 'degraded', 'isolated']);
const count = z.int().nonnegative();
const milliseconds = z.number().nonnegative().nullable();

const coherence = { state, stalenessMs: milliseconds, reason: z.string().exactOptional() };
const report = {
  ...coherence,
  version: z.string(),
  url: z.string(),
  startedAt: z.iso.datetime(),
  uptimeSeconds: z.number().nonnegative(),
  stalenessBoundMs: z.int().positive().exactOptional(),
  violations: count.exactOptional(),
};

export const coherenceSchema: z.ZodType<CoherenceView> = z.object(coherence);

export const positionSchema: z.ZodType<PositionView> = z.object({
  partition: z.union([count, z.literal('control')]),
  incarnation: z.string().nullable(),
  applied: count.nullable(),
  seen: count.nullable(),
  stalenessMs: milliseconds,
});

export const nearSchema: z.ZodType<NearView> = z.object({
  entries: count,
  bytes: count,
  nearHits: count,
  tierHits: count,
  loads: count,
  loadsFailed: count,
  staleAnswers: count,
  degradedAnswers: count,
  evictions: count,
});

export const nodeReportSchema: z.ZodType<NodeReport> = z
  .object({
    ...report,
    positions: z.array(positionSchema),
    near: z.record(z.string(), nearSchema).exactOptional(),
  })
  .meta({ description: 'What a node says of itself.' });

export const statusSchema: z.ZodType<Status> = z
  .object({
    mode: z.enum(['cluster', 'local']),
    node: z.object({ id: z.string(), ...report }),
    members: count.nullable(),
    cache_type: z.enum(['external', 'local']),
    total_gateways: count.nullable(),
    total_tool_caches: count.nullable(),
    total_config_caches: count.nullable(),
    redis_info: z
      .object({ redis_version: z.string(), used_memory_human: z.string(), total_keys: count })
      .nullable()
      .exactOptional(),
    namespaces: z.record(z.string(), z.object({ entries: count.nullable(), near: nearSchema })),
    audit: z.object({ pending: count, dropped: count }),
  })
  .meta({ description: 'The caches in numbers, this node, and the cluster; null where the tier cannot be asked.' });

export const nodesSchema: z.ZodType<Nodes> = z
  .object({ nodes: z.array(z.object({ id: z.string(), isSelf: z.boolean(), report: nodeReportSchema.nullable() })) })
  .meta({ description: 'The members of the cluster, and what each says of itself.' });
