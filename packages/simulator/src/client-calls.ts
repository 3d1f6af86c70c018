import type { ClearOptions, Compared, Lockstep, Lookup, Namespace, QueuedReceipt, Receipt } from '@lockstep/cache';
import type { Answer, CallKind } from './history.ts';
import { isExpire } from './history.ts';

/** A node, and the namespace that its clients use. */
interface Called {
  readonly lockstep: Lockstep;
  readonly tools: Namespace<string>;
}

/** Clears or expires a key or a scope, in the way that the kind says; answers as a client heard it. */
export async function invalidate(
  { lockstep, tools }: Called,
  kind: CallKind,
  target: string | Parameters<Lockstep['clear']>[0],
): Promise<Answer> {
  const [how] = kind.split('-');
  const options: ClearOptions = {
    wait: how === 'fenced' || how === 'local' ? how : 'committed',
    allowDegraded: how === 'degraded',
  };
  const verb = isExpire(kind) ? 'expire' : 'clear';
  const made = typeof target === 'string' ? tools[verb](target, options) : lockstep[verb](target, options);
  return writeAnswer(await made);
}

/** What a lookup told its client. */
export function answerOf(found: Lookup<string>): Answer {
  const { degraded } = found;
  if (found.outcome === 'miss') return { kind: 'nothing', degraded };
  return { kind: 'value', value: found.value, source: found.source, stale: found.stale, degraded };
}

/** What a write told its client. */
export function writeAnswer(receipt: Receipt | QueuedReceipt): Answer {
  if (!receipt.committed) return { kind: 'queued' };
  const { fence, replicas } = receipt;
  return {
    kind: 'committed',
    ...(fence && { fencedBy: fence.by }),
    ...(replicas && { replicated: replicas.acknowledged >= replicas.wanted }),
  };
}

/** What a write by version told its client. */
export function comparedAnswer(compared: Compared): Answer {
  return compared.committed ? writeAnswer(compared.receipt) : { kind: 'refused' };
}
