import type { Evidence, Violation } from './evidence.ts';

/** P8: a node that has been cut off from the tier, or from one of its servers, for longer than Δ marks every value that it answers. */
export function* degradation({ history, reads, boundMs }: Evidence): Generator<Violation> {
  const cuts = history.faults.filter(({ cutOff }) => cutOff !== undefined);
  for (const { atMs, cutOff, server } of cuts) {
    // Another cut of the same way that ends meanwhile ends this one too.
    const ends = cuts
      .filter((cut) => cut.cutOff === cutOff && cut.server === server && (cut.untilMs ?? 0) > atMs)
      .map((cut) => cut.untilMs ?? 0);
    const untilMs = Math.min(...ends, history.calmFromMs);
    if (untilMs <= atMs + boundMs) continue;
    for (const read of reads) {
      if ((cutOff !== 'all' && read.node !== cutOff) || read.answer.degraded) continue;
      if (read.startMs <= atMs + boundMs || read.endMs >= untilMs) continue;
      const text = `P8: an unmarked answer ${(read.startMs - atMs).toFixed(1)} ms after its node was cut off`;
      yield { promise: 'P8', text, calls: [read] };
    }
  }
}
