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
export function probeTier({ tierUrl, tierTls, name }: ClusterConfig): Promise<TierReport> {
  return probeKeydb({
    url: tierUrl,
    ...(tierTls && { tls: tierTls }),
    cluster: name,
    connectTimeoutMs: ANSWER_MS_MAX,
    commandTimeoutMs: ANSWER_MS_MAX,
  });
}

/** Asks a cluster's bus what it is, as a node's user. Rejects with a `BusUnavailableError`. */
export function probeBus({ busTls, name }: ClusterConfig, busUrl: string, signal: AbortSignal): Promise<BusReport> {
  const given = { ...parseBusUrl(busUrl), ...(busTls && { tls: busTls }) };
  return probeNats({ ...given, cluster: name, connectTimeoutMs: ANSWER_MS_MAX }, signal);
}
