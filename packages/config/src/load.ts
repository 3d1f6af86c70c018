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
import type { LogLevel, SettingName, SettingValues } from './settings.ts';
import { SETTINGS } from './settings.ts';

/** Where a node finds its cluster; there is none in `local` mode. */
export interface ClusterConfig {
  readonly name: string;
  readonly secret: string;
  readonly tierUrl: string;
  readonly busUrl: string | undefined;
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
}

/** All that a gateway node is told from outside; complete, there is no default anywhere else. */
export interface GatewayConfig {
  readonly host: string;
  readonly port: number;
  readonly cluster: ClusterConfig | undefined;
  readonly maxStalenessMs: number;
  readonly toolsTtlMs: number;
  readonly gatewayConfigTtlMs: number;
  readonly upstream: UpstreamConfig;
  readonly logLevel: LogLevel;
  readonly directory: GatewayDirectory;
  /** What the configuration says that changes nothing here, or should be looked at; for the log. */
  readonly notes: readonly string[];
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
    },
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
  if (secret !== undefined && secretFile !== undefined) {
    problems.push({ path: 'secretFile', got: 'a file, and a secret as well', takes: 'one of secret and secretFile' });
  }
  let read: string | undefined;
  if (secretFile !== undefined) {
    const result = readSecret(secretFile, readText);
    read = result.ok ? result.value : undefined;
    problems.push(...(result.ok ? [] : result.problems));
  }
  const isSecretGiven =
    [secret, secretFile].some((given) => given !== undefined) || isWrong('secret') || isWrong('secretFile');
  if (tierUrl !== undefined && !isSecretGiven) {
    const takes =
      'in cluster mode, at least 32 characters, the same on every node: LOCKSTEP_SECRET or LOCKSTEP_SECRET_FILE';
    problems.push({ path: 'secret', got: 'nothing', takes: `${takes} (openssl rand -hex 32)` });
  }
  if (problems.length > 0) {
    return { ok: false, problems };
  }
  const used = secret ?? read;
  if (tierUrl === undefined || used === undefined) return { ok: true, value: undefined };
  const durability = replicas === 0 ? undefined : { replicas, timeoutMs: values.durabilityTimeoutMs as number };
  return { ok: true, value: { name: values.cluster as string, tierUrl, busUrl, secret: used, durability } };
}

function readSecret(path: string, readText: ReadText): Parsed<string> {
  const takes = 'the path of a readable file with at least 32 characters';
  let text: string;
  try {
    text = readText(path).trimEnd();
  } catch (error) {
    return { ok: false, problems: [{ path: 'secretFile', got: `"${path}": ${reasonOf(error)}`, takes }] };
  }
  if (text.length < 32) {
    return { ok: false, problems: [{ path: 'secretFile', got: `a file with ${text.length} characters`, takes }] };
  }
  return { ok: true, value: text };
}
