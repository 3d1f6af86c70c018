import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RedisOptions } from '@lockstep/testkit';
import { freePort, waitFor } from '@lockstep/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import { probeKeydb } from '../src/index.ts';
import { limitedUser, TestServer, urlOfLimitedUser } from './test-server.ts';

const DAY_MS = 24 * 3_600_000;
const servers: TestServer[] = [];

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
});

async function start(options: RedisOptions = {}): Promise<TestServer> {
  const server = await TestServer.start(options);
  servers.push(server);
  return server;
}

const ask = (url: string) => probeKeydb({ url, cluster: 'probed', commandTimeoutMs: 5_000 });

describe('a server that is asked what it is', () => {
  it('tells what a node should know, and is left as it was', async () => {
    const server = await start({ args: ['--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru'] });
    await server.raw.set('a', '1');
    expect(await ask(server.server.url)).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+/),
      role: 'primary',
      isClusterNode: false,
      memoryBytesMax: 64 * 1_048_576,
      evictionPolicy: 'allkeys-lru',
      evictsMetadata: true,
      keys: 1,
      persistence: { appendOnly: false, snapshots: false, failing: [] },
      replicas: [],
      replicasToWriteMin: 0,
      isTls: false,
      refusal: undefined,
    });
    expect(await server.raw.keys('*')).toEqual(['a']);
  });

  it('tells what it keeps on disk, and how many replicas it asks for', async () => {
    const server = await start({
      persistent: true,
      args: ['--save', '900 1', '--min-replicas-to-write', '2', '--maxmemory-policy', 'volatile-lru'],
    });
    expect(await ask(server.server.url)).toMatchObject({
      evictsMetadata: false,
      persistence: { appendOnly: true, snapshots: true },
      replicasToWriteMin: 2,
    });
  });

  it('tells its replicas, and a replica that it is one', async () => {
    const [primary, standby] = [await start({ args: ['--repl-diskless-sync-delay', '0'] }), await start()];
    await standby.raw.call('replicaof', primary.server.host, String(primary.server.port));
    await waitFor(async () => (await ask(primary.server.url)).replicas[0]?.isOnline === true, { what: 'the replica' });
    expect((await ask(primary.server.url)).replicas).toEqual([
      { address: `127.0.0.1:${standby.server.port}`, isOnline: true, lagSeconds: expect.any(Number) },
    ]);
    expect((await ask(standby.server.url)).role).toBe('replica');
  });

  it('tells the user of the README what he may see, and what he may not know', async () => {
    const server = await start({ args: limitedUser() });
    const report = await ask(urlOfLimitedUser(server.server));
    expect(report).toMatchObject({ refusal: undefined, replicasToWriteMin: 0, role: 'primary' });
    expect(report.persistence.snapshots).toBeUndefined();
    await server.raw.call('acl', 'setuser', 'lockstep', '-eval');
    expect((await ask(urlOfLimitedUser(server.server))).refusal).toMatch(/NOPERM.*eval/);
  });

  it('tells how far its clock is from here', async () => {
    const server = await start();
    const { clockAheadMs, roundTripMs } = await ask(server.server.url);
    expect(Math.abs(clockAheadMs)).toBeLessThanOrEqual(roundTripMs / 2 + 2);
  });

  it('uses commands that KeyDB 6.3.4 has', async () => {
    const server = await start();
    const before = await server.calls();
    await ask(server.server.url);
    const known = new Set(
      readFileSync(join(import.meta.dirname, 'fixtures/keydb-6.3.4-commands.txt'), 'utf8').split('\n'),
    );
    const used = [...(await server.calls())].filter(([name, calls]) => calls > (before.get(name) ?? 0));
    const names = used.map(([name]) => name.split('|')[0]?.toLowerCase() ?? '');
    expect(names).toContain('config');
    expect(names.filter((name) => !known.has(name))).toEqual([]);
  });
});

describe('a server that lets nobody in', () => {
  it('names the missing, and the wrong, password', async () => {
    const server = await start();
    await server.raw.config('SET', 'requirepass', 'right-password');
    await expect(ask(server.server.url)).rejects.toMatchObject({
      code: 'tier-refused',
      message: expect.stringMatching(/NOAUTH/),
    });
    const wrong = `redis://:wrong-one@${server.server.host}:${server.server.port}`;
    await expect(ask(wrong)).rejects.toMatchObject({
      code: 'tier-refused',
      message: expect.stringMatching(/^(?!.*wrong-one).*WRONGPASS/s),
    });
  });

  it('where nothing listens, says so', async () => {
    await expect(ask(`redis://127.0.0.1:${await freePort()}`)).rejects.toMatchObject({
      code: 'tier-unavailable',
      message: expect.stringMatching(/ECONNREFUSED/),
    });
  });
});

describe('over TLS', () => {
  it('tells until when its certificate is good', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'lockstep-tls-'));
    try {
      const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
      const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '9'];
      const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
      execFileSync('openssl', ['req', '-x509', ...made, ...names, '-keyout', key, '-out', certificate], {
        stdio: 'ignore',
      });
      const tlsPort = await freePort();
      const files = ['--tls-cert-file', certificate, '--tls-key-file', key, '--tls-ca-cert-file', certificate];
      await start({ args: ['--tls-port', String(tlsPort), '--tls-auth-clients', 'no', ...files] });
      const url = `rediss://127.0.0.1:${tlsPort}`;
      const report = await probeKeydb({ url, cluster: 'probed', tls: { ca: readFileSync(certificate) } });
      expect(report.isTls).toBe(true);
      expect(Math.round(((report.certificateEndMs ?? 0) - Date.now()) / DAY_MS)).toBe(9);
      await expect(ask(url)).rejects.toMatchObject({
        code: 'tier-unavailable',
        message: expect.stringMatching(/self-signed/),
      });
    } finally {
      rmSync(directory, { recursive: true, force: true });
    }
  });
});
