import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { Environment } from '@lockstep/config';
import { formatProblems, loadGatewayConfig, locateConfig } from '@lockstep/config';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import { pino } from 'pino';
import { FileSource } from '../src/config/file-source.ts';
import { HttpSource } from '../src/config/http-source.ts';
import type { GatewayNode } from '../src/wiring.ts';
import { startNode } from '../src/wiring.ts';

const require = createRequire(import.meta.url);
type NpmServer = 'everything' | 'filesystem' | 'memory';

const NPM_SERVERS: Readonly<Record<NpmServer, string>> = {
  everything: require.resolve('@modelcontextprotocol/server-everything/package.json'),
  filesystem: require.resolve('@modelcontextprotocol/server-filesystem/package.json'),
  memory: require.resolve('@modelcontextprotocol/server-memory/package.json'),
};

/** The key that opens the gateway of a file made by `configText`. */
export const KEY = 'a-gateway-key-of-these-tests';
export const SECRET = '0123456789abcdef0123456789abcdef';

/** A server as a configuration file has it. */
export interface ServerEntry {
  readonly server_name: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly tools?: Readonly<Record<string, string>>;
  readonly oauth_config?: Readonly<Record<string, unknown>>;
}

/** An MCP server from npm, started with this Node. */
export function npmServer(name: NpmServer, args: readonly string[] = []): ServerEntry {
  const script = join(dirname(NPM_SERVERS[name]), 'dist', 'index.js');
  return { server_name: name, config: { command: process.execPath, args: [script, ...args] } };
}

/** A server made of a script. */
export function scriptServer(name: string, script: string): ServerEntry {
  return { server_name: name, config: { command: process.execPath, args: ['--input-type=module', '-e', script] } };
}

/** A configuration file with one gateway that has these servers; `others` are sections that add to it. */
export function configText(servers: readonly ServerEntry[], lockstep: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    lockstep: { port: 0, logLevel: 'silent', preloadTimeoutMs: 0, ...lockstep },
    mcp_configs: { 'config-1': { mcp_config_name: 'main', mcp_config: servers } },
    projects: { 'project-1': { project_name: 'first', mcp_config_id: 'config-1' } },
    users: { 'user-1': { email: 'one@example.com' } },
    apikeys: { [KEY]: { project_id: 'project-1', user_id: 'user-1' } },
  });
}

/** Starts a node in this process, from a file's text and an environment. */
export async function startTestNode(
  text: string,
  environment: Environment = {},
  logger: Logger = pino({ level: 'silent' }),
): Promise<GatewayNode> {
  const readText = (path: string): string => (path === 'test.json' ? text : readFileSync(path, 'utf8'));
  const loaded = loadGatewayConfig({ file: 'test.json', environment, readText });
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
  return startNode(loaded.value, logger);
}

/** Starts a node in this process that follows a file, or the URL of one. */
export async function startFollowingNode(
  location: string,
  logger: Logger = pino({ level: 'silent' }),
): Promise<GatewayNode> {
  const at = locateConfig(location, {});
  if (!at.ok || at.value === undefined) throw new Error(`${location} cannot be followed`);
  const source = at.value.kind === 'file' ? new FileSource(at.value.path) : new HttpSource(at.value);
  const parse = (text: string) => loadGatewayConfig({ file: source.name, environment: {}, readText: () => text });
  const loaded = parse((await source.read(new AbortController().signal)) ?? '');
  if (!loaded.ok) throw new Error(formatProblems(loaded.problems));
  return startNode(loaded.value, logger, { source, parse });
}

/** What a client's call of one of the gateway's tools brought. */
export type Answer = Readonly<Record<string, unknown>> & { readonly status: string };

/** A connected MCP client. */
export interface TestClient {
  readonly client: Client;
  call(name: string, args?: Record<string, unknown>): Promise<Answer>;
  close(): Promise<void>;
}

/** Connects an MCP client to a node. */
export async function connectClient(url: string, options: ClientOptions = {}): Promise<TestClient> {
  const { headers = { authorization: `Bearer ${KEY}` }, mode = 'auto' } = options;
  const client = new Client({ name: 'test', version: '1.0.0' }, { versionNegotiation: { mode } });
  await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit: { headers } }));
  return {
    client,
    call: async (name, args = {}) => {
      const result = await client.callTool({ name, arguments: args });
      return result.structuredContent as Answer;
    },
    close: () => client.close(),
  };
}

interface ClientOptions {
  readonly headers?: Record<string, string>;
  readonly mode?: 'auto' | 'legacy';
}

/** Where each server's tools came from, in the answer of `enkrypt_discover_all_tools`. */
export function sources(answer: Answer): Readonly<Record<string, unknown>> {
  const servers = answer['available_servers'] as Readonly<Record<string, { source?: string; status: string }>>;
  return Object.fromEntries(Object.entries(servers).map(([name, { source, status }]) => [name, source ?? status]));
}

/** The node's part of `enkrypt_get_cache_status`. */
export async function nodeStatus(client: TestClient): Promise<NodeStatusAnswer> {
  const { cache_status: status } = await client.call('enkrypt_get_cache_status');
  return (status as { node: NodeStatusAnswer }).node;
}

export interface NodeStatusAnswer {
  readonly id: string;
  readonly coherence: string;
  readonly origin_discoveries: number;
  readonly origin_discoveries_failed: number;
  readonly origin_discoveries_by_server: Readonly<Record<string, number>>;
  readonly server_changes_heard: number;
  readonly server_connections: number;
  readonly server_requests: number;
  readonly access_tokens: Readonly<Record<string, number>>;
  readonly near: Readonly<Record<'tools' | 'gateway-config' | 'gateway-key', { readonly loads: number }>>;
  readonly config?: Readonly<Record<string, unknown>>;
}
