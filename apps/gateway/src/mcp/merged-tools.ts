import type { GatewayDefinition, ServerDefinition } from '@lockstep/config';
import type { GatewayCache } from '@lockstep/gateway-cache';
import type { Tool } from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import type { Discovery, MissingTools, ServerTools } from '../discovery.ts';
import { ListFreshness, OWN_TTL_MS } from './list-freshness.ts';
import type { ListHint } from './list-hint.ts';
import { hintOf } from './list-hint.ts';
import type { PagedTools, ToolPage } from './list-pages.ts';
import { pageOf } from './list-pages.ts';
import { mayBeOf } from './merged-names.ts';
import type { RenamedTools } from './renamed-tools.ts';
import { renamedTools } from './renamed-tools.ts';

/** What the merged tools are made from. */
export interface MergedToolsOptions {
  readonly cache: GatewayCache<GatewayDefinition, Tool>;
  readonly discovery: Discovery;
  readonly logger: Logger;
  /** The gateway's own tools, which come first. */
  readonly own: PagedTools;
}

/** A page of the merged list, and how long it may be kept. */
export interface MergedPage extends ToolPage {
  readonly hint: ListHint;
}

/** A server's tool that a merged name stands for. */
interface MergedTarget {
  readonly server: ServerDefinition;
  readonly tool: Tool;
}

/** What a merged name came to: a tool, none, or a server whose tools cannot be told. */
export type FoundTarget = MergedTarget | MissingTools | undefined;

interface Merged extends PagedTools {
  /** The lists that it was made from, by the gateway's servers. */
  readonly parts: readonly (readonly Tool[] | undefined)[];
}

/**
 * The gateway's own tools and those of a key's servers as one list. It is put together once for as long as its parts
 * are the same; an answer about lists that the near-cache has converts nothing.
 */
export class MergedTools {
  readonly #options: MergedToolsOptions;
  readonly #freshness: ListFreshness;
  readonly #renamed: WeakMap<readonly Tool[], RenamedTools> = new WeakMap();
  readonly #merged: WeakMap<GatewayDefinition, Merged> = new WeakMap();

  constructor(options: MergedToolsOptions) {
    this.#options = options;
    this.#freshness = new ListFreshness(options.cache);
  }

  /**
   * A page of the list; undefined: the cursor is not of this list. Servers that are still being discovered when the
   * patience ends, or have failed, are left out, and the hint is short.
   */
  async page(gateway: GatewayDefinition, cursor: string | undefined): Promise<MergedPage | undefined> {
    const found = await this.#options.discovery.findAll(gateway, gateway.servers);
    const page = pageOf(this.#merge(gateway, found), cursor);
    return page && { ...page, hint: await this.#hint(gateway, found) };
  }

  /** The tool that a merged name stands for; the first server to have it is enough. */
  async find(gateway: GatewayDefinition, name: string): Promise<FoundTarget> {
    const servers = gateway.servers.filter((server) => mayBeOf(server.name, name));
    const failures: MissingTools[] = [];
    const targets = servers.map(async (server): Promise<MergedTarget> => {
      const found = await this.#options.discovery.find(gateway, server);
      if (found.status === 'error') failures.push(found);
      const tool = found.status === 'success' ? this.#rename(server, found.tools).originals.get(name) : undefined;
      if (tool === undefined) throw new Error(`no tool of ${server.name}`);
      return { server, tool };
    });
    return Promise.any(targets).catch(() => failures[0]);
  }

  async #hint(gateway: GatewayDefinition, found: ReadonlyMap<string, ServerTools>): Promise<ListHint> {
    const parts = await Promise.all(
      gateway.servers.map((server) =>
        this.#freshness.partOf(gateway, server, found.get(server.name) ?? { status: 'pending' }),
      ),
    );
    const nowMs = performance.now();
    // It depends on the key, even where every part of it is public.
    return hintOf([{ freshUntilMs: nowMs + OWN_TTL_MS, cacheScope: 'private' }, ...parts], nowMs);
  }

  #merge(gateway: GatewayDefinition, found: ReadonlyMap<string, ServerTools>): Merged {
    const parts = gateway.servers.map(({ name }) => {
      const tools = found.get(name);
      return tools?.status === 'success' ? tools.tools : undefined;
    });
    const known = this.#merged.get(gateway);
    if (known?.parts.every((part, index) => part === parts[index])) return known;
    const renamed = gateway.servers.flatMap((server, index) => {
      const part = parts[index];
      return part === undefined ? [] : [this.#rename(server, part)];
    });
    const { own } = this.#options;
    const merged: Merged = {
      parts,
      tools: [own, ...renamed].flatMap(({ tools }) => tools),
      sizes: [own, ...renamed].flatMap(({ sizes }) => sizes),
    };
    this.#merged.set(gateway, merged);
    return merged;
  }

  #rename(server: ServerDefinition, tools: readonly Tool[]): RenamedTools {
    const known = this.#renamed.get(tools);
    if (known !== undefined) return known;
    const renamed = renamedTools(server.name, tools);
    this.#renamed.set(tools, renamed);
    if (renamed.repeated.length > 0) {
      const details = { server: server.name, tools: renamed.repeated.slice(0, 10) };
      this.#options.logger.warn(details, 'an MCP server lists tools of one name: the first of each is taken');
    }
    return renamed;
  }
}
