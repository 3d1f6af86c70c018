import { z } from 'zod';
import { auditPageSchema, auditRecordSchema, auditVerdictSchema } from './audit.ts';
import type { AdminErrorCode } from './errors.ts';
import { adminErrorBodySchema, ERROR_MEANING, ERROR_STATUS } from './errors.ts';
import { adminEventSchema } from './events.ts';
import { explanationSchema } from './explain.ts';
import { invalidationAnswerSchema, invalidationRequestSchema, previewSchema } from './invalidate.ts';
import { auditMarkSchema, fenceSchema, receiptSchema } from './receipt.ts';
import type { Limited, Route, RouteName } from './routes.ts';
import { COMMON_ERRORS, PREFIX, ROUTE_NAMES, ROUTES } from './routes.ts';
import { invalidationScopeSchema } from './scope.ts';
import { coherenceSchema, nearSchema, nodeReportSchema, nodesSchema, positionSchema, statusSchema } from './status.ts';
import { sweepReportSchema, sweepRequestSchema, warmProgressSchema, warmRequestSchema } from './upkeep.ts';

type Json = Readonly<Record<string, unknown>>;

/** The version of the contract. A change that an older client cannot read is a new prefix. */
const CONTRACT_VERSION = '1.0.0';

const COMPONENTS: Readonly<Record<string, z.ZodType>> = {
  AdminError: adminErrorBodySchema,
  AdminEvent: adminEventSchema,
  AuditMark: auditMarkSchema,
  AuditPage: auditPageSchema,
  AuditRecord: auditRecordSchema,
  AuditVerdict: auditVerdictSchema,
  Coherence: coherenceSchema,
  Explanation: explanationSchema,
  Fence: fenceSchema,
  InvalidationAnswer: invalidationAnswerSchema,
  InvalidationRequest: invalidationRequestSchema,
  InvalidationScope: invalidationScopeSchema,
  Near: nearSchema,
  NodeReport: nodeReportSchema,
  Nodes: nodesSchema,
  Position: positionSchema,
  Preview: previewSchema,
  Receipt: receiptSchema,
  Status: statusSchema,
  SweepReport: sweepReportSchema,
  SweepRequest: sweepRequestSchema,
  WarmProgress: warmProgressSchema,
  WarmRequest: warmRequestSchema,
};

const components = z.registry<{ id: string }>();
for (const [id, schema] of Object.entries(COMPONENTS)) components.add(schema, { id });

/** Of every answer of a node that has tracing. */
const TRACE_HEADER = {
  traceresponse: {
    description: 'The trace of this request, as W3C Trace Context writes one; left out where there is none.',
    schema: { type: 'string' },
  },
};

const MEDIA_TYPES = { json: 'application/json', ndjson: 'application/x-ndjson', sse: 'text/event-stream' } as const;

/** The API as an OpenAPI 3.1 document. */
export function openApiDocument(): Json {
  return {
    openapi: '3.1.0',
    info: {
      title: 'Lockstep admin API',
      version: CONTRACT_VERSION,
      description: 'The admin API of a gateway node: status, clears with receipts, explanations, the audit trail.',
      license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
    },
    servers: [{ url: PREFIX }],
    security: [{ token: [] }],
    paths: Object.fromEntries(ROUTE_NAMES.map((name) => [ROUTES[name].path, pathItem(name)])),
    components: {
      schemas: componentSchemas(),
      securitySchemes: {
        token: { type: 'http', scheme: 'bearer', description: "A token of the node's configuration." },
      },
    },
  };
}

/** Schemas as a client sees them: what an answer has beside the named fields is allowed, so that it can grow. */
function componentSchemas(): Json {
  const { schemas } = z.toJSONSchema(components, { uri: refOf, io: 'input' });
  return Object.fromEntries(Object.entries(schemas).map(([name, schema]) => [name, withoutIds(schema)]));
}

function pathItem(name: RouteName): Json {
  const route = ROUTES[name] as Route;
  return {
    [route.method.toLowerCase()]: {
      operationId: name,
      summary: route.summary,
      description: `Role: ${route.role}. ${LIMITED[route.limited]}`,
      ...(route.query && { parameters: parametersOf(route.query) }),
      ...(route.body && {
        requestBody: { required: true, content: { 'application/json': { schema: schemaOf(route.body) } } },
      }),
      responses: { 200: answerOf(route), ...errorsOf([...COMMON_ERRORS, ...route.errors]) },
    },
  };
}

const LIMITED: Readonly<Record<Limited, string>> = {
  any: 'A token that is limited may use it.',
  checked: 'A token that is limited may use it for what its limits cover.',
  refused: 'A token that is limited to namespaces or gateways may not use it.',
};

function answerOf({ answer, format }: Route): Json {
  const items = format === 'json' ? '' : ' One a line.';
  const description = format === 'sse' ? 'Server-sent events; the data of each is one such document.' : `Done.${items}`;
  return { description, headers: TRACE_HEADER, content: { [MEDIA_TYPES[format]]: { schema: schemaOf(answer) } } };
}

/** Errors by their status: several codes may share one. */
function errorsOf(codes: readonly AdminErrorCode[]): Json {
  const statuses = [...new Set(codes.map((code) => ERROR_STATUS[code]))].sort((left, right) => left - right);
  return Object.fromEntries(
    statuses.map((status) => {
      const meanings = codes.filter((code) => ERROR_STATUS[code] === status);
      const description = meanings.map((code) => `\`${code}\`: ${ERROR_MEANING[code]}`).join(' ');
      const schema = { $ref: refOf('AdminError') };
      const waits = status === 429 || status === 503;
      const header = { description: 'Seconds to wait.', schema: { type: 'integer' } };
      const headers = waits ? { 'Retry-After': header, ...TRACE_HEADER } : TRACE_HEADER;
      return [status, { description, headers, content: { 'application/json': { schema } } }];
    }),
  );
}

function parametersOf(query: z.ZodType): readonly Json[] {
  const { properties = {}, required = [] } = z.toJSONSchema(query);
  return Object.entries(properties).map(([name, schema]) => {
    return { name, in: 'query', required: required.includes(name), schema };
  });
}

/** A reference, where the schema is a component. */
function schemaOf(schema: z.ZodType): Json {
  const id = components.get(schema)?.id;
  return id === undefined ? withoutIds(z.toJSONSchema(schema, { io: 'input' })) : { $ref: refOf(id) };
}

function refOf(id: string): string {
  return `#/components/schemas/${id}`;
}

function withoutIds({ $schema: _, $id: __, ...schema }: Json): Json {
  return schema;
}
