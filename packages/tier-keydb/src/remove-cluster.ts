import { Redis } from 'ioredis';
import { tierError } from './failure.ts';
import type { KeydbTierOptions } from './options.ts';
import { resolveOptions } from './options.ts';
import { SocketConnector } from './socket-connector.ts';

/** How many keys one step looks at: few enough not to hold up the server's other clients. */
const KEYS_PER_STEP = 500;

/**
 * Removes everything that a cluster has in the tier, step by step, and answers how many keys that was.
 *
 * For a cluster that no node is in any more: one that runs loses what it knows, and starts over. The server's user
 * needs SCAN and UNLINK beside what a node needs. Rejects as a call of the tier does; it may have removed a part then.
 */
export async function removeCluster(options: Pick<KeydbTierOptions, 'url' | 'cluster' | 'tls'>): Promise<number> {
  const { cluster, server, host, port, database, username, password, tls, connectTimeoutMs } = resolveOptions(options);
  const client = new Redis({
    ...{ host, port, db: database, username, password, tls, connectTimeout: connectTimeoutMs },
    Connector: SocketConnector,
    protocol: 2,
    connectionName: 'lockstep',
    disableClientInfo: true,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  // What goes wrong rejects the call in progress as well.
  client.on('error', () => undefined);
  let removed = 0;
  try {
    await client.connect();
    let cursor = '0';
    do {
      const [next, keys] = await client.scan(cursor, 'MATCH', `lockstep:{${cluster}:*`, 'COUNT', KEYS_PER_STEP);
      if (keys.length > 0) removed += await client.unlink(...keys);
      cursor = next;
    } while (cursor !== '0');
    return removed;
  } catch (error) {
    throw tierError(error, { what: 'removing the cluster', server });
  } finally {
    client.disconnect();
  }
}
