import type { ConfigProblem, PathPart } from './problem.ts';
import { pathText } from './problem.ts';

/** JSON has this name as any other; parsed into an object, it would be lost in silence. */
const FORBIDDEN = '__proto__';
/** Whose names are gateway keys: a path shows their place instead. */
const SECRET_NAMES = 'apikeys';

interface Place {
  readonly value: unknown;
  readonly path: readonly PathPart[];
}

/** Names in the file that nothing can have, however deep. */
export function forbiddenNames(file: Readonly<Record<string, unknown>>): readonly ConfigProblem[] {
  const problems: ConfigProblem[] = [];
  const places: Place[] = [{ value: file, path: [] }];
  for (let place = places.pop(); place !== undefined; place = places.pop()) {
    const { value, path } = place;
    if (typeof value !== 'object' || value === null) continue;
    for (const [index, [name, inner]] of Object.entries(value).entries()) {
      const isSecret = path.length === 1 && path[0] === SECRET_NAMES;
      const part = Array.isArray(value) ? index : isSecret && name !== FORBIDDEN ? `<key ${index + 1}>` : name;
      const at = [...path, part];
      places.push({ value: inner, path: at });
      if (name !== FORBIDDEN) continue;
      const got = 'a name that nothing can have here';
      problems.push({ path: pathText(at), got, takes: 'another name: JavaScript keeps this one for itself' });
    }
  }
  return problems;
}
