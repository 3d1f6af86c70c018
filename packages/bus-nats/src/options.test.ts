import { ConfigError } from '@lockstep/core';
import { describe, expect, it } from 'vitest';
import type { NatsBusOptions } from './options.ts';
import { parseNatsOptions } from './options.ts';

const valid: NatsBusOptions = { servers: 'nats://127.0.0.1:4222', cluster: 'gateway' };

function problemOf(options: unknown): string {
  try {
    parseNatsOptions(options as NatsBusOptions);
  } catch (error) {
    expect(error).toBeInstanceOf(ConfigError);
    return (error as ConfigError).message;
  }
  return 'none';
}

describe('the options of a NATS bus', () => {
  it('are complete with servers and a cluster', () => {
    expect(parseNatsOptions(valid)).toEqual({
      servers: ['nats://127.0.0.1:4222'],
      subject: 'lockstep.gateway.inv',
      name: 'lockstep',
      credentials: undefined,
      tls: undefined,
      logger: undefined,
      pingIntervalMs: 2_000,
      connectTimeoutMs: 5_000,
      reconnectDelayMaxMs: 2_000,
      pendingBytesMax: 8_388_608,
    });
  });

  it.each([
    [{ ...valid, servers: ['a:1', 'nats://b', 'tls://[::1]:4222'] }],
    [{ ...valid, prefix: 'team-a.cache', name: 'node 1' }],
    [{ ...valid, credentials: { user: 'u', pass: 'p' } }],
    [{ ...valid, credentials: { token: 't' } }],
    [{ ...valid, credentials: { credsFile: '/etc/nats/user.creds' } }],
    [{ ...valid, pingIntervalMs: 50, connectTimeoutMs: 600_000, reconnectDelayMaxMs: 10, pendingBytesMax: 1_048_576 }],
  ])('take %j', (options) => {
    expect(problemOf(options)).toBe('none');
  });

  it.each([
    ['servers', { ...valid, servers: [] }, 'servers: got , takes a server'],
    ['servers', { cluster: 'gateway' }, 'servers: got undefined'],
    ['servers', { ...valid, servers: ['a:1', 'ws://b'] }, 'servers[1]: got "ws://b", takes nats://host:port'],
    ['servers', { ...valid, servers: 'nats://a:port' }, 'servers: got "nats://a:port"'],
    ['servers', { ...valid, servers: 'nats://a/b' }, 'servers: got "nats://a/b"'],
    ['cluster', { ...valid, cluster: 'a.b' }, 'cluster: got "a.b", takes a name of'],
    ['cluster', { ...valid, cluster: '_a' }, 'cluster: got "_a"'],
    ['cluster', { ...valid, cluster: '>' }, 'cluster: got ">"'],
    ['cluster', { ...valid, cluster: '' }, 'cluster: got ""'],
    ['cluster', { servers: 'a' }, 'cluster: got undefined'],
    ['prefix', { ...valid, prefix: 'a..b' }, 'prefix: got "a..b", takes 1 to 8 tokens'],
    ['prefix', { ...valid, prefix: 'a b' }, 'prefix: got "a b"'],
    ['name', { ...valid, name: '' }, 'name: got "", takes a text'],
    ['credentials', { ...valid, credentials: { user: 'u' } }, 'credentials: got something else (masked), takes'],
    ['credentials', { ...valid, credentials: { token: '' } }, 'credentials: got something else (masked), takes'],
    [
      'pingIntervalMs',
      { ...valid, pingIntervalMs: 0 },
      'pingIntervalMs: got 0, takes a whole number from 50 to 600000',
    ],
    ['connectTimeoutMs', { ...valid, connectTimeoutMs: 1.5e3 + 0.5 }, 'connectTimeoutMs: got 1500.5'],
    ['reconnectDelayMaxMs', { ...valid, reconnectDelayMaxMs: Number.NaN }, 'reconnectDelayMaxMs: got NaN'],
    ['pendingBytesMax', { ...valid, pendingBytesMax: 1 }, 'pendingBytesMax: got 1, takes a whole number from 1048576'],
  ])('name %s, what they got and what they take, when it is wrong: %j', (_field, options, problem) => {
    expect(problemOf(options)).toContain(problem);
  });

  it('name every wrong field at once', () => {
    const problem = problemOf({ servers: '', cluster: 'a b', pingIntervalMs: -1 });
    expect(problem).toMatch(/servers: .*; cluster: .*; pingIntervalMs: /);
  });

  it('show no secrets', () => {
    const problem = problemOf({
      ...valid,
      servers: 'nats://admin:hunter2@a:4222',
      credentials: { user: 'admin', pass: 'hunter2', extra: 'x' },
    });
    expect(problem).toContain('got a URL with a user in it (masked)');
    expect(problem).not.toContain('hunter2');
  });

  it('make TLS a must for a tls:// server', () => {
    expect(parseNatsOptions({ ...valid, servers: ['nats://a', 'tls://b'] }).tls).toEqual({});
    expect(parseNatsOptions({ ...valid, servers: 'tls://b', tls: { caFile: 'ca.pem' } }).tls).toEqual({
      caFile: 'ca.pem',
    });
  });
});
