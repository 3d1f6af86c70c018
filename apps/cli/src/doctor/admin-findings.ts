import { AdminClient, AdminError } from '@lockstep/admin-client';
import type { GatewayConfig } from '@lockstep/config';
import { adminFailure, errorCode } from '../command-error.ts';
import type { Finding } from './finding.ts';
import { findingsOf } from './finding.ts';

const { ok, warn, fail, skipped } = findingsOf('admin');

/** Stands in for a token that is not there: what answers that it is none is an admin API. */
const NO_TOKEN = 'none';
const TIMEOUT_MS = 5_000;

/** Where a node's admin API should be, and the token for it; undefined: none was given. */
export interface AdminAddress {
  readonly url: string | undefined;
  readonly token: string | undefined;
  /** Whether the node should be running: somebody named it. */
  readonly isExpected: boolean;
}

/** Where a node of this configuration has its admin API; undefined: it has none, or at a port that is not known before. */
export function adminUrlOf({ admin: { host, port, tokens } }: GatewayConfig): string | undefined {
  if (tokens.length === 0 || port === 0) return undefined;
  const reachable = host === '0.0.0.0' ? '127.0.0.1' : host === '::' ? '::1' : host;
  return `http://${reachable.includes(':') ? `[${reachable}]` : reachable}:${port}`;
}

/** Whether a node's admin API answers, and takes the token. */
export async function adminFindings(
  { url, token, isExpected }: AdminAddress,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  if (url === undefined)
    return [skipped('reachable', 'no --url, no LOCKSTEP_ADMIN_URL, and none in the configuration')];
  try {
    const client = new AdminClient({ url, token: token ?? NO_TOKEN, timeoutMs: TIMEOUT_MS });
    const { node } = await client.status({ signal });
    const reached = ok('reachable', `${url} is node ${node.id}, ${node.version}`);
    const { state, reason } = node;
    if (state === 'coherent') return [reached, ok('coherence', state)];
    return [
      reached,
      warn('coherence', reason === undefined ? state : `${state}: ${reason}`, 'see the findings on tier and bus'),
    ];
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof AdminError && error.code === 'unauthenticated' && token === undefined) {
      return [ok('reachable', `${url} answers`), skipped('token', 'no token was given, so none was tried')];
    }
    const { message, advice } = adminFailure(error, url);
    if (!isExpected && errorCode(error) === 'ECONNREFUSED') return [skipped('reachable', `${message}: no node runs`)];
    return [fail('reachable', message, advice)];
  }
}
