import type { Finding, findingsOf } from './finding.ts';

const DAY_MS = 24 * 3_600_000;
/** A certificate that ends sooner is told of: time enough to have a new one. */
const WARN_DAYS = 14;

/** How a server is spoken to. */
export interface Transport {
  readonly isTls: boolean;
  readonly certificateEndMs: number | undefined;
  readonly host: string;
  /** What goes over the wire, for the advice. */
  readonly carries: string;
}

/** What a transport is worth: encrypted and for how long, or in clear. */
export function transportFinding(make: ReturnType<typeof findingsOf>, transport: Transport, nowMs: number): Finding {
  const { isTls, certificateEndMs, host, carries } = transport;
  if (!isTls && isLoopback(host)) return make.ok('tls', 'off; the server is on this machine');
  if (!isTls) return make.warn('tls', `off: ${carries} in clear`, 'use TLS, or a network that nobody else is on');
  if (certificateEndMs === undefined) return make.ok('tls', 'on; the end of the certificate is not known');
  const days = Math.floor((certificateEndMs - nowMs) / DAY_MS);
  const found = `on; the certificate ends ${new Date(certificateEndMs).toISOString()}, in ${days} days`;
  return days < WARN_DAYS ? make.warn('tls', found, 'renew the certificate') : make.ok('tls', found);
}

/** Whether a host is this machine. */
export function isLoopback(host: string): boolean {
  return /^(localhost|127(\.\d+){3}|::1|\[::1\])$/.test(host);
}
