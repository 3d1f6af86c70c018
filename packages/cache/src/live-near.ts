import type { EpochTable } from '@lockstep/core';
import type { NearEntry } from '@lockstep/near-cache';
import { endFreshness } from '@lockstep/near-cache';

/** Whether a near entry is live; one of a scope that was expired since is no longer fresh after this. */
export function isLiveNear(epochs: EpochTable, entry: NearEntry): boolean {
  const { born, namespace, tags } = entry;
  if (!epochs.isLive(born, namespace, tags)) return false;
  if (epochs.isExpired(born, namespace, tags)) endFreshness(entry);
  return true;
}
