import type { Call } from '../history.ts';
import { isOfScope } from '../history.ts';
import type { Evidence, Violation } from './evidence.ts';
import { lossesOf } from './evidence.ts';

/**
 * A write by version is refused when another write, or a clear, of the key was made between the lookup that told the
 * version and it: else that one would be lost without anybody's having seen it.
 *
 * Exempt are those that a failover may have lost, and writes by version that may have been asked of an isolated primary.
 * A clear of a scope, and an expire, leave an entry its version.
 */
export function* lostUpdates({ history, invalidations }: Evidence): Generator<Violation> {
  for (const call of history.calls) {
    const { readMs, startMs } = call;
    if (
      readMs === undefined ||
      call.answer?.kind !== 'committed' ||
      lossesOf(history, call as LossCandidate).length > 0
    ) {
      continue;
    }
    for (const between of invalidations.get(call.target) ?? []) {
      const changes =
        !isOfScope(between.kind) && !between.kind.endsWith('expire') && between.answer?.kind === 'committed';
      if (!changes || between === call || between.startMs <= readMs || between.endMs >= startMs) continue;
      const text = `lost update: a ${call.kind} of a version that was read before a ${between.kind} overwrote that`;
      yield { promise: 'updates', text, calls: [between, call] };
    }
  }
}

type LossCandidate = Call & { readonly endMs: number };
