import type { Namespace } from '@lockstep/cache';
import type { Sealed, Sealer } from './sealed-value.ts';

/** What a load gives, and the tags to find it by. */
export interface SealedLoad<V> {
  readonly load: () => V;
  readonly tags: readonly string[];
}

/** A namespace whose values are sealed in the tier, and opened once per value on this node. */
export class SealedCache<V> {
  readonly #namespace: Namespace<Sealed>;
  readonly #sealer: Sealer;
  readonly #opened: WeakMap<Sealed, { readonly value: V }> = new WeakMap();

  constructor(namespace: Namespace<Sealed>, sealer: Sealer) {
    this.#namespace = namespace;
    this.#sealer = sealer;
  }

  /** The value, loaded and sealed where no cache has it. One that cannot be opened counts as not there. */
  async getOrLoad(key: string, { load, tags }: SealedLoad<V>): Promise<V> {
    const context = this.#context(key);
    const sealed = await this.#namespace.getOrLoad(key, () => this.#sealer.seal(load(), context), { tags });
    return (this.#open(sealed, context) ?? { value: load() }).value;
  }

  /** Whether near-cache or tier have a value that can be opened. */
  async has(key: string): Promise<boolean> {
    const sealed = await this.#namespace.get(key);
    return sealed !== undefined && this.#open(sealed, this.#context(key)) !== undefined;
  }

  #open(sealed: Sealed, context: string): { readonly value: V } | undefined {
    const known = this.#opened.get(sealed);
    if (known !== undefined) return known;
    const opened = this.#sealer.open(sealed, context) as { readonly value: V } | undefined;
    if (opened !== undefined) this.#opened.set(sealed, opened);
    return opened;
  }

  #context(key: string): string {
    return JSON.stringify([this.#namespace.name, key]);
  }
}
