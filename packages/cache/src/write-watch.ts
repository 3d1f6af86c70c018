import type { KeyAddress, Scope } from '@lockstep/core';
import { ATTRIBUTES, SPANS, spanning } from '@lockstep/telemetry';
import type { Attributes } from '@opentelemetry/api';
import type { Fence } from './fenced-clear.ts';
import type { Node } from './node.ts';
import type { ClearOptions, Compared, QueuedReceipt, Receipt } from './receipt.ts';

/** A clear or expire as it was asked for. */
export interface WatchedInvalidation {
  readonly verb: QueuedReceipt['kind'];
  readonly target: Receipt['target'];
  readonly wait: NonNullable<ClearOptions['wait']>;
}

/** Runs a clear or an expire, timed, and in a span, which begins a trace where there is none: its receipt is on it. */
export async function watchedInvalidation(
  node: Node,
  { verb, target, wait }: WatchedInvalidation,
  work: () => Promise<Receipt | QueuedReceipt>,
): Promise<Receipt | QueuedReceipt> {
  const how = { [ATTRIBUTES.verb]: verb, [ATTRIBUTES.scope]: scopeName(target), [ATTRIBUTES.wait]: wait };
  const startedMs = node.clock.monotonicMs();
  const took = (result: 'committed' | 'queued' | 'failed'): void => {
    const seconds = (node.clock.monotonicMs() - startedMs) / 1000;
    node.durations.clear.record(seconds, { ...how, [ATTRIBUTES.result]: result });
  };
  const attributes = { ...how, ...targetAttributes(node, target), [ATTRIBUTES.nodeId]: node.id };
  try {
    const receipt = await spanning(node.tracing.start(SPANS[verb], { attributes }, true), work, receiptAttributes);
    took(receipt.committed ? 'committed' : 'queued');
    return receipt;
  } catch (error) {
    took('failed');
    throw error;
  }
}

/** Runs the write of one key in a span, where that is wanted. */
export function watchedWrite<R extends Receipt | Compared>(
  node: Node,
  { name, address }: { readonly name: string; readonly address: KeyAddress },
  work: () => Promise<R>,
): Promise<R> {
  const { requireParentSpan, lookups } = node.tracing.config;
  if (lookups === 'off') return work();
  const { namespace, keyId } = address;
  const attributes = { [ATTRIBUTES.namespace]: namespace, [ATTRIBUTES.keyHash]: keyId, [ATTRIBUTES.nodeId]: node.id };
  return spanning(node.tracing.start(name, { attributes }, !requireParentSpan), work, (made) => {
    if ('kind' in made) return receiptAttributes(made);
    return made.committed ? receiptAttributes(made.receipt) : { [ATTRIBUTES.committed]: false };
  });
}

/** Runs the wait for a fence, timed, and in a span of its clear. */
export async function watchedFence(node: Node, hold: () => Promise<Fence>): Promise<Fence> {
  const startedMs = node.clock.monotonicMs();
  const fence = await spanning(node.tracing.part(SPANS.fence, {}), hold, fenceAttributes);
  node.durations.fence.record((node.clock.monotonicMs() - startedMs) / 1000, { [ATTRIBUTES.by]: fence.by });
  return fence;
}

function scopeName(target: Receipt['target']): string {
  if ('keyId' in target) return 'key';
  if ('tag' in target) return 'tag';
  return 'namespace' in target ? 'namespace' : 'everything';
}

/** Tags are whatever users make them: only the id that stands for one is told. */
function targetAttributes({ secrets }: Node, target: Receipt['target']): Attributes {
  if ('keyId' in target) return { [ATTRIBUTES.namespace]: target.namespace, [ATTRIBUTES.keyHash]: target.keyId };
  const scope: Scope = target;
  return {
    ...('namespace' in scope && { [ATTRIBUTES.namespace]: scope.namespace }),
    [ATTRIBUTES.scopeId]: secrets.identifiers.scope(scope),
  };
}

function receiptAttributes(receipt: Receipt | QueuedReceipt): Attributes {
  if (!receipt.committed) return { [ATTRIBUTES.committed]: false, [ATTRIBUTES.queued]: true };
  const { partition, incarnation, sequence, fence, replicas } = receipt;
  return {
    [ATTRIBUTES.committed]: true,
    [ATTRIBUTES.partition]: partition,
    [ATTRIBUTES.incarnation]: incarnation,
    [ATTRIBUTES.sequence]: sequence,
    ...(fence && fenceAttributes(fence)),
    ...(replicas && { [ATTRIBUTES.replicas]: replicas.acknowledged }),
  };
}

function fenceAttributes({ by, members }: Fence): Attributes {
  const accounted = Object.values(members);
  const acknowledged = accounted.filter((how) => how === 'acknowledged').length;
  return {
    [ATTRIBUTES.fencedBy]: by,
    [ATTRIBUTES.membersAcknowledged]: acknowledged,
    [ATTRIBUTES.membersFencedOut]: accounted.length - acknowledged,
  };
}
