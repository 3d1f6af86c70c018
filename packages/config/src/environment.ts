import { knownNames, parseFields } from './parse.ts';
import type { ConfigProblem } from './problem.ts';
import type { SeedSettings } from './seed-settings.ts';
import { SEED_NAMES, seedSettingsSchema } from './seed-settings.ts';
import type { SettingValues } from './settings.ts';
import { SETTINGS, settingsSchema } from './settings.ts';

/** Names and values of environment variables. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The variable that names the configuration file, where no argument does. */
export const CONFIG_VARIABLE = 'LOCKSTEP_CONFIG';

/** Variables of the same family that concern clients and tools; they change nothing here. */
const OTHERS = new Set([
  CONFIG_VARIABLE,
  // Where the configuration is fetched from is known before it is read.
  'LOCKSTEP_CONFIG_TOKEN',
  'LOCKSTEP_CONFIG_POLL_MS',
  'ENKRYPT_GATEWAY_KEY',
  'ENKRYPT_PROJECT_ID',
  'ENKRYPT_USER_ID',
  'ENKRYPT_HOME',
  'ENKRYPT_ENVIRONMENT',
  'LOCKSTEP_ADMIN_TOKEN',
  'LOCKSTEP_ADMIN_URL',
]);

const SEED_FLAGS = /^(true|false)$/i;
const SEED_TEXTS = new Set(['enkrypt_cache_host', 'enkrypt_cache_password', 'enkrypt_log_level', 'enkrypt_api_key']);

/** What the environment sets, under our names and under the seed's. */
export interface EnvironmentSettings {
  readonly settings: SettingValues;
  readonly seed: SeedSettings;
  readonly problems: readonly ConfigProblem[];
}

/**
 * Reads every variable that begins with `LOCKSTEP_` or `ENKRYPT_`; one that is not known is a problem. An empty
 * variable counts as not set. Numbers are digits and nothing else.
 */
export function readEnvironment(environment: Environment): EnvironmentSettings {
  const own: Record<string, unknown> = {};
  const seed: Record<string, unknown> = {};
  const problems: ConfigProblem[] = [];
  for (const [variable, value] of Object.entries(environment)) {
    if (value === undefined || value === '' || OTHERS.has(variable)) {
      continue;
    }
    const setting = SETTINGS.find((spec) => spec.variable === variable);
    if (setting !== undefined) {
      own[setting.name] = typeof setting.fallback === 'number' ? wholeNumber(value) : value;
    } else if (SEED_NAMES.includes(variable.toLowerCase()) && variable === variable.toUpperCase()) {
      seed[variable.toLowerCase()] = seedValue(variable.toLowerCase(), value);
    } else if (/^(LOCKSTEP|ENKRYPT)_/.test(variable)) {
      problems.push({ path: variable, got: 'a variable that is not known here', takes: knownVariables(variable) });
    }
  }
  const settings = parseFields(settingsSchema, own);
  const seeds = parseFields(seedSettingsSchema, seed);
  problems.push(
    ...settings.problems.map((problem) => ({ ...problem, path: variableOf(problem.path) })),
    ...seeds.problems.map((problem) => ({ ...problem, path: problem.path.toUpperCase() })),
  );
  return { settings: settings.value, seed: seeds.value, problems };
}

function variableOf(name: string): string {
  return SETTINGS.find((spec) => spec.name === name)?.variable ?? name;
}

function knownVariables(misspelt: string): string {
  const own = SETTINGS.map((spec) => spec.variable);
  return knownNames(misspelt, [...own, CONFIG_VARIABLE, ...SEED_NAMES.map((name) => name.toUpperCase())]);
}

function seedValue(name: string, value: string): unknown {
  if (SEED_TEXTS.has(name)) {
    return value;
  }
  if (SEED_FLAGS.test(value)) {
    return value.toLowerCase() === 'true';
  }
  return /^\d+\.\d+$/.test(value) ? Number(value) : wholeNumber(value);
}

/** Digits become a number; anything else stays text, and is refused as such. */
function wholeNumber(value: string): number | string {
  return /^\d{1,15}$/.test(value) ? Number(value) : value;
}
