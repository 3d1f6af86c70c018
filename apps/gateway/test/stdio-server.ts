/** A stdio MCP server of 2025 without the SDK, which starts in some tens of milliseconds; `calls` are its tools' bodies. */
export function tinyServer(calls: Readonly<Record<string, string>>, atStart = ''): string {
  const bodies = Object.entries(calls).map(([name, body]) => `${JSON.stringify(name)}: () => { ${body} }`);
  return `
    import { appendFileSync } from 'node:fs';
    import { createInterface } from 'node:readline';
    ${atStart}
    const calls = { ${bodies.join(', ')} };
    const tools = Object.keys(calls).map((name) => ({ name, inputSchema: { type: 'object' } }));
    const answers = {
      initialize: ({ protocolVersion }) =>
        ({ protocolVersion, capabilities: { tools: {} }, serverInfo: { name: 'tiny', version: '1' } }),
      'tools/list': () => ({ tools }),
      'tools/call': ({ name }) => ({ content: [{ type: 'text', text: String(calls[name]()) }] }),
    };
    createInterface({ input: process.stdin }).on('line', (line) => {
      const { id, method, params } = JSON.parse(line);
      if (id === undefined) return;
      const result = answers[method]?.(params) ?? {};
      process.stdout.write(JSON.stringify({ jsonrpc: '2.0', id, result }) + '\\n');
    });`;
}
