import type { Prng } from '@lockstep/testing/world';

/** What befalls one node. */
export const NODE_FAULTS = [
  'kill',
  'freeze',
  'tier cut',
  'tier stalls',
  'tier answers stall',
  'tier is slow',
  'tier connection breaks',
  'bus cut',
  'bus stalls',
  'bus is slow',
] as const;

/** What befalls the servers, for all nodes. */
export const SERVER_FAULTS = [
  'bus frozen',
  'bus killed',
  'tier frozen',
  'tier clients killed',
  'tier flushed',
  'tier scripts flushed',
] as const;

/** What moves the tier to another server; at most one a round, the sentinels need their time. */
export const FAILOVERS = ['primary killed', 'primary frozen', 'failover'] as const;

export type FaultKind = (typeof NODE_FAULTS)[number] | (typeof SERVER_FAULTS)[number] | (typeof FAILOVERS)[number];

/** One fault of a round. */
export interface PlannedFault {
  /** Since the round began, in ms. */
  readonly atMs: number;
  readonly kind: FaultKind;
  /** Which of the nodes that live then, as a fraction of their number. */
  readonly node: number;
  readonly forMs: number;
}

const FAULTS_MAX = 10;
const FREEZE_MS_MAX = 5_000;
const FAULT_MS_MAX = 3_500;

/** The faults of one round, in their order: the same for the same randomness. */
export function planRound(random: Prng, spanMs: number): readonly PlannedFault[] {
  const count = Math.floor(random.between(3, FAULTS_MAX));
  const faults: PlannedFault[] = [];
  for (let index = 0; index < count; index++) {
    const kind = random.pick<FaultKind>(random.chance(0.65) ? NODE_FAULTS : SERVER_FAULTS);
    const forMs = random.between(100, kind === 'freeze' ? FREEZE_MS_MAX : FAULT_MS_MAX);
    faults.push({ atMs: random.between(500, spanMs), kind, node: random.fraction(), forMs });
  }
  if (random.chance(0.5)) {
    faults.push({ atMs: random.between(500, spanMs / 2), kind: random.pick(FAILOVERS), node: 0, forMs: 3_000 });
  }
  return faults.sort((one, other) => one.atMs - other.atMs);
}
