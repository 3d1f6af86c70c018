import { LoaderError } from '@lockstep/cache';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import type { Health } from './health.ts';
import { createHttpApp } from './http.ts';
import type { McpEndpoint } from './mcp/mcp-endpoint.ts';

it("logs a failed loader's own message, which the error has only as its cause, and tells the client neither", async () => {
  const lines: string[] = [];
  const cause = new Error('the caches name a gateway that this configuration has not');
  const app = createHttpApp({
    openGateway: () => Promise.reject(new LoaderError('the loader failed', { cause })),
    mcp: {} as McpEndpoint,
    health: { draining: false } as Health,
    logger: pino({}, { write: (line: string) => lines.push(line) }),
  });
  const response = await app.request('/mcp', { method: 'POST' });
  expect(response.status).toBe(500);
  expect(await response.text()).not.toMatch(/loader|caches/);
  expect(JSON.parse(lines[0] ?? '{}')).toMatchObject({ reason: 'the loader failed', cause: cause.message });
});
