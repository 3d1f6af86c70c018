import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { probeNats } from '@lockstep/bus-nats';
import type { RunningServer } from '@lockstep/testkit';
import { freePort, startNats } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

const DAY_MS = 24 * 3_600_000;
let directory: string;
const servers: RunningServer[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lockstep-probe-'));
});

afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function serverWith(config: string): Promise<RunningServer> {
  const file = join(directory, 'nats.conf');
  writeFileSync(file, config);
  const server = await startNats({ args: ['--config', file] });
  servers.push(server);
  return server;
}

const ask = (options: Partial<Parameters<typeof probeNats>[0]> & { servers: string }) =>
  probeNats({ cluster: 'probed', ...options }, AbortSignal.timeout(20_000));

describe('a NATS server that is asked what it is', () => {
  it('tells its version, its largest message, and that it asks nobody who he is', async () => {
    const server = await serverWith('max_payload: 65536');
    const report = await ask({ servers: server.url });
    expect(report).toMatchObject({
      server: `${server.host}:${server.port}`,
      version: expect.stringMatching(/^\d+\.\d+/),
      payloadBytesMax: 65_536,
      asksForUser: false,
      isTls: false,
      certificateEndMs: undefined,
      refusal: undefined,
    });
    expect(report.roundTripMs).toBeGreaterThanOrEqual(0);
  });

  it('tells that it asks, and whether this user may subscribe', async () => {
    const may = (subject: string): string => `{ subscribe: "${subject}" }`;
    const server = await serverWith(`authorization { users = [
      { user: in, password: p, permissions: ${may('lockstep.probed.inv')} }
      { user: out, password: p, permissions: ${may('elsewhere')} } ] }`);
    const report = await ask({ servers: server.url, credentials: { user: 'in', pass: 'p' } });
    expect(report).toMatchObject({ asksForUser: true, refusal: undefined });
    expect((await ask({ servers: server.url, credentials: { user: 'out', pass: 'p' } })).refusal).toMatch(
      /does not permit this subscription/,
    );
    await expect(ask({ servers: server.url, credentials: { user: 'in', pass: 'wrong' } })).rejects.toThrow(
      'refused the credentials',
    );
  });

  it('tells until when its certificate is good', async () => {
    const [key, certificate] = [join(directory, 'key.pem'), join(directory, 'certificate.pem')];
    const made = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes', '-days', '9'];
    const names = ['-subj', '/CN=localhost', '-addext', 'subjectAltName=IP:127.0.0.1'];
    execFileSync('openssl', ['req', '-x509', ...made, ...names, '-keyout', key, '-out', certificate], {
      stdio: 'ignore',
    });
    const server = await serverWith(`tls { cert_file: "${certificate}", key_file: "${key}" }`);
    const servers = server.url.replace('nats:', 'tls:');
    const report = await ask({ servers, tls: { caFile: certificate } });
    expect(report.isTls).toBe(true);
    expect(Math.round(((report.certificateEndMs ?? 0) - Date.now()) / DAY_MS)).toBe(9);
    await expect(ask({ servers })).rejects.toThrow('self-signed certificate');
  });

  it('where nothing listens, says so', async () => {
    await expect(ask({ servers: `nats://127.0.0.1:${await freePort()}` })).rejects.toMatchObject({
      code: 'bus-unavailable',
    });
  });
});
