import type { Engine, Space } from './engine.ts';
import type { Flight } from './flight.ts';
import type { Lookup } from './lookup.ts';
import { staleHit } from './lookup.ts';

/** The answer of the value that a flight's load would replace, if it may be given now. */
// biome-ignore lint/complexity/useMaxParams: whether it is counted as an answer is apart from whose it is.
export function standInOf(
  { node }: Engine,
  { counters, scopeId }: Space,
  flight: Flight,
  isAnswer = true,
): Lookup<unknown> | undefined {
  const { standIn, poisoned, partition } = flight;
  if (standIn === undefined || poisoned || node.clock.nowMs() >= standIn.standsInUntilMs) return undefined;
  // Its tags need not be those of the load, whose flight a clear of them does not poison.
  if (!node.epochs.isLive(standIn.born, scopeId, standIn.tags)) return undefined;
  if (isAnswer) counters.staleAnswers++;
  return staleHit(standIn, !node.isFresh(partition));
}
