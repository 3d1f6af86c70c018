/** The middle and the tail of what was measured. */
export interface Quantiles {
  readonly p50: number;
  readonly p99: number;
}

/** One line of the result: ours beside the floor that was measured in the same run, and what was aimed for. */
export interface Row {
  readonly id: string;
  readonly unit: string;
  readonly ours: Quantiles;
  /** Null where nothing can be compared. */
  readonly floor: Quantiles | null;
  /** Ours by the floor, at the target's quantile, else at p50. */
  readonly ratio: number | null;
  readonly target: string | null;
  readonly meets: boolean | null;
}

/** What is aimed for: a bound on one quantile, or on its ratio to the floor's. */
interface Target {
  readonly at: keyof Quantiles;
  readonly ratioAtMost?: number;
  readonly atMost?: number;
  readonly atLeast?: number;
}

/** What makes a row. */
interface Measured {
  readonly id: string;
  readonly unit: string;
  readonly ours: Quantiles;
  readonly floor?: Quantiles;
  readonly target?: Target;
}

/** The quantiles of samples; throws where there are none. */
export function quantiles(samples: readonly number[]): Quantiles {
  const sorted = [...samples].sort((one, other) => one - other);
  const at = (share: number): number => {
    const sample = sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
    if (sample === undefined) throw new Error('nothing was measured');
    return sample;
  };
  return { p50: at(0.5), p99: at(0.99) };
}

/** Quantile by quantile, the median of several runs. */
export function medianOf(runs: readonly Quantiles[]): Quantiles {
  return { p50: quantiles(runs.map(({ p50 }) => p50)).p50, p99: quantiles(runs.map(({ p99 }) => p99)).p50 };
}

/** One figure that has no distribution. */
export function single(figure: number): Quantiles {
  return { p50: figure, p99: figure };
}

/** Judges what was measured by its target. */
export function row({ id, unit, ours, floor, target }: Measured): Row {
  const at = target?.at ?? 'p50';
  const ratio = floor === undefined ? null : ours[at] / floor[at];
  const verdicts = target === undefined ? [] : judged(target, { figure: ours[at], ratio });
  return {
    id,
    unit,
    ours,
    floor: floor ?? null,
    ratio,
    target: target === undefined ? null : verdicts.map(({ says }) => `${at} ${says}`).join(', '),
    meets: target === undefined ? null : verdicts.every(({ holds }) => holds),
  };
}

function judged(target: Target, { figure, ratio }: { readonly figure: number; readonly ratio: number | null }) {
  const verdicts: { readonly says: string; readonly holds: boolean }[] = [];
  const { ratioAtMost, atMost, atLeast } = target;
  if (ratioAtMost !== undefined) {
    verdicts.push({ says: `≤ ${ratioAtMost}× floor`, holds: ratio !== null && ratio <= ratioAtMost });
  }
  if (atMost !== undefined) verdicts.push({ says: `≤ ${atMost}`, holds: figure <= atMost });
  if (atLeast !== undefined) verdicts.push({ says: `≥ ${atLeast}`, holds: figure >= atLeast });
  return verdicts;
}
