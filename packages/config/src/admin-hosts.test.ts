import { expect, it } from 'vitest';
import { loadGatewayConfig } from './load.ts';

const load = (adminHosts: unknown, variable?: string) =>
  loadGatewayConfig({
    file: 'gateway.json',
    environment: { LOCKSTEP_ADMIN_HOSTS: variable },
    readText: () => JSON.stringify({ lockstep: { adminHosts } }),
  });

it('takes names of the admin API from the file, and rather from the environment; there are none by default', () => {
  expect(load('admin.svc')).toMatchObject({ value: { admin: { hosts: ['admin.svc'] } } });
  const several = load('admin.svc', 'one, two.svc,three');
  expect(several).toMatchObject({ value: { admin: { hosts: ['one', 'two.svc', 'three'] } } });
  expect(load(undefined)).toMatchObject({ value: { admin: { hosts: [] } } });
});

it.each(['http://admin', 'admin:8001', 'a,b/', '*', ','])('refuses %s: it is no host name', (wrong) => {
  expect(load(undefined, wrong)).toMatchObject({ ok: false, problems: [{ path: 'LOCKSTEP_ADMIN_HOSTS' }] });
});
