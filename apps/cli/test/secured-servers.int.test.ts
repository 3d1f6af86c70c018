import { copyFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SecuredServers } from '@lockstep/testkit';
import { startSecuredServers } from '@lockstep/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { Finding } from '../src/doctor/finding.ts';
import { runCommand } from './command.ts';

let servers: SecuredServers;
let file: string;

beforeAll(async () => {
  servers = await startSecuredServers('edge');
  file = join(servers.directory, 'gateway.json');
  writeFileSync(file, '{}', { mode: 0o600 });
});

afterAll(async () => {
  await servers.stop();
});

async function doctor(changes: Readonly<Record<string, string>> = {}) {
  const environment = { ...servers.environment, ...changes };
  const { code, stdout } = await runCommand(['doctor', '--config', file, '--json'], environment);
  const { findings } = JSON.parse(stdout) as { readonly findings: readonly Finding[] };
  const of = (area: string, check: string) => {
    const finding = findings.find((each) => each.area === area && each.check === check);
    return `${finding?.verdict}: ${finding?.found}`;
  };
  const secrets = ['LOCKSTEP_TIER_URL', 'LOCKSTEP_BUS_URL'].map(
    (name) => new URL(servers.environment[name] ?? '').password,
  );
  for (const secret of [...secrets, servers.environment['LOCKSTEP_SECRET'] ?? '']) expect(stdout).not.toContain(secret);
  return { code, findings, of };
}

it('a doctor over TLS finds no fault, and looks at the modes of keys, not of certificates', async () => {
  const { findings, of } = await doctor();
  const faults = findings.filter(({ verdict, check }) => !['ok', 'skipped'].includes(verdict) && check !== 'tls');
  expect(faults.filter(({ area }) => area === 'tier' || area === 'bus')).toEqual([]);
  expect(of('tier', 'tls')).toMatch(/^warn: on; the certificate ends .*in \d days?$/);
  expect(of('tier', 'user')).toBe('ok: lockstep may run the scripts');
  expect(of('bus', 'user')).toMatch(/^ok: may subscribe/);
  const looked = findings.filter(({ area }) => area === 'files').map(({ check }) => check);
  expect(looked).toContain(servers.environment['LOCKSTEP_TIER_KEY_FILE']);
  expect(looked).not.toContain(servers.environment['LOCKSTEP_TIER_CA_FILE']);
});

it.each([
  ['without the authority', { LOCKSTEP_TIER_CA_FILE: '', LOCKSTEP_BUS_CA_FILE: '' }, [/caFile/, /caFile/]],
  [
    'without a certificate of its own',
    { LOCKSTEP_TIER_CERT_FILE: '', LOCKSTEP_TIER_KEY_FILE: '', LOCKSTEP_BUS_CERT_FILE: '', LOCKSTEP_BUS_KEY_FILE: '' },
    [/certFile, keyFile/, /certFile, keyFile/],
  ],
  [
    'under another name than the certificates have',
    { LOCKSTEP_TIER_SERVER_NAME: 'tier.internal', LOCKSTEP_BUS_SERVER_NAME: 'bus.internal' },
    [/tier\.internal.*serverName/, /bus\.internal.*serverName/],
  ],
] as readonly [string, Readonly<Record<string, string>>, readonly [RegExp, RegExp]][])(
  'a doctor %s says what to do',
  async (_, changes, [ofTier, ofBus]) => {
    const { code, of } = await doctor(changes);
    expect(code).toBe(1);
    expect(of('tier', 'reachable')).toMatch(ofTier);
    expect(of('bus', 'reachable')).toMatch(ofBus);
  },
);

it('a doctor of another cluster says that its users may not', async () => {
  const { code, of } = await doctor({ LOCKSTEP_CLUSTER: 'other' });
  expect([code, of('tier', 'user'), of('bus', 'user')]).toEqual([
    1,
    expect.stringMatching(/^fail: NOPERM|ACL/),
    expect.stringMatching(/^fail: .*lockstep\.other\.inv/),
  ]);
});

it('config check finds a key of another certificate, and a port that there is not', async () => {
  const other = join(servers.directory, 'other.key');
  copyFileSync(join(servers.directory, 'bus/tls.key'), other);
  const environment = { ...servers.environment, LOCKSTEP_TIER_KEY_FILE: other, LOCKSTEP_BUS_URL: 'nats://bus:99999' };
  const { code, stdout } = await runCommand(['config', 'check', file], environment);
  expect([code, stdout]).toEqual([2, expect.stringMatching(/tierKeyFile[\s\S]*key of another certificate/)]);
  expect(stdout).toMatch(/LOCKSTEP_BUS_URL[\s\S]*nats:\/\/bus:99999/);
});
