import type { FieldProblem, Route, RouteName, RouteTypes } from '@lockstep/admin-api';
import type { AdminToken } from '@lockstep/config';
import type { Context } from 'hono';
import type { z } from 'zod';
import { Refusal } from './refusal.ts';

/** One request that was let in. */
export interface Admitted<N extends RouteName> {
  readonly context: Context;
  readonly token: AdminToken;
  readonly query: RouteTypes[N]['query'];
  readonly body: RouteTypes[N]['body'];
}

/** The query, as the contract has it, or a refusal that names each field. */
export function queryOf<N extends RouteName>(context: Context, { query }: Route<N>): RouteTypes[N]['query'] {
  const given = context.req.query();
  if (query !== undefined) return checked(query, given);
  const [unknown] = Object.keys(given);
  if (unknown === undefined) return undefined;
  throw invalid([{ field: unknown, message: 'this route takes no query' }]);
}

/** The body, likewise. */
export async function bodyOf<N extends RouteName>(
  context: Context,
  { body }: Route<N>,
): Promise<RouteTypes[N]['body']> {
  if (body === undefined) return undefined;
  const type = context.req.header('content-type') ?? '';
  if (!/^application\/json *(;|$)/i.test(type)) {
    throw new Refusal('unsupported-media-type', 'Content-Type: takes application/json');
  }
  let given: unknown;
  try {
    given = await context.req.json();
  } catch (cause) {
    // One that is too large is refused while it is read.
    if (cause instanceof Refusal) throw cause;
    throw invalid([{ field: '', message: 'the body is no JSON' }]);
  }
  return checked(body, given);
}

function checked<T>(schema: z.ZodType<T>, given: unknown): T {
  const parsed = schema.safeParse(given);
  if (parsed.success) return parsed.data;
  throw invalid(
    parsed.error.issues.map(({ path, message, ...issue }) => {
      const [unknown] = issue.code === 'unrecognized_keys' ? issue.keys : [];
      const field = [...path, ...(unknown === undefined ? [] : [unknown])].join('.');
      return { field, message: unknown === undefined ? message : 'is not known here' };
    }),
  );
}

function invalid(problems: readonly FieldProblem[]): Refusal {
  const text = problems.map(({ field, message }) => `${field === '' ? 'request' : field}: ${message}`).join('; ');
  return new Refusal('request-invalid', text, { problems });
}
