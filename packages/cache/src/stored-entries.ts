import type { KeyId, TierEntry } from '@lockstep/core';
import { ConfigError, decodeEntry, TierUnavailableError } from '@lockstep/core';
import type { Engine } from './engine.ts';

/** About how many entries one request to the tier asks for. */
const PAGE_ENTRIES = 256;
const CURSOR = /^([a-z0-9][a-z0-9._-]{0,63}):(\d{1,4}):(\d{1,20})$/;

/** Where a walk goes on: a namespace, a partition of it, and the tier's cursor there. */
interface Place {
  readonly namespace: string;
  readonly partition: number;
  readonly cursor: string;
}

/** One entry that the tier has. Its payload is cut short, its life not looked at. */
interface WalkedEntry {
  readonly namespace: string;
  readonly partition: number;
  readonly keyId: KeyId;
  readonly entry: TierEntry;
  /** In the tier, payload included. */
  readonly bytes: number;
}

/** Some entries, and from where to go on after them: text that `walk` takes. */
interface WalkedPage {
  readonly entries: readonly WalkedEntry[];
  readonly next: string;
}

/**
 * Walks through what the tier has of namespaces, page by page, as slowly as its caller takes the pages; what changes
 * meanwhile may be seen or not. Rejects with `tier-unavailable` where this node could not judge what it finds.
 */
export async function* walk(engine: Engine, namespaces: readonly string[], from?: string): AsyncGenerator<WalkedPage> {
  const { node, breaker, heartbeat, coherence } = engine;
  const start = from === undefined ? undefined : placeOf(from);
  await heartbeat.beat();
  const { state, reason } = coherence.now;
  if (state !== 'coherent')
    throw new TierUnavailableError(`this node is ${state}, and cannot tell live from dead: ${reason}`);
  for (const namespace of namespaces.toSorted()) {
    if (start !== undefined && namespace < start.namespace) continue;
    const at = start?.namespace === namespace ? start : { partition: 0, cursor: '0' };
    let { cursor } = at;
    for (let { partition } = at; partition < node.partitions; partition++) {
      do {
        const asked = cursor;
        const page = await breaker.call(() => node.tier.scan({ partition, namespace }, asked, PAGE_ENTRIES));
        const entries = page.entries.flatMap(({ keyId, head, bytes }): readonly WalkedEntry[] => {
          const entry = decodeEntry(head);
          return entry === undefined ? [] : [{ namespace, partition, keyId, entry, bytes }];
        });
        cursor = page.cursor;
        const isLast = cursor === '0';
        yield { entries, next: `${namespace}:${isLast ? partition + 1 : partition}:${cursor}` };
      } while (cursor !== '0');
    }
  }
}

function placeOf(text: string): Place {
  const [, namespace = '', partition, cursor = ''] = CURSOR.exec(text) ?? [];
  if (partition !== undefined) return { namespace, partition: Number(partition), cursor };
  throw new ConfigError(`cursor: got ${JSON.stringify(text)}, takes one that an earlier call answered`);
}
