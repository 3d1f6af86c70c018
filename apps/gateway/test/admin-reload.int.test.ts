import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@lockstep/testkit';
import { expect, it, onTestFinished } from 'vitest';
import { adminOf, adminText, GATEWAY } from './admin-harness.ts';
import { startFollowingNode } from './harness.ts';

it('what a changed configuration revokes and clears is in the audit trail', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-admin-'));
  const file = join(folder, 'gateway.json');
  const servers = [{ server_name: 'static', config: { command: 'none' } }];
  await writeFile(file, adminText(servers));
  const node = await startFollowingNode(file);
  onTestFinished(async () => {
    await node.close();
    await rm(folder, { recursive: true, force: true });
  });
  await writeFile(file, JSON.stringify({ ...JSON.parse(adminText(servers)), apikeys: {} }));
  // The node may have looked by itself before.
  await node.reload();
  const viewer = adminOf(node, 'viewer');
  const records = await waitFor(
    async () => {
      const page = await viewer.audit({});
      return page.head > 0 ? page.records : undefined;
    },
    { what: 'the record' },
  );
  expect(records).toMatchObject([
    {
      actor: 'config',
      action: 'revoke',
      scope: { keys: 1, configurations: 1, connections: ['config-1/static'], gateways: [GATEWAY] },
      reason: 'the configuration changed',
      outcome: 'done',
    },
  ]);
  await writeFile(file, JSON.stringify({ ...JSON.parse(adminText(servers)), apikeys: {}, users: {} }));
  await node.reload();
  expect((await viewer.audit({})).head).toBe(1);
});
