import type { Evidence, Violation } from './evidence.ts';

/** Every value that is answered was made for the key that was asked for, and not after the answer. */
export function* values(evidence: Evidence): Generator<Violation> {
  for (const read of evidence.reads) {
    const origin = evidence.originOf(read);
    // A process that was killed may have written down nothing of its last value.
    if (origin === undefined || (origin.key === read.target && origin.startMs <= read.endMs)) continue;
    const text = `values: ${read.target} was answered with ${origin.value}, which was not made for it by then`;
    yield { promise: 'values', text, calls: [read] };
  }
}
