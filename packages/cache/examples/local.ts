import { openLockstep } from '@lockstep/cache';

export async function main(): Promise<void> {
  await using lockstep = await openLockstep(); // no servers: one node, near-cache only
  const users = lockstep.namespace<{ name: string }>('users', { ttl: 60_000 });
  const found = await users.lookup('42', async () => ({ name: 'Ada' }));
  if (found.outcome !== 'miss') console.log(found.value.name, found.source, found.stale, found.degraded);
}
