import { execFileSync } from 'node:child_process';
import { join } from 'node:path';
import type { NatsBusOptions } from '@lockstep/bus-nats';
import { parseBusUrl, probeNats } from '@lockstep/bus-nats';
import type { SecuredServers } from '@lockstep/testkit';
import { startSecuredServers, waitFor } from '@lockstep/testkit';
import type { NatsConnection } from '@nats-io/transport-node';
import { connect } from '@nats-io/transport-node';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { ListeningBus } from './listening.ts';
import { listenTo, say } from './listening.ts';

const CLUSTER = 'edge';
let servers: SecuredServers;
const toClose: (() => Promise<unknown>)[] = [];

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
const url = (): string => servers.environment['LOCKSTEP_BUS_URL'] ?? '';
const password = (): string => new URL(url()).password;
const ofNode = (): NatsBusOptions => ({ ...parseBusUrl(url()), cluster: CLUSTER, tls: files() });

function bus(options: Partial<NatsBusOptions> = {}): ListeningBus {
  const listening = listenTo({ ...ofNode(), ...options });
  toClose.push(() => listening.bus.close());
  return listening;
}

/** Speaks to the server itself as one of its users. */
async function as(user: 'lockstep' | 'monitor'): Promise<NatsConnection> {
  const pass = user === 'lockstep' ? password() : (servers.passwords['NATS_MONITOR_PASSWORD'] ?? '');
  const at = `localhost:${servers.bus.port}`;
  const connection = await connect({ servers: at, user, pass, tls: files(), reconnect: false });
  toClose.push(() => connection.close());
  return connection;
}

/** What the server says of a publication or a subscription; undefined: nothing. */
async function refusal(connection: NatsConnection, verb: 'publish' | 'subscribe', subject: string) {
  const status = connection.status();
  const errors: string[] = [];
  if (verb === 'publish') connection.publish(subject, 'x');
  else connection.subscribe(subject, { callback: (error) => void (error && errors.push(error.message)) });
  await connection.flush();
  if (verb === 'subscribe') return errors[0];
  await connection.close();
  for await (const event of status) if (event.type === 'error') return event.error.message;
  return undefined;
}

/** A certificate that is over, or of an authority that nobody knows. */
function certificate(name: string, days: number, authority?: string) {
  const [at, ca] = [made(name), authority === undefined ? made('ca') : made(authority)];
  const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const openssl = (...args: string[]): unknown => execFileSync('openssl', args, { stdio: 'pipe' });
  if (authority !== undefined) {
    openssl('req', '-x509', ...key, '-subj', `/CN=${authority}`, '-keyout', `${ca}.key`, '-out', `${ca}.crt`);
  }
  openssl('req', '-new', ...key, '-subj', `/CN=${name}`, '-keyout', `${at}.key`, '-out', `${at}.csr`);
  const signed = ['-CA', `${ca}.crt`, '-CAkey', `${ca}.key`, '-CAcreateserial', '-days', String(days)];
  openssl('x509', '-req', '-in', `${at}.csr`, ...signed, '-out', `${at}.crt`);
  return { tls: { ...files(), certFile: `${at}.crt`, keyFile: `${at}.key` } };
}

describe('a bus with TLS and users, run from the files of infra', () => {
  it("carries a cluster's messages between nodes with their certificate and password", async () => {
    const [one, other] = [bus(), bus()];
    await waitFor(() => one.bus.connected && other.bus.connected, { what: 'both connections' });
    say(one.bus, 'gone');
    await waitFor(() => other.messages.includes('gone'), { what: 'the message' });
    expect([...one.states, ...other.states]).toEqual([]);
    const report = await probeNats(ofNode(), AbortSignal.timeout(20_000));
    expect(report).toMatchObject({ asksForUser: true, isTls: true, refusal: undefined });
    expect(report.certificateEndMs).toBeGreaterThan(Date.now());
  });

  it.each([
    ['publish', 'lockstep.other.inv'],
    ['publish', '$SYS.REQ.SERVER.PING'],
    ['publish', 'anything'],
    ['subscribe', 'lockstep.other.inv'],
    ['subscribe', 'lockstep.>'],
    ['subscribe', '>'],
    ['subscribe', '$SYS.>'],
  ] as const)('refuses a node to %s %s', async (verb, subject) => {
    expect(await refusal(await as('lockstep'), verb, subject)).toMatch(/permissions violation/i);
  });

  it('lets the monitor ask for numbers, and neither hear nor say what nodes do', async () => {
    const monitor = await as('monitor');
    const answer = await monitor.request('$SYS.REQ.SERVER.PING.VARZ', '', { timeout: 5_000 });
    expect(answer.json()).toMatchObject({ data: { connections: expect.any(Number) } });
    const varz = (await (await fetch(`${servers.busMonitorUrl}/varz`)).json()) as object;
    expect(varz).toMatchObject({ tls_required: true, tls_verify: true });
    expect(await refusal(monitor, 'subscribe', 'lockstep.edge.inv')).toMatch(/permissions violation/i);
    expect(await refusal(monitor, 'publish', 'lockstep.edge.inv')).toMatch(/permissions violation/i);
  });
});

/** With TLS 1.3 a client may be hung up on before it hears why. */
const refused = /(bad certificate; .*not over|hung up in the handshake: ).*\(certFile, keyFile\)/;

describe('a node that is not let in is told why, and what to do', () => {
  it.each([
    [
      'without TLS settings',
      () => ({ servers: `nats://localhost:${servers.bus.port}`, tls: undefined }),
      /; no authority that this node trusts .*caFile/,
    ],
    ['without a certificate', () => ({ tls: { caFile: made('ca.crt') } }), refused],
    ['with a certificate of another authority', () => certificate('strange', 7, 'stranger'), refused],
    ['with a certificate that is over', () => certificate('old', -1), refused],
    [
      'under another name than the certificate has',
      () => ({ tls: { ...files(), servername: 'bus.internal' } }),
      /altnames.*; .*serverName/,
    ],
    [
      'with a wrong password',
      () => ({ credentials: { user: 'lockstep', pass: 'wrong-password' } }),
      /refused the credentials/,
    ],
    ['without a user', () => ({ credentials: undefined }), /refused the credentials/],
    [
      'as a node of another cluster',
      () => ({ cluster: 'other' }),
      /does not permit this subscription: .*lockstep\.other\.inv/,
    ],
    ['with a file that is not there', () => ({ tls: { ...files(), keyFile: made('none') } }), /none doesn't exist/],
  ])('%s', async (_, options, told) => {
    const given = options() as Partial<NatsBusOptions>;
    const { states } = bus(given);
    await waitFor(() => states.length > 0, { what: 'the reason' });
    expect(states[0]).toMatch(told);
    const probed = probeNats({ ...ofNode(), ...given }, AbortSignal.timeout(20_000)).then(({ refusal: why }) => why);
    expect(await probed.catch(String)).toMatch(told);
    expect(states.join()).not.toMatch(new RegExp(`${password()}|wrong-password|PRIVATE KEY`));
  });
});
