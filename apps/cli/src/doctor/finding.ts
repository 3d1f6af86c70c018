import type { ExitCode } from '../exit-codes.ts';
import { EXIT } from '../exit-codes.ts';

/** What becomes of one check. `skipped`: there was nothing to look at, or no way to. */
export type Verdict = 'ok' | 'warn' | 'fail' | 'skipped';

/** One thing that was looked at. */
export interface Finding {
  readonly area: 'node' | 'config' | 'files' | 'tier' | 'bus' | 'admin';
  readonly check: string;
  readonly verdict: Verdict;
  readonly found: string;
  /** What to do; undefined: nothing. */
  readonly advice?: string;
}

const WORST_FIRST: readonly Verdict[] = ['fail', 'warn', 'ok', 'skipped'];

/** The worst of all verdicts. */
export function worstOf(findings: readonly Finding[]): Verdict {
  return WORST_FIRST.find((verdict) => findings.some((finding) => finding.verdict === verdict)) ?? 'skipped';
}

export const EXIT_CODES: Readonly<Record<Verdict, ExitCode>> = {
  fail: EXIT.failed,
  warn: EXIT.warned,
  ok: EXIT.ok,
  skipped: EXIT.ok,
};

type Make = (check: string, found: string, advice?: string) => Finding;

/** Makes the findings of one area. */
export function findingsOf(area: Finding['area']): Readonly<Record<Verdict, Make>> {
  const make =
    (verdict: Verdict): Make =>
    (check, found, advice) => ({
      ...{ area, check, verdict, found },
      ...(advice === undefined ? {} : { advice }),
    });
  return { ok: make('ok'), warn: make('warn'), fail: make('fail'), skipped: make('skipped') };
}
