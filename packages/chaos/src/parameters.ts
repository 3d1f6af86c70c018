/** Δ and the largest Δ, short enough that many faults outlast them. */
export const DELTA_MS = 1_000;
export const DELTA_MAX_MS = 2_000;

export const CLUSTER = 'chaos';
export const SECRET = 'the secret of a cluster under chaos';
