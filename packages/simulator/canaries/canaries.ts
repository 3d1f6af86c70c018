import type { Canary } from './canary.ts';
import { ENTRIES_AND_HISTORIES } from './entries-and-histories.ts';
import { FLIGHTS_AND_FENCES } from './flights-and-fences.ts';

export type { Canary } from './canary.ts';

export const CANARIES: Readonly<Record<string, Canary>> = { ...FLIGHTS_AND_FENCES, ...ENTRIES_AND_HISTORIES };
