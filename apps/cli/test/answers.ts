import type {
  AuditRecord,
  InvalidationDone,
  InvalidationPreview,
  InvalidationScope,
  NodeReport,
  Status,
} from '@lockstep/admin-api';

export const REPORT: NodeReport = {
  state: 'coherent',
  stalenessMs: 120,
  version: '0.1.0',
  url: 'http://127.0.0.1:8000/mcp',
  startedAt: '2026-11-22T15:04:05.678Z',
  uptimeSeconds: 7_500,
  positions: [{ partition: 0, incarnation: 'ab', applied: 4, seen: 6, stalenessMs: 120 }],
};

const near = {
  ...{ entries: 2, bytes: 1_536, nearHits: 10, tierHits: 3, loads: 2 },
  ...{ loadsFailed: 1, staleAnswers: 0, degradedAnswers: 0, evictions: 0 },
};

const { positions: _, ...ofNode } = REPORT;

export const STATUS: Status = {
  mode: 'cluster',
  node: { id: '9f249618bf5d9289', ...ofNode },
  members: 3,
  cache_type: 'external',
  total_gateways: 2,
  total_tool_caches: 5,
  total_config_caches: 2,
  redis_info: { redis_version: '7.0.15', used_memory_human: '1.20M', total_keys: 33 },
  namespaces: { tools: { entries: 5, near }, 'gateway-key': { entries: 3, near } },
  audit: { pending: 0, dropped: 0 },
};

export function done(scope: InvalidationScope, more: Partial<InvalidationDone> = {}): InvalidationDone {
  const receipt = { cache: 'tools', partition: 'control', incarnation: 'ab', sequence: 42 } as const;
  return {
    dryRun: false,
    action: 'clear',
    scope,
    receipts: [receipt],
    audit: { state: 'recorded', sequence: 7 },
    ...more,
  };
}

export function preview(scope: InvalidationScope, entries = 3): InvalidationPreview {
  const sample = [{ namespace: 'tools', keyId: '0e0e', key: 'github', version: '5', bytes: 2_048 }];
  return { dryRun: true, action: 'clear', scope, preview: { entries, bytes: 4_096, sample, complete: true } };
}

export function record(sequence: number, more: Partial<AuditRecord> = {}): AuditRecord {
  return {
    sequence,
    at: '2026-11-22T15:04:05.678Z',
    actor: 'admin:ops',
    action: 'clear',
    scope: { namespace: 'tools' },
    reason: 'new tools',
    outcome: 'done',
    receipts: [],
    node: '9f249618bf5d9289',
    previousHash: '00',
    hash: 'ff',
    ...more,
  };
}
