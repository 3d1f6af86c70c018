import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { SecuredServers } from '@lockstep/testkit';
import { startSecuredServers, waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import { adminOf, adminText, GATEWAY } from './admin-harness.ts';
import type { TestClient } from './harness.ts';
import { connectClient, sources, startTestNode } from './harness.ts';
import { Origin } from './mcp-origin.ts';

const REASON = 'a test';
const OF_TOOLS = { gateway: GATEWAY, cacheType: 'tools' } as const;
/** The first fences of young nodes hold by time. */
const FENCES_MS = 60_000;

let servers: SecuredServers;
let origin: Origin;
let text: string;
let nodes: readonly [GatewayNode, GatewayNode];
let clients: readonly [TestClient, TestClient];

beforeAll(async () => {
  [servers, origin] = await Promise.all([startSecuredServers('edge'), new Origin().start()]);
  text = adminText([origin.entry('origin')], { maxStalenessMs: 1_000 });
  const start = () => startTestNode(text, servers.environment);
  nodes = await Promise.all([start(), start()]);
  clients = await Promise.all([connectClient(nodes[0].url), connectClient(nodes[1].url)]);
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(nodes.map((node) => node.close()));
  await Promise.all([origin.stop(), servers.stop()]);
});

const bothNear = () =>
  waitFor(
    async () => {
      const answers = await Promise.all(clients.map((client) => client.call('enkrypt_discover_all_tools')));
      return answers.every((answer) => sources(answer)['origin'] === 'near');
    },
    { what: 'the list on both nodes' },
  );

describe('two nodes on a tier and a bus with TLS and users', () => {
  it('share one load, tell of each other, preview and sweep', async () => {
    await bothNear();
    expect(origin.pagesAsked).toBe(1);
    await waitFor(
      async () => {
        const { nodes: members } = await adminOf(nodes[0]).nodes();
        return members.length === 2 && members.every(({ report }) => report?.state === 'coherent');
      },
      { what: 'reports of both nodes' },
    );
    expect(await adminOf(nodes[1]).status()).toMatchObject({ mode: 'cluster', members: 2, namespaces: { tools: {} } });
    const { preview } = await adminOf(nodes[0]).clear({ scope: { namespace: 'tools' }, dryRun: true });
    expect(preview).toMatchObject({ entries: 1, complete: true });
    await adminOf(nodes[0]).clear({ scope: { namespace: 'tools' }, reason: REASON });
    expect(await adminOf(nodes[1]).sweep({})).toMatchObject({ reclaimed: 1 });
  });

  it(
    'a clear of one is acknowledged over the bus by the other, and is in the audit trail of both',
    async () => {
      await bothNear();
      const fence = await waitFor(
        async () => {
          const done = await adminOf(nodes[0]).clear({ scope: OF_TOOLS, wait: 'fenced', reason: REASON });
          return done.fence?.by === 'acknowledgements' ? done.fence : undefined;
        },
        { what: 'a fence by acknowledgements', timeoutMs: FENCES_MS },
      );
      expect(fence.members).toEqual({ [nodes[1].nodeId]: 'acknowledged' });
      const records = await Promise.all(nodes.map(async (node) => (await adminOf(node).audit({ limit: 1 })).records));
      expect(records[0]).toEqual(records[1]);
      expect(records[0]?.[0]).toMatchObject({ actor: 'admin:operator', scope: OF_TOOLS, reason: REASON });
    },
    FENCES_MS,
  );

  it('have asked the tier for nothing that it refused them', async () => {
    const read = (file: string): Buffer => readFileSync(join(servers.directory, file));
    const admin = new Redis({
      ...{ host: 'localhost', port: servers.tier.port, disableClientInfo: true },
      ...{ username: 'admin', password: servers.passwords['admin'] ?? '' },
      tls: { ca: read('ca.crt'), cert: read('node/tls.crt'), key: read('node/tls.key') },
    });
    expect(await admin.call('ACL', 'LOG')).toEqual([]);
    admin.disconnect();
  });
});

it('a node that is not let in is not coherent, and its log says why, and what to do, without a secret', async () => {
  let log = '';
  const write = (line: string): void => {
    log += line;
  };
  const logger = pino({ level: 'info' }, { write });
  const { LOCKSTEP_TIER_CA_FILE: _, LOCKSTEP_BUS_CA_FILE: __, ...environment } = servers.environment;
  const node = await startTestNode(text, environment, logger);
  try {
    expect((await adminOf(node).status()).node.state).not.toBe('coherent');
    await waitFor(() => /caFile.*tier not connected/.test(log) && /caFile.*bus is interrupted/.test(log), {
      what: 'both reasons in the log',
    });
    const secrets = [environment['LOCKSTEP_TIER_URL'], environment['LOCKSTEP_BUS_URL']].map(
      (url) => new URL(url ?? '').password,
    );
    for (const secret of [...secrets, environment['LOCKSTEP_SECRET'] ?? 'none']) expect(log).not.toContain(secret);
  } finally {
    await node.close();
  }
});
