import { degradation } from './checkers/degradation.ts';
import { endings } from './checkers/endings.ts';
import type { CheckOptions, Violation } from './checkers/evidence.ts';
import { Evidence } from './checkers/evidence.ts';
import { historyChanges } from './checkers/history-changes.ts';
import { lostUpdates } from './checkers/lost-updates.ts';
import { oneLoad } from './checkers/one-load.ts';
import { onlyWhatChanged } from './checkers/only-what-changed.ts';
import { staleFills } from './checkers/stale-fills.ts';
import { staleness } from './checkers/staleness.ts';
import { values } from './checkers/values.ts';
import type { History } from './history.ts';

export type { CheckOptions, Violation } from './checkers/evidence.ts';

/** Tests the promises on a history; the answers alone are looked at, nothing of the nodes or the tier. */
export function check(history: History, options: CheckOptions): readonly Violation[] {
  const evidence = new Evidence(history, options);
  return [
    ...values(evidence),
    ...staleness(evidence), // P1, P2, P3
    ...staleFills(evidence), // P4
    ...oneLoad(evidence), // P5
    ...onlyWhatChanged(evidence), // P6
    ...historyChanges(evidence), // P7
    ...degradation(evidence), // P8
    ...lostUpdates(evidence),
    ...endings(evidence),
  ];
}
