import type { Commit, Effect } from '@lockstep/core';
import type { Engine } from './engine.ts';
import type { Fence } from './fenced-clear.ts';
import type { Flight } from './flight.ts';
import type { ClearOptions } from './receipt.ts';

/** What this node has committed, and how far its caller wants to see it spread. */
export interface CommittedWrite {
  readonly commit: Commit;
  readonly partition: number;
  readonly effect: Effect;
  /** The write that must not be poisoned by its own event. */
  readonly flight?: Flight | undefined;
  readonly wait?: ClearOptions['wait'];
}

/** Publishes a commit and applies it here; where it is to be fenced, waits for the fence. */
export async function spread(engine: Engine, write: CommittedWrite): Promise<Fence | undefined> {
  const { commit, partition, effect, flight: spared, wait } = write;
  const ackWanted = wait === 'fenced';
  const publish = (): void => engine.applier.committed(commit, partition, { effect, spared, ackWanted });
  if (ackWanted) return engine.fences.hold(commit, partition, publish);
  publish();
  return undefined;
}
