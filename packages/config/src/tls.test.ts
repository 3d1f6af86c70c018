import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { formatProblems, loadGatewayConfig, redactConfig } from './index.ts';

const BASE = { LOCKSTEP_SECRET: '0123456789abcdef0123456789abcdef', LOCKSTEP_TIER_URL: 'rediss://node:hidden@tier' };

let directory: string;
const at = (name: string): string => join(directory, name);

function load(environment: Readonly<Record<string, string>>) {
  const readText = (path: string): string => (path === 'gateway.json' ? '{}' : readFileSync(path, 'utf8'));
  return loadGatewayConfig({ file: 'gateway.json', environment: { ...BASE, ...environment }, readText });
}

function problemsOf(environment: Readonly<Record<string, string>>): string {
  const result = load(environment);
  return result.ok ? '' : result.problems.map(({ path, got, takes }) => `${path}: got ${got}, takes ${takes}`).join();
}

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'lockstep-config-'));
  for (const name of ['one', 'other']) {
    const made = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '1'];
    const files = ['-subj', `/CN=${name}`, '-keyout', at(`${name}.key`), '-out', at(`${name}.crt`)];
    execFileSync('openssl', [...made, ...files], { stdio: 'ignore' });
  }
  writeFileSync(at('text'), 'not a certificate');
});

afterAll(() => rmSync(directory, { recursive: true, force: true }));

it('TLS settings become what the adapters take, and are shown as they are: they name files, not secrets', () => {
  const result = load({
    LOCKSTEP_TIER_CA_FILE: at('one.crt'),
    LOCKSTEP_TIER_CERT_FILE: at('other.crt'),
    LOCKSTEP_TIER_KEY_FILE: at('other.key'),
    LOCKSTEP_TIER_SERVER_NAME: 'tier.internal',
    LOCKSTEP_BUS_URL: 'tls://bus',
    LOCKSTEP_BUS_CA_FILE: at('one.crt'),
  });
  if (!result.ok) throw new Error(formatProblems(result.problems));
  const tierTls = { caFile: at('one.crt'), certFile: at('other.crt'), keyFile: at('other.key') };
  const expected = { tierTls: { ...tierTls, servername: 'tier.internal' }, busTls: { caFile: at('one.crt') } };
  expect(result.value.cluster).toMatchObject(expected);
  expect(redactConfig(result.value)['cluster']).toMatchObject(expected);
});

it.each([
  ['a file that is not there', () => ({ LOCKSTEP_TIER_CA_FILE: at('none') }), /tierCaFile: got ".*none": no such file/],
  [
    'a file that is no PEM',
    () => ({ LOCKSTEP_TIER_CA_FILE: at('text') }),
    /tierCaFile: got ".*text": no PEM file with a certificate/,
  ],
  [
    'a certificate without its key',
    () => ({ LOCKSTEP_TIER_CERT_FILE: at('one.crt') }),
    /tierCertFile: got a file, without tierKeyFile/,
  ],
  [
    'the key of another certificate',
    () => ({ LOCKSTEP_TIER_CERT_FILE: at('one.crt'), LOCKSTEP_TIER_KEY_FILE: at('other.key') }),
    /tierKeyFile: got the key of another certificate/,
  ],
  [
    'a tier whose URL asks for no TLS',
    () => ({ LOCKSTEP_TIER_URL: 'redis://tier', LOCKSTEP_TIER_SERVER_NAME: 'tier.internal' }),
    /tierServerName: got a tier without TLS, takes a tierUrl that begins with rediss/,
  ],
  ['no bus', () => ({ LOCKSTEP_BUS_CA_FILE: at('one.crt') }), /busCaFile: got a file or name, without a bus/],
])('TLS settings with %s are a problem that names the setting', (_, environment, message) => {
  expect(problemsOf(environment())).toMatch(message);
  expect(problemsOf(environment())).not.toMatch(/hidden|not a certificate|PRIVATE KEY/);
});

it.each([
  ['LOCKSTEP_BUS_URL', 'nats://127.0.0.1:99999'],
  ['LOCKSTEP_BUS_URL', 'nats://one:4222,nats://node:hidden@two:65536'],
  ['LOCKSTEP_TIER_URL', 'rediss://node:hidden@tier:99999'],
])('%s with a port that there is not (%s) is a problem', (variable, url) => {
  expect(problemsOf({ [variable]: url })).toMatch(new RegExp(`${variable}: got .*, takes a URL`));
  expect(problemsOf({ [variable]: url })).not.toContain('hidden');
});
