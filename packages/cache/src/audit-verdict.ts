import type { Inspected } from '@lockstep/core';
import type { NearEntry } from '@lockstep/near-cache';

/**
 * What the tier's state says of a near entry. `coherent`: nothing against it. `overtaken`: a committed event has ended
 * it. `doubtful`: the tier has it no more, or has another silent fill in its place, which an eviction or a failover
 * explains as well as an event does: only an event of the key in the log tells.
 */
export type AuditVerdict = 'coherent' | 'overtaken' | 'doubtful';

/** Judges a near entry that the tier had once: one with a version. */
export function auditVerdict(near: NearEntry, { header, controlIncarnation, epoch }: Inspected): AuditVerdict {
  if (controlIncarnation !== near.born.incarnation || epoch > near.born.sequence) return 'overtaken';
  if (header === undefined) return 'doubtful';
  const isLater = header.versionSequence > versionSequence(near.version);
  // An expire leaves the version as it is. A failover may bring back an older, expired entry in place of a silent fill.
  if (header.expired) return isLater || header.version === near.version ? 'overtaken' : 'coherent';
  if (header.fingerprint === near.fingerprint) return 'coherent';
  if (header.version.includes('-')) return 'doubtful';
  return isLater ? 'overtaken' : 'coherent';
}

/** The sequence in a version: of the event that wrote the entry, or of the head that a silent fill found. */
export function versionSequence(version: string): number {
  return Number.parseInt(version, 10);
}
