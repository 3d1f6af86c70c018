import { connectNats } from '@lockstep/bus-nats';
import { openLockstep } from '@lockstep/cache';
import { connectKeydb } from '@lockstep/tier-keydb';

interface Tool {
  readonly name: string;
}

export async function main(secret: string, listTools: (server: string) => Promise<Tool[]>): Promise<void> {
  await using lockstep = await openLockstep({
    secret, // the same on every node, from your secret store
    tier: connectKeydb({ url: 'redis://127.0.0.1:6379', cluster: 'edge' }),
    bus: connectNats({ servers: 'nats://127.0.0.1:4222', cluster: 'edge' }),
  });
  const tools = lockstep.namespace<Tool[]>('tools', { ttl: 4 * 3_600_000, grace: 24 * 3_600_000 });

  // One load for all callers on all nodes; after that a synchronous near-cache hit.
  const list = await tools.getOrLoad('github', ({ key }) => listTools(key), { tags: ['server:github'] });
  console.log(list.length, tools.peek('github') === list);

  await tools.clear('github'); // gone on every node, about a bus hop later
  await lockstep.clear({ tag: 'server:github' }); // whatever carries the tag, in every namespace
}
