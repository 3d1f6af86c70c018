import { describe } from './mask.ts';
import type { ConfigProblem } from './problem.ts';
import type { SeedSettings } from './seed-settings.ts';
import { logLevelOf, tierUrlOf } from './seed-settings.ts';
import type { SettingName, SettingValues } from './setting-values.ts';
import { SETTINGS } from './settings.ts';

const HOUR_MS = 3_600_000;
const SECOND_MS = 1_000;

/** What one place (the environment, or the file) sets, under our names and under the seed's. */
export interface Source {
  readonly settings: SettingValues;
  readonly seed: SeedSettings;
  /** How a message names our setting, and the seed's name, of this place. */
  readonly nameOf: (setting: SettingName) => string;
  readonly seedNameOf: (name: string) => string;
}

/** What all places together set; `tierUrl` undefined: no tier. Every setting with a fallback has a value. */
export interface Resolved {
  readonly values: Readonly<Partial<Record<SettingName, string | number>>>;
  readonly problems: readonly ConfigProblem[];
}

/** Says "no tier, on purpose": the seed's flag is there and false. */
const LOCAL = 'local';

interface Twin {
  readonly setting: SettingName;
  readonly seedName: string;
  /** What the seed's name says, in our unit; undefined: nothing. */
  readonly read: (seed: SeedSettings, merged: SeedSettings) => string | number | undefined;
}

const TWINS: readonly Twin[] = [
  { setting: 'tierUrl', seedName: 'enkrypt_mcp_use_external_cache', read: seedTier },
  {
    setting: 'toolsTtlMs',
    seedName: 'enkrypt_tool_cache_expiration',
    read: (seed) => scaled(seed.enkrypt_tool_cache_expiration, HOUR_MS),
  },
  {
    setting: 'gatewayConfigTtlMs',
    seedName: 'enkrypt_gateway_cache_expiration',
    read: (seed) => scaled(seed.enkrypt_gateway_cache_expiration, HOUR_MS),
  },
  {
    setting: 'discoveryTimeoutMs',
    seedName: 'timeout_settings.discovery_timeout',
    read: (seed) => scaled(seed.timeout_settings?.discovery_timeout, SECOND_MS),
  },
  {
    setting: 'toolCallTimeoutMs',
    seedName: 'timeout_settings.tool_execution_timeout',
    read: (seed) => scaled(seed.timeout_settings?.tool_execution_timeout, SECOND_MS),
  },
  {
    setting: 'logLevel',
    seedName: 'enkrypt_log_level',
    read: (seed) => (seed.enkrypt_log_level === undefined ? undefined : logLevelOf(seed.enkrypt_log_level)),
  },
];

/**
 * Puts the places together: an earlier one beats a later one, and in one place our name and the seed's may both be
 * there only when they say the same thing.
 */
export function resolve(sources: readonly Source[]): Resolved {
  const merged: SeedSettings = Object.assign({}, ...sources.map(({ seed }) => seed).reverse());
  const values: Partial<Record<SettingName, string | number>> = {};
  const problems: ConfigProblem[] = [];
  for (const { name, fallback } of SETTINGS) {
    const twin = TWINS.find(({ setting }) => setting === name);
    const said: (string | number)[] = [];
    for (const source of sources) {
      const own = source.settings[name];
      const seeded = twin?.read(source.seed, merged);
      if (twin !== undefined && own !== undefined && seeded !== undefined && !same(own, seeded)) {
        problems.push(disagreement(source, twin, { own, seeded }));
      }
      said.push(...[own, seeded].filter((value) => value !== undefined));
    }
    const value = said[0] ?? fallback;
    if (value !== undefined && value !== LOCAL) {
      values[name] = value;
    }
  }
  return { values, problems };
}

function seedTier(seed: SeedSettings, merged: SeedSettings): string | undefined {
  switch (seed.enkrypt_mcp_use_external_cache) {
    case undefined:
      return undefined;
    case false:
      return LOCAL;
    case true:
      return tierUrlOf(merged);
  }
}

function scaled(value: number | undefined, factor: number): number | undefined {
  return value === undefined ? undefined : Math.max(1, Math.round(value * factor));
}

function same(own: string | number, seeded: string | number): boolean {
  return own === seeded || (typeof own === 'string' && typeof seeded === 'string' && sameTier(own, seeded));
}

function sameTier(own: string, seeded: string): boolean {
  return seeded !== LOCAL && URL.canParse(own) && URL.canParse(seeded) && spelledOut(own) === spelledOut(seeded);
}

function spelledOut(tierUrl: string): string {
  const { protocol, username, password, hostname, port, pathname } = new URL(tierUrl);
  return JSON.stringify([protocol, username, password, hostname, port || '6379', pathname.replace(/^\/?$/, '/0')]);
}

function disagreement(
  source: Source,
  twin: Twin,
  said: { own: string | number; seeded: string | number },
): ConfigProblem {
  const seeded = said.seeded === LOCAL ? 'false (no tier)' : describe(said.seeded, false);
  return {
    path: source.nameOf(twin.setting),
    got: `${describe(said.own, false)}, while ${source.seedNameOf(twin.seedName)} says ${seeded}`,
    takes: 'one of the two names, or the same value under both',
  };
}
