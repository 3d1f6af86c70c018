/** The name under which tracers and meters are taken. */
export const SCOPE = 'lockstep';

/** The names of spans. A call to the tier is `lockstep.tier.` and the name of the call. */
export const SPANS = {
  lookup: 'lockstep.lookup',
  lookupMany: 'lockstep.lookup_many',
  refresh: 'lockstep.refresh',
  load: 'lockstep.load',
  set: 'lockstep.set',
  clear: 'lockstep.clear',
  expire: 'lockstep.expire',
  fence: 'lockstep.fence',
  apply: 'lockstep.apply',
  tier: 'lockstep.tier.',
} as const;

/** The attributes of spans and metrics. Keys and node ids are on spans alone, and a key only as the id that stands for it. */
export const ATTRIBUTES = {
  namespace: 'lockstep.namespace',
  outcome: 'lockstep.outcome',
  source: 'lockstep.source',
  result: 'lockstep.result',
  reason: 'lockstep.reason',
  state: 'lockstep.state',
  direction: 'lockstep.direction',
  verb: 'lockstep.verb',
  scope: 'lockstep.scope',
  scopeId: 'lockstep.scope.id',
  wait: 'lockstep.wait',
  by: 'lockstep.by',
  stale: 'lockstep.stale',
  degraded: 'lockstep.degraded',
  stalenessMs: 'lockstep.staleness_ms',
  version: 'lockstep.version',
  coalesced: 'lockstep.coalesced',
  keyHash: 'lockstep.key.hash',
  keys: 'lockstep.keys',
  nodeId: 'lockstep.node.id',
  partition: 'lockstep.partition',
  incarnation: 'lockstep.incarnation',
  sequence: 'lockstep.sequence',
  effect: 'lockstep.effect',
  verdict: 'lockstep.verdict',
  committed: 'lockstep.committed',
  queued: 'lockstep.queued',
  fencedBy: 'lockstep.fence.by',
  membersAcknowledged: 'lockstep.fence.acknowledged',
  membersFencedOut: 'lockstep.fence.fenced_out',
  replicas: 'lockstep.replicas',
  // OpenTelemetry's own.
  dbSystem: 'db.system.name',
  dbOperation: 'db.operation.name',
  errorType: 'error.type',
} as const;
