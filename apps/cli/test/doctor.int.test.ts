import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NatsOptions, RedisOptions, RunningServer } from '@lockstep/testkit';
import { freePort, startNats, startRedis } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Finding } from '../src/doctor/finding.ts';
import { STATUS } from './answers.ts';
import type { ApiNode } from './api-node.ts';
import { startApiNode, TOKEN } from './api-node.ts';
import type { CommandResult } from './command.ts';
import { runCommand } from './command.ts';

const SECRET = '0123456789abcdef0123456789abcdef';
const servers: RunningServer[] = [];
let directory: string;
let node: ApiNode | undefined;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lockstep-doctor-'));
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  await node?.close();
  node = undefined;
  rmSync(directory, { recursive: true, force: true });
});

async function redis(options: RedisOptions = {}): Promise<RunningServer> {
  const server = await startRedis(options);
  servers.push(server);
  return server;
}

async function nats(options: NatsOptions = {}): Promise<RunningServer> {
  const server = await startNats(options);
  servers.push(server);
  return server;
}

/** A configuration file with these settings, and one gateway. */
function configFile(lockstep: Readonly<Record<string, unknown>>): string {
  const secretFile = join(directory, 'secret');
  writeFileSync(secretFile, SECRET, { mode: 0o600 });
  const file = join(directory, 'gateway.json');
  const sections = {
    mcp_configs: { main: { mcp_config_name: 'main', mcp_config: [] } },
    projects: { p1: { project_name: 'first', mcp_config_id: 'main' } },
    users: { u1: { email: 'one@example.com' } },
    apikeys: { 'a-gateway-key-of-these-tests': { project_id: 'p1', user_id: 'u1' } },
  };
  writeFileSync(file, JSON.stringify({ lockstep: { secretFile, ...lockstep }, ...sections }), { mode: 0o600 });
  return file;
}

interface Report extends CommandResult {
  readonly verdict: string;
  readonly findings: readonly Finding[];
  /** The finding of a check, as `verdict: found`. */
  of(area: string, check: string): string;
}

async function doctor(lockstep: Readonly<Record<string, unknown>>, args: readonly string[] = []): Promise<Report> {
  const result = await runCommand(['doctor', '--config', configFile(lockstep), '--json', ...args], {});
  const { verdict, findings } = JSON.parse(result.stdout) as Pick<Report, 'verdict' | 'findings'>;
  const of = (area: string, check: string): string => {
    const finding = findings.find((each) => each.area === area && each.check === check);
    return `${finding?.verdict}: ${finding?.found}`;
  };
  return { ...result, verdict, findings, of };
}

describe('a doctor without a patient', () => {
  it('names every problem of the configuration, skips what it cannot look at, and ends with 1', async () => {
    const report = await doctor({ port: 'many', tierUrl: 'http://x' });
    expect([report.code, report.verdict]).toEqual([1, 'fail']);
    expect(report.of('config', 'lockstep.port')).toBe('fail: got "many" (text)');
    expect(report.of('config', 'lockstep.tierUrl')).toMatch(/^fail: got/);
    expect(report.of('tier', 'reachable')).toBe('skipped: the configuration cannot be used');
  });

  it('has nothing to look at in local mode, and ends with 0', async () => {
    const report = await doctor({ secretFile: undefined });
    expect([report.code, report.verdict, report.stderr]).toEqual([0, 'ok', '']);
    expect(report.of('config', 'usable')).toBe('ok: 1 gateway, local mode');
  });

  it('tells people in a line each what it found, and under it what to do', async () => {
    const file = configFile({ tierUrl: `redis://127.0.0.1:${await freePort()}` });
    const { code, stdout } = await runCommand(['doctor', '--config', file], {});
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^fail +tier +reachable +.*ECONNREFUSED.*\n +→ is the/m)]);
  });

  it('names a file that others can read, and fails on one that they can change', async () => {
    const file = configFile({});
    chmodSync(file, 0o644);
    const secret = join(directory, 'secret');
    chmodSync(secret, 0o622);
    const { code, stdout } = await runCommand(['doctor', '--config', file, '--json'], {});
    const { findings } = JSON.parse(stdout) as Pick<Report, 'findings'>;
    const verdicts = findings.filter(({ area }) => area === 'files').map(({ check, verdict }) => [check, verdict]);
    expect([code, verdicts]).toEqual([
      1,
      [
        [file, 'warn'],
        [secret, 'fail'],
      ],
    ]);
  });
});

describe("a tier's doctor", () => {
  it('finds a server that is as it should be without fault', async () => {
    const { url } = await redis({ persistent: true, args: ['--maxmemory-policy', 'volatile-lru'] });
    const report = await doctor({ tierUrl: url });
    expect(report.findings.filter(({ verdict }) => !['ok', 'skipped'].includes(verdict))).toEqual([]);
    expect([report.code, report.of('tier', 'persistence')]).toEqual([0, 'ok: append-only file']);
    expect(report.of('tier', 'version')).toMatch(/^ok: .*\d+\.\d+/);
    expect(report.of('tier', 'clock')).toMatch(/^ok: \d+ ms (ahead of|behind) this machine's, ± /);
  });

  it('warns of a policy that takes heads and logs, and of nothing on disk, and ends with 7', async () => {
    const { url } = await redis({ args: ['--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru'] });
    const report = await doctor({ tierUrl: url });
    expect(report.code).toBe(7);
    expect(report.of('tier', 'maxmemory-policy')).toMatch(/^warn: allkeys-lru can take heads/);
    expect(report.of('tier', 'persistence')).toMatch(/^warn: no append-only file, no snapshots/);
  });

  it('fails where the server wants another password, and never tells the one it tried', async () => {
    const { host, port } = await redis({ args: ['--requirepass', 'right-one'] });
    const report = await doctor({ tierUrl: `redis://:wrong-one@${host}:${port}` });
    expect([report.code, report.of('tier', 'reachable')]).toEqual([1, expect.stringMatching(/^fail: .*WRONGPASS/)]);
    expect(report.stdout).not.toContain('wrong-one');
    const right = await doctor({ tierUrl: `redis://:right-one@${host}:${port}` });
    expect(right.of('tier', 'user')).toBe('ok: the default user may run the scripts');
    expect(right.stdout).not.toContain('right-one');
  });

  it('fails where the primary asks for more replicas than it has, and where clears wait for them in vain', async () => {
    const { url } = await redis({ persistent: true, args: ['--min-replicas-to-write', '1'] });
    const report = await doctor({ tierUrl: url, durabilityReplicas: 2 });
    expect(report.code).toBe(1);
    expect(report.of('tier', 'min-replicas-to-write')).toBe('fail: 1, with 0: the primary refuses writes');
    expect(report.of('tier', 'replicas')).toBe('fail: none, and durabilityReplicas wants 2');
  });

  it('fails on a replica', async () => {
    const primary = await redis();
    const { url } = await redis({ args: ['--replicaof', primary.host, String(primary.port)] });
    expect((await doctor({ tierUrl: url })).of('tier', 'role')).toBe('fail: a replica: it takes no writes');
  });
});

describe("a bus's doctor", () => {
  it('tells version, largest message and user, and warns where messages would be too large', async () => {
    const { url: tierUrl } = await redis();
    const config = join(directory, 'nats.conf');
    writeFileSync(config, 'max_payload: 1024\nauthorization { user: node, password: right }');
    const { host, port } = await nats({ args: ['--config', config] });
    const report = await doctor({ tierUrl, busUrl: `nats://node:right@${host}:${port}` });
    expect(report.of('bus', 'version')).toMatch(/^ok: \d+\.\d+/);
    expect(report.of('bus', 'max_payload')).toBe('warn: 1.0 KiB a message');
    expect(report.of('bus', 'user')).toMatch(/^ok: may subscribe/);
    const wrong = await doctor({ tierUrl, busUrl: `nats://node:wrong-one@${host}:${port}` });
    expect([wrong.code, wrong.of('bus', 'reachable')]).toEqual([1, expect.stringContaining('refused the credentials')]);
    expect(wrong.stdout).not.toContain('wrong-one');
  });

  it('fails where nothing listens, in bounded time', async () => {
    const { url: tierUrl } = await redis();
    const report = await doctor({ tierUrl, busUrl: `nats://127.0.0.1:${await freePort()}` });
    expect(report.of('bus', 'reachable')).toMatch(/^fail: no connection to the NATS server: .*refused/);
  });
});

describe("an admin API's doctor", () => {
  const run = (args: readonly string[], environment: Readonly<Record<string, string>>) =>
    runCommand(['doctor', '--config', configFile({ secretFile: undefined }), ...args], environment);

  it('says whether it answers, with a token whether that is good, and how the node is', async () => {
    node = await startApiNode();
    node.reply('status', { answer: { ...STATUS, node: { ...STATUS.node, state: 'degraded', reason: 'no tier' } } });
    const without = await run(['--url', node.url], {});
    expect(without.stdout).toMatch(/^ok +admin +reachable .* answers\nskipped +admin +token /m);
    const withToken = await run([], { LOCKSTEP_ADMIN_URL: node.url, LOCKSTEP_ADMIN_TOKEN: TOKEN });
    expect([withToken.code, withToken.stdout]).toEqual([
      7,
      expect.stringMatching(/^warn +admin +coherence +degraded: no tier/m),
    ]);
    const wrong = await run(['--url', node.url], { LOCKSTEP_ADMIN_TOKEN: 'wrong' });
    expect([wrong.code, wrong.stdout]).toEqual([1, expect.stringMatching(/^fail +admin .* does not know this token/m)]);
  });

  it('says where nothing listens', async () => {
    const { code, stdout } = await run(['--url', `http://127.0.0.1:${await freePort()}`], {});
    expect([code, stdout]).toEqual([1, expect.stringMatching(/^fail +admin +reachable +nothing listens on/m)]);
  });
});
