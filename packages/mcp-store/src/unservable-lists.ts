import type { CacheEntry } from '@modelcontextprotocol/client';

/** The most lists that are kept. */
const LISTS_MAX = 256;
/** The most UTF-16 code units that all of them have together. */
const LENGTH_MAX = 8_388_608;

/**
 * Tool lists that may not be answered again, in this process alone: the SDK's client looks up in them what a tool's
 * output must be and which headers it wants. What no longer fits takes the place of the oldest.
 */
export class UnservableLists {
  readonly #lists: Map<string, CacheEntry & { readonly method: string }> = new Map();
  #length = 0;

  /** An entry without a time: the client never takes it as an answer. */
  get(key: string): CacheEntry | undefined {
    return this.#lists.get(key);
  }

  keep(key: string, list: { readonly method: string; readonly value: string; readonly stamp: number }): void {
    this.drop(key);
    if (list.value.length > LENGTH_MAX) return;
    this.#lists.set(key, list);
    this.#length += list.value.length;
    for (const oldest of this.#lists.keys()) {
      if (this.#lists.size <= LISTS_MAX && this.#length <= LENGTH_MAX) return;
      this.drop(oldest);
    }
  }

  drop(key: string): void {
    this.#length -= this.#lists.get(key)?.value.length ?? 0;
    this.#lists.delete(key);
  }

  /** Drops the lists of a method, or all. */
  dropAll(method?: string): void {
    for (const [key, list] of this.#lists) if (method === undefined || list.method === method) this.drop(key);
  }
}
