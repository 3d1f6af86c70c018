import type { Engine, Space } from './engine.ts';
import type { Flight } from './flight.ts';
import type { Lookup } from './lookup.ts';
import { staleHit } from './lookup.ts';

/** The answer of the value that a flight's load would replace, if it may be given now. */
export function standInOf({ node }: Engine, { scopeId }: Space, flight: Flight): Lookup<unknown> | undefined {
  const { standIn, poisoned, partition } = flight;
  if (standIn === undefined || poisoned || node.clock.nowMs() >= standIn.standsInUntilMs) return undefined;
  // Its tags need not be those of the load, whose flight a clear of them does not poison.
  if (!node.epochs.isLive(standIn.born, scopeId, standIn.tags)) return undefined;
  return staleHit(standIn, !node.isFresh(partition));
}
