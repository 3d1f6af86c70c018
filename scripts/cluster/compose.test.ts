/** The files of infra/compose, infra/keydb and infra/nats, each shown to the program that reads it, and to one another. */
import { spawnSync } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findBinary, NATS_BINARY, REDIS_BINARY } from '@lockstep/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { composeServices, fileOf } from './compose-files.ts';

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

const GATEWAYS = ['gateway-1', 'gateway-2', 'gateway-3'];
const SERVERS = ['keydb', 'nats'];
const OBSERVABILITY = ['otel-collector', 'jaeger', 'prometheus', 'grafana'];

it.runIf(COMPOSE).each([
  ['compose.yaml', ['compose.yaml'], [...GATEWAYS, ...SERVERS]],
  [
    'compose.yaml with observability.yaml',
    ['compose.yaml', 'observability.yaml'],
    [...GATEWAYS, ...SERVERS, ...OBSERVABILITY],
  ],
])('compose takes %s, and finds its services', (_, files, services) => {
  const [command = '', ...args] = COMPOSE ?? [];
  const given = files.flatMap((file) => ['--file', join(root, 'infra/compose', file)]);
  const { stdout, stderr } = run(command, [...args, ...given, 'config', '--services']);
  expect(stdout.trim().split('\n').sort(), stderr).toEqual([...services].sort());
});

it.each([...GATEWAYS, ...SERVERS, ...OBSERVABILITY])(
  'the service %s has a version, bounds, and nothing it does not need',
  (name) => {
    const service = composeServices()[name];
    expect(service).toMatchObject({
      image: expect.stringMatching(/^(lockstep-gateway|\$\{[A-Z_]+_IMAGE:-[\w./-]+:[\w.-]*\d+\.\d+[\w.-]*\})$/),
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      pids_limit: expect.any(Number),
      mem_limit: expect.stringMatching(/^\d+[mg]$/),
      restart: 'unless-stopped',
    });
    for (const port of service?.ports ?? [])
      expect(port).toMatch(/^127\.0\.0\.1:\$\{LOCKSTEP_[A-Z0-9_]+_PORT:-\d+\}:\d+$/);
    // That of the nodes is in their image; the collector's image has nothing to ask with.
    const isChecked = service?.healthcheck !== undefined;
    expect(isChecked).toBe(!GATEWAYS.includes(name) && name !== 'otel-collector');
  },
);

it('every file that a service mounts is there, and is mounted for reading', () => {
  const mounted = Object.values(composeServices()).flatMap(({ volumes = [] }) =>
    volumes.filter((it) => /^(\.|\$)/.test(it)),
  );
  expect(mounted.length).toBeGreaterThan(5);
  for (const mount of mounted) {
    const [source = '', , mode] = mount.replace(/\$\{\w+:-(.+?)\}/, '$1').split(':');
    expect([mount, mode]).toEqual([mount, 'ro']);
    if (source !== './.state/node') expect(existsSync(join(root, 'infra/compose', source)), mount).toBe(true);
  }
});

it('Prometheus scrapes each node where the node opens its port', () => {
  const scraped = fileOf('prometheus/prometheus.yml')['scrape_configs'] as {
    job_name: string;
    static_configs: { targets: string[] }[];
  }[];
  const job = scraped.find(({ job_name: name }) => name === 'lockstep-gateway');
  const targets = GATEWAYS.map(
    (name) => `${name}:${composeServices()[name]?.environment?.['OTEL_EXPORTER_PROMETHEUS_PORT']}`,
  );
  expect(job?.static_configs.flatMap((group) => group.targets)).toEqual(targets);
});

it('Grafana asks services that there are, and finds the dashboards where they are mounted', () => {
  const listening = { prometheus: '9090', jaeger: '16686' };
  for (const [name, port] of Object.entries(listening)) {
    const [source] = fileOf(`grafana/provisioning/datasources/${name}.yaml`)['datasources'] as { url: string }[];
    expect(source?.url).toBe(`http://${name}:${port}`);
    expect(composeServices()[name]?.ports?.map((published) => published.split(':').at(-1))).toEqual([port]);
  }
  const [provider] = fileOf('grafana/provisioning/dashboards/lockstep.yaml')['providers'] as { options: object }[];
  const { volumes, environment } = composeServices()['grafana'] ?? {};
  expect(provider?.options).toEqual({ path: '/etc/grafana/dashboards' });
  expect(volumes).toContain('../grafana/dashboards:/etc/grafana/dashboards:ro');
  const home = environment?.['GF_DASHBOARDS_DEFAULT_HOME_DASHBOARD_PATH']?.replace('/etc/grafana', 'infra/grafana');
  expect(existsSync(join(root, home ?? ''))).toBe(true);
});

it('what `prepare` writes is a configuration that a node of compose.yaml takes, with a key of its own', {
  timeout: TIMEOUT_MS,
}, () => {
  for (const file of ['prepare', 'gateway.json']) cpSync(join(root, 'infra/compose', file), join(folder, file));
  const [first, second] = [run('./prepare', []), run('./prepare', [])];
  expect(first.stdout, first.stderr).toMatch(/^admin token: [0-9a-f]{64}\ngateway key: [0-9a-f]{64}\n$/);
  expect(second.stdout).toBe(first.stdout);
  const node = join(folder, '.state/node');
  const {
    LOCKSTEP_CONFIG: config = '',
    LOCKSTEP_SECRET_FILE: secret = '',
    ...variables
  } = composeServices()['gateway-1']?.environment ?? {};
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
