import { z } from 'zod';

/** What a message about a field needs to know of it. */
interface FieldNote {
  /** What the field takes, in words. */
  readonly takes: string;
  /** The value is never shown. */
  readonly secret: boolean;
  /** The names in this record are secret: a path shows their place instead. */
  readonly secretNames: boolean;
}

interface FieldOptions {
  readonly secret?: boolean;
  readonly secretNames?: boolean;
}

const notes = z.registry<FieldNote>();

/** A copy of a schema, with a note on what it takes, in words, and whether its value may be shown. */
export function field<S extends z.ZodType>(schema: S, takes: string, options: FieldOptions = {}): S {
  const noted = schema.clone();
  notes.add(noted, { takes, secret: options.secret === true, secretNames: options.secretNames === true });
  return noted;
}

/** The schema at a path, the names it knows, and the notes met on the way there. */
export interface Located {
  readonly takes: string | undefined;
  readonly secret: boolean;
  readonly known: readonly string[] | undefined;
  /** The path with secret names replaced by their place. */
  readonly shownPath: readonly (string | number)[];
}

/** Follows `path` from `root` through objects, records and lists. */
export function locate(root: z.ZodType, path: readonly PropertyKey[], input: unknown): Located {
  let schema: z.ZodType | undefined = root;
  let value: unknown = input;
  let takes: string | undefined;
  let secret = false;
  const shownPath: (string | number)[] = [];
  for (let depth = 0; ; depth++) {
    const note = schema === undefined ? undefined : nearestNote(schema);
    schema = schema === undefined ? undefined : unwrap(schema);
    takes = note?.takes;
    secret ||= note?.secret === true;
    if (depth === path.length) {
      break;
    }
    const part = path[depth] as string | number;
    shownPath.push(note?.secretNames === true ? `<${placeOf(part, value)}>` : part);
    schema = schema === undefined ? undefined : child(schema, part);
    value = typeof value === 'object' && value !== null ? (value as Record<string, unknown>)[part] : undefined;
  }
  const known = schema instanceof z.ZodObject ? Object.keys(schema.shape) : undefined;
  return { takes, secret, known, shownPath };
}

function nearestNote(schema: z.ZodType): FieldNote | undefined {
  for (let inner: z.ZodType | undefined = schema; inner !== undefined; inner = wrapped(inner)) {
    const note = notes.get(inner);
    if (note !== undefined) {
      return note;
    }
  }
  return undefined;
}

function unwrap(schema: z.ZodType): z.ZodType {
  const inner = wrapped(schema);
  return inner === undefined ? schema : unwrap(inner);
}

function wrapped(schema: z.ZodType): z.ZodType | undefined {
  return schema instanceof z.ZodOptional || schema instanceof z.ZodNullable
    ? (schema.unwrap() as z.ZodType)
    : undefined;
}

function child(schema: z.ZodType, part: string | number): z.ZodType | undefined {
  if (schema instanceof z.ZodObject) {
    return (schema.shape as Record<string, z.ZodType>)[part];
  }
  if (schema instanceof z.ZodRecord) {
    return schema.valueType as z.ZodType;
  }
  return schema instanceof z.ZodArray ? (schema.element as z.ZodType) : undefined;
}

function placeOf(name: string | number, parent: unknown): string {
  const names = typeof parent === 'object' && parent !== null ? Object.keys(parent) : [];
  return `key ${names.indexOf(String(name)) + 1}`;
}
