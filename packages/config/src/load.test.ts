import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { ConfigProblem, Environment, GatewayConfig } from './index.ts';
import { formatProblems, loadGatewayConfig, redactConfig } from './index.ts';

const FIXTURE = readFileSync(new URL('../test/fixtures/seed-shaped.json', import.meta.url), 'utf8');
const SECRET = '0123456789abcdef0123456789abcdef';

type Json = Record<string, unknown>;

function document(change: (file: Json) => void = () => undefined): string {
  const file = JSON.parse(FIXTURE) as Json;
  change(file);
  return JSON.stringify(file);
}

function load(text: string, environment: Environment = {}) {
  return loadGatewayConfig({ file: 'gateway.json', environment, readText: () => text });
}

function loaded(text: string, environment: Environment = {}): GatewayConfig {
  const result = load(text, environment);
  if (!result.ok) {
    throw new Error(formatProblems(result.problems));
  }
  return result.value;
}

function problemsOf(text: string, environment: Environment = {}): readonly ConfigProblem[] {
  const result = load(text, environment);
  return result.ok ? [] : result.problems;
}

function common(file: Json): Json {
  return file['common_mcp_gateway_config'] as Json;
}

it("reads a file in the seed's shape into a complete config in local mode", () => {
  const config = loaded(FIXTURE);
  expect(config).toMatchObject({
    host: '127.0.0.1',
    port: 8000,
    cluster: undefined,
    maxStalenessMs: 2_000,
    toolsTtlMs: 14_400_000,
    gatewayConfigTtlMs: 86_400_000,
    logLevel: 'info',
    upstream: { discoveryTimeoutMs: 20_000, toolCallTimeoutMs: 60_000 },
  });
  expect(config.directory.keys).toEqual([
    { key: 'gateway-key-that-must-never-be-printed', gatewayId: 'USER_1_PROJECT_1_CONFIG_1', role: 'operator' },
  ]);
  const [stdio, http] = config.directory.gateways[0]?.servers ?? [];
  expect(stdio).toMatchObject({
    name: 'echo_server',
    tools: undefined,
    connection: { kind: 'stdio', command: 'python' },
  });
  expect(http).toMatchObject({ name: 'remote', tools: { echo: 'Echo a message' }, connection: { kind: 'http' } });
  expect(config.notes).toContain('plugins has no effect in this gateway');
});

it("turns the seed's cache names into a tier, from the file or in upper case from the environment", () => {
  const text = document((file) => {
    Object.assign(common(file), { enkrypt_mcp_use_external_cache: true, enkrypt_cache_password: 'p@ss/word' });
  });
  expect(loaded(text, { LOCKSTEP_SECRET: SECRET }).cluster?.tierUrl).toBe('redis://:p%40ss%2Fword@localhost:6379/0');
  const environment = {
    ENKRYPT_MCP_USE_EXTERNAL_CACHE: 'true',
    ENKRYPT_CACHE_HOST: 'keydb',
    ENKRYPT_CACHE_PORT: '6380',
    ENKRYPT_TOOL_CACHE_EXPIRATION: '2',
    LOCKSTEP_SECRET: SECRET,
  };
  const config = loaded(FIXTURE, environment);
  expect(config.cluster).toEqual({
    name: 'lockstep',
    secret: SECRET,
    encryptionKeys: [],
    sharesOauthTokens: false,
    tierTls: undefined,
    busTls: undefined,
    tierUrl: 'redis://keydb:6380/0',
    busUrl: undefined,
  });
  expect(config.toolsTtlMs).toBe(7_200_000);
});

it('lets the environment win over the file, and our name stand beside a seed name that says the same', () => {
  const text = document((file) => {
    file['lockstep'] = { port: 9000, toolsTtlMs: 14_400_000 };
  });
  expect(loaded(text, { LOCKSTEP_PORT: '0', LOCKSTEP_TOOLS_TTL_MS: '5000' })).toMatchObject({
    port: 0,
    toolsTtlMs: 5_000,
  });
  expect(loaded(text)).toMatchObject({ port: 9000, toolsTtlMs: 14_400_000 });
});

it.each([
  ['a ttl', { toolsTtlMs: 1_000 }, 'lockstep.toolsTtlMs', 'enkrypt_tool_cache_expiration says 14400000'],
  ['the tier', { tierUrl: 'redis://other' }, 'lockstep.tierUrl', 'enkrypt_mcp_use_external_cache says false (no tier)'],
])('refuses %s that our name and the seed name set differently in one place', (...[, lockstep, path, got]) => {
  const problems = problemsOf(
    document((file) => Object.assign(file, { lockstep })),
    { LOCKSTEP_SECRET: SECRET },
  );
  expect(problems).toEqual([expect.objectContaining({ path, got: expect.stringContaining(got) })]);
});

it('accepts one tier spelled in two ways', () => {
  const text = document((file) => {
    Object.assign(common(file), { enkrypt_mcp_use_external_cache: true });
    file['lockstep'] = { tierUrl: 'redis://localhost', secret: SECRET };
  });
  expect(loaded(text).cluster?.tierUrl).toBe('redis://localhost');
});

it('tells every problem at once, each with its path, what it got and what it takes', () => {
  const text = document((file) => {
    Object.assign(common(file), {
      enkrypt_cache_port: '6379',
      enkrypt_tool_cache_expiration: -1,
      enkrypt_cache_hots: 'x',
    });
    file['lockstep'] = { maxStalenessMs: 5, prot: 1 };
    file['mcp_config'] = {};
    Object.assign(file['apikeys'] as Json, { 'second-secret-key': { project_id: 'PROJECT_2', user_id: 'USER_1' } });
    const servers = ((file['mcp_configs'] as Json)['CONFIG_1'] as { mcp_config: Json[] }).mcp_config;
    servers.push({ server_name: 'remote', config: { command: 'x', url: 'https://x', args: 'no' } });
    servers.push({ server_name: 'guarded', config: { command: 'x' }, input_guardrails_policy: { enabled: true } });
    servers.push({ server_name: 'nowhere', config: {}, tools: { a: 1 } });
  });
  const problems = problemsOf(text, { LOCKSTEP_PORT: '80a', LOCKSTEP_TIER_URI: 'x', ENKRYPT_CACHE_DB: '-1' });
  expect(problems.map(({ path, got, takes }) => `${path} | ${got} | ${takes}`).sort()).toEqual([
    'ENKRYPT_CACHE_DB | "-1" (text) | a whole number, 0 or more',
    'LOCKSTEP_PORT | "80a" (text) | a whole number from 0 to 65535; 0 takes any free port',
    'LOCKSTEP_TIER_URI | a variable that is not known here | did you mean LOCKSTEP_TIER_URL?',
    'apikeys.<key 2>.project_id | "PROJECT_2", which projects has not | an id in projects; did you mean PROJECT_1? Known here: PROJECT_1',
    'common_mcp_gateway_config.enkrypt_cache_hots | a field that is not known here | did you mean enkrypt_cache_host?',
    'common_mcp_gateway_config.enkrypt_cache_port | "6379" (text) | a whole number from 1 to 65535',
    'common_mcp_gateway_config.enkrypt_tool_cache_expiration | -1 | a number of hours above 0, at most 720',
    'lockstep.maxStalenessMs | 5 | a whole number of milliseconds from 100 to 10000',
    'lockstep.prot | a field that is not known here | did you mean port?',
    'mcp_config | a field that is not known here | did you mean mcp_configs? Known here: common_mcp_gateway_config, lockstep, mcp_configs, projects, users, apikeys, admin_tokens, admin_apikey, plugins',
    'mcp_configs.CONFIG_1.mcp_config[2].config | both a command and a url | a command (with args, env, cwd), or a url (with headers)',
    'mcp_configs.CONFIG_1.mcp_config[2].config.args | (secret, 2 characters) | a list of texts',
    'mcp_configs.CONFIG_1.mcp_config[2].server_name | "remote", which mcp_config[1] is called already | a name no other server here has',
    'mcp_configs.CONFIG_1.mcp_config[3].input_guardrails_policy.enabled | true | false: this gateway has no guardrails',
    'mcp_configs.CONFIG_1.mcp_config[4].config | neither a command nor a url | a command (with args, env, cwd), or a url (with headers)',
    'mcp_configs.CONFIG_1.mcp_config[4].tools.a | 1 | a description, or an object with one',
  ]);
});

it('shows no secret in a problem: not a value, not a key, not what surrounds a syntax error', () => {
  const texts = [
    document((file) => {
      Object.assign(common(file), { enkrypt_cache_password: 12345, enkrypt_cache_pasword: 'misspelt-secret' });
      file['lockstep'] = { secret: 'short-secret', tierUrl: 'redis:///user:url-secret@host' };
      const servers = ((file['mcp_configs'] as Json)['CONFIG_1'] as { mcp_config: { config: Json }[] }).mcp_config;
      Object.assign(servers[0]?.config ?? {}, { env: { TOKEN: { a: 'env-secret' } }, args: ['argument-secret', 4] });
      Object.assign(servers[1]?.config ?? {}, { url: 'ftp://user:url-secret@host?key=query-secret' });
      (file['apikeys'] as Json)['gateway-key-that-must-never-be-printed'] = { project_id: 7 };
    }),
    FIXTURE.replace('"env-secret"', '"env-secret'),
  ];
  for (const text of texts) {
    const printed = formatProblems(problemsOf(text, { LOCKSTEP_SECRET: 'another-secret' }));
    expect(printed).not.toMatch(/-secret|12345|never-be-printed/);
  }
  expect(formatProblems(problemsOf(texts[1] ?? ''))).toMatch(/not JSON \(line \d+ column \d+\)/);
});

it('needs a secret in cluster mode, of at least 32 characters, from one place', () => {
  const tier = { LOCKSTEP_TIER_URL: 'redis://tier' };
  expect(problemsOf(FIXTURE, tier)).toEqual([
    expect.objectContaining({ path: 'secret', got: 'nothing', takes: expect.stringContaining('LOCKSTEP_SECRET') }),
  ]);
  expect(problemsOf(FIXTURE, { ...tier, LOCKSTEP_SECRET: 'short' })).toEqual([
    expect.objectContaining({ path: 'LOCKSTEP_SECRET', got: '(secret, 5 characters)' }),
  ]);
  const pathsOf = (environment: Environment) => problemsOf(FIXTURE, environment).map(({ path }) => path);
  const wrongTier = { LOCKSTEP_TIER_URL: 'tier', LOCKSTEP_BUS_URL: 'nats://bus', LOCKSTEP_PORT: 'x' };
  expect(pathsOf(wrongTier).sort()).toEqual(['LOCKSTEP_PORT', 'LOCKSTEP_TIER_URL']);
  expect(pathsOf({ ...tier, LOCKSTEP_PORT: 'x' })).toEqual(['LOCKSTEP_PORT', 'secret']);
  const both = { ...tier, LOCKSTEP_SECRET: SECRET, LOCKSTEP_SECRET_FILE: 'secret.txt' };
  expect(problemsOf(FIXTURE, both)).toEqual([expect.objectContaining({ path: 'secretFile' })]);
});

it('takes encryption keys in order, from the environment or a file, and shows none of them', () => {
  const [first, second] = ['a1'.repeat(32), 'b2'.repeat(32)];
  const tier = { LOCKSTEP_TIER_URL: 'redis://tier', LOCKSTEP_SECRET: SECRET };
  const keys = [
    { id: '2026-11', key: first },
    { id: '2026-05', key: second },
  ];
  const inline = { ...tier, LOCKSTEP_ENCRYPTION_KEYS: `2026-11:${first},2026-05:${second}` };
  expect(loaded(FIXTURE, inline).cluster?.encryptionKeys).toEqual(keys);
  const lines = `2026-11:${first}\n2026-05:${second}\n`;
  const inFile = { ...tier, LOCKSTEP_ENCRYPTION_KEYS_FILE: '/run/keys', LOCKSTEP_OAUTH_TOKENS: 'shared' };
  const readText = (path: string) => (path === '/run/keys' ? lines : FIXTURE);
  const result = loadGatewayConfig({ file: 'x.json', environment: inFile, readText });
  expect(result).toMatchObject({ ok: true, value: { cluster: { encryptionKeys: keys, sharesOauthTokens: true } } });
  if (result.ok) expect(JSON.stringify(redactConfig(result.value))).not.toMatch(new RegExp(`${first}|${second}`));

  const problems = problemsOf(FIXTURE, { ...tier, LOCKSTEP_ENCRYPTION_KEYS: `2026-11:${first.slice(2)}` });
  expect(problems).toEqual([expect.objectContaining({ path: 'LOCKSTEP_ENCRYPTION_KEYS' })]);
  expect(formatProblems(problems)).not.toContain('a1a1');
  const wrong = loadGatewayConfig({
    file: 'x.json',
    environment: inFile,
    readText: (path) => (path === '/run/keys' ? 'x' : FIXTURE),
  });
  expect(wrong).toMatchObject({ ok: false, problems: [{ path: 'encryptionKeysFile' }] });
});

it('refuses two gateways of one id: ids with _ in them would make one of two users', () => {
  const text = document((file) => {
    const project = { project_name: 'any', mcp_config_id: 'CONFIG_1' };
    file['users'] = { a_b: { email: 'one@example.com' }, a: { email: 'two@example.com' } };
    file['projects'] = { c: project, b_c: project };
    file['apikeys'] = {
      'key-of-one': { user_id: 'a_b', project_id: 'c' },
      'again-of-one': { user_id: 'a_b', project_id: 'c' },
      'key-of-two': { user_id: 'a', project_id: 'b_c' },
    };
  });
  expect(problemsOf(text)).toEqual([
    {
      path: 'apikeys.<key 3>',
      got: 'the gateway "a_b_c_CONFIG_1", as <key 1> of another user, project or mcp_config',
      takes: "ids that together are no other gateway's <user id>_<project id>_<config id>",
    },
  ]);
});

it('shares OAuth tokens through a tier, encrypted under keys of its own, or not at all', () => {
  const shared = { LOCKSTEP_OAUTH_TOKENS: 'shared' };
  expect(problemsOf(FIXTURE, shared)).toEqual([
    expect.objectContaining({ path: 'oauthTokens', got: 'shared, without a tier' }),
  ]);
  const tier = { LOCKSTEP_TIER_URL: 'redis://tier', LOCKSTEP_SECRET: SECRET };
  expect(problemsOf(FIXTURE, { ...tier, ...shared })).toEqual([
    expect.objectContaining({ path: 'oauthTokens', got: 'shared, without encryption keys' }),
  ]);
});

it('reads the secret from a file, without the white space at its end', () => {
  const environment = { LOCKSTEP_TIER_URL: 'redis://tier', LOCKSTEP_SECRET_FILE: '/run/secret' };
  const readText = (path: string) => (path === '/run/secret' ? `${SECRET}\n` : FIXTURE);
  const result = loadGatewayConfig({ file: 'gateway.json', environment, readText });
  expect(result).toMatchObject({ ok: true, value: { cluster: { secret: SECRET } } });
});

it('writes wait for no replica, unless they are told for how many, and that a tier is there', () => {
  const cluster = { LOCKSTEP_TIER_URL: 'redis://tier', LOCKSTEP_SECRET: SECRET };
  expect(loaded(FIXTURE, cluster).cluster?.durability).toBeUndefined();
  expect(loaded(FIXTURE, { ...cluster, LOCKSTEP_DURABILITY_REPLICAS: '2' }).cluster?.durability).toEqual({
    replicas: 2,
    timeoutMs: 100,
  });
  expect(problemsOf(FIXTURE, { LOCKSTEP_DURABILITY_REPLICAS: '2' })).toEqual([
    expect.objectContaining({ path: 'durabilityReplicas', got: '2 without a tier' }),
  ]);
});

it('refuses a bus without a tier, and a file that is missing, absent or no object', () => {
  expect(problemsOf(FIXTURE, { LOCKSTEP_BUS_URL: 'nats://bus' })).toEqual([
    expect.objectContaining({ path: 'busUrl' }),
  ]);
  expect(problemsOf('[]')).toEqual([
    expect.objectContaining({ path: '--config', got: '"gateway.json" with a list of 0 in it' }),
  ]);
  const unnamed = loadGatewayConfig({ environment: {}, readText: () => FIXTURE });
  expect(unnamed).toMatchObject({ ok: false, problems: [{ path: '--config', got: 'nothing' }] });
  const missing = loadGatewayConfig({
    environment: { LOCKSTEP_CONFIG: 'gone.json' },
    readText: () => {
      throw Object.assign(new Error('gone'), { code: 'ENOENT' });
    },
  });
  expect(missing).toMatchObject({ ok: false, problems: [{ path: '--config', got: '"gone.json": no such file' }] });
});

it('treats an empty variable as not set, and leaves other families of variables alone', () => {
  const environment = { LOCKSTEP_PORT: '', ENKRYPT_CACHE_PASSWORD: '', ENKRYPT_GATEWAY_KEY: 'k', PATH: '/bin' };
  expect(loaded(FIXTURE, environment).port).toBe(8000);
});

it('gives a server another fingerprint when anything of its connection changes, and only then', () => {
  const fingerprints = (change: (config: Json) => void) => {
    const text = document((file) => {
      const servers = ((file['mcp_configs'] as Json)['CONFIG_1'] as { mcp_config: { config: Json }[] }).mcp_config;
      change(servers[0]?.config ?? {});
    });
    return loaded(text).directory.gateways[0]?.servers[0]?.fingerprint;
  };
  const unchanged = fingerprints(() => undefined);
  expect(fingerprints((config) => Object.assign(config, { env: { API_TOKEN: 'env-secret' } }))).toBe(unchanged);
  expect(fingerprints((config) => Object.assign(config, { env: { API_TOKEN: 'other' } }))).not.toBe(unchanged);
  expect(fingerprints((config) => Object.assign(config, { args: [] }))).not.toBe(unchanged);
});
