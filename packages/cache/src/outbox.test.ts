import type { FilledFrame, KeyId, NodeId } from '@lockstep/core';
import { decodeMessage } from '@lockstep/core';
import { createBusNetwork } from '@lockstep/testkit';
import { expect, test } from 'vitest';
import { Outbox } from './outbox.ts';

const frame: FilledFrame = { type: 'filled', keyId: 'ab'.repeat(16) as KeyId, sender: 'cd'.repeat(8) as NodeId };
const mac = (): Uint8Array => new Uint8Array(16);

function listening(): { readonly counts: number[]; readonly outbox: Outbox; quiet(): Promise<void> } {
  const network = createBusNetwork();
  const counts: number[] = [];
  const [from, to] = [network.join(), network.join()];
  const message = (bytes: Uint8Array): void => void counts.push(decodeMessage(bytes, mac).frames.length);
  to.listen({ message, restored() {}, interrupted() {} });
  return {
    counts,
    outbox: new Outbox({ bus: from, secrets: { mac }, counters: { framesSent: 0 } }),
    quiet: () => network.quiet(),
  };
}

test('frames made in one tick travel in one message', async () => {
  const { counts, outbox, quiet } = listening();
  outbox.send(frame);
  outbox.send(frame);
  outbox.send(frame);
  await quiet();
  outbox.send(frame);
  await quiet();
  expect(counts).toEqual([3, 1]);
});

test('more frames than a message takes travel in several, none lost', async () => {
  const { counts, outbox, quiet } = listening();
  for (let index = 0; index < 2_500; index++) outbox.send(frame);
  await quiet();
  expect(counts).toEqual([1024, 1024, 452]);
});
