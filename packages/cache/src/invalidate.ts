import type { Commit, Effect, KeyAddress, Scope } from '@lockstep/core';
import { CONTROL_PARTITION, ConfigError } from '@lockstep/core';
import { context } from '@opentelemetry/api';
import type { Engine } from './engine.ts';
import type { ClearOptions, QueuedReceipt, Receipt } from './receipt.ts';
import { checkedClearOptions, keyTarget, receiptOf } from './receipt.ts';
import { spread } from './spread.ts';
import { watchedInvalidation } from './write-watch.ts';

/** `clear` ends the life of values, `expire` their freshness alone: those may still stand in for loads that fail. */
export type Verb = 'clear' | 'expire';

/** One clear or expire: of what, where, and how the tier commits it. */
interface Invalidation {
  readonly kind: Verb;
  readonly target: Receipt['target'];
  readonly partition: number;
  readonly effect: Effect;
  readonly send: () => Promise<Commit>;
}

/** Clears or expires one key everywhere. Always an event, also where nothing was: a load under way must not survive. */
export function invalidateKey(
  engine: Engine,
  { kind, address }: { readonly kind: Verb; readonly address: KeyAddress },
  options: ClearOptions,
): Promise<Receipt | QueuedReceipt> {
  const { tier, id } = engine.node;
  const { keyId, partition } = address;
  const send = (): Promise<Commit> => (kind === 'clear' ? tier.clear(address, id) : tier.expire(address, id));
  return invalidate(engine, { kind, target: keyTarget(address), partition, effect: { kind, keyId }, send }, options);
}

/** Clears or expires all values of a scope everywhere. */
export function invalidateScope(
  engine: Engine,
  { kind, scope }: { readonly kind: Verb; readonly scope: Scope },
  options: ClearOptions,
): Promise<Receipt | QueuedReceipt> {
  const { tier, id, secrets } = engine.node;
  const target = checkedScope(scope);
  const scopeId = secrets.identifiers.scope(target);
  const send = (): Promise<Commit> => (kind === 'clear' ? tier.clearScope(scopeId, id) : tier.expireScope(scopeId, id));
  const effect: Effect = { kind: `${kind}-scope`, scopeId };
  return invalidate(engine, { kind, target, partition: CONTROL_PARTITION, effect, send }, options);
}

async function invalidate(
  engine: Engine,
  invalidation: Invalidation,
  options: ClearOptions,
): Promise<Receipt | QueuedReceipt> {
  const checked = checkedClearOptions(options);
  const { kind: verb, target } = invalidation;
  return watchedInvalidation(engine.node, { verb, target, wait: checked.wait }, () =>
    invalidated(engine, invalidation, checked),
  );
}

async function invalidated(
  engine: Engine,
  { kind, target, partition, effect, send }: Invalidation,
  { wait, allowDegraded }: Required<ClearOptions>,
): Promise<Receipt | QueuedReceipt> {
  const { node, breaker, queuedClears } = engine;
  const waiting = { partition, effect, send, context: context.active() };
  if (wait === 'local') {
    queuedClears.add(waiting);
    node.background.run('replay-clears', () => queuedClears.replay());
    return { kind, target, committed: false, queued: true };
  }
  let commit: Commit;
  try {
    commit = await breaker.call(send);
  } catch (error) {
    if (allowDegraded && queuedClears.takeOver(waiting, error)) {
      return { kind, target, committed: false, queued: true };
    }
    // It may have happened all the same.
    if ('keyId' in effect) {
      node.near.drop(effect.keyId);
      node.flights.poisonKey(effect.keyId);
    }
    throw error;
  }
  return receiptOf({ kind, target, partition }, await spread(engine, { commit, partition, effect, wait }));
}

/** The scope, if it names exactly one: a misspelt one must not clear another, least of all everything. */
export function checkedScope(scope: Scope): Scope {
  const fields = typeof scope === 'object' && scope !== null ? Object.entries(scope) : [];
  const [[name, value] = ['', undefined], ...rest] = fields;
  const isName = typeof value === 'string' && value !== '';
  const fits = name === 'everything' ? value === true : (name === 'namespace' || name === 'tag') && isName;
  if (fits && rest.length === 0) return scope;
  const takes = '{ everything: true }, { namespace: "…" } or { tag: "…" }';
  throw new ConfigError(`scope: got ${JSON.stringify(scope)}, takes one of ${takes}`);
}
