import type { Engine, Space } from './engine.ts';
import type { Flight } from './flight.ts';
import type { Consulted } from './tier-reader.ts';

/** What is left of the time that one lookup may wait for the tier, over all its reads: see `tierTimeout`. */
class TierTime {
  readonly #engine: Engine;
  readonly #limitMs: number;
  /** Gives a lease back that the tier granted too late. */
  readonly #release: (token: string) => void;
  #leftMs: number;

  constructor(engine: Engine, limitMs: number, release: (token: string) => void) {
    this.#engine = engine;
    this.#limitMs = limitMs;
    this.#release = release;
    this.#leftMs = limitMs;
  }

  /** What the tier says, if it says it in time; else its flight does without. */
  within(flight: Flight, consulting: Promise<Consulted>): Promise<Consulted> {
    const { node, breaker } = this.#engine;
    const startedMs = node.clock.monotonicMs();
    return new Promise((resolve, reject) => {
      let isOver = false;
      const end = node.timers.after(this.#leftMs, () => {
        isOver = true;
        flight.doesWithoutTier = true;
        breaker.overran(this.#limitMs);
        resolve({ kind: 'unreachable' });
      });
      const found = (answer: Consulted): void => {
        if (isOver) {
          if (answer.kind === 'granted') this.#release(answer.token);
          return;
        }
        end();
        this.#leftMs = Math.max(0, this.#leftMs - (node.clock.monotonicMs() - startedMs));
        if (answer.kind !== 'unreachable') breaker.kept();
        resolve(answer);
      };
      consulting.then(found, (error: unknown) => {
        end();
        reject(error);
      });
    });
  }
}

/** The time of a lookup that begins now; undefined where the namespace has no limit. */
export function tierTimeOf(engine: Engine, { policy }: Space, release: (token: string) => void): TierTime | undefined {
  const { tierTimeoutMs } = policy;
  return tierTimeoutMs === Number.POSITIVE_INFINITY ? undefined : new TierTime(engine, tierTimeoutMs, release);
}
