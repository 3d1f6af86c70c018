import type { FlightState } from '@lockstep/core';
import type { Span } from '@opentelemetry/api';
import type { Lookup, Previous } from './lookup.ts';

/** A read, load or write in progress. */
export interface Flight extends FlightState {
  /** Whether a miss goes on to the loader. */
  readonly loads: boolean;
  /** What others who ask for the same key may join; a write, and a load ahead of time, have none. */
  answer: Promise<Lookup<unknown>> | undefined;
  /** Answers those who wait, before the flight is over; undefined: nobody does, or they have been answered. */
  answerEarly: ((answer: Lookup<unknown>) => void) | undefined;
  /** Whether its lookup waits for the tier no longer: what that says later is neither kept nor looked at. */
  doesWithoutTier: boolean;
  /** What may be answered in place of a load that takes too long. */
  standIn: Previous | undefined;
  /** How many callers have not left. */
  callers: number;
  /** Whether all have: what is under way for them is broken off. */
  isAbandoned: boolean;
  /** Breaks the load off that is under way. */
  abandon: (() => void) | undefined;
  /** Where its answer was found without a load; undefined: nowhere yet. */
  cachedIn: 'near' | 'tier' | undefined;
  /** The span of the lookup that began it. */
  span: Span | undefined;
}

/** A flight that begins now. */
export function beginFlight({ keyId, partition, loads }: Pick<Flight, 'keyId' | 'partition' | 'loads'>): Flight {
  return {
    keyId,
    partition,
    loads,
    scopes: undefined,
    poisoned: false,
    answer: undefined,
    answerEarly: undefined,
    doesWithoutTier: false,
    standIn: undefined,
    callers: 0,
    isAbandoned: false,
    abandon: undefined,
    cachedIn: undefined,
    span: undefined,
  };
}
