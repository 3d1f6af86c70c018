import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import Provider from 'oidc-provider';
import type { ServerEntry } from './harness.ts';
import type { Origin } from './mcp-origin.ts';

export const CLIENT_ID = 'the-gateway';
export const CLIENT_SECRET = 'a-client-secret-that-no-log-may-have';
const SCOPES = ['read', 'write'];

/** A real authorization server in this process (oidc-provider), whose faults a test decides. */
export class TestAuthorizationServer {
  readonly #http: HttpServer;
  #port = 0;
  #provider: Provider | undefined;
  /** Requests for tokens, as far as they have come in. */
  tokensAsked = 0;
  /** Every token that it gave. */
  readonly issued: string[] = [];
  lifeSeconds = 3_600;
  /** Waited for before a request is answered. */
  held: Promise<unknown> = Promise.resolve();

  private constructor() {
    this.#http = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(): Promise<TestAuthorizationServer> {
    const server = new TestAuthorizationServer();
    await server.listen();
    server.#provider = new Provider(server.url, {
      clients: [
        {
          client_id: CLIENT_ID,
          client_secret: CLIENT_SECRET,
          grant_types: ['client_credentials'],
          redirect_uris: [],
          response_types: [],
          scope: SCOPES.join(' '),
        },
      ],
      scopes: SCOPES,
      clientAuthMethods: ['client_secret_basic', 'client_secret_post'],
      features: {
        clientCredentials: { enabled: true },
        devInteractions: { enabled: false },
        introspection: { enabled: true },
        revocation: { enabled: true },
        resourceIndicators: {
          enabled: true,
          getResourceServerInfo: (_, audience) => ({ scope: SCOPES.join(' '), audience, accessTokenFormat: 'opaque' }),
        },
      },
      ttl: { ClientCredentials: () => server.lifeSeconds },
    });
    server.#provider.on('client_credentials.saved', ({ jti }) => server.issued.push(jti));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  /** Listens; again on its old port after `stop`. */
  async listen(): Promise<void> {
    await new Promise<void>((resolve) => this.#http.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (this.#http.address() as AddressInfo).port;
  }

  /** Refuses connections from here on. */
  async stop(): Promise<void> {
    if (!this.#http.listening) return;
    const ended = new Promise<void>((resolve) => this.#http.close(() => resolve()));
    this.#http.closeAllConnections();
    await ended;
  }

  /** Whether a token opens what it was given for. */
  async knows(token: string | undefined): Promise<boolean> {
    if (token === undefined) return false;
    const found = await this.#provider?.ClientCredentials.find(token);
    return found?.isValid === true;
  }

  /** Takes a token back, without a word to whoever has it. */
  async takeBack(token: string | undefined): Promise<void> {
    if (token === undefined) throw new Error('no such token');
    await (await this.#provider?.ClientCredentials.find(token))?.destroy();
  }

  /** The `oauth_config` of a server that this one gives tokens for. */
  config(change: Readonly<Record<string, unknown>> = {}): Readonly<Record<string, unknown>> {
    return {
      enabled: true,
      OAUTH_ENFORCE_HTTPS: false,
      OAUTH_CLIENT_ID: CLIENT_ID,
      OAUTH_CLIENT_SECRET: CLIENT_SECRET,
      OAUTH_TOKEN_URL: `${this.url}/token`,
      OAUTH_REVOCATION_URL: `${this.url}/token/revocation`,
      OAUTH_SCOPE: 'read',
      OAUTH_RESOURCE: 'urn:mcp:protected',
      ...change,
    };
  }

  /** Lets an MCP server in by tokens of this server alone; `seen` gets every token that it was sent. */
  protect(origin: Origin, name: string, seen: string[] = []): ServerEntry {
    origin.behaviour.refusal = async (request) => {
      const token = bearerOf(request);
      if (token !== undefined) seen.push(token);
      return (await this.knows(token)) ? undefined : new Response('no', { status: 401 });
    };
    return { ...origin.entry(name), oauth_config: this.config() };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    if (request.url === '/token') this.tokensAsked++;
    await this.held;
    await this.#provider?.callback()(request, response);
  }
}

/** The token that a request carries. */
export function bearerOf(request: Request): string | undefined {
  return /^Bearer (.+)$/.exec(request.headers.get('authorization') ?? '')?.[1];
}
