import type { NatsReport } from '@lockstep/bus-nats';
import { parseBusUrl, probeNats } from '@lockstep/bus-nats';
import type { ClusterConfig } from '@lockstep/config';
import type { KeydbReport } from '@lockstep/tier-keydb';
import { probeKeydb } from '@lockstep/tier-keydb';

/** What a tier says of itself. */
export type TierReport = KeydbReport;
/** What a bus says of itself. */
export type BusReport = NatsReport;

/** A person waits for the answer, over a line that may be slow: longer than a node gives a lookup. */
const ANSWER_MS_MAX = 5_000;

/** Asks a cluster's tier what it is, as a node's user. Rejects with the `CacheError` that a node would get. */
export function probeTier({ tierUrl, name }: ClusterConfig): Promise<TierReport> {
  return probeKeydb({
    url: tierUrl,
    cluster: name,
    connectTimeoutMs: ANSWER_MS_MAX,
    commandTimeoutMs: ANSWER_MS_MAX,
  });
}

/** Asks a cluster's bus what it is, as a node's user. Rejects with a `BusUnavailableError`. */
export function probeBus(busUrl: string, cluster: string, signal: AbortSignal): Promise<BusReport> {
  return probeNats({ ...parseBusUrl(busUrl), cluster, connectTimeoutMs: ANSWER_MS_MAX }, signal);
}
