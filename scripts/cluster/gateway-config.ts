import { mkdir, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';

/** A cluster that nodes are to join. */
export interface DemoCluster {
  readonly name: string;
  readonly secret: string;
  readonly tierUrl: string;
  readonly busUrl?: string;
}

/** What a throw-away configuration is made from. */
export interface DemoConfig {
  readonly root: string;
  /** The folder of this run; it goes when the run ends. */
  readonly folder: string;
  readonly gatewayKey: string;
  /** Opens the admin API of every node. */
  readonly adminToken: string;
  /** Absent: local mode. */
  readonly cluster?: DemoCluster;
}

/** The MCP servers behind the gateway, by the names they have there; each is a package of npm. */
export const MCP_SERVERS = ['everything', 'filesystem', 'memory'] as const;

/** Writes the configuration of a gateway with real MCP servers, in the shape that `packages/config` reads; its path. */
export async function writeDemoConfig(demo: DemoConfig): Promise<string> {
  const { root, folder, gatewayKey, adminToken, cluster } = demo;
  const files = join(folder, 'files');
  await mkdir(files);
  await writeFile(join(files, 'hello.txt'), 'Hello from the filesystem server.\n');
  const require = createRequire(join(root, 'apps/gateway/package.json'));
  const server = (name: (typeof MCP_SERVERS)[number], args: readonly string[], env: Record<string, string> = {}) => ({
    server_name: name,
    config: { command: process.execPath, args: [scriptOf(require, name), ...args], env },
  });
  const document = {
    // Any free ports: the node says which ones it got.
    lockstep: { port: 0, adminPort: 0, ...(cluster === undefined ? {} : settingsOf(cluster)) },
    admin_tokens: { demo: { token: adminToken, role: 'operator' } },
    mcp_configs: {
      demo: {
        mcp_config_name: 'Three servers from npm',
        mcp_config: [
          server('everything', ['stdio']),
          server('filesystem', [files]),
          server('memory', [], { MEMORY_FILE_PATH: join(folder, 'memory.jsonl') }),
        ],
      },
    },
    projects: { demo: { project_name: 'Demo', mcp_config_id: 'demo' } },
    users: { demo: { email: 'demo@example.com' } },
    apikeys: { [gatewayKey]: { project_id: 'demo', user_id: 'demo' } },
  };
  const path = join(folder, 'gateway.json');
  await writeFile(path, JSON.stringify(document, undefined, 2), { mode: 0o600 });
  return path;
}

function settingsOf({ name, secret, tierUrl, busUrl }: DemoCluster): Record<string, string> {
  return { cluster: name, secret, tierUrl, ...(busUrl === undefined ? {} : { busUrl }) };
}

/** The script that the package's one binary runs: started directly, a server is one process and needs no network. */
function scriptOf(require: NodeJS.Require, name: string): string {
  const manifest = require.resolve(`@modelcontextprotocol/server-${name}/package.json`);
  const { bin } = require(manifest) as { bin: Record<string, string> };
  return join(dirname(manifest), Object.values(bin)[0] ?? '');
}
