import { createHash } from 'node:crypto';
import { expect, it } from 'vitest';
import { formatProblems, loadGatewayConfig, redactConfig } from './index.ts';

const TOKEN = 'a-token-of-the-admin-api-of-these-tests';
const DIGEST = createHash('sha256').update(TOKEN).digest('hex');
const OTHER = DIGEST.replace(/./g, 'e');

function load(admin_tokens: unknown) {
  return loadGatewayConfig({ file: 'a.json', environment: {}, readText: () => JSON.stringify({ admin_tokens }) });
}

/** The paths of what cannot be used, and all that is said of it. */
function refused(admin_tokens: unknown): { readonly paths: readonly string[]; readonly text: string } {
  const loaded = load(admin_tokens);
  if (loaded.ok) return { paths: [], text: '' };
  return { paths: loaded.problems.map(({ path }) => path), text: formatProblems(loaded.problems) };
}

it('a token is kept as its digest, with its role and limits', () => {
  const loaded = load({
    whole: { role: 'operator', token: TOKEN },
    part: { role: 'viewer', token_sha256: OTHER, gateways: ['u_p_c'] },
  });
  expect(loaded).toMatchObject({
    ok: true,
    value: {
      admin: {
        host: '127.0.0.1',
        port: 8001,
        tokens: [
          { name: 'whole', role: 'operator', digest: DIGEST, limits: undefined },
          { name: 'part', role: 'viewer', digest: OTHER, limits: { namespaces: [], gateways: ['u_p_c'] } },
        ],
      },
    },
  });
  const shown = JSON.stringify(loaded.ok && redactConfig(loaded.value));
  expect(shown).not.toContain(TOKEN);
  expect(shown).not.toContain(DIGEST);
});

it('without the section there are none', () => {
  expect(load(undefined)).toMatchObject({ ok: true, value: { admin: { tokens: [] } } });
});

it.each([
  ['no token', { role: 'viewer' }, 'admin_tokens.a'],
  ['a token and a digest', { role: 'viewer', token: TOKEN, token_sha256: DIGEST }, 'admin_tokens.a'],
  ['a short token', { role: 'viewer', token: 'short-secret' }, 'admin_tokens.a.token'],
  ['no digest', { role: 'viewer', token_sha256: 'abc' }, 'admin_tokens.a.token_sha256'],
  ['no role', { token: TOKEN }, 'admin_tokens.a.role'],
  ['an unknown role', { role: 'admin', token: TOKEN }, 'admin_tokens.a.role'],
  ['an empty limit', { role: 'viewer', token: TOKEN, gateways: [] }, 'admin_tokens.a.gateways'],
  ['an unknown field', { role: 'viewer', token: TOKEN, gateway: ['a'] }, 'admin_tokens.a.gateway'],
])('refuses %s, names the field, and shows no secret', (_, entry, path) => {
  const { paths, text } = refused({ a: entry });
  expect(paths).toEqual([path]);
  for (const secret of [TOKEN, DIGEST, 'short-secret']) expect(text).not.toContain(secret);
});

it('refuses one token under two names, whose role would be that of either', () => {
  const { paths, text } = refused({
    viewer: { role: 'viewer', token: TOKEN },
    operator: { role: 'operator', token_sha256: DIGEST },
  });
  expect(paths).toEqual(['admin_tokens.operator']);
  expect(text).toContain('the token of viewer');
  for (const secret of [TOKEN, DIGEST]) expect(text).not.toContain(secret);
});
