import type { ClusterConfig } from '@lockstep/config';
import { describe, expect, it } from 'vitest';
import type { TierReport } from '../wiring.ts';
import { tierFindings } from './tier-findings.ts';

const NOW_MS = Date.parse('2026-11-22T00:00:00Z');
const DAY_MS = 24 * 3_600_000;
const REMOTE = 'redis://:p@tier:6379';

const GOOD: TierReport = {
  version: '7.0.15',
  flavor: undefined,
  role: 'primary',
  isClusterNode: false,
  usedMemoryBytes: 10,
  memoryBytesMax: 100,
  evictionPolicy: 'volatile-lru',
  evictsMetadata: false,
  evictedKeys: 0,
  keys: 0,
  persistence: { appendOnly: true, snapshots: true, failing: [] },
  replicas: [{ address: 'a:1', isOnline: true, lagSeconds: 1 }],
  replicasToWriteMin: 1,
  clockAheadMs: 3,
  roundTripMs: 2,
  isTls: true,
  certificateEndMs: NOW_MS + 90 * DAY_MS,
  refusal: undefined,
};

function verdicts(report: Partial<TierReport>, tierUrl = REMOTE): Readonly<Record<string, string>> {
  const cluster: ClusterConfig = {
    ...({ name: 'edge', secret: '', busUrl: undefined, durability: undefined, tierUrl } as ClusterConfig),
  };
  const findings = tierFindings({ ...GOOD, ...report }, cluster, NOW_MS);
  return Object.fromEntries(findings.map(({ check, verdict }) => [check, verdict]));
}

describe('what a tier is worth', () => {
  it('one that is as it should be has no fault', () => {
    expect(new Set(Object.values(verdicts({})))).toEqual(new Set(['ok']));
  });

  it.each<{ check: string; verdict: string; report: Partial<TierReport>; url?: string }>([
    { check: 'version', verdict: 'fail', report: { version: '6.0.16' } },
    { check: 'version', verdict: 'ok', report: { version: '6.3.4', flavor: 'KeyDB' } },
    { check: 'user', verdict: 'fail', report: { refusal: 'NOPERM' } },
    { check: 'user', verdict: 'warn', report: {}, url: 'redis://tier' },
    { check: 'user', verdict: 'ok', report: {}, url: 'redis://127.0.0.1' },
    { check: 'role', verdict: 'fail', report: { isClusterNode: true } },
    { check: 'maxmemory-policy', verdict: 'warn', report: { evictsMetadata: true } },
    { check: 'memory', verdict: 'warn', report: { usedMemoryBytes: 91 } },
    { check: 'memory', verdict: 'ok', report: { usedMemoryBytes: 91, memoryBytesMax: 0 } },
    { check: 'persistence', verdict: 'fail', report: { persistence: { ...GOOD.persistence, failing: ['snapshot'] } } },
    { check: 'persistence', verdict: 'warn', report: { persistence: { ...GOOD.persistence, appendOnly: false } } },
    { check: 'replicas', verdict: 'warn', report: { replicas: [{ address: 'a', isOnline: true, lagSeconds: 60 }] } },
    { check: 'min-replicas-to-write', verdict: 'warn', report: { replicasToWriteMin: 0 } },
    { check: 'min-replicas-to-write', verdict: 'skipped', report: { replicasToWriteMin: undefined } },
    { check: 'min-replicas-to-write', verdict: 'ok', report: { replicasToWriteMin: 0, replicas: [] } },
    { check: 'clock', verdict: 'warn', report: { clockAheadMs: -1_100 } },
    // The difference is no larger than what a slow line may account for.
    { check: 'clock', verdict: 'ok', report: { clockAheadMs: -1_100, roundTripMs: 400 } },
    { check: 'tls', verdict: 'warn', report: { certificateEndMs: NOW_MS + 10 * DAY_MS } },
    { check: 'tls', verdict: 'warn', report: { isTls: false } },
    { check: 'tls', verdict: 'ok', report: { isTls: false }, url: 'redis://[::1]:6379' },
  ])('$check is $verdict with $report', ({ check, verdict, report, url }) => {
    expect(verdicts(report, url)[check]).toBe(verdict);
  });
});
