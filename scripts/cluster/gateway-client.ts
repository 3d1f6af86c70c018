import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

const CALL_TIMEOUT_MS = 30_000;

/** One server's tools as the gateway's discovery answers them. */
export interface DiscoveredServer {
  readonly status: 'success' | 'error' | 'pending';
  readonly source?: 'config' | 'near' | 'tier' | 'origin';
  readonly degraded?: boolean;
  readonly tools?: Readonly<Record<string, unknown>>;
  readonly error?: string;
}

/** Servers by name. */
export type Discovered = Readonly<Record<string, DiscoveredServer>>;

/** An MCP client of one node: the official SDK's, and typed answers of the gateway's tools. */
export class GatewayClient {
  readonly #client: Client;

  private constructor(client: Client) {
    this.#client = client;
  }

  static async connect(url: string, gatewayKey: string): Promise<GatewayClient> {
    const client = new Client({ name: 'lockstep-up', version: '0.1.0' }, { versionNegotiation: { mode: 'auto' } });
    const requestInit = { headers: { Authorization: `Bearer ${gatewayKey}` } };
    await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }), {
      timeout: CALL_TIMEOUT_MS,
    });
    return new GatewayClient(client);
  }

  /** The version of MCP that client and node agreed on. */
  get protocolVersion(): string {
    return this.#client.getNegotiatedProtocolVersion() ?? 'unknown';
  }

  /** The names of the gateway's own tools. */
  async listTools(): Promise<readonly string[]> {
    const { tools } = await this.#client.listTools(undefined, { cacheMode: 'bypass', timeout: CALL_TIMEOUT_MS });
    return tools.map(({ name }) => name).sort();
  }

  /** The tools of all servers behind the gateway, and where the node had them from. */
  async discover(): Promise<Discovered> {
    const { available_servers: servers } = await this.#call('enkrypt_discover_all_tools');
    return servers as Discovered;
  }

  /** The tools of one server. */
  async discoverOne(serverName: string): Promise<DiscoveredServer> {
    return (await this.#call('enkrypt_discover_all_tools', { server_name: serverName })) as unknown as DiscoveredServer;
  }

  /** The text that a tool of a server behind the gateway answers. */
  async callTool(serverName: string, name: string, args: Record<string, unknown>): Promise<string> {
    const calls = { server_name: serverName, tool_calls: [{ name, args }] };
    const { results } = await this.#call('enkrypt_secure_call_tools', calls);
    const [first] = results as readonly { response?: string; error?: string }[];
    if (first?.response === undefined) throw new Error(first?.error ?? 'the gateway answered no result');
    return first.response;
  }

  /** How often this node has asked each server for its tools since it started. */
  async originDiscoveries(): Promise<Readonly<Record<string, number>>> {
    const { cache_status: status } = await this.#call('enkrypt_get_cache_status');
    const { node } = status as { node: { origin_discoveries_by_server: Record<string, number> } };
    return node.origin_discoveries_by_server;
  }

  /** Clears everything of this gateway, on every node; rejects when that cannot be done. */
  async clearCache(): Promise<void> {
    await this.#call('enkrypt_clear_cache', { cache_type: 'all' });
  }

  async close(): Promise<void> {
    await this.#client.close();
  }

  async #call(name: string, args: Record<string, unknown> = {}): Promise<Record<string, unknown>> {
    const result = await this.#client.callTool({ name, arguments: args }, { timeout: CALL_TIMEOUT_MS });
    const answer = result.structuredContent as Record<string, unknown> | undefined;
    if (answer === undefined) throw new Error(`${name} answered nothing that can be read`);
    if (result.isError === true)
      throw new Error(`${name}: ${String(answer['message'] ?? 'an error without a message')}`);
    return answer;
  }
}
