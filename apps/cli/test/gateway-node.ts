import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { waitFor } from '@lockstep/testkit';

const MAIN = new URL('../../gateway/src/main.ts', import.meta.url).pathname;
const require = createRequire(import.meta.url);
const MEMORY = join(dirname(require.resolve('@modelcontextprotocol/server-memory/package.json')), 'dist', 'index.js');

export const OPERATOR = 'operator-token-of-the-command-line-tests';
export const VIEWER = 'viewer-token-of-the-command-line-tests---';
/** The gateway of the file. */
export const GATEWAY = 'u1_p1_main';

/** A configuration with one gateway, one MCP server behind it, and an admin API. */
export function gatewayText(lockstep: Readonly<Record<string, unknown>>): string {
  const server = { server_name: 'memory', config: { command: process.execPath, args: [MEMORY] } };
  return JSON.stringify({
    lockstep: { port: 0, adminPort: 0, ...lockstep },
    mcp_configs: { main: { mcp_config_name: 'main', mcp_config: [server] } },
    projects: { p1: { project_name: 'first', mcp_config_id: 'main' } },
    users: { u1: { email: 'one@example.com' } },
    apikeys: { 'a-gateway-key-of-these-tests': { project_id: 'p1', user_id: 'u1' } },
    admin_tokens: {
      operator: { role: 'operator', token: OPERATOR },
      viewer: { role: 'viewer', token: VIEWER },
    },
  });
}

/** A gateway node in a process of its own, from source. */
export interface GatewayProcess {
  readonly child: ChildProcess;
  readonly adminUrl: string;
  stop(): Promise<void>;
}

/** Starts a node and waits until it listens. */
export async function startGateway(file: string): Promise<GatewayProcess> {
  const others = Object.entries(process.env).filter(([name]) => !/^(LOCKSTEP|ENKRYPT)_/.test(name));
  const child = spawn(process.execPath, ['--conditions=@lockstep/source', MAIN, '--config', file], {
    env: Object.fromEntries(others),
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (chunk: string) => {
      output += chunk;
    });
  }
  const listening = (): string | undefined => {
    if (child.exitCode !== null) throw new Error(`the node ended: ${output}`);
    return /"adminUrl":"([^"]+)"/.exec(output)?.[1];
  };
  const adminUrl = await waitFor(listening, { what: 'the node to listen', timeoutMs: 30_000 });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return { child, adminUrl, stop };
}
