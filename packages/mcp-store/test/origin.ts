import type { CacheHint, McpHttpHandler } from '@modelcontextprotocol/server';
import { acceptedContent, createMcpHandler, inputRequired, Server } from '@modelcontextprotocol/server';

/** A real MCP server in this process; a test says what it answers. */
export class Origin {
  readonly url: URL = new URL('http://origin.test/mcp');
  tools: readonly string[] = ['echo'];
  hint: CacheHint = { ttlMs: 3_600_000, cacheScope: 'private' };
  /** How often it was asked for its tools, and for a resource. */
  asked = 0;
  read = 0;
  /** Until then its lists, made before, are on their way. */
  passed: Promise<void> = Promise.resolve();
  /** Whether a resource is answered in the second round only. */
  asksBack = false;
  readonly #handler: McpHttpHandler = createMcpHandler(() => this.#server());

  readonly fetch = (url: string | URL, init?: RequestInit): Promise<Response> =>
    this.#handler.fetch(new Request(url, init));

  /** Has other tools from here on, and tells every client that listens. */
  change(...tools: readonly string[]): void {
    this.tools = tools;
    this.#handler.notify.toolsChanged();
  }

  #server(): Server {
    const server = new Server(
      { name: 'origin', version: '1.0.0' },
      {
        capabilities: { tools: { listChanged: true }, resources: {} },
        cacheHints: { 'tools/list': this.hint, 'resources/read': this.hint },
      },
    );
    server.setRequestHandler('tools/list', async () => {
      this.asked++;
      const outputSchema = { type: 'object' as const, properties: { n: { type: 'number' } }, required: ['n'] };
      const tools = this.tools.map((name) => ({ name, inputSchema: { type: 'object' as const }, outputSchema }));
      await this.passed;
      return { tools };
    });
    server.setRequestHandler('tools/call', async () => ({ content: [], structuredContent: { n: 'no number' } }));
    server.setRequestHandler('resources/read', async ({ params: { uri } }, { mcpReq }) => {
      this.read++;
      if (this.asksBack) {
        const given = acceptedContent<{ name: string }>(mcpReq.inputResponses, 'who');
        if (given !== undefined) return { contents: [{ uri, text: `for ${given.name}` }] };
        const requestedSchema = { type: 'object' as const, properties: { name: { type: 'string' as const } } };
        return inputRequired({ inputRequests: { who: inputRequired.elicit({ message: 'Who?', requestedSchema }) } });
      }
      return { contents: [{ uri, text: 'of this principal' }] };
    });
    return server;
  }
}
