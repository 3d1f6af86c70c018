import type { History, Violation } from '@lockstep/simulator';

/** What a run counted: enough to see that it was one. */
export class Tally {
  operations = 0;
  faults = 0;
  violations = 0;
  /** Commits that a failover may have taken away, so that nothing can be said about them. */
  lost = 0;
  /** Writes that a replica had when they were answered: no failover may take them away. */
  replicated = 0;
  readonly answers: Record<string, number> = {};
  readonly fences: Record<string, number> = {};

  /** Counts a round; answers a line about it. */
  round(number: number, history: History, violations: readonly Violation[]): string {
    let lost = 0;
    for (const { answer, startMs, endMs } of history.calls) {
      if (answer?.kind === 'value')
        count(this.answers, answer.degraded ? 'degraded' : answer.stale ? 'stale' : answer.source);
      else if (answer?.kind === 'committed' && answer.fencedBy !== undefined) count(this.fences, answer.fencedBy);
      else if (answer?.kind === 'failed') count(this.answers, 'failed');
      const mayBeLost = history.faults.some(({ lostFromMs, untilMs }) => {
        return lostFromMs !== undefined && (endMs ?? startMs) >= lostFromMs && startMs <= (untilMs ?? startMs);
      });
      if (answer?.kind === 'committed' && answer.replicated !== true && mayBeLost) lost++;
      if (answer?.kind === 'committed' && answer.replicated === true) this.replicated++;
    }
    this.operations += history.calls.length;
    this.faults += history.faults.length;
    this.violations += violations.length;
    this.lost += lost;
    const faults = history.faults.map(({ what }) => what).join(', ');
    return `round ${number}: ${history.calls.length} operations, ${violations.length} violations; ${faults}`;
  }
}

function count(counts: Record<string, number>, name: string): void {
  counts[name] = (counts[name] ?? 0) + 1;
}
