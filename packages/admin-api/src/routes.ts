import { z } from 'zod';
import type { AuditPage, AuditQuery, AuditVerdict } from './audit.ts';
import { auditPageSchema, auditQuerySchema, auditVerdictSchema } from './audit.ts';
import type { AdminErrorCode } from './errors.ts';
import type { AdminEvent } from './events.ts';
import { adminEventSchema } from './events.ts';
import type { ExplainQuery, Explanation } from './explain.ts';
import { explainQuerySchema, explanationSchema } from './explain.ts';
import type { InvalidationAnswer, InvalidationRequest } from './invalidate.ts';
import { invalidationAnswerSchema, invalidationRequestSchema } from './invalidate.ts';
import type { Nodes, Status } from './status.ts';
import { nodesSchema, statusSchema } from './status.ts';
import type { SweepReport, SweepRequest, WarmProgress, WarmRequest } from './upkeep.ts';
import { sweepReportSchema, sweepRequestSchema, warmProgressSchema, warmRequestSchema } from './upkeep.ts';

/** The path before that of every route. */
export const PREFIX = '/v1';

/** What a token may do. An operator may do all that a viewer may. */
export type Role = 'viewer' | 'operator';

/**
 * What a token that is limited to namespaces or gateways may do with a route. `any`: the route shows nothing of them.
 * `checked`: what the request names must be covered. `refused`: the route concerns everything.
 */
export type Limited = 'any' | 'checked' | 'refused';

/** What each route takes and answers: its query, its body, and one answer, or one item of a stream. */
export interface RouteTypes {
  readonly status: { query: undefined; body: undefined; answer: Status };
  readonly nodes: { query: undefined; body: undefined; answer: Nodes };
  readonly clear: { query: undefined; body: InvalidationRequest; answer: InvalidationAnswer };
  readonly expire: { query: undefined; body: InvalidationRequest; answer: InvalidationAnswer };
  readonly explain: { query: ExplainQuery; body: undefined; answer: Explanation };
  readonly sweep: { query: undefined; body: SweepRequest; answer: SweepReport };
  readonly warm: { query: undefined; body: WarmRequest; answer: WarmProgress };
  readonly audit: { query: AuditQuery; body: undefined; answer: AuditPage };
  readonly verifyAudit: { query: undefined; body: undefined; answer: AuditVerdict };
  readonly events: { query: undefined; body: undefined; answer: AdminEvent };
  readonly openapi: { query: undefined; body: undefined; answer: Readonly<Record<string, unknown>> };
}

export type RouteName = keyof RouteTypes;

/** One route, as data. */
export interface Route<N extends RouteName = RouteName> {
  readonly method: 'GET' | 'POST';
  /** Without the prefix. */
  readonly path: string;
  readonly summary: string;
  readonly role: Role;
  readonly limited: Limited;
  /** undefined: it takes none. */
  readonly query: z.ZodType<RouteTypes[N]['query']> | undefined;
  readonly body: z.ZodType<RouteTypes[N]['body']> | undefined;
  /** How the answer comes: one JSON document, one a line, or as server-sent events. */
  readonly format: 'json' | 'ndjson' | 'sse';
  readonly answer: z.ZodType<RouteTypes[N]['answer']>;
  /** The errors of this route, beside those of every one. */
  readonly errors: readonly AdminErrorCode[];
}

const GET = { method: 'GET', role: 'viewer', query: undefined, body: undefined, format: 'json', errors: [] } as const;
const POST = { method: 'POST', role: 'operator', query: undefined, format: 'json' } as const;

/** Errors that any route may answer with. */
export const COMMON_ERRORS: readonly AdminErrorCode[] = [
  'unauthenticated',
  'forbidden',
  'host-refused',
  'rate-limited',
  'request-invalid',
  'busy',
  'draining',
  'timed-out',
  'internal',
];

const BODY_ERRORS: readonly AdminErrorCode[] = ['body-too-large', 'unsupported-media-type'];
const INVALIDATION = {
  ...POST,
  limited: 'checked',
  body: invalidationRequestSchema,
  answer: invalidationAnswerSchema,
  errors: [...BODY_ERRORS, 'not-found', 'tier-unavailable'],
} as const;

/** Every route of the API, by name. */
export const ROUTES: { readonly [N in RouteName]: Route<N> } = {
  status: {
    ...GET,
    path: '/status',
    summary: 'The caches in numbers, this node and the cluster.',
    limited: 'any',
    answer: statusSchema,
  },
  nodes: {
    ...GET,
    path: '/nodes',
    summary: 'The members of the cluster: positions, staleness, coherence, version, uptime, near-caches in numbers.',
    limited: 'any',
    answer: nodesSchema,
    errors: ['tier-unavailable'],
  },
  clear: {
    ...INVALIDATION,
    path: '/clear',
    summary: 'Clears a scope on every node, or shows what would be cleared.',
  },
  expire: {
    ...INVALIDATION,
    path: '/expire',
    summary: 'Ends the freshness of a scope on every node: values are loaded anew, and may stand in if that fails.',
  },
  explain: {
    ...GET,
    path: '/explain',
    summary: 'Why this node would answer what for one key.',
    limited: 'checked',
    query: explainQuerySchema,
    answer: explanationSchema,
    errors: ['not-found'],
  },
  sweep: {
    ...POST,
    path: '/sweep',
    summary: 'Gives back the memory of entries in the tier that a clear has killed, a part at a time.',
    limited: 'refused',
    body: sweepRequestSchema,
    answer: sweepReportSchema,
    errors: [...BODY_ERRORS, 'tier-unavailable'],
  },
  warm: {
    ...POST,
    path: '/warm',
    summary: 'Discovers the tools of servers, so that the caches have them; tells of each as it is done.',
    limited: 'checked',
    body: warmRequestSchema,
    format: 'ndjson',
    answer: warmProgressSchema,
    errors: [...BODY_ERRORS, 'not-found'],
  },
  audit: {
    ...GET,
    path: '/audit',
    summary: 'Records of the audit trail: who cleared what, when and why.',
    limited: 'refused',
    query: auditQuerySchema,
    answer: auditPageSchema,
    errors: ['tier-unavailable'],
  },
  verifyAudit: {
    ...GET,
    path: '/audit/verify',
    summary: 'Whether the audit trail is as it was written.',
    limited: 'refused',
    answer: auditVerdictSchema,
    errors: ['tier-unavailable'],
  },
  events: {
    ...GET,
    path: '/events',
    summary: 'What happens on this node and in the cluster, as it happens.',
    limited: 'refused',
    format: 'sse',
    answer: adminEventSchema,
  },
  openapi: {
    ...GET,
    path: '/openapi.json',
    summary: 'This API as an OpenAPI 3.1 document.',
    limited: 'any',
    answer: z.record(z.string(), z.unknown()),
  },
};

/** The names of all routes. */
export const ROUTE_NAMES: readonly RouteName[] = Object.keys(ROUTES) as RouteName[];
