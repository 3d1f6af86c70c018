import { ATTRIBUTES, SPANS, spanning } from '@lockstep/telemetry';
import type { Space } from './engine.ts';
import type { Node } from './node.ts';

/** Runs a loader, timed, and in a span where its lookup has one. */
export async function watchedLoad<R>(node: Node, space: Space, load: () => Promise<R>): Promise<R> {
  const attributes = { [ATTRIBUTES.namespace]: space.name };
  const startedMs = node.clock.monotonicMs();
  const took = (result: 'ok' | 'failed'): void => {
    const seconds = (node.clock.monotonicMs() - startedMs) / 1000;
    node.durations.load.record(seconds, { ...attributes, [ATTRIBUTES.result]: result });
  };
  try {
    const answer = await spanning(node.tracing.part(SPANS.load, { attributes }), load);
    took('ok');
    return answer;
  } catch (error) {
    took('failed');
    throw error;
  }
}
