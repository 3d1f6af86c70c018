import type { ServerConnection, ServerDefinition } from './gateway.ts';
import type { GatewayConfig } from './load.ts';
import { maskSecret, maskUrl } from './mask.ts';

/** A connection as others may see it: no argument, no value of a variable or header, no query of a URL. */
export type ShownConnection =
  | {
      readonly kind: 'stdio';
      readonly command: string;
      /** How many arguments; they may hold secrets, and so are not shown. */
      readonly argumentCount: number;
      readonly env: Readonly<Record<string, string>>;
    }
  | { readonly kind: 'http'; readonly url: string; readonly headers: Readonly<Record<string, string>> };

/** The configuration for a log or a terminal: complete, with every secret, and every place that may hold one, masked. */
export function redactConfig(config: GatewayConfig): Readonly<Record<string, unknown>> {
  const { cluster, directory, ...rest } = config;
  return {
    ...rest,
    cluster:
      cluster === undefined
        ? undefined
        : {
            name: cluster.name,
            secret: maskSecret(cluster.secret),
            encryptionKeys: cluster.encryptionKeys.map(({ id, key }) => ({ id, key: maskSecret(key) })),
            sharesOauthTokens: cluster.sharesOauthTokens,
            tierUrl: maskUrl(cluster.tierUrl),
            busUrl: cluster.busUrl === undefined ? undefined : maskUrl(cluster.busUrl),
            durability: cluster.durability,
          },
    directory: {
      keys: directory.keys.length,
      gateways: directory.gateways.map(({ id, configName, servers }) => ({
        id,
        configName,
        servers: servers.map(showServer),
      })),
    },
  };
}

function showServer({ name, connection, tools }: ServerDefinition): unknown {
  return { name, connection: showConnection(connection), staticTools: Object.keys(tools ?? {}).length };
}

/** What of a connection may be shown. */
export function showConnection(connection: ServerConnection): ShownConnection {
  if (connection.kind === 'http') {
    return { kind: 'http', url: maskUrl(connection.url), headers: maskValues(connection.headers) };
  }
  const { command, args, env } = connection;
  return { kind: 'stdio', command, argumentCount: args.length, env: maskValues(env) };
}

function maskValues(record: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(record).map((name) => [name, '(masked)']));
}
