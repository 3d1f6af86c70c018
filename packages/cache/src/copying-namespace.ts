import { BatchError } from '@lockstep/core';
import type { ManyLoader } from './load-batch.ts';
import type { Loader, LoadOptions, Lookup } from './lookup.ts';
import { Namespace } from './namespace.ts';

/** A namespace whose every answer is a copy of its own. */
export class CopyingNamespace<V> extends Namespace<V> {
  override peek(key: string): V | undefined {
    return structuredClone(super.peek(key));
  }

  override async get(key: string): Promise<V | undefined> {
    return structuredClone(await super.get(key));
  }

  override async lookup(key: string, loader?: Loader<V>, options?: LoadOptions<V>): Promise<Lookup<V>> {
    return structuredClone(await super.lookup(key, loader, options));
  }

  override async lookupMany(
    keys: Iterable<string>,
    loader?: ManyLoader<V>,
    options?: LoadOptions<V>,
  ): Promise<Map<string, Lookup<V>>> {
    try {
      return structuredClone(await super.lookupMany(keys, loader, options));
    } catch (error) {
      if (!(error instanceof BatchError)) throw error;
      const { message, done, failed } = error;
      // biome-ignore lint/style/useErrorCause: it is the same error, of which the first failure is the cause.
      throw new BatchError(message, { done: structuredClone(done), failed });
    }
  }
}
