import { execFileSync } from 'node:child_process';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { inspect } from 'node:util';
import type { SecuredServers } from '@lockstep/testkit';
import { startRedis, startSecuredServers, waitFor } from '@lockstep/testkit';
import type { KeydbState, KeydbTier, KeydbTierOptions } from '@lockstep/tier-keydb';
import { connectKeydb, probeKeydb } from '@lockstep/tier-keydb';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { entryOf } from './entry-of.ts';
import { KEY, NODE } from './test-server.ts';

const CLUSTER = 'edge';
let servers: SecuredServers;
const toClose: (() => Promise<unknown> | unknown)[] = [];

beforeAll(async () => {
  servers = await startSecuredServers(CLUSTER);
});

afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) await close();
});

afterAll(async () => {
  await servers.stop();
});

const made = (path: string): string => join(servers.directory, path);
const files = () => ({ caFile: made('ca.crt'), certFile: made('node/tls.crt'), keyFile: made('node/tls.key') });
const url = (): string => servers.environment['LOCKSTEP_TIER_URL'] ?? '';
const password = (): string => new URL(url()).password;

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'pipe' });
}

const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A certificate for `localhost`, signed by the cluster's authority or another one; the name of its files. */
function certificate(name: string, { days = 7, authority = 'ca' } = {}): string {
  const [at, ca] = [made(name), made(authority)];
  const names = ['-subj', `/CN=${name}`, '-addext', 'subjectAltName=DNS:localhost,IP:127.0.0.1'];
  openssl('req', '-new', ...NEW_KEY, '-keyout', `${at}.key`, ...names, '-out', `${at}.csr`);
  const signed = ['-CA', `${ca}.crt`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-copy_extensions', 'copy'];
  openssl('x509', '-req', '-in', `${at}.csr`, ...signed, '-days', String(days), '-out', `${at}.crt`);
  return at;
}

/** An authority that nobody knows. */
function authority(name: string): string {
  const at = made(name);
  openssl(
    'req',
    '-x509',
    ...NEW_KEY,
    '-days',
    '7',
    '-subj',
    `/CN=${name}`,
    '-keyout',
    `${at}.key`,
    '-out',
    `${at}.crt`,
  );
  return name;
}

/** With TLS 1.3 a client may be hung up on before it hears why. */
const refused = (alert: string): RegExp => new RegExp(`(${alert}|it hung up after the handshake).*certFile`);
const ofNode = (at: string) => ({ tls: { caFile: made('ca.crt'), certFile: `${at}.crt`, keyFile: `${at}.key` } });

/** Speaks to the server itself as one of its users. */
async function as(user: string): Promise<Redis> {
  const { caFile, certFile, keyFile } = files();
  const client = new Redis({
    ...{ host: 'localhost', port: servers.tier.port, protocol: 2, disableClientInfo: true, lazyConnect: true },
    tls: { ca: readFileSync(caFile), cert: readFileSync(certFile), key: readFileSync(keyFile) },
    ...{ username: user, password: user === 'lockstep' ? password() : servers.passwords[user] },
    retryStrategy: () => null,
  });
  client.on('error', () => undefined);
  toClose.push(() => client.disconnect());
  await client.connect();
  return client;
}

interface Told {
  readonly tier: KeydbTier;
  readonly states: readonly KeydbState[];
  connected(): Promise<unknown>;
  /** The newest reason why there is no connection. */
  refusal(): Promise<string>;
}

function open(options: Partial<KeydbTierOptions> = {}): Told {
  const states: KeydbState[] = [];
  const given = { url: url(), cluster: CLUSTER, tls: files(), ...options };
  const tier = connectKeydb({ ...given, commandTimeoutMs: 5_000, onState: (state) => states.push(state) });
  toClose.push(() => tier.close());
  const connected = () => waitFor(() => states.at(-1)?.connected, { what: 'the connection' });
  const reason = (state: KeydbState | undefined) => (state?.connected === false ? state.reason : undefined);
  return { tier, states, connected, refusal: () => waitFor(() => reason(states.at(-1)), { what: 'a refusal' }) };
}

describe('a tier with TLS and users, run from the files of infra', () => {
  it('lets a node with its certificate and password do what it does, and refuses none of it', async () => {
    const { tier, connected } = open();
    await connected();
    const put = await tier.put(entryOf(KEY));
    expect((await tier.read(KEY)).head).toMatchObject({ sequence: put.sequence });
    await tier.beat(NODE, 'nonce');
    expect(await tier.replicated(KEY.partition, put, { replicas: 1, timeoutMs: 20 })).toBe(0);
    const admin = await as('admin');
    expect(await admin.call('ACL', 'LOG')).toEqual([]);
  });

  it.each([
    ['a key of another cluster', ['get', 'lockstep:{other:1}:head']],
    ['a key of nobody', ['set', 'x', '1']],
    [
      'a script on a key of another cluster',
      ['eval', "return redis.call('get', KEYS[1])", '1', 'lockstep:{other:1}:head'],
    ],
    ['a script that reaches for one that it was not given', ['eval', "return redis.call('get', 'x')", '0']],
    ['a script that empties the server', ['eval', "return redis.call('flushall')", '0']],
    ['FLUSHALL', ['flushall']],
    ['FLUSHDB', ['flushdb']],
    ['CONFIG GET', ['config', 'get', '*']],
    ['CONFIG SET', ['config', 'set', 'maxmemory-policy', 'allkeys-lru']],
    ['KEYS', ['keys', '*']],
    ['SCAN', ['scan', '0']],
    ['ACL LIST', ['acl', 'list']],
    ['CLIENT LIST', ['client', 'list']],
    ['PUBLISH', ['publish', 'x', 'y']],
    ['SCRIPT FLUSH', ['script', 'flush']],
    ['REPLICAOF', ['replicaof', 'no', 'one']],
    ['SHUTDOWN', ['shutdown', 'nosave']],
  ] as const)('refuses a node %s', async (_, [command, ...args]) => {
    const node = await as('lockstep');
    await expect(node.call(command, ...args)).rejects.toThrow(
      /NOPERM|ACL failure in script|can't (run this command|access)|no permissions/,
    );
  });

  it('lets the monitor look at numbers, and at no key', async () => {
    const monitor = await as('monitor');
    expect(await monitor.info('memory')).toContain('used_memory:');
    expect(await monitor.call('slowlog', 'len')).toEqual(expect.any(Number));
    for (const [command, ...args] of [
      ['get', 'lockstep:{edge:1}:head'],
      ['scan', '0'],
      ['config', 'get', '*'],
      ['flushall'],
      ['eval', 'return 1', '0'],
    ] as const) {
      await expect(monitor.call(command, ...args), command).rejects.toThrow('NOPERM');
    }
  });

  it('lets a replica in as its user, over TLS', async () => {
    const { caFile, certFile, keyFile } = files();
    const own = ['--tls-replication', 'yes', '--tls-ca-cert-file', caFile];
    const replica = await startRedis({
      args: [
        ...[...own, '--tls-cert-file', certFile, '--tls-key-file', keyFile],
        ...['--masteruser', 'replica', '--masterauth', servers.passwords['replica'] ?? ''],
        ...['--replicaof', '127.0.0.1', String(servers.tier.port)],
      ],
    });
    toClose.push(() => replica.stop());
    const raw = new Redis({ host: replica.host, port: replica.port, protocol: 2, disableClientInfo: true });
    toClose.push(() => raw.disconnect());
    await waitFor(async () => (await raw.info('replication')).includes('master_link_status:up'), { what: 'the link' });
  });
});

describe('a node that is not let in is told why, and what to do', () => {
  it.each([
    [
      'in clear',
      () => ({ url: url().replace('rediss:', 'redis:') }),
      /where the server wants TLS, the URL begins with rediss/,
    ],
    ['without a certificate', () => ({ tls: { caFile: made('ca.crt') } }), refused('certificate required')],
    [
      'without the authority',
      () => ({ tls: { certFile: files().certFile, keyFile: files().keyFile } }),
      /in certificate chain; no authority .*caFile/,
    ],
    [
      'with another authority',
      () => ({ tls: { ...files(), caFile: `${made(authority('other'))}.crt` } }),
      /; no authority .*caFile/,
    ],
    [
      'with a certificate of another authority',
      () => ofNode(certificate('strange', { authority: authority('stranger') })),
      refused('unknown ca'),
    ],
    [
      'with a certificate that is over',
      () => ofNode(certificate('old', { days: -1 })),
      refused("this node's certificate is over"),
    ],
    [
      'under another name than the certificate has',
      () => ({ tls: { ...files(), servername: 'tier.internal' } }),
      /altnames.*; .*serverName/,
    ],
    [
      'with a wrong password',
      () => ({ url: url().replace(password(), 'wrong-password') }),
      /WRONGPASS.*user or password in the URL is wrong/,
    ],
    ['without a user', () => ({ url: `rediss://localhost:${servers.tier.port}` }), /NOAUTH.*put it into the URL/],
  ] as readonly [string, () => Partial<KeydbTierOptions>, RegExp][])('%s', async (_, options, told) => {
    const { refusal, states } = open(options());
    expect(await refusal()).toMatch(told);
    expect(inspect(states, { depth: 9 })).not.toMatch(new RegExp(`${password()}|wrong-password|PRIVATE KEY`));
    const probed = probeKeydb({ url: url(), cluster: CLUSTER, tls: files(), ...options() });
    await expect(probed).rejects.toThrow(told);
  });

  it('as a node of another cluster: it is let in, and may not touch a key', async () => {
    const { tier, connected } = open({ cluster: 'other' });
    await connected();
    await expect(tier.put(entryOf(KEY))).rejects.toThrow(/NOPERM.*see the ACL rule in the README/);
    await expect(tier.heads([KEY.partition])).rejects.toThrow(/NOPERM/);
    expect((await probeKeydb({ url: url(), cluster: 'other', tls: files() })).refusal).toMatch(/NOPERM|ACL/);
  });

  it('by a server that speaks no TLS', async () => {
    const plain = await startRedis();
    toClose.push(() => plain.stop());
    const { refusal } = open({ url: `rediss://localhost:${plain.port}`, connectTimeoutMs: 300 });
    expect(await refusal()).toMatch(/does the server speak TLS on this port/);
  });

  it('by options that name no files', () => {
    expect(() => open({ tls: { caFile: made('none'), keyFile: made('nothing') } })).toThrow(
      /tls\.caFile: ENOENT.*tls\.keyFile: ENOENT/,
    );
  });
});

describe('what is renewed while nodes run', () => {
  it("a node's certificate: the next connection shows the new one", async () => {
    const own = certificate('renewed', { days: -1 });
    const { refusal, connected } = open(ofNode(own));
    expect(await refusal()).toMatch(refused('certificate is over'));
    const fresh = certificate('fresh');
    for (const part of ['key', 'crt']) copyFileSync(`${fresh}.${part}`, `${own}.${part}`);
    await connected();
  });

  it("the server's certificate, once it is over: nodes say so, and come back when it is renewed", async () => {
    const { states, connected, refusal } = open();
    await connected();
    const [good, over] = [certificate('good'), certificate('over', { days: -1 })];
    const install = async (from: string): Promise<void> => {
      for (const part of ['key', 'crt']) copyFileSync(`${from}.${part}`, made(`tier/tls.${part}`));
      await servers.tier.restart().catch(() => undefined);
    };
    // The launcher itself asks by TLS whether the server is up: it is left to wait for the good one.
    const restarting = install(over);
    await waitFor(async () => /certificate is over: renew it/.test(await refusal()), { what: 'the reason' });
    for (const part of ['key', 'crt']) copyFileSync(`${good}.${part}`, made(`tier/tls.${part}`));
    await servers.tier.restart();
    await restarting;
    await connected();
    expect(states.at(-1)).toEqual({ connected: true });
  });

  it('a password: both are good while nodes move over, and then the new one alone', async () => {
    const users = made('tier/users.acl');
    const before = readFileSync(users, 'utf8');
    const load = async (text: string): Promise<void> => {
      writeFileSync(users, text);
      const admin = await as('admin');
      // Whoever is connected is sent away, this one too, and comes back.
      await admin.call('ACL', 'LOAD').catch(() => undefined);
    };
    await load(before.replace('user lockstep on ', 'user lockstep on >the-next-password '));
    const [old, next] = [open(), open({ url: url().replace(password(), 'the-next-password') })];
    await Promise.all([old.connected(), next.connected()]);
    await load(before.replace(/(user lockstep on )#\w+/, '$1>the-next-password'));
    await waitFor(async () => /WRONGPASS/.test(await old.refusal()), { what: 'the refusal of the old one' });
    await waitFor(() => next.tier.put(entryOf(KEY)), { what: 'a write with the new one' });
  });
});
