// The API
export type { Limited, Role, Route, RouteName, RouteTypes } from './routes.ts';
export { COMMON_ERRORS, PREFIX, ROUTE_NAMES, ROUTES } from './routes.ts';

// Errors
export type { AdminErrorBody, AdminErrorCode, AdminErrorStatus, FieldProblem } from './errors.ts';
export { adminErrorBodySchema, ERROR_MEANING, ERROR_STATUS } from './errors.ts';

// Clears and expires
export type {
  CacheTypeWord,
  EverythingScope,
  GatewayScope,
  InvalidationScope,
  KeyScope,
  NamespaceScope,
  TagScope,
} from './scope.ts';
export { CACHE_TYPES, invalidationScopeSchema } from './scope.ts';
export type {
  InvalidationAnswer,
  InvalidationDone,
  InvalidationPreview,
  InvalidationRequest,
  Preview,
  PreviewedEntry,
} from './invalidate.ts';
export { invalidationAnswerSchema, invalidationRequestSchema } from './invalidate.ts';
export type { AuditMark, Fence, Receipt } from './receipt.ts';
export { receiptSchema } from './receipt.ts';

// Status
export type {
  CoherenceView,
  MemberView,
  NamespaceView,
  NearView,
  NodeReport,
  Nodes,
  PositionView,
  Status,
} from './status.ts';
export { nodeReportSchema, nodesSchema, statusSchema } from './status.ts';
export type { ExplainedEntry, ExplainQuery, Explanation } from './explain.ts';
export { explainQuerySchema, explanationSchema } from './explain.ts';

// Upkeep
export type {
  SweepReport,
  SweepRequest,
  WarmDone,
  WarmedServer,
  WarmProgress,
  WarmRequest,
  WarmStarted,
} from './upkeep.ts';
export { sweepReportSchema, sweepRequestSchema, warmProgressSchema, warmRequestSchema } from './upkeep.ts';

// Audit trail
export type { AuditAction, AuditPage, AuditQuery, AuditRecord, AuditVerdict, BrokenRecord } from './audit.ts';
export { auditPageSchema, auditQuerySchema, auditRecordSchema, auditVerdictSchema } from './audit.ts';

// Events
export type {
  AdminEvent,
  AppliedEvent,
  AuditEvent,
  CoherenceEvent,
  LostEvent,
  MemberEvent,
  ResetEvent,
} from './events.ts';
export { adminEventSchema } from './events.ts';

// Bounds
export {
  AUDIT_PAGE_MAX,
  BODY_BYTES_MAX,
  REASON_LENGTH_MAX,
  REASON_LENGTH_MIN,
  SAMPLE_MAX,
  SWEEP_LIMIT_MAX,
} from './bounds.ts';

// The document
export { openApiDocument } from './openapi.ts';
