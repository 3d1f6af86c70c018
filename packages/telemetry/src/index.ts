// Coherence
export type { CoherenceCounts } from './coherence-counters.ts';
export { COHERENCE_AUDITED, COHERENCE_VIOLATIONS, observeCoherence } from './coherence-counters.ts';
