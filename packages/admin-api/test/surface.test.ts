import { expect, it } from 'vitest';
import * as adminApi from '../src/index.ts';

// Clients are written against these. A red pin asks: on purpose?

it('exports these values and no other', () => {
  expect(Object.keys(adminApi).sort()).toEqual([
    'AUDIT_PAGE_MAX',
    'BODY_BYTES_MAX',
    'CACHE_TYPES',
    'COMMON_ERRORS',
    'ERROR_MEANING',
    'ERROR_STATUS',
    'PREFIX',
    'REASON_LENGTH_MAX',
    'REASON_LENGTH_MIN',
    'ROUTES',
    'ROUTE_NAMES',
    'SAMPLE_MAX',
    'SWEEP_LIMIT_MAX',
    'adminErrorBodySchema',
    'adminEventSchema',
    'auditPageSchema',
    'auditQuerySchema',
    'auditRecordSchema',
    'auditVerdictSchema',
    'explainQuerySchema',
    'explanationSchema',
    'invalidationAnswerSchema',
    'invalidationRequestSchema',
    'invalidationScopeSchema',
    'nodeReportSchema',
    'nodesSchema',
    'openApiDocument',
    'receiptSchema',
    'statusSchema',
    'sweepReportSchema',
    'sweepRequestSchema',
    'warmProgressSchema',
    'warmRequestSchema',
  ]);
});

it('has these error codes, with these statuses', () => {
  expect(adminApi.ERROR_STATUS).toEqual({
    'body-too-large': 413,
    busy: 503,
    draining: 503,
    forbidden: 403,
    'host-refused': 403,
    internal: 500,
    'method-not-allowed': 405,
    'not-found': 404,
    'rate-limited': 429,
    'request-invalid': 400,
    'tier-unavailable': 503,
    'timed-out': 504,
    unauthenticated: 401,
    'unsupported-media-type': 415,
  });
});

it('has these routes', () => {
  const routes = adminApi.ROUTE_NAMES.map((name) => {
    const { method, path, role, limited } = adminApi.ROUTES[name];
    return `${name}: ${method} ${path} ${role} ${limited}`;
  });
  expect(routes).toEqual([
    'status: GET /status viewer any',
    'nodes: GET /nodes viewer any',
    'clear: POST /clear operator checked',
    'expire: POST /expire operator checked',
    'explain: GET /explain viewer checked',
    'sweep: POST /sweep operator refused',
    'warm: POST /warm operator checked',
    'audit: GET /audit viewer refused',
    'verifyAudit: GET /audit/verify viewer refused',
    'events: GET /events viewer refused',
    'openapi: GET /openapi.json viewer any',
  ]);
});
