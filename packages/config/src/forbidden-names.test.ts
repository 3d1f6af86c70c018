import { expect, it } from 'vitest';
import { loadGatewayConfig } from './index.ts';

function problemsOf(text: string): readonly string[] {
  const result = loadGatewayConfig({ file: 'gateway.json', environment: {}, readText: () => text });
  return result.ok ? [] : result.problems.map(({ path, takes }) => `${path}: ${takes}`);
}

const TAKES = 'another name: JavaScript keeps this one for itself';
const SERVER = '{ "server_name": "a", "config": { "command": "a" } }';

it.each([
  ['an entry of a section', '{ "users": { "__proto__": { "email": "a@example.com" } } }', 'users.__proto__'],
  ['a gateway key', '{ "apikeys": { "__proto__": { "project_id": "p", "user_id": "u" } } }', 'apikeys.__proto__'],
  ['a section', '{ "__proto__": { "users": {} } }', '__proto__'],
  ['a setting', '{ "lockstep": { "__proto__": { "port": 1 } } }', 'lockstep.__proto__'],
  ['an admin token', '{ "admin_tokens": { "__proto__": { "role": "viewer" } } }', 'admin_tokens.__proto__'],
  [
    'a variable of a server',
    `{ "mcp_configs": { "m": { "mcp_config": [${SERVER.replace('"a" }', '"a", "env": { "__proto__": "1" } }')}] } } }`,
    'mcp_configs.m.mcp_config[0].config.env.__proto__',
  ],
])('%s of the name __proto__ is told, and not lost in silence', (_, text, path) => {
  expect(problemsOf(text)).toContain(`${path}: ${TAKES}`);
});

it('within a gateway key it is told by the place of the key', () => {
  const text = '{ "apikeys": { "a-secret-key": { "__proto__": {} } } }';
  expect(problemsOf(text)).toContain(`apikeys.<key 1>.__proto__: ${TAKES}`);
  expect(problemsOf(text).join()).not.toContain('a-secret-key');
});
