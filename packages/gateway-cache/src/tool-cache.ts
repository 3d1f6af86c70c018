import type { LoadContext, Lockstep, Lookup, Namespace, NamespaceOptions, NamespaceStats } from '@lockstep/cache';
import { CacheError } from '@lockstep/cache';
import type { ServerRef } from './names.ts';
import { toolsNames } from './names.ts';

/** A server's whole tool list: every page, in the server's order. */
export interface ToolList<T> {
  readonly tools: readonly T[];
  /** `public`: the server says, and is believed, that it is the same for everyone. */
  readonly cacheScope: CacheScope;
}

/** To whom a result may be shown: MCP's word. */
export type CacheScope = 'public' | 'private';

/** A tool list as a discovery found it. */
export interface DiscoveredTools<T> {
  readonly tools: readonly T[];
  /** How long the server says that the list may be kept, in ms; 0: ask again each time. undefined: it says nothing. */
  readonly hintMs?: number | undefined;
  /** To whom the server says that it may be shown; undefined: it says nothing, as before 2026. */
  readonly cacheScope?: CacheScope | undefined;
}

/** Asks a server for its tools; `signal` is aborted when nobody waits any more. */
export type Discover<T> = (signal: AbortSignal) => Promise<DiscoveredTools<T>>;

/** What a load of the shared place answers that has found a private list; it is kept nowhere. */
type Found<T> = ToolList<T> | typeof APART;

const APART = { apart: true } as const;

/** What tool lists are kept by. */
export interface ToolCacheOptions {
  readonly policies: Readonly<Record<'tools' | 'tool-scopes', NamespaceOptions>>;
  /** The longest that a list is fresh, whatever its server says, in ms. */
  readonly ceilingMs: number;
}

/**
 * The tool lists of MCP servers, by MCP's own rules: a private list is seen by the context that asked for it alone, and
 * kept fresh for as long as the server says, up to a ceiling.
 *
 * Of which kind a list is, is known once it is there. So it is first looked for, and loaded, in the one place that all
 * contexts share, where no private list is ever kept. Of a server whose list has turned out to be private that is
 * remembered, and each context has a place of its own.
 */
export class ToolCache<T> {
  readonly #lists: Namespace<Found<T>>;
  /** The servers whose lists are private. */
  readonly #scopes: Namespace<CacheScope>;
  readonly #ceilingMs: number;

  constructor(lockstep: Lockstep, { policies, ceilingMs }: ToolCacheOptions) {
    this.#lists = lockstep.namespace<Found<T>>('tools', policies.tools);
    this.#scopes = lockstep.namespace<CacheScope>('tool-scopes', policies['tool-scopes']);
    this.#ceilingMs = ceilingMs;
  }

  /** A server's list, discovered where no cache has it, once for all nodes and all callers that may see it. */
  async find(server: ServerRef, discover: Discover<T>): Promise<Lookup<ToolList<T>>> {
    if (await this.#isPrivate(server)) return this.#findOwn(server, discover);
    let brought: DiscoveredTools<T> | undefined;
    let own: Lookup<ToolList<T>> | undefined;
    const found = await this.#lists.lookup(
      toolsNames(server).key,
      async ({ signal, answer }) => {
        // Another node, whose load this one has waited for, may have found out.
        if (await this.#isPrivate(server)) return answer(APART, { doNotStore: true });
        const discovered = await discover(signal);
        if (isShareable(server, discovered)) return this.#answer(server, discovered, answer);
        // In its place before others are told to look there; one that nobody is to keep is for those who have waited.
        if (this.#freshMs(discovered) > 1) own = await this.#findOwn(server, discover, discovered);
        else brought = discovered;
        await this.#remember(server);
        return answer(APART, { doNotStore: true });
      },
      { tags: toolsNames(server).tags },
    );
    if (isList(found)) return found;
    return own ?? this.#findOwn(server, discover, brought);
  }

  /** A server's list, if near-cache or tier have it for this context. Discovers nothing. */
  async cached(server: ServerRef): Promise<Lookup<ToolList<T>>> {
    const place = await this.placeOf(server);
    if (place === undefined) return { outcome: 'miss', absence: undefined, stale: false, degraded: false };
    return (await this.#lists.lookup(place)) as Lookup<ToolList<T>>;
  }

  /** As `cached`, for many servers, of those lists alone that there are: in one lookup. */
  async cachedMany(servers: readonly ServerRef[]): Promise<ReadonlyMap<ServerRef, Lookup<ToolList<T>>>> {
    const places = await Promise.all(servers.map((server) => this.placeOf(server)));
    const found = await this.#lists.lookupMany(places.filter((place) => place !== undefined));
    const lists = new Map<ServerRef, Lookup<ToolList<T>>>();
    for (const [at, server] of servers.entries()) {
      const list = found.get(places[at] ?? '');
      if (list !== undefined && list.outcome !== 'miss' && isList(list)) lists.set(server, list);
    }
    return lists;
  }

  /** How long the list that `cached` finds is fresh yet, in ms; 0: there is none that is. */
  async freshForMs(server: ServerRef): Promise<number> {
    const place = await this.placeOf(server);
    return place === undefined ? 0 : ((await this.#lists.ttl(place)) ?? 0);
  }

  stats(): NamespaceStats {
    return this.#lists.stats();
  }

  /** The list of one context; `brought` is what this call has been answered just now. */
  async #findOwn(server: ServerRef, discover: Discover<T>, brought?: DiscoveredTools<T>): Promise<Lookup<ToolList<T>>> {
    let mine = brought;
    if (server.principal === undefined) return unkept(listOf(server, mine ?? (await discover(NEVER))));
    const found = await this.#lists.lookup(
      toolsNames(server).ofPrincipal,
      async ({ signal, answer }) => {
        const discovered = mine ?? (await discover(signal));
        // Another load of this lookup has to ask itself.
        mine = undefined;
        if (isShareable(server, discovered)) await this.#scopes.clear(toolsNames(server).key).catch(unlessBroken);
        return this.#answer(server, discovered, answer);
      },
      { tags: toolsNames(server).tagsOfPrincipal },
    );
    return found as Lookup<ToolList<T>>;
  }

  /** The key of the list that this context may see; undefined: there is no place for it. */
  async placeOf(server: ServerRef): Promise<string | undefined> {
    if (!(await this.#isPrivate(server))) return toolsNames(server).key;
    return server.principal === undefined ? undefined : toolsNames(server).ofPrincipal;
  }

  /** Whether the server's list is known to be private. Where it is and nobody knows, it is asked for once more. */
  async #isPrivate(server: ServerRef): Promise<boolean> {
    const key = toolsNames(server).key;
    if (this.#lists.peek(key) !== undefined) return false;
    return this.#scopes.peek(key) !== undefined || (await this.#scopes.get(key)) !== undefined;
  }

  /** Remembers that a list is private: by a load, since a write would end what others remember, and have all ask again. */
  async #remember(server: ServerRef): Promise<void> {
    // Without tags: a clear, or an expire, of lists does not make them other lists.
    await this.#scopes.getOrLoad(toolsNames(server).key, () => 'private').catch(unlessBroken);
  }

  #answer(server: ServerRef, found: DiscoveredTools<T>, answer: LoadContext<Found<T>>['answer']) {
    return answer(listOf(server, found), { ttl: this.#freshMs(found) });
  }

  /** A server may shorten the life of its list, not lengthen it; the least is a millisecond, which nobody meets. */
  #freshMs({ hintMs }: DiscoveredTools<T>): number {
    return hintMs === undefined ? this.#ceilingMs : Math.max(1, Math.min(Math.floor(hintMs), this.#ceilingMs));
  }
}

/** Whether a list may be answered to every context: older servers say nothing, and their lists are the configuration's. */
function isShareable(server: ServerRef, { cacheScope }: DiscoveredTools<unknown>): boolean {
  return cacheScope === undefined || (cacheScope === 'public' && server.believesPublic);
}

function isList<T>(found: Lookup<Found<T>>): found is Lookup<ToolList<T>> {
  return found.outcome === 'miss' || 'tools' in found.value;
}

function listOf<T>(server: ServerRef, { tools, cacheScope }: DiscoveredTools<T>): ToolList<T> {
  return { tools, cacheScope: cacheScope === 'public' && server.believesPublic ? 'public' : 'private' };
}

/** The answer to the one who asked; it is kept nowhere. */
function unkept<T>(value: ToolList<T>): Lookup<ToolList<T>> {
  return { outcome: 'loaded', source: 'origin', value, version: '', stale: false, degraded: false };
}

/** What a list is remembered by is a shortcut: where the tier is away, lists are asked for once more. */
function unlessBroken(error: unknown): void {
  if (!(error instanceof CacheError)) throw error;
}

const NEVER = new AbortController().signal;
