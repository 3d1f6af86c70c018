import { LoaderTimeoutError } from '@lockstep/core';
import type { Engine, Space } from './engine.ts';
import { waitFor } from './entry-write.ts';
import type { Flight } from './flight.ts';
import type { LoadOptions, Lookup } from './lookup.ts';
import { standInOf } from './stand-in.ts';

/**
 * Callers who wait for a flight. Each may leave by itself: by its signal, or when its patience is over. The flight goes
 * on while anyone is left, and for those who only ran out of patience; when the last one has left, it is broken off.
 */
export class CallersOfFlights {
  readonly #engine: Engine;
  readonly #space: Space;

  constructor(engine: Engine, space: Space) {
    this.#engine = engine;
    this.#space = space;
  }

  /** The flight's answer, for one caller. */
  answer(flight: Flight, { signal, hardTimeout }: LoadOptions): Promise<Lookup<unknown>> {
    const answer = flight.answer as Promise<Lookup<unknown>>;
    const patienceMs = waitFor(this.#space, 'hardTimeout', hardTimeout);
    flight.callers++;
    if (signal === undefined && patienceMs === Number.POSITIVE_INFINITY) return answer;
    return new Promise((resolve, reject) => {
      const end = (): void => {
        cancel?.();
        signal?.removeEventListener('abort', leave);
      };
      const leave = (): void => {
        end();
        reject((signal as AbortSignal).reason);
        if (--flight.callers > 0) return;
        flight.isAbandoned = true;
        flight.abandon?.();
      };
      const runOut = (): void => {
        end();
        const instead = standInOf(this.#engine, this.#space, flight);
        if (instead !== undefined) return resolve(instead);
        const what = `namespace "${this.#space.name}", key ${flight.keyId}`;
        reject(new LoaderTimeoutError(`${what}: no answer within hardTimeout (${patienceMs} ms); the load goes on`));
      };
      const { timers } = this.#engine.node;
      const cancel = patienceMs === Number.POSITIVE_INFINITY ? undefined : timers.after(patienceMs, runOut);
      signal?.addEventListener('abort', leave, { once: true });
      answer.finally(end).then(resolve, reject);
    });
  }
}
