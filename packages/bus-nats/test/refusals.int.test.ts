import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningServer } from '@lockstep/testkit';
import { startNats, waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createIdentities } from './identities.ts';
import type { ListeningBus } from './listening.ts';
import { listenTo, say } from './listening.ts';

let directory: string;
const toClose: (() => Promise<void>)[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lockstep-bus-'));
});

afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) {
    await close();
  }
  rmSync(directory, { recursive: true, force: true });
});

const configFile = (): string => join(directory, 'nats.conf');

async function serverWith(config: string): Promise<RunningServer> {
  writeFileSync(configFile(), config);
  const started = await startNats({ args: ['--config', configFile()] });
  toClose.push(() => started.stop());
  return started;
}

async function reconfigure(server: RunningServer, config: string): Promise<void> {
  writeFileSync(configFile(), config);
  await server.restart();
}

function bus(options: Parameters<typeof listenTo>[0]): ListeningBus {
  const listening = listenTo(options);
  toClose.push(() => listening.bus.close());
  return listening;
}

const user = (permissions = ''): string => `authorization { users = [{ user: node, password: right ${permissions} }] }`;

describe('a NATS server that asks who is there', () => {
  it.each([
    { kind: 'user and password', config: user(), credentials: { user: 'node', pass: 'right' } },
    { kind: 'token', config: 'authorization { token: right }', credentials: { token: 'right' } },
  ])('takes the right $kind', async ({ config, credentials }) => {
    const nats = await serverWith(config);
    const node = bus({ servers: nats.url, credentials });
    await waitFor(() => node.bus.connected, { what: 'the connection' });
    expect(node.states).toEqual([]);
  });

  it('refuses wrong ones: the bus says why, keeps trying, and connects once they are right', async () => {
    const nats = await serverWith(user());
    const node = bus({ servers: nats.url, credentials: { user: 'node', pass: 'later' } });
    const refusals = (): number => nats.logs().split('authentication error').length - 1;
    await waitFor(() => refusals() >= 4, { what: 'four refusals' });
    expect(node.bus.connected).toBe(false);
    expect(node.states).toEqual([expect.stringMatching(/^the NATS server refused the credentials: .*Authorization/i)]);
    await reconfigure(nats, user().replace('right', 'later'));
    await waitFor(() => node.bus.connected, { what: 'the connection' });
    expect(node.states.at(-1)).toBe('restored');
    expect(node.states.filter((state) => state === 'restored')).toHaveLength(1);
  });

  it('takes the connection back when the user is removed, and gives it again', async () => {
    const nats = await serverWith(user());
    const node = bus({ servers: nats.url, credentials: { user: 'node', pass: 'right' } });
    await waitFor(() => node.bus.connected, { what: 'the connection' });
    await reconfigure(nats, user().replace('right', 'other'));
    await waitFor(() => node.states.some((state) => state.includes('refused the credentials')), {
      what: 'the refusal',
    });
    await reconfigure(nats, user());
    await waitFor(() => node.bus.connected, { what: 'the connection' });
  });

  it('takes a credentials file, read anew for each attempt', async () => {
    const identities = createIdentities();
    const file = join(directory, 'user.creds');
    const nats = await serverWith(identities.serverConfig);
    const node = bus({ servers: nats.url, credentials: { credsFile: file } });
    await waitFor(() => node.states.length > 0, { what: 'the reason' });
    expect(node.states[0]).toMatch(/^the credentials file cannot be used: ENOENT/);
    writeFileSync(file, createIdentities().credentials());
    await waitFor(() => node.states.some((state) => state.includes('refused the credentials')), {
      what: 'the refusal',
    });
    writeFileSync(file, identities.credentials());
    await waitFor(() => node.bus.connected, { what: 'the connection' });
    expect(node.states.at(-1)).toBe('restored');
  });
});

describe('a NATS server that restricts subjects', () => {
  const credentials = { user: 'node', pass: 'right' };

  it('a subscription that is not permitted is an interruption with a reason, until it is permitted', async () => {
    const nats = await serverWith(user(', permissions: { subscribe: { deny: ["lockstep.>"] } }'));
    const node = bus({ servers: nats.url, credentials });
    await waitFor(() => node.states.length > 0, { what: 'the reason' });
    expect(node.states[0]).toMatch(/does not permit this subscription: .*lockstep\.test\.inv/);
    expect(node.bus.connected).toBe(false);
    await reconfigure(nats, user());
    await waitFor(() => node.bus.connected, { what: 'the connection' });
    expect(node.states.at(-1)).toBe('restored');
  });

  it('a publication that is not permitted is an interruption with a reason', async () => {
    const nats = await serverWith(user(', permissions: { publish: { deny: ["lockstep.>"] } }'));
    const node = bus({ servers: nats.url, credentials });
    await waitFor(() => node.bus.connected, { what: 'the connection' });
    say(node.bus, 'refused');
    await waitFor(() => node.states.length > 0, { what: 'the reason' });
    expect(node.states[0]).toMatch(/does not permit this publish: .*lockstep\.test\.inv/);
  });
});

it('a server without TLS is refused where TLS is a must', async () => {
  const nats = await serverWith('');
  const node = bus({ servers: nats.url.replace('nats:', 'tls:') });
  await waitFor(() => node.states.length > 0, { what: 'the reason' });
  expect(node.states[0]).toBe("no connection to the NATS server: server does not support 'tls'");
  expect(node.bus.connected).toBe(false);
});
