import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { loadGatewayConfig, redactConfig } from './index.ts';

it('prints a whole config with nothing secret in it', () => {
  const text = readFileSync(new URL('../test/fixtures/seed-shaped.json', import.meta.url), 'utf8');
  const environment = {
    LOCKSTEP_TIER_URL: 'redis://user:url-secret@tier:6379',
    LOCKSTEP_BUS_URL: 'nats://token-secret@one,nats://user:pass-secret@two',
    LOCKSTEP_SECRET: `long-secret-${'x'.repeat(32)}`,
  };
  const result = loadGatewayConfig({ file: 'gateway.json', environment, readText: () => text });
  const printed = JSON.stringify(result.ok ? redactConfig(result.value) : result.problems);
  expect(printed).toContain('redis://(secret)@tier:6379');
  expect(printed).toContain('nats://(secret)@one,nats://(secret)@two');
  expect(printed).toContain('https://mcp.example.com/mcp?(masked)');
  expect(printed).toContain('"argumentCount":3');
  expect(printed).not.toMatch(/[a-z]-secret|never-be-printed|xxxx/);
});
