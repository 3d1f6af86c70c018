import type { Effect, KeyKind, Logger, ScopeId, ScopeKind } from '@lockstep/core';
import { EVERYTHING } from '@lockstep/core';

/** An event that has taken effect on this node, whoever made it; or that a partition was started over from the tier. */
export type NodeEvent = KeyEvent | ScopeEvent | ResetEvent;

/** An event of one key. */
export interface KeyEvent {
  readonly kind: KeyKind;
  readonly partition: number;
  readonly sequence: number;
  /** What tier and bus know the key by; its namespace is not in the event. */
  readonly keyId: string;
}

/** An event of a scope. */
export interface ScopeEvent {
  readonly kind: ScopeKind;
  readonly partition: number;
  readonly sequence: number;
  /** The scope; of a tag, and of a namespace that is not open here, only the id is known. */
  readonly scope: { readonly everything: true } | { readonly namespace: string } | { readonly scopeId: string };
}

/** What this node had of a partition was dropped: its history was lost, or is another one than this node's. */
export interface ResetEvent {
  readonly kind: 'reset';
  readonly partition: number;
  readonly sequence: number;
}

/** Hears of events; called at once, in the middle of the node's work: it must be short. */
export type EventListener = (event: NodeEvent) => void;

/** Tells listeners what takes effect on a node. */
export class EventWatch {
  readonly #listeners: Set<EventListener> = new Set();
  readonly #namespaces: ReadonlyMap<ScopeId, string>;
  readonly #logger: Logger;

  constructor(namespaces: ReadonlyMap<ScopeId, string>, logger: Logger) {
    this.#namespaces = namespaces;
    this.#logger = logger;
  }

  listen(listener: EventListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  applied(effect: Effect, { partition, sequence }: { readonly partition: number; readonly sequence: number }): void {
    if (this.#listeners.size === 0) return;
    if ('keyId' in effect) return this.#tell({ kind: effect.kind, partition, sequence, keyId: effect.keyId });
    this.#tell({ kind: effect.kind, partition, sequence, scope: this.#scope(effect.scopeId) });
  }

  reset(partition: number, sequence: number): void {
    this.#tell({ kind: 'reset', partition, sequence });
  }

  #scope(scopeId: ScopeId): ScopeEvent['scope'] {
    if (scopeId === EVERYTHING) return { everything: true };
    const namespace = this.#namespaces.get(scopeId);
    return namespace === undefined ? { scopeId } : { namespace };
  }

  #tell(event: NodeEvent): void {
    for (const listener of this.#listeners) {
      try {
        listener(event);
      } catch (error) {
        this.#logger.error('a listener to the events of this node failed', { error: String(error) });
      }
    }
  }
}
