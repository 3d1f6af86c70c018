import type { Environment } from './environment.ts';
import { CONFIG_VARIABLE } from './environment.ts';
import { describe, maskUrl } from './mask.ts';
import type { Parsed } from './parse.ts';
import type { ConfigProblem } from './problem.ts';

const POLL_MS = { least: 1_000, most: 3_600_000, fallback: 15_000 };

/** Where the configuration is. */
export type ConfigLocation =
  | { readonly kind: 'file'; readonly path: string }
  | {
      readonly kind: 'http';
      readonly url: string;
      /** The URL as it may be shown. */
      readonly name: string;
      readonly token: string | undefined;
      readonly pollMs: number;
    };

/** A variable that says how the configuration is fetched, and so cannot stand in it. */
export interface SourceVariable {
  readonly variable: string;
  readonly takes: string;
  readonly fallback: number | undefined;
  readonly meaning: string;
}

const TOKEN: SourceVariable = {
  variable: 'LOCKSTEP_CONFIG_TOKEN',
  takes: '1 to 4096 printable ASCII characters without spaces',
  fallback: undefined,
  meaning: 'Sent with each request: `Authorization: Bearer …`.',
};
const POLL: SourceVariable = {
  variable: 'LOCKSTEP_CONFIG_POLL_MS',
  takes: `a whole number of milliseconds from ${POLL_MS.least} to ${POLL_MS.most}`,
  fallback: POLL_MS.fallback,
  meaning: 'How often the URL is asked; up to a fifth sooner, at random.',
};

/** Every such variable. */
export const SOURCE_VARIABLES: readonly SourceVariable[] = [TOKEN, POLL];

/** Whether a location names a URL, not a file. */
export function isUrl(location: string): boolean {
  return /^https?:\/\//i.test(location);
}

/** Where the configuration is that `given`, or else the environment, names; undefined: neither names one. */
export function locateConfig(given: string | undefined, environment: Environment): Parsed<ConfigLocation | undefined> {
  const location = given ?? environment[CONFIG_VARIABLE];
  if (location === undefined || location === '') return { ok: true, value: undefined };
  if (!isUrl(location)) return { ok: true, value: { kind: 'file', path: location } };
  const problems: ConfigProblem[] = [];
  const name = maskUrl(location);
  const url = URL.parse(location);
  if (url === null || url.username !== '' || url.password !== '') {
    const takes = `the path of a JSON file, or a URL without user and password: a token goes into ${TOKEN.variable}`;
    problems.push({ path: '--config', got: `"${name}"`, takes });
  }
  const token = environment[TOKEN.variable] || undefined;
  if (token !== undefined && !/^[\x21-\x7e]{1,4096}$/.test(token)) {
    problems.push({ path: TOKEN.variable, got: describe(token, true), takes: TOKEN.takes });
  }
  const poll = environment[POLL.variable] || String(POLL_MS.fallback);
  const pollMs = /^\d{1,9}$/.test(poll) ? Number(poll) : 0;
  if (pollMs < POLL_MS.least || pollMs > POLL_MS.most) {
    problems.push({ path: POLL.variable, got: describe(poll, false), takes: POLL.takes });
  }
  return problems.length > 0
    ? { ok: false, problems }
    : { ok: true, value: { kind: 'http', url: location, name, token, pollMs } };
}
