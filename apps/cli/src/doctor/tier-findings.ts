import type { ClusterConfig } from '@lockstep/config';
import { bytesText, counted, durationText } from '../output/units.ts';
import type { TierReport } from '../wiring.ts';
import { isLoopback, transportFinding } from './certificate.ts';
import type { Finding } from './finding.ts';
import { findingsOf } from './finding.ts';

const { ok, warn, fail, skipped } = findingsOf('tier');

/** The oldest server whose commands the tier uses. */
const VERSION_MIN = [6, 2] as const;
const CLOCK_MS_MAX = 1_000;
const MEMORY_SHARE_MAX = 0.9;
/** A replica acknowledges every second. */
const LAG_SECONDS_MAX = 10;

/** What is to be said of a tier that answered. */
export function tierFindings(report: TierReport, cluster: ClusterConfig, nowMs: number): readonly Finding[] {
  const url = new URL(cluster.tierUrl);
  return [
    ok('reachable', `answered in ${durationText(report.roundTripMs)}`),
    version(report),
    user(report, url),
    role(report),
    eviction(report),
    memory(report),
    persistence(report),
    ...replicas(report, cluster.durability?.replicas ?? 0),
    clock(report),
    transportFinding(
      { ok, warn, fail, skipped },
      { ...report, host: url.hostname, carries: 'the password and the values go' },
      nowMs,
    ),
  ];
}

function version({ version: text, flavor }: TierReport): Finding {
  const [major = 0, minor = 0] = text.split('.').map(Number);
  const isOld = major < VERSION_MIN[0] || (major === VERSION_MIN[0] && minor < VERSION_MIN[1]);
  const found = flavor === undefined ? text : `${flavor} (${text})`;
  return isOld ? fail('version', found, `use ${VERSION_MIN.join('.')} or newer, or KeyDB 6.3`) : ok('version', found);
}

function user({ refusal }: TierReport, url: URL): Finding {
  if (refusal !== undefined)
    return fail('user', refusal, 'give the user the ACL rule of packages/tier-keydb/README.md');
  if (url.password !== '')
    return ok('user', `${url.username === '' ? 'the default user' : url.username} may run the scripts`);
  if (isLoopback(url.hostname)) return ok('user', 'no password is asked for; the server is on this machine');
  return warn(
    'user',
    'no password is asked for: who reaches the server can change what nodes answer',
    'set a password',
  );
}

function role({ role: is, isClusterNode }: TierReport): Finding {
  if (isClusterNode) return fail('role', 'a node of a Redis Cluster', 'use a server that is none: it is not supported');
  if (is === 'replica') return fail('role', 'a replica: it takes no writes', 'point the URL at the primary');
  return is === 'primary' ? ok('role', 'primary') : warn('role', 'the server does not say', 'look at INFO replication');
}

function eviction({ evictionPolicy, evictsMetadata }: TierReport): Finding {
  if (!evictsMetadata) return ok('maxmemory-policy', evictionPolicy);
  const found = `${evictionPolicy} can take heads, logs and leases: nodes stay degraded`;
  return warn('maxmemory-policy', found, 'set maxmemory-policy volatile-lru, or noeviction');
}

function memory({ usedMemoryBytes, memoryBytesMax, evictedKeys }: TierReport): Finding {
  const evicted = evictedKeys === 0 ? '' : `; ${counted(evictedKeys, 'key')} evicted since its start`;
  if (memoryBytesMax === 0) return ok('memory', `${bytesText(usedMemoryBytes)} used, no limit${evicted}`);
  const found = `${bytesText(usedMemoryBytes)} of ${bytesText(memoryBytesMax)} used${evicted}`;
  const isFull = usedMemoryBytes > MEMORY_SHARE_MAX * memoryBytesMax;
  return isFull ? warn('memory', found, 'raise maxmemory, or shorten what is kept') : ok('memory', found);
}

function persistence({ persistence: { appendOnly, snapshots, failing } }: TierReport): Finding {
  if (failing.length > 0) {
    return fail(
      'persistence',
      `${failing.join(' and ')}: the last write to disk failed`,
      "see the server's log, and its disk",
    );
  }
  if (appendOnly) return ok('persistence', `append-only file${snapshots === true ? ', and snapshots' : ''}`);
  const advice = 'set appendonly yes, or live with a cold cache after a restart';
  if (snapshots === true)
    return warn('persistence', 'snapshots alone: a restart loses what came after the last one', advice);
  const known = snapshots === undefined ? '; this user may not see whether it saves snapshots' : ', no snapshots';
  return warn('persistence', `no append-only file${known}: a restart may lose everything`, advice);
}

function replicas(report: TierReport, wanted: number): readonly Finding[] {
  const usable = report.replicas.filter(({ isOnline, lagSeconds }) => isOnline && lagSeconds <= LAG_SECONDS_MAX).length;
  const all = report.replicas.length;
  const found = all === 0 ? 'none' : `${usable} of ${all} online and current`;
  return [replicaCount(found, { usable, all, wanted }), minReplicas(report.replicasToWriteMin, usable, all)];
}

function replicaCount(
  found: string,
  { usable, all, wanted }: Readonly<Record<'usable' | 'all' | 'wanted', number>>,
): Finding {
  if (usable < wanted) {
    const advice = 'start replicas, or lower durabilityReplicas: clears wait for them in vain';
    return fail('replicas', `${found}, and durabilityReplicas wants ${wanted}`, advice);
  }
  if (usable < all) return warn('replicas', found, 'see the log of the replica that lags');
  return ok('replicas', found);
}

function minReplicas(min: number | undefined, usable: number, all: number): Finding {
  const check = 'min-replicas-to-write';
  if (min === undefined) return skipped(check, 'set, but this user may not see to what');
  if (min > usable)
    return fail(check, `${min}, with ${usable}: the primary refuses writes`, 'start replicas, or lower it');
  if (min > 0) return ok(check, String(min));
  if (all === 0) return ok(check, '0, without replicas');
  const advice = 'set min-replicas-to-write 1';
  return warn(check, '0: a primary that is cut off goes on taking clears that a failover loses', advice);
}

function clock({ clockAheadMs, roundTripMs }: TierReport): Finding {
  const by = durationText(Math.abs(clockAheadMs));
  const found = `${by} ${clockAheadMs >= 0 ? 'ahead of' : 'behind'} this machine's, ± ${durationText(roundTripMs / 2)}`;
  const isOff = Math.abs(clockAheadMs) - roundTripMs / 2 > CLOCK_MS_MAX;
  // What nodes answer does not depend on it: lives are counted by the tier's clock alone.
  return isOff
    ? warn('clock', found, 'keep both machines on NTP: logs and audit records do not line up')
    : ok('clock', found);
}
