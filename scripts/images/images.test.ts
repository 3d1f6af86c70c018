/** The images of apps/gateway/Dockerfile: each of its commands is run, in folders and as the image's user. */
import { spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, startNats, startRedis } from '@lockstep/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { GatewayClient } from '../cluster/gateway-client.ts';
import { buildImages } from './build-images.ts';
import { startContainer } from './container.ts';
import type { Image } from './image.ts';

const root = join(import.meta.dirname, '../..');
const BUILD_TIMEOUT_MS = 600_000;
const TIMEOUT_MS = 60_000;
const KEY = 'a-gateway-key';
const ADMIN_TOKEN = 'an-admin-token-of-thirty-two-characters';
/** Of /app, in bytes: what the gateway's production dependencies come to, with some room. */
const GATEWAY_BYTES_MAX = 40e6;
const CLI_BYTES_MAX = 20e6;

let folder: string;
let images: ReadonlyMap<string, Image>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-images-'));
  chmodSync(folder, 0o755);
  images = await buildImages({ file: join(root, 'apps/gateway/Dockerfile'), context: root, folder });
  // In a container the files are root's, and so is a layer of its own what a container writes. Where this is run by
  // somebody else, nobody may write what is there.
  if (process.getuid?.() !== 0) spawnSync('chmod', ['-R', 'a-w', folder]);
}, BUILD_TIMEOUT_MS);

afterAll(() => {
  spawnSync('chmod', ['-R', 'u+w', folder]);
  spawnSync('rm', ['-rf', folder]);
}, TIMEOUT_MS);

function imageOf(target: string): Image {
  const image = images.get(target);
  if (image === undefined) throw new Error(`the Dockerfile has no target ${target}`);
  return image;
}

function output(command: string, ...args: string[]): string {
  return spawnSync(command, args, { encoding: 'utf8' }).stdout.trim();
}

describe.each(['gateway', 'with-servers', 'cli'])('the image %s', (target) => {
  it('runs as a user that is not root, by number, and says what it is', () => {
    const { user, labels } = imageOf(target);
    expect(user).toEqual({ uid: 1000, gid: 1000 });
    expect(Object.fromEntries(labels)).toMatchObject({
      'org.opencontainers.image.title': target === 'cli' ? 'lockstep' : 'lockstep-gateway',
      'org.opencontainers.image.licenses': 'Apache-2.0',
      'org.opencontainers.image.version': 'unreleased',
      'org.opencontainers.image.revision': 'unknown',
    });
  });

  it('has nothing that its user can write', async () => {
    const image = imageOf(target);
    const container = startContainer(image, ['find', image.root, '-writable', '-not', '-type', 'l']);
    expect([await container.ended, container.output]).toEqual([0, '']);
  });
});

it.each([
  ['gateway', GATEWAY_BYTES_MAX],
  ['cli', CLI_BYTES_MAX],
] as const)('the app of the image %s is its production install, without types and source maps', (target, bytesMax) => {
  const app = imageOf(target).path('/app');
  expect(
    output(
      'find',
      app,
      '-name',
      '*.ts',
      '-o',
      '-name',
      '*.map',
      '-o',
      '-name',
      'vitest@*',
      '-o',
      '-name',
      'typescript@*',
    ),
  ).toBe('');
  expect(output('ls', app).split('\n')).toEqual(expect.arrayContaining(['dist', 'node_modules', 'package.json']));
  expect(
    output('find', app, '-maxdepth', '1', '(', '-name', 'src', '-o', '-name', 'test', '-o', '-name', 'Dockerfile', ')'),
  ).toBe('');
  expect(Number(output('du', '-sb', app).split('\t')[0])).toBeLessThan(bytesMax);
});

it('the servers beside the node are of the versions that are tested', () => {
  const catalog = readFileSync(join(root, 'pnpm-workspace.yaml'), 'utf8');
  for (const name of ['everything', 'filesystem', 'memory']) {
    const installed = imageOf('with-servers').path(
      `/servers/node_modules/@modelcontextprotocol/server-${name}/package.json`,
    );
    const { version } = JSON.parse(readFileSync(installed, 'utf8')) as { version: string };
    expect(catalog).toContain(`'@modelcontextprotocol/server-${name}': ${version}\n`);
  }
});

it('the gateway says where it listens, and its metrics and the admin API are told', () => {
  expect(imageOf('gateway').ports).toEqual(['8000', '8001', '9464']);
});

it.each(['gateway', 'with-servers'])(
  'a node of the image %s becomes healthy, serves, answers the CLI image, and ends on SIGTERM',
  async (target) => {
    await using servers = new AsyncDisposableStack();
    const tier = servers.adopt(await startRedis(), (server) => server.stop());
    const bus = servers.adopt(await startNats(), (server) => server.stop());
    const image = imageOf(target);
    const config = join(mkdtempSync(join(tmpdir(), 'lockstep-container-')), 'gateway.json');
    servers.defer(() => void spawnSync('rm', ['-rf', join(config, '..')]));
    chmodSync(join(config, '..'), 0o755);
    writeFileSync(config, configOf(image, target === 'with-servers'));
    const [port, adminPort, metricsPort] = [await freePort(), await freePort(), await freePort()];
    const variables = {
      LOCKSTEP_CONFIG: config,
      LOCKSTEP_SECRET: 's'.repeat(32),
      LOCKSTEP_CLUSTER: 'images',
      LOCKSTEP_TIER_URL: tier.url,
      LOCKSTEP_BUS_URL: bus.url,
      LOCKSTEP_PORT: String(port),
      LOCKSTEP_ADMIN_PORT: String(adminPort),
      OTEL_METRICS_EXPORTER: 'prometheus',
      OTEL_EXPORTER_PROMETHEUS_PORT: String(metricsPort),
    };
    const node = startContainer(image, image.command(), variables);
    servers.defer(() => node.kill());
    await node.untilHealthy();

    const client = await GatewayClient.connect(`http://127.0.0.1:${port}/mcp`, KEY);
    expect(await client.listTools()).toContain('enkrypt_discover_all_tools');
    if (target === 'with-servers') {
      const found = Object.entries(await client.discover()).map(([name, { status }]) => `${name}: ${status}`);
      expect(found).toEqual(['everything: success', 'filesystem: success', 'memory: success']);
    }
    await client.close();
    const metrics = await fetch(`http://127.0.0.1:${metricsPort}/metrics`);
    expect(await metrics.text()).toContain('lockstep_lookups_total{');

    const cli = imageOf('cli');
    const access = { LOCKSTEP_ADMIN_URL: `http://127.0.0.1:${adminPort}`, LOCKSTEP_ADMIN_TOKEN: ADMIN_TOKEN };
    const status = startContainer(cli, cli.command(['status', '--json']), access);
    expect(await status.ended, status.output).toBe(0);
    expect(status.output).toContain('"coherent"');

    node.stop();
    expect(await node.ended, node.output).toBe(0);
    expect(await startContainer(image, image.healthcheck, variables).ended).toBe(1);
  },
  TIMEOUT_MS,
);

it('the image cli without a command prints its help', async () => {
  const image = imageOf('cli');
  const help = startContainer(image, image.command());
  expect(await help.ended).toBe(0);
  expect(help.output).toContain('Usage: lockstep');
});

/** The configuration of infra/compose, with or without its servers, at the places where this image's files are. */
function configOf(image: Image, isServing: boolean): string {
  const text = readFileSync(join(root, 'infra/compose/gateway.json'), 'utf8');
  const document = JSON.parse(image.inside(text.replace('GATEWAY-KEY', KEY).replace('ADMIN-TOKEN', ADMIN_TOKEN)));
  if (!isServing) document.mcp_configs.demo.mcp_config = [];
  return JSON.stringify(document);
}
