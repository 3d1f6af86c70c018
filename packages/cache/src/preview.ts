import type { KeyId, Scope } from '@lockstep/core';
import type { Engine } from './engine.ts';
import { checkedScope } from './invalidate.ts';
import { isLiveNear } from './live-near.ts';
import { OptionReader } from './option-reader.ts';
import { walk } from './stored-entries.ts';

/** How much a preview looks at, and shows. */
export interface PreviewOptions {
  /** The most entries that it looks at, a few hundred more at times: 1 to 10,000,000. Default: 100,000. */
  readonly limit?: number;
  /** How many of the values it shows, picked at random: 0 to 1,000. Default: 10. */
  readonly sample?: number;
}

/** One value that a clear would end. */
export interface PreviewedEntry {
  readonly namespace: string;
  /** What tier and bus know its key by. */
  readonly keyId: string;
  /** Its key, where this node has the value near: the tier has no keys. */
  readonly key: string | undefined;
  readonly version: string;
  /** In the tier; in local mode, encoded. */
  readonly bytes: number;
}

/** What a clear of a scope would end. */
export interface Preview {
  readonly scope: Scope;
  readonly entries: number;
  readonly bytes: number;
  readonly sample: readonly PreviewedEntry[];
  /** Whether all entries were looked at, and not `limit` alone. */
  readonly complete: boolean;
}

const LIMIT_MAX = 10_000_000;
const SAMPLE_MAX = 1_000;

/** What is looked at: a node's namespaces, and those `apart`, of which it has its own values alone. */
interface Previewed {
  readonly scope: Scope;
  readonly namespaces: readonly string[];
  readonly apart: readonly string[];
}

/** Looks for the values that a clear of a scope would end now; changes nothing. */
export async function preview(
  engine: Engine,
  { scope, namespaces, apart }: Previewed,
  options: PreviewOptions,
): Promise<Preview> {
  const scopeId = engine.node.secrets.identifiers.scope(checkedScope(scope));
  const reader = new OptionReader(options);
  const limit = reader.count('limit', 100_000, [1, LIMIT_MAX]);
  const sampled = reader.count('sample', 10, [0, SAMPLE_MAX]);
  reader.refuseOthers({ limit: true, sample: true });
  reader.finish('preview');
  const found = new Found(engine, sampled);
  for (const entry of engine.node.near.inScope(scopeId)) {
    const namespace = engine.node.namespaces.get(entry.namespace) ?? '';
    const isOnlyHere = !engine.node.shared || apart.includes(namespace);
    if (isOnlyHere && isLiveNear(engine.node.epochs, entry)) found.add({ ...entry, namespace });
  }
  if (!engine.node.shared) return { scope, ...found.all, complete: true };
  const named = 'namespace' in scope ? [scope.namespace] : namespaces;
  const searched = named.filter((name) => !apart.includes(name));
  let work = 0;
  for await (const { entries } of walk(engine, searched)) {
    for (const { entry, namespace, keyId, bytes } of entries) {
      const ofNamespace = engine.node.secrets.identifiers.scope({ namespace });
      const isCovered = !('tag' in scope) || entry.tags.includes(scopeId);
      if (isCovered && engine.node.epochs.isLive(entry.born, ofNamespace, entry.tags)) {
        found.add({ namespace, keyId, version: entry.version, bytes });
      }
    }
    // An empty page is work, too.
    work += Math.max(1, entries.length);
    if (work >= limit) return { scope, ...found.all, complete: false };
  }
  return { scope, ...found.all, complete: true };
}

/** Counts, and keeps a few: each that was added is as likely to be among them. */
class Found {
  readonly #engine: Engine;
  readonly #sampled: number;
  readonly #sample: PreviewedEntry[] = [];
  #entries = 0;
  #bytes = 0;

  constructor(engine: Engine, sampled: number) {
    this.#engine = engine;
    this.#sampled = sampled;
  }

  get all(): Pick<Preview, 'entries' | 'bytes' | 'sample'> {
    return { entries: this.#entries, bytes: this.#bytes, sample: this.#sample };
  }

  add({ namespace, keyId, version, bytes }: Omit<PreviewedEntry, 'key'> & { readonly keyId: KeyId }): void {
    const { near, random } = this.#engine.node;
    this.#bytes += bytes;
    const place = this.#entries < this.#sampled ? this.#entries : Math.floor(random.fraction() * (this.#entries + 1));
    this.#entries++;
    if (place >= this.#sampled) return;
    this.#sample[place] = { namespace, keyId, key: near.entryOf(keyId)?.key, version, bytes };
  }
}
