import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningServer } from '@lockstep/testkit';
import { startRedis } from '@lockstep/testkit';
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest';
import type { NodeProcess } from './node-process.ts';
import { startProcess } from './node-process.ts';

/** The description's example for the memory of one node, as it stands there. */
const LOCAL = `{
  "common_mcp_gateway_config" : {
    "enkrypt_mcp_use_external_cache" : false ,
    "enkrypt_tool_cache_expiration" : 4 ,
    "enkrypt_gateway_cache_expiration" : 24
  }
}`;

/** And the one for a server that all nodes share; the secret, which it has no name for, comes from the environment. */
const EXTERNAL = `{
  "common_mcp_gateway_config" : {
    "enkrypt_mcp_use_external_cache" : true ,
    "enkrypt_cache_host" : "localhost" ,
    "enkrypt_cache_port" : 6379 ,
    "enkrypt_cache_db" : 0 ,
    "enkrypt_cache_password" : null ,
    "enkrypt_tool_cache_expiration" : 4 ,
    "enkrypt_gateway_cache_expiration" : 24
  }
}`;

const SECRET = '0123456789abcdef0123456789abcdef';

let folder: string;
let tier: RunningServer;
let node: NodeProcess | undefined;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-described-'));
  tier = await startRedis();
});

afterEach(async () => {
  node?.child.kill('SIGTERM');
  await node?.exited;
});

afterAll(async () => {
  await tier.stop();
  await rm(folder, { recursive: true });
});

async function readiness(text: string, environment: Readonly<Record<string, string>>): Promise<unknown> {
  const file = join(folder, 'gateway.json');
  await writeFile(file, text);
  node = startProcess(['--config', file], { LOCKSTEP_PORT: '0', ...environment });
  const ready = new URL('/readyz', await node.listening());
  return (await fetch(ready)).json();
}

it("the description's configuration for one node starts one", async () => {
  expect(await readiness(LOCAL, {})).toMatchObject({ mode: 'local', coherence: 'coherent' });
});

it("the description's configuration for an external cache starts a node of a cluster, its names in upper case win", async () => {
  const environment = { LOCKSTEP_SECRET: SECRET, ENKRYPT_CACHE_HOST: tier.host, ENKRYPT_CACHE_PORT: String(tier.port) };
  expect(await readiness(EXTERNAL, environment)).toMatchObject({ mode: 'cluster', coherence: 'coherent' });
});

it('and where nothing answers there it starts all the same, and says that it is degraded', async () => {
  const environment = { LOCKSTEP_SECRET: SECRET, ENKRYPT_CACHE_HOST: '127.0.0.1', ENKRYPT_CACHE_PORT: '1' };
  expect(await readiness(EXTERNAL, environment)).toMatchObject({
    mode: 'cluster',
    coherence: expect.stringMatching(/degraded|isolated/),
  });
});
