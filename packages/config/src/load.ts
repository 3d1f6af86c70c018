import type { AdminConfig } from './admin.ts';
import { adminTokensOf } from './admin.ts';
import type { Environment } from './environment.ts';
import { CONFIG_VARIABLE, readEnvironment } from './environment.ts';
import type { FileContents, ReadText } from './file.ts';
import { readConfigFile, reasonOf } from './file.ts';
import type { GatewayDirectory } from './gateway.ts';
import { buildDirectory } from './gateway.ts';
import type { Parsed } from './parse.ts';
import type { ConfigProblem } from './problem.ts';
import type { Resolved } from './resolve.ts';
import { resolve } from './resolve.ts';
import type { LogLevel, SettingName, SettingValues, ToolListKind, TraceLookups } from './setting-values.ts';
import { ENCRYPTION_KEYS, SETTINGS } from './settings.ts';
import type { TlsConfig } from './tls.ts';
import { tlsOf } from './tls.ts';

/** As many as a node takes. */
const ENCRYPTION_KEYS_MAX = 32;

/** Where a node finds its cluster; there is none in `local` mode. */
export interface ClusterConfig {
  readonly name: string;
  readonly secret: string;
  /** Keys that encrypt values in the tier, the first one, and decrypt them; none: one made of the secret is to. */
  readonly encryptionKeys: readonly { readonly id: string; readonly key: string }[];
  /** Whether OAuth access tokens are in the tier, too. */
  readonly sharesOauthTokens: boolean;
  readonly tierUrl: string;
  readonly busUrl: string | undefined;
  /** TLS towards the tier, and towards the bus; undefined: nothing is set, a URL that asks for TLS gets it all the same. */
  readonly tierTls: TlsConfig | undefined;
  readonly busTls: TlsConfig | undefined;
  /** How many of the tier's replicas writes wait for, and how long; undefined: they wait for none. */
  readonly durability: { readonly replicas: number; readonly timeoutMs: number } | undefined;
}

/** Limits on the MCP servers behind the gateway. */
export interface UpstreamConfig {
  readonly connectTimeoutMs: number;
  readonly discoveryTimeoutMs: number;
  readonly discoveryPatienceMs: number;
  readonly toolCallTimeoutMs: number;
  readonly serverConcurrencyMax: number;
  readonly connectionsMax: number;
  /** The most bytes of one answer of a server. */
  readonly responseBytesMax: number;
  /** How long all servers may be discovered before a node is ready; 0: they are not. */
  readonly preloadTimeoutMs: number;
}

/** All that a gateway node is told from outside; complete, there is no default anywhere else. */
export interface GatewayConfig {
  readonly host: string;
  readonly port: number;
  readonly admin: AdminConfig;
  readonly cluster: ClusterConfig | undefined;
  readonly maxStalenessMs: number;
  readonly toolsTtlMs: number;
  readonly gatewayConfigTtlMs: number;
  readonly upstream: UpstreamConfig;
  readonly toolList: ToolListKind;
  readonly traceLookups: TraceLookups;
  /** How long a node that has not found its cluster says that it is starting. */
  readonly startPatienceMs: number;
  readonly drain: DrainConfig;
  readonly logLevel: LogLevel;
  readonly directory: GatewayDirectory;
  /** What the configuration says that changes nothing here, or should be looked at; for the log. */
  readonly notes: readonly string[];
}

/** How a node leaves. */
export interface DrainConfig {
  /** How long after SIGTERM it goes on taking requests. */
  readonly delayMs: number;
  /** How long after that requests under way may go on. */
  readonly timeoutMs: number;
}

/** Where a configuration comes from. */
export interface ConfigSources {
  /** The path of the file; without it, the variable LOCKSTEP_CONFIG names it. */
  readonly file?: string | undefined;
  readonly environment: Environment;
  readonly readText: ReadText;
}

/** Reads file and environment: one complete config, or every problem at once. */
export function loadGatewayConfig(sources: ConfigSources): Parsed<GatewayConfig> {
  const environment = readEnvironment(sources.environment);
  const file = readConfigFile(sources.file ?? sources.environment[CONFIG_VARIABLE], sources.readText);
  const problems = [...environment.problems, ...file.problems];
  const resolved = resolve([
    {
      settings: environment.settings,
      seed: environment.seed,
      nameOf: (name) => SETTINGS.find((spec) => spec.name === name)?.variable ?? name,
      seedNameOf: (name) => name.toUpperCase(),
    },
    file.source,
  ]);
  problems.push(...resolved.problems);
  const cluster = clusterOf(resolved.values, sources, (name) => isWrong(name, problems));
  problems.push(...(cluster.ok ? [] : cluster.problems));
  if (problems.length > 0 || !cluster.ok) {
    return { ok: false, problems };
  }
  return { ok: true, value: assemble(resolved, cluster.value, file) };
}

function assemble({ values }: Resolved, cluster: ClusterConfig | undefined, file: FileContents): GatewayConfig {
  const number = (name: keyof SettingValues): number => values[name] as number;
  const directory = buildDirectory(file.document);
  return {
    host: values.host as string,
    port: number('port'),
    admin: {
      host: values.adminHost as string,
      port: number('adminPort'),
      hosts: ((values.adminHosts ?? '') as string).split(/[\s,]+/).filter((name) => name !== ''),
      tokens: adminTokensOf(file.document.admin_tokens),
    },
    cluster,
    maxStalenessMs: number('maxStalenessMs'),
    toolsTtlMs: number('toolsTtlMs'),
    gatewayConfigTtlMs: number('gatewayConfigTtlMs'),
    upstream: {
      connectTimeoutMs: number('connectTimeoutMs'),
      discoveryTimeoutMs: number('discoveryTimeoutMs'),
      discoveryPatienceMs: number('discoveryPatienceMs'),
      toolCallTimeoutMs: number('toolCallTimeoutMs'),
      serverConcurrencyMax: number('serverConcurrencyMax'),
      connectionsMax: number('connectionsMax'),
      responseBytesMax: number('responseBytesMax'),
      preloadTimeoutMs: number('preloadTimeoutMs'),
    },
    toolList: values.toolList as ToolListKind,
    traceLookups: values.traceLookups as TraceLookups,
    startPatienceMs: number('startPatienceMs'),
    drain: { delayMs: number('drainDelayMs'), timeoutMs: number('drainTimeoutMs') },
    logLevel: values.logLevel as LogLevel,
    directory,
    notes: directory.keys.length === 0 ? [...file.notes, 'apikeys is empty: every request is refused'] : file.notes,
  };
}

/** Whether a setting is there, and cannot be used: then what depends on it says nothing of its own. */
function isWrong(name: SettingName, problems: readonly ConfigProblem[]): boolean {
  const variable = SETTINGS.find((spec) => spec.name === name)?.variable;
  return problems.some(({ path }) => path === variable || path === `lockstep.${name}`);
}

function clusterOf(
  values: Resolved['values'],
  { readText }: ConfigSources,
  isWrong: (name: SettingName) => boolean,
): Parsed<ClusterConfig | undefined> {
  const { tierUrl, busUrl, secret, secretFile, durabilityReplicas: replicas = 0 } = values as SettingValues;
  const problems: ConfigProblem[] = [];
  if (busUrl !== undefined && tierUrl === undefined && !isWrong('tierUrl')) {
    const takes = 'a shared tier as well (LOCKSTEP_TIER_URL); a bus alone carries news of nothing';
    problems.push({ path: 'busUrl', got: 'a bus without a tier', takes });
  }
  if (replicas > 0 && tierUrl === undefined && !isWrong('tierUrl')) {
    const takes = 'a shared tier as well (LOCKSTEP_TIER_URL); the replicas are those of its server';
    problems.push({ path: 'durabilityReplicas', got: `${replicas} without a tier`, takes });
  }
  const secrets = textOrFile(values as SettingValues, ['secret', 'secretFile'], { readText, leastCharacters: 32 });
  const keys = textOrFile(values as SettingValues, ['encryptionKeys', 'encryptionKeysFile'], {
    readText,
    leastCharacters: 1,
  });
  const tierTls = tlsOf(values as SettingValues, { of: 'tier', url: tierUrl, readText });
  const busTls = tlsOf(values as SettingValues, { of: 'bus', url: busUrl, readText });
  for (const read of [secrets, keys, tierTls, busTls]) problems.push(...(read.ok ? [] : read.problems));
  const isGiven =
    [secret, secretFile].some((given) => given !== undefined) || isWrong('secret') || isWrong('secretFile');
  if (tierUrl !== undefined && !isGiven) {
    const takes =
      'in cluster mode, at least 32 characters, the same on every node: LOCKSTEP_SECRET or LOCKSTEP_SECRET_FILE';
    problems.push({ path: 'secret', got: 'nothing', takes: `${takes} (openssl rand -hex 32)` });
  }
  const encryptionKeys = keys.ok ? encryptionKeysIn(keys.value) : [];
  if (encryptionKeys === undefined) {
    const takes = 'a file of lines id:key, where a key is 64 hexadecimal characters, at most 32 of them';
    problems.push({ path: 'encryptionKeysFile', got: 'a file with something else in it', takes });
  }
  const sharesOauthTokens = values.oauthTokens === 'shared';
  if (sharesOauthTokens && tierUrl === undefined && !isWrong('tierUrl')) {
    problems.push({ path: 'oauthTokens', got: 'shared, without a tier', takes: 'near, or a tier (LOCKSTEP_TIER_URL)' });
  } else if (sharesOauthTokens && encryptionKeys?.length === 0 && !isWrong('encryptionKeys')) {
    const takes = 'encryptionKeys as well (LOCKSTEP_ENCRYPTION_KEYS): tokens are in the tier encrypted, or not at all';
    problems.push({ path: 'oauthTokens', got: 'shared, without encryption keys', takes });
  }
  if (problems.length > 0 || !secrets.ok || !tierTls.ok || !busTls.ok) {
    return { ok: false, problems };
  }
  if (tierUrl === undefined || secrets.value === undefined) return { ok: true, value: undefined };
  const durability = replicas === 0 ? undefined : { replicas, timeoutMs: values.durabilityTimeoutMs as number };
  const [name, used] = [values.cluster as string, secrets.value];
  const tls = { tierTls: tierTls.value, busTls: busTls.value };
  return {
    ok: true,
    value: {
      ...{ name, tierUrl, busUrl, ...tls, secret: used, encryptionKeys: encryptionKeys ?? [] },
      ...{ sharesOauthTokens, durability },
    },
  };
}

/** What a setting says, or the file that the other one names; undefined: neither is set. */
function textOrFile(
  values: SettingValues,
  [name, fileName]: readonly ['secret', 'secretFile'] | readonly ['encryptionKeys', 'encryptionKeysFile'],
  { readText, leastCharacters }: { readonly readText: ReadText; readonly leastCharacters: number },
): Parsed<string | undefined> {
  const [text, path] = [values[name], values[fileName]];
  if (path === undefined) return { ok: true, value: text };
  if (text !== undefined) {
    const problem = { path: fileName, got: `a file, and ${name} as well`, takes: `one of ${name} and ${fileName}` };
    return { ok: false, problems: [problem] };
  }
  const takes = `the path of a readable file with at least ${leastCharacters} characters`;
  try {
    const read = readText(path).trimEnd();
    if (read.length >= leastCharacters) return { ok: true, value: read };
    return { ok: false, problems: [{ path: fileName, got: `a file with ${read.length} characters`, takes }] };
  } catch (error) {
    return { ok: false, problems: [{ path: fileName, got: `"${path}": ${reasonOf(error)}`, takes }] };
  }
}

/** The keys that a text lists; undefined: it is no such list. */
function encryptionKeysIn(text: string | undefined): ClusterConfig['encryptionKeys'] | undefined {
  if (text === undefined) return [];
  const keys = text.split(/[\s,]+/).map((line) => line.split(':'));
  const isList = ENCRYPTION_KEYS.test(text) && keys.length <= ENCRYPTION_KEYS_MAX;
  return isList ? keys.map(([id = '', key = '']) => ({ id, key })) : undefined;
}
