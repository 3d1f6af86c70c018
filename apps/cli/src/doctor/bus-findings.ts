import { bytesText, durationText } from '../output/units.ts';
import type { BusReport } from '../wiring.ts';
import { isLoopback, transportFinding } from './certificate.ts';
import type { Finding } from './finding.ts';
import { findingsOf } from './finding.ts';

const make = findingsOf('bus');
const { ok, warn, fail } = make;

/** The largest message that a node sends is smaller: as many frames as fit into one, in full length. */
const PAYLOAD_BYTES_MIN = 262_144;

/** What is to be said of a bus that answered. */
export function busFindings(report: BusReport, nowMs: number): readonly Finding[] {
  const { server, version, roundTripMs, payloadBytesMax } = report;
  const host = server.replace(/:\d+$/, '');
  const payload = `${bytesText(payloadBytesMax)} a message`;
  return [
    ok('reachable', `${server} answered${Number.isNaN(roundTripMs) ? '' : ` in ${durationText(roundTripMs)}`}`),
    ok('version', version),
    user(report, host),
    payloadBytesMax < PAYLOAD_BYTES_MIN
      ? warn('max_payload', payload, `set max_payload to ${PAYLOAD_BYTES_MIN} or more: larger messages are dropped`)
      : ok('max_payload', payload),
    transportFinding(make, { ...report, host, carries: 'the credentials go' }, nowMs),
  ];
}

function user({ refusal, asksForUser }: BusReport, host: string): Finding {
  if (refusal !== undefined) {
    return fail(
      'user',
      refusal,
      'let the user publish and subscribe to lockstep.<cluster>.inv: packages/bus-nats/README.md',
    );
  }
  if (asksForUser) return ok('user', 'may subscribe; whether it may publish is not tried');
  if (isLoopback(host)) return ok('user', 'nobody is asked who he is; the server is on this machine');
  return warn('user', 'nobody is asked who he is: anyone can take the bus down', 'set a user and a password');
}
