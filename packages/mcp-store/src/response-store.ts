import { createHash } from 'node:crypto';
import type { Duration, Lockstep, Namespace } from '@lockstep/cache';
import { ConfigError, millisecondsOf } from '@lockstep/cache';
import type { CacheEntry, CacheKey, ResponseCacheStore } from '@modelcontextprotocol/client';
import { Guards } from './guards.ts';
import type { StoredResponse } from './stored-response.ts';
import { wallClockMs } from './system.ts';
import { UnservableLists } from './unservable-lists.ts';

/** What is kept; `resources/read` too with `keepsResources`. */
const LIST_METHODS: ReadonlySet<string> = new Set([
  'tools/list',
  'prompts/list',
  'resources/list',
  'resources/templates/list',
]);

/** The one list that the client looks into when it is no longer fresh. */
const INDEXED_METHOD = 'tools/list';

/**
 * For how long a response is called fresh that the namespace has just found fresh, in ms: the client looks at once. The
 * wall clock of the host that stored it would say it wrong where the clocks differ.
 */
const SERVED_MS = 1_000;

/** Of what one store serves, and to whom. */
export interface ResponseStoreOptions {
  /** The node that the host has opened. Default: none, needed. */
  readonly lockstep: Lockstep;
  /** Where responses are kept: a namespace of that node, which the host's stores may share. Default: none, needed. */
  readonly namespace: Namespace<StoredResponse>;
  /**
   * The host's own name of the server, for each way to reach it another one: an id of its configuration, or its URL.
   * What the server says of itself is not believed. Default: none, needed.
   */
  readonly server: string;
  /**
   * Whose authorisation the client carries, in a name that is stable; a host that has one identity gives it any.
   * Default: the `cachePartition` of the client; where there is neither, private results are not kept.
   */
  readonly principal?: string | undefined;
  /**
   * Whether what this server calls `public` is shared by all principals. Off: it is kept as private.
   * Default: false.
   */
  readonly believesPublic?: boolean;
  /** The longest time that a response is served, whatever the server says. Default: `24h`, the SDK's own limit. */
  readonly ttlMax?: Duration;
  /**
   * Whether results of `resources/read` are kept. The client does not say whether one took several rounds, and such a
   * result must not be kept: turn it on for servers that never ask back. Default: false.
   */
  readonly keepsResources?: boolean;
}

/** Where a response of one logical address may be: with one principal, and with all. */
interface Places {
  /** Undefined where there is no principal. */
  readonly own: string | undefined;
  /** Undefined where this address is not the shared one, or the server is not believed. */
  readonly shared: string | undefined;
}

/** Of what may not be kept. */
const NOWHERE: Places = { own: undefined, shared: undefined };

/** The response cache of MCP clients, over a namespace: shared by the replicas of a host, and cleared on all of them. */
export class LockstepResponseStore implements ResponseCacheStore {
  readonly #lockstep: Lockstep;
  readonly #namespace: Namespace<StoredResponse>;
  readonly #server: string;
  readonly #principal: string;
  readonly #believesPublic: boolean;
  readonly #ttlMaxMs: number;
  readonly #keepsResources: boolean;
  readonly #guards: Guards;
  readonly #unservable: UnservableLists = new UnservableLists();

  constructor(options: ResponseStoreOptions) {
    const { lockstep, namespace, server, principal = '', ttlMax = '24h' } = options;
    const ttlMaxMs = millisecondsOf(ttlMax);
    if (typeof server !== 'string' || server === '') {
      throw new ConfigError(`server: got ${JSON.stringify(server)}, takes the host's name of the server`);
    }
    if (!(Number.isInteger(ttlMaxMs) && ttlMaxMs >= 1)) {
      throw new ConfigError(`ttlMax: got ${JSON.stringify(ttlMax)}, takes a time of at least 1 ms, as '4h'`);
    }
    this.#lockstep = lockstep;
    this.#namespace = namespace;
    this.#server = server;
    this.#principal = principal;
    this.#believesPublic = options.believesPublic === true;
    this.#ttlMaxMs = ttlMaxMs;
    this.#keepsResources = options.keepsResources === true;
    this.#guards = new Guards(lockstep, namespace);
  }

  /** The response that may be served, or the last list that the client may still look into. */
  async get(key: CacheKey): Promise<CacheEntry | undefined> {
    const { own, shared } = this.#places(key);
    return (await this.#held(own, key.method)) ?? (await this.#held(shared, key.method));
  }

  /** Keeps a response, if it may be kept, for as long as it may be served; answers what stands for its content. */
  async set(key: CacheKey, entry: Pick<CacheEntry, 'value' | 'expiresAt' | 'scope'>): Promise<number> {
    const { value } = entry;
    const stamp = stampOf(value);
    const scope = entry.scope === 'public' && this.#believesPublic ? 'public' : 'private';
    const places = this.#places(key);
    const [place, other] = scope === 'public' ? [places.shared, places.own] : [places.own, places.shared];
    if (place === undefined) return stamp;
    const guard = this.#guards.answered(place);
    // Until the namespace has it: the client may look into it whatever becomes of the write.
    if (key.method === INDEXED_METHOD) this.#unservable.keep(place, { method: key.method, value, stamp });
    const ttlMs = isComplete(value) ? freshForMs(entry.expiresAt, this.#ttlMaxMs) : 0;
    if (ttlMs === 0) {
      await this.#clearIfThere(place);
      return stamp;
    }
    const verdict = await this.#guards.verdict(place, guard);
    if (verdict === 'overtaken') this.#unservable.drop(place);
    if (verdict !== 'holds') return stamp;
    const stored: StoredResponse = { value, stamp, scope };
    await this.#namespace.set(place, stored, { ttl: ttlMs, grace: 0, tags: this.#tags(key.method) });
    if (!(await this.#guards.stillHolds(place, guard))) await this.#clearPlace(place);
    else this.#unservable.drop(place);
    if (other !== undefined) this.#unservable.drop(other);
    await this.#clearIfThere(other);
    return stamp;
  }

  /** Drops a response on every node: this principal's, and the shared one where this address is that. */
  async delete(key: CacheKey): Promise<void> {
    const { own, shared } = this.#places(key);
    await Promise.all(
      [own, shared].map(async (place) => {
        if (place === undefined) return;
        this.#unservable.drop(place);
        await this.#guards.drop(place);
        await this.#clearPlace(place);
      }),
    );
  }

  /** Drops what this server answered to a method, to whomever, on every node. */
  async evict(method: string): Promise<void> {
    this.#unservable.dropAll(method);
    await this.#lockstep.clear({ tag: this.#methodTag(method) }, { allowDegraded: true });
  }

  /** Drops what this server answered, to whomever, on every node. */
  async clear(): Promise<void> {
    this.#unservable.dropAll();
    await this.#lockstep.clear({ tag: this.#serverTag() }, { allowDegraded: true });
  }

  /** What a place has; where that is nothing to be answered, the client will ask the server. */
  async #held(place: string | undefined, method: string): Promise<CacheEntry | undefined> {
    if (place === undefined) return undefined;
    const unservable = this.#unservable.get(place);
    if (unservable === undefined) {
      const found = await this.#namespace.lookup(place);
      if (found.outcome === 'hit' && !found.stale) return { ...found.value, expiresAt: wallClockMs() + SERVED_MS };
    }
    await this.#guards.ask(place, this.#tags(method));
    return unservable;
  }

  async #clearIfThere(place: string | undefined): Promise<void> {
    if (place !== undefined && (await this.#namespace.has(place))) await this.#clearPlace(place);
  }

  async #clearPlace(place: string): Promise<void> {
    await this.#namespace.clear(place, { allowDegraded: true });
  }

  /**
   * The client's partition is `[what the server says it is, cachePartition]`: the shared one has no `cachePartition`.
   * A client without one has a single partition, so its own and the shared place are looked into here.
   */
  #places({ method, params = '', partition = '' }: CacheKey): Places {
    if (!LIST_METHODS.has(method) && !(method === 'resources/read' && this.#keepsResources)) return NOWHERE;
    const [identity, cachePartition] = partitionParts(partition);
    const isShared = cachePartition === '';
    const hasPrincipal = this.#principal !== '' || !isShared;
    const place = (owner: readonly string[]): string =>
      JSON.stringify([...owner, this.#server, identity, method, params]);
    return {
      own: hasPrincipal ? place(['private', this.#principal, cachePartition]) : undefined,
      shared: isShared && this.#believesPublic ? place(['public']) : undefined,
    };
  }

  #tags(method: string): readonly string[] {
    return [this.#serverTag(), this.#methodTag(method)];
  }

  #serverTag(): string {
    return JSON.stringify(['mcp', this.#server]);
  }

  #methodTag(method: string): string {
    return JSON.stringify(['mcp', this.#server, method]);
  }
}

/** Whether a result is one: one that asks back is none yet. */
function isComplete(value: string): boolean {
  const { resultType = 'complete' } = JSON.parse(value) as { readonly resultType?: unknown };
  return resultType === 'complete';
}

/** How long a response is served, in ms: at most the ceiling, and 0 for a time that is over, or is none. */
function freshForMs(expiresAt: number | undefined, ttlMaxMs: number): number {
  const hintMs = Math.floor(Math.min((expiresAt ?? 0) - wallClockMs(), ttlMaxMs));
  return hintMs >= 1 ? hintMs : 0;
}

/** The parts of a client's partition; one of another form has no principal. */
function partitionParts(partition: string): readonly [identity: string, cachePartition: string] {
  try {
    const parts: unknown = JSON.parse(partition);
    if (Array.isArray(parts) && parts.length === 2 && parts.every((part) => typeof part === 'string')) {
      return parts as [string, string];
    }
  } catch {
    // Not the client's form: what it means is not known.
  }
  return [partition, ''];
}

/** 48 bits of what the content is: equal content is the same on every node, and the client compiles its schemas once. */
function stampOf(value: string): number {
  return createHash('sha256').update(value).digest().readUIntBE(0, 6);
}
