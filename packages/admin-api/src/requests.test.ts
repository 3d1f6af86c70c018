import { expect, it } from 'vitest';
import type { z } from 'zod';
import { auditQuerySchema } from './audit.ts';
import { explainQuerySchema } from './explain.ts';
import { invalidationRequestSchema } from './invalidate.ts';
import { warmRequestSchema } from './upkeep.ts';

/** The fields that are wrong. */
function wrong(schema: z.ZodType, input: unknown): readonly string[] {
  const parsed = schema.safeParse(input);
  return parsed.success ? [] : parsed.error.issues.map(({ path }) => path.join('.'));
}

const reason = 'a test';

it.each([
  { everything: true },
  { namespace: 'tools' },
  { namespace: 'tools', key: 'a' },
  { tag: 'mcp-config:main' },
  { gateway: 'u_p_c' },
  { gateway: 'u_p_c', cacheType: 'tools', server: 'github' },
])('a clear takes the scope %j', (scope) => {
  expect(invalidationRequestSchema.parse({ scope, reason })).toEqual({ scope, reason });
});

it.each([
  {},
  { everything: false },
  { everything: true, namespace: 'tools' },
  { namespace: 'tools', tag: 'a' },
  { gateway: 'a', everything: true },
  { gateway: 'a', cacheType: 'lists' },
  { namespace: 'Tools!' },
  { key: 'a' },
  { tag: '' },
  [],
  'everything',
  null,
])('a clear refuses the scope %j, and names the field', (scope) => {
  const parsed = invalidationRequestSchema.safeParse({ scope, reason });
  expect(parsed.error?.issues[0]?.path[0]).toBe('scope');
});

it('a clear needs a reason of 3 to 500 characters, a dry run none', () => {
  const scope = { everything: true };
  expect(wrong(invalidationRequestSchema, { scope })).toEqual(['reason']);
  expect(wrong(invalidationRequestSchema, { scope, reason: '   a   ' })).toEqual(['reason']);
  expect(wrong(invalidationRequestSchema, { scope, reason: 'x'.repeat(501) })).toEqual(['reason']);
  expect(wrong(invalidationRequestSchema, { scope, dryRun: false })).toEqual(['reason']);
  expect(wrong(invalidationRequestSchema, { scope, dryRun: true })).toEqual([]);
});

it('a misspelt field of a clear is refused: it must not pass for a default', () => {
  expect(wrong(invalidationRequestSchema, { scope: { everything: true }, reason, dryrun: true })).not.toEqual([]);
  expect(wrong(invalidationRequestSchema, { scope: { everything: true }, reason, wait: 'fence' })).toEqual(['wait']);
});

it('an explanation is asked for by key or by gateway, not by both or neither', () => {
  expect(wrong(explainQuerySchema, { namespace: 'tools', key: 'a' })).toEqual([]);
  expect(wrong(explainQuerySchema, { namespace: 'tools', gateway: 'a', server: 'b' })).toEqual([]);
  expect(wrong(explainQuerySchema, { namespace: 'tools' })).toEqual(['key']);
  expect(wrong(explainQuerySchema, { namespace: 'tools', key: 'a', gateway: 'b' })).toEqual(['key']);
});

it('numbers of a query are digits alone', () => {
  expect(auditQuerySchema.parse({ from: '12', limit: '500' })).toEqual({ from: 12, limit: 500 });
  expect(auditQuerySchema.parse({})).toEqual({});
  for (const from of ['0', '-1', '1.5', '1e3', '0x10', '', 'all', ' 1']) {
    expect(wrong(auditQuerySchema, { from }), from).toEqual(['from']);
  }
  expect(wrong(auditQuerySchema, { limit: '501' })).toEqual(['limit']);
});

it('a server is warmed with its gateway', () => {
  expect(wrong(warmRequestSchema, {})).toEqual([]);
  expect(wrong(warmRequestSchema, { server: 'a' })).toEqual(['server']);
});
