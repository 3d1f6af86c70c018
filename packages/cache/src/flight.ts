import type { FlightState } from '@lockstep/core';
import type { Lookup } from './lookup.ts';

/** A read, load or write in progress. */
export interface Flight extends FlightState {
  /** Whether a miss goes on to the loader. */
  readonly loads: boolean;
  /** What others who ask for the same key may join; a write has none. */
  answer: Promise<Lookup<unknown>> | undefined;
}
