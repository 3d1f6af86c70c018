import { expect, it } from 'vitest';
import { formatProblems, loadGatewayConfig, locateConfig } from './index.ts';

const URL_SHOWN = 'https://config.example/gateway.json';

it('tells a file from a URL, and finds either in the environment where no argument names it', () => {
  expect(locateConfig('gateway.json', { LOCKSTEP_CONFIG: URL_SHOWN })).toEqual({
    ok: true,
    value: { kind: 'file', path: 'gateway.json' },
  });
  const environment = { LOCKSTEP_CONFIG: URL_SHOWN, LOCKSTEP_CONFIG_TOKEN: 'a-token', LOCKSTEP_CONFIG_POLL_MS: '5000' };
  expect(locateConfig(undefined, environment)).toEqual({
    ok: true,
    value: { kind: 'http', url: URL_SHOWN, name: URL_SHOWN, token: 'a-token', pollMs: 5_000 },
  });
  expect(locateConfig(undefined, {})).toEqual({ ok: true, value: undefined });
});

it('tells every problem of a source at once, and shows neither password nor token', () => {
  const located = locateConfig('https://me:hidden@config.example/?key=hidden', {
    LOCKSTEP_CONFIG_TOKEN: 'hidden token',
    LOCKSTEP_CONFIG_POLL_MS: 'often',
  });
  if (located.ok) throw new Error('it was taken');
  expect(located.problems.map(({ path }) => path)).toEqual([
    '--config',
    'LOCKSTEP_CONFIG_TOKEN',
    'LOCKSTEP_CONFIG_POLL_MS',
  ]);
  expect(formatProblems(located.problems)).not.toContain('hidden');
});

it('names a URL in a problem without its query, which may be a secret', () => {
  const loaded = loadGatewayConfig({ file: `${URL_SHOWN}?key=hidden`, environment: {}, readText: () => '{' });
  if (loaded.ok) throw new Error('it was taken');
  expect(formatProblems(loaded.problems)).toContain(`"${URL_SHOWN}?(masked)": not JSON`);
});
