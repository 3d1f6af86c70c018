import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { Lockstep } from '@lockstep/cache';

const NANOSECONDS_PER_MS = 1_000_000;
const DELAY_RESOLUTION_MS = 20;

/** `GET /healthz`: the process lives, and its event loop turns. */
export interface Liveness {
  readonly status: 'ok';
  readonly node: string;
  readonly uptime_seconds: number;
  /** How late timers of this process were, at most, since the last question; in milliseconds. */
  readonly event_loop_delay_ms: number;
}

/**
 * `GET /readyz`: whether requests should be sent here. `degraded`: they may, the node serves, and marks what it cannot
 * vouch for. They should not: `starting`, the node preloads the tools of its servers; `draining`, it is leaving.
 */
export interface Readiness {
  readonly status: 'ready' | 'degraded' | 'starting' | 'draining';
  readonly node: string;
  readonly mode: 'cluster' | 'local';
  readonly coherence: 'coherent' | 'degraded' | 'isolated';
  /** How old an answer may be, in milliseconds; null: this node has never reached the tier. */
  readonly staleness_ms: number | null;
  readonly reason?: string;
}

/**
 * `GET /startupz`: whether a node has started. It has once it was coherent and has preloaded the tools of its servers, or
 * once its patience was over; what happens later does not change that.
 */
export interface Startup {
  readonly status: 'starting' | 'started';
  readonly node: string;
  readonly coherence: Readiness['coherence'];
  readonly reason?: string;
}

/** Tells how a node is. */
export class Health {
  readonly #lockstep: Lockstep;
  readonly #delay = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  /** Set once the node is on its way out: it answers, and should not be asked. */
  draining = false;
  /** Set once it answers no more. */
  closing = false;
  /** Set while the node preloads. */
  starting = false;
  /** Set once the node has started. */
  started = false;

  constructor(lockstep: Lockstep) {
    this.#lockstep = lockstep;
    this.#delay.enable();
  }

  liveness(): Liveness {
    const delayMs = this.#delay.max / NANOSECONDS_PER_MS - DELAY_RESOLUTION_MS;
    this.#delay.reset();
    return {
      status: 'ok',
      node: this.#lockstep.nodeId,
      uptime_seconds: Math.round(process.uptime()),
      event_loop_delay_ms: Math.max(0, Math.round(delayMs)),
    };
  }

  startup(): Startup {
    const { state: coherence, reason } = this.#lockstep.coherence;
    const status = this.started ? 'started' : 'starting';
    return { status, node: this.#lockstep.nodeId, coherence, ...(reason === undefined ? {} : { reason }) };
  }

  readiness(): Readiness {
    const { state, stalenessMs, reason } = this.#lockstep.coherence;
    return {
      status: this.#status(state),
      node: this.#lockstep.nodeId,
      mode: this.#lockstep.mode,
      coherence: state,
      staleness_ms: Number.isFinite(stalenessMs) ? Math.round(stalenessMs) : null,
      ...(reason === undefined ? {} : { reason }),
    };
  }

  #status(state: Readiness['coherence']): Readiness['status'] {
    if (this.draining) return 'draining';
    if (this.starting) return 'starting';
    return state === 'coherent' ? 'ready' : 'degraded';
  }

  close(): void {
    this.#delay.disable();
  }
}
