import type { Commit, Effect } from '@lockstep/core';
import { context } from '@opentelemetry/api';
import type { Engine } from './engine.ts';
import type { Fence } from './fenced-clear.ts';
import type { Flight } from './flight.ts';
import type { CommittedOptions, Spread } from './receipt.ts';
import { watchedFence } from './write-watch.ts';

/** What this node has committed, and how far its caller wants to see it spread. */
export interface CommittedWrite {
  readonly commit: Commit;
  readonly partition: number;
  readonly effect: Effect;
  /** The write that must not be poisoned by its own event. */
  readonly flight?: Flight | undefined;
  readonly wait?: CommittedOptions['wait'];
}

/**
 * Publishes a commit and applies it here, before it returns; then waits for its fence and for the tier's replicas, side
 * by side, where they are wanted.
 */
export async function spread(engine: Engine, write: CommittedWrite): Promise<Spread> {
  const { commit, partition, effect, flight: spared, wait } = write;
  const ackWanted = wait === 'fenced';
  // Its events are the write's, not the fence's.
  const publish = context.bind(context.active(), () =>
    engine.applier.committed(commit, partition, { effect, spared, ackWanted }),
  );
  let fenced: Promise<Fence> | undefined;
  if (ackWanted) fenced = watchedFence(engine.node, () => engine.fences.hold(commit, partition, publish));
  else publish();
  const [fence, replicas] = await Promise.all([fenced, engine.durability.of(partition, commit)]);
  return { commit, fence, replicas };
}
