import type { EntryWrite, Tier } from '@lockstep/core';
import { connectKeydb } from '@lockstep/tier-keydb';

const tier: Tier = connectKeydb({
  url: 'redis://lockstep:secret@tier.internal:6379/0',
  cluster: 'gateways',
  onState: (state) => process.stderr.write(state.connected ? 'tier connected\n' : `${state.reason}\n`),
});

/** Stores a value under a fill lease, unless the tier has one, or another node is loading it. */
export async function fillOnce(write: EntryWrite, token: string): Promise<string> {
  const read = await tier.read(write, { token, leaseMs: 5_000 });
  if (read.entry !== undefined) return `there for another ${read.entry.remainingMs} ms`;
  if (read.lease === 'wait') return 'another node loads it';
  const fill = await tier.fill(write, token);
  return fill.outcome;
}
