import type { EntryWrite, KeyAddress } from '@lockstep/core';
import { connectKeydb } from '@lockstep/tier-keydb';

export async function main(url: string, write: EntryWrite): Promise<void> {
  const isConnected = Promise.withResolvers<void>();
  const tier = connectKeydb({
    url, // redis://user:password@host:6379/0
    cluster: 'edge',
    onState: (state) => (state.connected ? isConnected.resolve() : console.warn(state.reason)),
  });
  await isConnected.promise; // before that, every call rejects at once

  const key: KeyAddress = write;
  const first = await tier.read(key, { token: 'made-for-this-load', leaseMs: 5_000 });
  const second = await tier.read(key, { token: 'made-for-another', leaseMs: 5_000 });
  console.log(first.lease, second.lease); // one loads, the other waits
  const fill = await tier.fill(write, 'made-for-this-load');
  console.log(fill.outcome, fill.outcome !== 'rejected' && fill.waiters);
  console.log(await tier.clear(key, write.sender)); // the event's position in the partition's history
  await tier.close();
}
