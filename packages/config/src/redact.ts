import type { ServerConnection, ServerDefinition } from './gateway.ts';
import type { GatewayConfig } from './load.ts';
import { maskSecret, maskUrl } from './mask.ts';
import type { OAuthClient } from './oauth.ts';

/** A connection as others may see it: no argument, no value of a variable or header, no query of a URL. */
export type ShownConnection =
  | {
      readonly kind: 'stdio';
      readonly command: string;
      /** How many arguments; they may hold secrets, and so are not shown. */
      readonly argumentCount: number;
      readonly env: Readonly<Record<string, string>>;
    }
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      /** Absent where the server is sent no access token. */
      readonly oauth?: ShownOAuth;
    };

/** An OAuth client as others may see it: no secret, no value of a parameter or header. */
export interface ShownOAuth {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  readonly scope: string | undefined;
  readonly audience: string | undefined;
  readonly resource: string | undefined;
  readonly additionalParams: Readonly<Record<string, string>>;
  readonly customHeaders: Readonly<Record<string, string>>;
}

/** The configuration for a log or a terminal: complete, with every secret, and every place that may hold one, masked. */
export function redactConfig(config: GatewayConfig): Readonly<Record<string, unknown>> {
  const { admin, cluster, directory, ...rest } = config;
  return {
    ...rest,
    admin: { ...admin, tokens: admin.tokens.map((token) => ({ ...token, digest: maskSecret(token.digest) })) },
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
            tierTls: cluster.tierTls,
            busTls: cluster.busTls,
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
    const { url, headers, oauth } = connection;
    const shown = { kind: 'http', url: maskUrl(url), headers: maskValues(headers) } as const;
    return oauth === undefined ? shown : { ...shown, oauth: showOAuth(oauth) };
  }
  const { command, args, env } = connection;
  return { kind: 'stdio', command, argumentCount: args.length, env: maskValues(env) };
}

function showOAuth(client: OAuthClient): ShownOAuth {
  const { tokenUrl, clientId, scope, audience, resource, additionalParams, customHeaders } = client;
  return {
    tokenUrl: maskUrl(tokenUrl),
    clientId,
    clientSecret: '(masked)',
    scope,
    audience,
    resource: resource === undefined ? undefined : maskUrl(resource),
    additionalParams: maskValues(additionalParams),
    customHeaders: maskValues(customHeaders),
  };
}

function maskValues(record: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.keys(record).map((name) => [name, '(masked)']));
}
