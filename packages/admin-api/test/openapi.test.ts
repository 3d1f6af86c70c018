import { readFileSync } from 'node:fs';
import { Validator } from '@seriousme/openapi-schema-validator';
import { expect, it } from 'vitest';
import { ERROR_MEANING, openApiDocument, ROUTE_NAMES, ROUTES } from '../src/index.ts';

const written = JSON.parse(readFileSync(new URL('../openapi.json', import.meta.url), 'utf8')) as Record<
  string,
  unknown
>;

it('openapi.json is what the contract says; `pnpm generate` writes it', () => {
  expect(written).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
});

it('openapi.json is a valid OpenAPI 3.1 document, and every reference in it leads somewhere', async () => {
  const validator = new Validator();
  expect(await validator.validate(written)).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
  const { components } = written as unknown as { components: { schemas: Record<string, unknown> } };
  const references = JSON.stringify(written).match(/"\$ref":"[^"]*"/g) ?? [];
  const names = references.map((reference) => /schemas\/(\w+)"$/.exec(reference)?.[1] ?? reference);
  expect([...new Set(names)].filter((name) => !(name in components.schemas))).toEqual([]);
});

it('every route is in the document, with its role and its errors', () => {
  const { paths } = written as unknown as {
    paths: Record<string, Record<string, { description: string; responses: object }>>;
  };
  for (const name of ROUTE_NAMES) {
    const { method, path, role, errors } = ROUTES[name];
    const operation = paths[path]?.[method.toLowerCase()];
    expect(operation?.description).toContain(`Role: ${role}`);
    const said = JSON.stringify(operation?.responses);
    for (const code of ['unauthenticated', 'rate-limited', ...errors]) expect(said).toContain(`\`${code}\``);
  }
});

it('every error code has a meaning, and the README lists it', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const rows = [...readme.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \| (.*) \|$/gm)].map(([, code, , meaning]) => [
    code,
    meaning,
  ]);
  expect(Object.fromEntries(rows)).toEqual(ERROR_MEANING);
});

it('the README lists every route with its method and role', () => {
  const readme = readFileSync(new URL('../README.md', import.meta.url), 'utf8');
  const rows = [...readme.matchAll(/^\| `(GET|POST) \/v1(\S+)` \| (viewer|operator) \|/gm)];
  const routes = ROUTE_NAMES.map((name) => [ROUTES[name].method, ROUTES[name].path, ROUTES[name].role]);
  expect(rows.map(([, method, path, role]) => [method, path, role])).toEqual(routes);
});
