const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/;

/** A span of time: a number of milliseconds, or a number with its unit, as `'250ms'`, `'30s'`, `'5m'`, `'4h'` or `'1d'`. */
export type Duration = number | `${number}${keyof typeof UNITS_MS}`;

/** The milliseconds of a duration, whole ones for one with a unit; NaN where it is none. */
export function millisecondsOf(duration: unknown): number {
  if (typeof duration === 'number') return duration;
  const [, amount, unit] = (typeof duration === 'string' && DURATION.exec(duration)) || [];
  return amount === undefined ? Number.NaN : Math.round(Number(amount) * UNITS_MS[unit as keyof typeof UNITS_MS]);
}
