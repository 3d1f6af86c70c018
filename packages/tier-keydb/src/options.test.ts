import { describe, expect, it } from 'vitest';
import type { KeydbTierOptions } from './options.ts';
import { resolveOptions } from './options.ts';

const resolve = (more: Partial<KeydbTierOptions>): ReturnType<typeof resolveOptions> =>
  resolveOptions({ url: 'redis://tier.internal', cluster: 'gateways', ...more });

describe('resolveOptions', () => {
  it('takes a URL apart, decodes its credentials, and keeps them out of what messages name', () => {
    expect(resolve({ url: 'rediss://lock%40step:se%2Fcret@tier.internal:7000/3' })).toMatchObject({
      host: 'tier.internal',
      port: 7000,
      database: 3,
      username: 'lock@step',
      password: 'se/cret',
      tls: {},
      server: 'rediss://***@tier.internal:7000/3',
    });
  });

  it('fills in what a short URL leaves out; a password may stand alone, a host be IPv6', () => {
    expect(resolve({})).toMatchObject({ port: 6379, database: 0, username: undefined, password: undefined });
    expect(resolve({})).toMatchObject({ tls: undefined, server: 'redis://tier.internal:6379/0' });
    expect(resolve({ url: 'redis://:secret@[::1]/' })).toMatchObject({ host: '::1', password: 'secret' });
  });

  it.each([
    'tier.internal:6379',
    'http://tier.internal',
    'redis://',
    'redis://tier.internal/first',
    'redis://tier.internal?db=3',
    'redis://u:hunter2%ZZ@tier.internal',
  ])('refuses the URL %s without quoting it', (url) => {
    const attempt = (): unknown => resolve({ url });
    expect(attempt).toThrow(expect.objectContaining({ code: 'config-invalid' }));
    expect(attempt).toThrow(/^the tier's options cannot be used: url: takes redis:/);
    expect(attempt).not.toThrow(/hunter2/);
  });

  it('names every option that cannot be used, what it got and what it takes', () => {
    const attempt = (): unknown =>
      resolve({ cluster: 'a{b', commandTimeoutMs: 0, logMax: 1.5, inFlightMax: Number.NaN });
    expect(attempt).toThrow(
      "the tier's options cannot be used: " +
        'cluster: got "a{b", takes a name of 1 to 64 letters, digits, _ and -, not first _ or -; ' +
        'commandTimeoutMs: got 0, takes a whole number from 1 on; ' +
        'logMax: got 1.5, takes a whole number from 1 on; ' +
        'inFlightMax: got NaN, takes a whole number from 1 on',
    );
  });
});
