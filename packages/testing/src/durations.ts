import type { Duration } from '@lockstep/cache';
import { ConfigError, millisecondsOf as parsed } from '@lockstep/cache';

/** The milliseconds of a duration, 0 or more; throws `config-invalid` for anything else. */
export function millisecondsOf(what: string, duration: Duration): number {
  const ms = parsed(duration);
  if (Number.isFinite(ms) && ms >= 0) return ms;
  throw new ConfigError(
    `${what}: got ${JSON.stringify(duration)}, takes milliseconds, or a duration as "250ms" or "2s"`,
  );
}
