import type { z } from 'zod';
import { locate } from './field.ts';
import { describe } from './mask.ts';
import type { ConfigProblem, PathPart } from './problem.ts';
import { pathText } from './problem.ts';
import { suggest } from './suggest.ts';

const KNOWN_NAMES_SHOWN_MAX = 12;

/** A parsed value, or every problem that kept it from being one. */
export type Parsed<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

/** Parses `input` by `schema`; paths in the problems begin with `at`. */
export function parse<T>(schema: z.ZodType<T>, input: unknown, at: readonly PathPart[] = []): Parsed<T> {
  const result = schema.safeParse(input);
  if (result.success) {
    return { ok: true, value: result.data };
  }
  const problems = result.error.issues.flatMap((issue) => problemsOf(schema, input, issue));
  return { ok: false, problems: problems.map(({ path, ...rest }) => ({ path: pathText([...at, ...path]), ...rest })) };
}

/** What of an object's fields can be used, and the problems of the others. */
export interface ParsedFields<T> {
  readonly value: Partial<T>;
  readonly problems: readonly ConfigProblem[];
}

/** Parses an object whose fields are all optional and stand each for themselves: a wrong one leaves the others. */
export function parseFields<T>(schema: z.ZodType<T>, input: unknown, at: readonly PathPart[] = []): ParsedFields<T> {
  const whole = parse(schema, input, at);
  if (whole.ok) {
    return { value: whole.value, problems: [] };
  }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    return { value: {}, problems: whole.problems };
  }
  const fields = Object.entries(input).filter(([name, value]) => parse(schema, { [name]: value }).ok);
  const rest = parse(schema, Object.fromEntries(fields));
  return { value: rest.ok ? rest.value : {}, problems: whole.problems };
}

interface LocatedProblem extends Omit<ConfigProblem, 'path'> {
  readonly path: readonly PathPart[];
}

function problemsOf(schema: z.ZodType, input: unknown, issue: z.core.$ZodIssue): readonly LocatedProblem[] {
  const { takes, secret, known, shownPath } = locate(schema, issue.path, input);
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => ({
      path: [...shownPath, name],
      got: 'a field that is not known here',
      takes: knownNames(name, known ?? []),
    }));
  }
  const value = valueAt(input, issue.path);
  return [{ path: shownPath, got: describe(value, secret), takes: takes ?? issue.message }];
}

/** What an unknown name could have been: the nearest known one, and the list of all where it is short. */
export function knownNames(misspelt: string, known: readonly string[]): string {
  const near = suggest(misspelt, known);
  const list = known.length > KNOWN_NAMES_SHOWN_MAX ? undefined : known.join(', ');
  if (near !== undefined) {
    return list === undefined ? `did you mean ${near}?` : `did you mean ${near}? Known here: ${list}`;
  }
  return list === undefined ? 'a field named in the documentation' : `one of: ${list}`;
}

function valueAt(input: unknown, path: readonly PropertyKey[]): unknown {
  let value = input;
  for (const part of path) {
    if (typeof value !== 'object' || value === null) {
      return undefined;
    }
    value = (value as Record<PropertyKey, unknown>)[part];
  }
  return value;
}
