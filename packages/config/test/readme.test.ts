import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadGatewayConfig, SETTINGS, SOURCE_VARIABLES } from '../src/index.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../README.md');

it('the README shows the example that is type-checked', () => {
  const shown = /```ts examples\/load\.ts\n([\s\S]*?)```/.exec(readme)?.[1];
  expect(shown).toBe(read('../examples/load.ts'));
});

it('the file that the README shows can be used', () => {
  const shown = /```json\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const result = loadGatewayConfig({ file: 'shown.json', environment: {}, readText: () => shown });
  expect(result).toMatchObject({ ok: true, value: { port: 8000, notes: [] } });
});

it('the whole file of a cluster that the README shows can be used, with the secrets that it names', () => {
  const shown = /```json cluster\.json\n([\s\S]*?)```/.exec(readme)?.[1] ?? '';
  const files: Readonly<Record<string, string>> = {
    'cluster.json': shown,
    '/run/secrets/lockstep-secret': 'ab'.repeat(32),
    '/run/secrets/lockstep-keys': `k1:${'cd'.repeat(32)}\n`,
  };
  const result = loadGatewayConfig({ file: 'cluster.json', environment: {}, readText: (path) => files[path] ?? '' });
  expect(result).toMatchObject({
    ok: true,
    value: {
      cluster: { name: 'edge', busUrl: expect.stringContaining('nats://'), sharesOauthTokens: true },
      admin: { tokens: [{ name: 'board' }, { name: 'on-call' }] },
      notes: [],
    },
  });
});

it('the README lists every setting, with its variable, what it takes, its default and its meaning, and no other', () => {
  const rows = SETTINGS.map(({ name, variable, seedName, takes, fallback, meaning }) => {
    const ours = `\`${name}\`<br>\`${variable}\``;
    return `| ${ours} | ${seedName ?? '–'} | ${takes} | ${fallback === undefined ? 'none' : `\`${fallback}\``} | ${meaning} |`;
  });
  expect(readme.split('\n').filter((line) => /^\| `\w+`<br>/.test(line))).toEqual(rows);
});

it('the README lists every variable that says how the configuration is fetched, and no other', () => {
  const rows = SOURCE_VARIABLES.map(({ variable, takes, fallback, meaning }) => {
    return `| \`${variable}\` | ${takes} | ${fallback === undefined ? 'none' : `\`${fallback}\``} | ${meaning} |`;
  });

  expect(readme.split('\n').filter((line) => /^\| `LOCKSTEP_CONFIG_/.test(line))).toEqual(rows);
});
it('the README lists every field of an OAuth client, and no other', () => {
  const table = readme.slice(readme.indexOf('| field | takes'), readme.indexOf('Refused besides'));
  const listed = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, fields = '']) => fields.match(/`\w+`/g) ?? []);
  const example = JSON.parse(read('./fixtures/seed-shaped.json')) as SeedFile;
  const { enabled: _, ...known } = example.mcp_configs.CONFIG_1.mcp_config[0].oauth_config;
  // Fields that the description has and its example has not.
  const others = ['OAUTH_CODE_VERIFIER', 'OAUTH_CODE_CHALLENGE', 'OAUTH_STATE'];
  expect(listed.map((name) => name.slice(1, -1)).sort()).toEqual([...Object.keys(known), ...others].sort());
});

interface SeedFile {
  readonly mcp_configs: {
    readonly CONFIG_1: { readonly mcp_config: readonly [{ readonly oauth_config: Readonly<Record<string, unknown>> }] };
  };
}
