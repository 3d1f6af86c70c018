import type { Scope, TierInfo } from '@lockstep/core';
import { CacheError, ConfigError } from '@lockstep/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Coherence, CoherenceListener } from './coherence.ts';
import { CopyingNamespace } from './copying-namespace.ts';
import type { Space } from './engine.ts';
import { noCounts } from './engine.ts';
import type { EventListener } from './event-watch.ts';
import type { Verb } from './invalidate.ts';
import { invalidateScope } from './invalidate.ts';
import type { RunningEngine } from './lifecycle.ts';
import { leave } from './lifecycle.ts';
import { Namespace } from './namespace.ts';
import type { NodeCounters } from './node.ts';
import type { NamespaceOptions, SchemaOption } from './policy.ts';
import { resolvePolicy } from './policy.ts';
import type { PartitionPosition } from './positions.ts';
import { positionsOf } from './positions.ts';
import type { Preview, PreviewOptions } from './preview.ts';
import { preview } from './preview.ts';
import { offerReadings } from './readings.ts';
import type { ClearOptions, CommittedOptions, QueuedReceipt, Receipt } from './receipt.ts';
import type { SweepOptions, SweepReport } from './sweep.ts';
import { sweep } from './sweep.ts';

/** The most namespaces of one node. */
export const NAMESPACES_MAX = 256;

const NAMESPACE_NAME = /^[a-z0-9][a-z0-9._-]{0,63}$/;

/** One node of a cache cluster, or a cache of its own in local mode: see `openLockstep`. */
export class Lockstep implements AsyncDisposable {
  readonly #engine: RunningEngine;
  readonly #namespaces: Map<string, { readonly namespace: Namespace<unknown>; readonly space: Space }> = new Map();
  #closed: Promise<void> | undefined;

  constructor(engine: RunningEngine) {
    this.#engine = engine;
    offerReadings(engine, () => [...this.#namespaces.values()].map(({ space }) => space));
  }

  /** 64 random bits, new at every start, as hexadecimal. */
  get nodeId(): string {
    return this.#engine.node.id;
  }

  /** `cluster`: with a shared tier. `local`: the near-cache alone. */
  get mode(): 'cluster' | 'local' {
    return this.#engine.node.shared ? 'cluster' : 'local';
  }

  /** The namespaces that are open on this node, by name. */
  get namespaces(): ReadonlyMap<string, Namespace<unknown>> {
    return new Map([...this.#namespaces].map(([name, { namespace }]) => [name, namespace]));
  }

  /** Whether this node can vouch, now, for what it answers from its near-cache. */
  get coherence(): Coherence {
    return this.#engine.coherence.now;
  }

  /** Calls `listener` whenever the state of `coherence` changes; answers a function that ends that. */
  onCoherenceChange(listener: CoherenceListener): () => void {
    return this.#engine.coherence.listen(listener);
  }

  /**
   * Calls `listener` with every event that takes effect on this node, whoever made it, once or, after an outage, at times
   * twice; answers a function that ends that. Local mode: with this node's own.
   */
  onEvent(listener: EventListener): () => void {
    return this.#engine.node.events.listen(listener);
  }

  /** Where this node stands in each partition's history. */
  positions(): readonly PartitionPosition[] {
    return positionsOf(this.#engine.node);
  }

  /** The ids of the cluster's nodes, as the tier lists them: those that died within the last minute or so included. */
  async members(): Promise<readonly string[]> {
    this.#refuseClosed();
    const { node, breaker } = this.#engine;
    if (!node.shared) return [node.id];
    return [...(await breaker.call(() => node.tier.members())).nonces.keys()].sort();
  }

  /**
   * Opens a namespace: a named cache with its own policy. Its name is seen in the tier; keys and tags are not.
   * With a schema, its values are what the schema makes of them. Throws `config-invalid` when it is open already, or the
   * name or an option cannot be used.
   */
  namespace<S extends StandardSchemaV1>(
    name: string,
    options: NamespaceOptions & SchemaOption<S>,
  ): Namespace<StandardSchemaV1.InferOutput<S>>;
  namespace<V>(name: string, options?: NamespaceOptions): Namespace<V>;
  namespace(name: string, options: NamespaceOptions = {}): Namespace<unknown> {
    if (!NAMESPACE_NAME.test(name)) {
      throw new ConfigError(`namespace: got ${JSON.stringify(name)}, takes a name like ${NAMESPACE_NAME.source}`);
    }
    if (this.#namespaces.has(name))
      throw new ConfigError(`namespace "${name}" is open already: keep and share the object`);
    if (this.#namespaces.size >= NAMESPACES_MAX)
      throw new ConfigError(`a node takes at most ${NAMESPACES_MAX} namespaces`);
    const { node } = this.#engine;
    const policy = resolvePolicy(name, options, { deltaMs: node.deltaMs, hasKeys: !node.keys.isEmpty });
    const space: Space = {
      name,
      scopeId: node.secrets.identifiers.scope({ namespace: name }),
      policy,
      timers: node.timers,
      region: node.near.region({ entriesMax: policy.nearEntriesMax, bytesMax: policy.nearBytesMax }),
      counters: noCounts(),
    };
    const namespace = new (policy.copies ? CopyingNamespace : Namespace)<unknown>(this.#engine, space);
    this.#namespaces.set(name, { namespace, space });
    node.namespaces.set(space.scopeId, name);
    return namespace;
  }

  /**
   * Clears a scope on every node: everything, one namespace, or all values that carry a tag. Takes the same time
   * however many values there are. Where the tier cannot commit it, rejects with `tier-unavailable`; with
   * `allowDegraded` it is queued, and the receipt says so.
   */
  clear(scope: Scope, options?: CommittedOptions): Promise<Receipt>;
  clear(scope: Scope, options: ClearOptions): Promise<Receipt | QueuedReceipt>;
  async clear(scope: Scope, options: ClearOptions = {}): Promise<Receipt | QueuedReceipt> {
    return this.#invalidate('clear', scope, options);
  }

  /**
   * Ends the freshness of all values of a scope on every node: who asks for one loads it anew, and the old one may stand
   * in if that fails. Otherwise as `clear`.
   */
  expire(scope: Scope, options?: CommittedOptions): Promise<Receipt>;
  expire(scope: Scope, options: ClearOptions): Promise<Receipt | QueuedReceipt>;
  async expire(scope: Scope, options: ClearOptions = {}): Promise<Receipt | QueuedReceipt> {
    return this.#invalidate('expire', scope, options);
  }

  /**
   * What a clear, or an expire, of a scope would end now: how many values, how large, and some of them. Looks at the tier's
   * entries one by one, of this node's namespaces, or of the one that is named. Changes nothing.
   */
  async preview(scope: Scope, options: PreviewOptions = {}): Promise<Preview> {
    this.#refuseClosed();
    const spaces = [...this.#namespaces.values()].map(({ space }) => space);
    const apart = spaces.filter(({ policy }) => !policy.shared).map(({ name }) => name);
    return preview(this.#engine, { scope, namespaces: spaces.map(({ name }) => name), apart }, options);
  }

  /**
   * Gives back the memory that entries take in the tier which a clear of a scope has killed, among this node's namespaces,
   * a part at a time; without it they go when their life is over. One node's doing it is enough.
   */
  async sweep(options: SweepOptions = {}): Promise<SweepReport> {
    this.#refuseClosed();
    return sweep(this.#engine, [...this.#namespaces.keys()], options);
  }

  /**
   * How many entries of a namespace the tier's index has, in one step: also those that a clear of a scope has killed, and
   * those that were evicted or swept, until their life would be over. `preview` counts what is live. In local mode, and of a
   * namespace that is not shared: near ones.
   */
  async count(namespace: string): Promise<number> {
    this.#refuseClosed();
    const { node, breaker } = this.#engine;
    const space = this.#namespaces.get(namespace)?.space;
    if (!node.shared || space?.policy.shared === false) return space?.region.entries ?? 0;
    return breaker.call(() => node.tier.count(namespace, node.partitions));
  }

  /** Facts about the tier's server; undefined in local mode. */
  async tierInfo(): Promise<TierInfo | undefined> {
    this.#refuseClosed();
    const { node, breaker } = this.#engine;
    return node.shared ? breaker.call(() => node.tier.info()) : undefined;
  }

  /** What this node has counted since its start. */
  stats(): Readonly<NodeCounters> {
    return { ...this.#engine.node.counters };
  }

  /** Leaves the cluster and releases everything: bounded in time, never rejects; later calls reject with `closed`. */
  async close(): Promise<void> {
    this.#closed ??= leave(this.#engine);
    return this.#closed;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #invalidate(kind: Verb, scope: Scope, options: ClearOptions): Promise<Receipt | QueuedReceipt> {
    this.#refuseClosed();
    return this.#engine.node.background.hold(invalidateScope(this.#engine, { kind, scope }, options));
  }

  #refuseClosed(): void {
    if (this.#engine.closing.aborted) throw new CacheError('closed', 'the node is closed');
  }
}
