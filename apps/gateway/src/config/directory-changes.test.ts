import type { GatewayDefinition, GatewayDirectory, ServerDefinition } from '@lockstep/config';
import { expect, it } from 'vitest';
import { compareDirectories, countChanges } from './directory-changes.ts';
import { configName, grantName } from './directory-names.ts';

const server = (name: string, changed: Partial<ServerDefinition> = {}): ServerDefinition => ({
  name,
  description: '',
  connection: { kind: 'stdio', command: name, args: [], env: {}, cwd: undefined },
  tools: undefined,
  trustsCacheScope: false,
  fingerprint: `fingerprint of ${name}`,
  ...changed,
});
const gateway = (id: string, servers: readonly ServerDefinition[], configId = 'c'): GatewayDefinition => {
  return { id, userId: id, email: '', projectId: 'p', projectName: 'p', configId, configName: 'c', servers };
};
const key = (gatewayId: string, role: 'operator' | 'viewer' = 'operator') => ({
  key: `key of ${gatewayId}`,
  gatewayId,
  role,
});
const ONE = gateway('one', [server('a'), server('b')]);
const TWO = gateway('two', [server('a'), server('b')]);
const BOTH: GatewayDirectory = { keys: [key('one'), key('two')], gateways: [ONE, TWO] };

it('finds nothing where nothing changed', () => {
  expect(countChanges(compareDirectories(BOTH, structuredClone(BOTH)))).toBe(0);
});

it('finds a gateway that is gone, with its key, and not the servers that another one has too', () => {
  const changes = compareDirectories(BOTH, { keys: [key('one')], gateways: [ONE] });
  expect(changes).toEqual({
    revokedGrants: [grantName(key('two'))],
    newGrants: [],
    goneConfigs: [configName(TWO)],
    goneConnections: [],
    goneGateways: ['two'],
  });
});

it.each<[string, Partial<ServerDefinition>]>([
  ['is reached in another way', { fingerprint: 'another' }],
  ['is believed from now on', { trustsCacheScope: true }],
  ['is not discovered any more', { tools: { ping: 'Answers' } }],
])('finds a server that %s, once, though two gateways have it, and no other server', (_, changed) => {
  const servers = [server('a'), server('b', changed)];
  const gateways = [gateway('one', servers), gateway('two', servers)];
  const changes = compareDirectories(BOTH, { ...BOTH, gateways });
  expect(changes.goneConnections).toMatchObject([{ configId: 'c', serverName: 'b', fingerprint: 'fingerprint of b' }]);
  expect(changes).toMatchObject({ revokedGrants: [], newGrants: [], goneGateways: [] });
  expect(changes.goneConfigs).toEqual([configName(ONE), configName(TWO)]);
});

it('leaves the lists of a server alone of which only the description changed', () => {
  const servers = [server('a'), server('b', { description: 'another' })];
  const changes = compareDirectories(BOTH, { ...BOTH, gateways: [gateway('one', servers), gateway('two', servers)] });
  expect(changes.goneConnections).toEqual([]);
});

it.each([
  ['opens another gateway', { ...key('one'), gatewayId: 'two' }],
  ['may do other things', key('one', 'viewer')],
])('revokes what a key granted that %s, and grants it anew', (_, changed) => {
  const changes = compareDirectories(BOTH, { ...BOTH, keys: [changed, key('two')] });
  expect(changes).toMatchObject({ revokedGrants: [grantName(key('one'))], newGrants: [grantName(changed)] });
});
