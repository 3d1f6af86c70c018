import { crossReferences } from './cross-references.ts';
import { CONFIG_VARIABLE } from './environment.ts';
import { forbiddenNames } from './forbidden-names.ts';
import type { GatewayDocument } from './gateway-document.ts';
import { documentShape } from './gateway-document.ts';
import { isUrl } from './location.ts';
import { describe, maskUrl } from './mask.ts';
import type { Parsed } from './parse.ts';
import { knownNames, parse, parseFields } from './parse.ts';
import type { ConfigProblem } from './problem.ts';
import type { Source } from './resolve.ts';
import type { SeedSettings } from './seed-settings.ts';
import { SEED_NAMES_WITHOUT_EFFECT, seedSettingsSchema } from './seed-settings.ts';
import { settingsSchema } from './settings.ts';

const SECTIONS_WITHOUT_EFFECT = ['admin_apikey', 'plugins'] as const;
const SECTIONS = ['common_mcp_gateway_config', 'lockstep', ...Object.keys(documentShape), ...SECTIONS_WITHOUT_EFFECT];

/** What the configuration file says. */
export interface FileContents {
  readonly source: Source;
  readonly document: GatewayDocument;
  readonly problems: readonly ConfigProblem[];
  readonly notes: readonly string[];
}

/** Reads a file as text, or throws. */
export type ReadText = (path: string) => string;

/** Reads the file at `path`, and every problem in it. */
export function readConfigFile(path: string | undefined, readText: ReadText): FileContents {
  const takes = 'the path of a JSON file, or the URL of one';
  if (path === undefined || path === '') {
    return unusable([{ path: '--config', got: 'nothing', takes: `${takes}, there or in ${CONFIG_VARIABLE}` }]);
  }
  const shown = isUrl(path) ? maskUrl(path) : path;
  let content: unknown;
  try {
    content = JSON.parse(readText(path));
  } catch (error) {
    return unusable([{ path: '--config', got: `"${shown}": ${reasonOf(error)}`, takes }]);
  }
  if (typeof content !== 'object' || content === null || Array.isArray(content)) {
    return unusable([
      { path: '--config', got: `"${shown}" with ${describe(content, true)} in it`, takes: 'a JSON object' },
    ]);
  }
  return readSections(content as Readonly<Record<string, unknown>>);
}

function readSections(content: Readonly<Record<string, unknown>>): FileContents {
  const problems: ConfigProblem[] = [];
  const take = <T>(result: Parsed<T>, otherwise: T): T => {
    if (result.ok) {
      return result.value;
    }
    problems.push(...result.problems);
    return otherwise;
  };
  for (const name of Object.keys(content)) {
    if (!SECTIONS.includes(name)) {
      problems.push({ path: name, got: 'a field that is not known here', takes: knownNames(name, SECTIONS) });
    }
  }
  const settings = parseFields(settingsSchema, content['lockstep'] ?? {}, ['lockstep']);
  const seedAt = 'common_mcp_gateway_config';
  const seed = parseFields(seedSettingsSchema, content[seedAt] ?? {}, [seedAt]);
  problems.push(...settings.problems, ...seed.problems);
  const sections = Object.entries(documentShape).map(([name, schema]) => [
    name,
    take(parse(schema, content[name] ?? {}, [name]), {}),
  ]);
  problems.push(...forbiddenNames(content), ...crossReferences(content), ...pluginProblems(content['plugins']));
  const nameOf = (name: string): string => `lockstep.${name}`;
  return {
    source: { settings: settings.value, seed: seed.value, nameOf, seedNameOf: (name) => `${seedAt}.${name}` },
    document: Object.fromEntries(sections) as GatewayDocument,
    problems,
    notes: notesOn(content, seed.value),
  };
}

/** The one plugin that would change who gets in: keys are checked against this file, and against nothing else. */
function pluginProblems(plugins: unknown): readonly ConfigProblem[] {
  const provider = (plugins as { auth?: { provider?: unknown } } | null | undefined)?.auth?.provider;
  if (provider === undefined || provider === 'local_apikey') {
    return [];
  }
  return [
    {
      path: 'plugins.auth.provider',
      got: describe(provider, false),
      takes: 'local_apikey: keys are checked against this file',
    },
  ];
}

function notesOn(content: Readonly<Record<string, unknown>>, seed: SeedSettings): readonly string[] {
  const ignored = [
    ...SECTIONS_WITHOUT_EFFECT.filter((name) => name in content),
    ...SEED_NAMES_WITHOUT_EFFECT.filter((name) => name in seed).map((name) => `common_mcp_gateway_config.${name}`),
  ];
  return ignored.map((name) => `${name} has no effect in this gateway`);
}

function unusable(problems: readonly ConfigProblem[]): FileContents {
  const nameOf = (name: string): string => name;
  const document: GatewayDocument = { mcp_configs: {}, projects: {}, users: {}, apikeys: {}, admin_tokens: {} };
  return { source: { settings: {}, seed: {}, nameOf, seedNameOf: nameOf }, document, problems, notes: [] };
}

/** Why a file could not be read or parsed, without a word of what is in it. */
export function reasonOf(error: unknown): string {
  if (error instanceof SyntaxError) {
    const place = /line \d+ column \d+/.exec(error.message)?.[0];
    return place === undefined ? 'not JSON' : `not JSON (${place})`;
  }
  const code = (error as { code?: unknown }).code;
  return code === 'ENOENT' ? 'no such file' : `not readable (${String(code ?? 'unknown reason')})`;
}
