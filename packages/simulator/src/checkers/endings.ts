import type { Evidence, Violation } from './evidence.ts';

/** Every call is answered, whatever happens, unless its node has crashed. */
export function* endings({ history }: Evidence): Generator<Violation> {
  const crashed = new Set(history.faults.map((fault) => fault.crashed));
  for (const call of history.calls) {
    if (call.endMs === undefined && !crashed.has(call.node))
      yield { promise: 'ends', text: 'a call was never answered', calls: [call] };
  }
}
