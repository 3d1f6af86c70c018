/** The files of infra/compose, infra/keydb and infra/nats, each shown to the program that reads it. */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBinary, NATS_BINARY, REDIS_BINARY } from '@lockstep/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';

const root = join(import.meta.dirname, '../..');
const TIMEOUT_MS = 30_000;

/** Compose as Debian has it, or as Docker has it. */
const COMPOSE = [['docker-compose'], ['docker', 'compose']].find(
  ([command = '', ...args]) => spawnSync(command, [...args, 'version']).status === 0,
);

let folder: string;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-compose-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

function run(command: string, args: readonly string[], environment: NodeJS.ProcessEnv = {}) {
  const env = { ...process.env, ...environment };
  return spawnSync(command, args, { cwd: folder, encoding: 'utf8', env, timeout: TIMEOUT_MS });
}

/** The variables that compose.yaml gives to a node. */
function nodeVariables(): Record<string, string> {
  const text = readFileSync(join(root, 'infra/compose/compose.yaml'), 'utf8');
  return Object.fromEntries([...text.matchAll(/^ {4}(LOCKSTEP_\w+): (.+)$/gm)].map(([, name, value]) => [name, value]));
}

it.runIf(COMPOSE)('compose reads compose.yaml, and finds five services in it', () => {
  const [command = '', ...args] = COMPOSE ?? [];
  const { stdout, stderr } = run(command, [
    ...args,
    '--file',
    join(root, 'infra/compose/compose.yaml'),
    'config',
    '--services',
  ]);
  expect(stdout.trim().split('\n').sort(), stderr).toEqual(['gateway-1', 'gateway-2', 'gateway-3', 'keydb', 'nats']);
});

it('what `prepare` writes is a configuration that a node of compose.yaml takes, with a key of its own', {
  timeout: TIMEOUT_MS,
}, () => {
  for (const file of ['prepare', 'gateway.json']) cpSync(join(root, 'infra/compose', file), join(folder, file));
  const [first, second] = [run('./prepare', []), run('./prepare', [])];
  expect(first.stdout, first.stderr).toMatch(/^gateway key: [0-9a-f]{64}\n$/);
  expect(second.stdout).toBe(first.stdout);
  const node = join(folder, '.state/node');
  const { LOCKSTEP_CONFIG: config = '', LOCKSTEP_SECRET_FILE: secret = '', ...variables } = nodeVariables();
  const mounted = (path: string): string => path.replace('/etc/lockstep', node);
  const main = join(root, 'apps/gateway/src/main.ts');
  const printed = run(process.execPath, ['--conditions=@lockstep/source', main, '--print-config'], {
    ...variables,
    LOCKSTEP_CONFIG: mounted(config),
    LOCKSTEP_SECRET_FILE: mounted(secret),
  });
  expect(printed.stderr).toBe('');
  expect(JSON.parse(printed.stdout)).toMatchObject({
    cluster: { name: 'compose', tierUrl: 'redis://keydb:6379', busUrl: 'nats://nats:4222' },
    directory: { gateways: [{ servers: [{ name: 'everything' }, { name: 'filesystem' }, { name: 'memory' }] }] },
  });
});

it('nats-server takes its configuration', () => {
  const { status, stderr } = run(findBinary(NATS_BINARY), ['-t', '-c', join(root, 'infra/nats/nats.conf')]);
  expect(status, stderr).toBe(0);
});

it("the tier's server takes its configuration, which never evicts what coherence rests on", () => {
  const text = readFileSync(join(root, 'infra/keydb/keydb.conf'), 'utf8');
  expect(text).toMatch(/^maxmemory-policy (volatile-\w+|noeviction)$/m);
  expect(text).toMatch(/^appendonly yes$/m);
  const file = join(folder, 'keydb.conf');
  // Another folder, no port, and an impossible socket as the last thing that is tried: it ends once it has read the file.
  writeFileSync(
    file,
    `${text.replace(/^dir .*$/m, `dir ${folder}`).replace(/^port .*$/m, 'port 0')}\nunixsocket /dev/null/socket\n`,
  );
  const { stdout, stderr } = run(findBinary(REDIS_BINARY), [file]);
  expect(`${stdout}${stderr}`).not.toContain('FATAL CONFIG FILE ERROR');
  expect(`${stdout}${stderr}`).toMatch(/unix socket/i);
});
