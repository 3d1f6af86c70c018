import type { Head, KeyId, StoredEntry } from '@lockstep/core';
import { CacheError, decodeEntry } from '@lockstep/core';
import type { NearEntry } from '@lockstep/near-cache';
import { decodeValue } from './codec.ts';
import type { Engine, Space } from './engine.ts';
import { keyAddress } from './key-address.ts';
import { isLiveNear } from './live-near.ts';
import { unpacked } from './packing.ts';

/** Why an entry may not be answered as fresh. */
export type Objection =
  /** Its `ttl`, or `nearTtl`, is over, or it was expired. */
  | 'not-fresh'
  /** A clear of one of its scopes is younger than it, or it was written under another control history. */
  | 'cleared'
  /** This node has not been able to check for longer than Δ. */
  | 'not-vouched'
  /** It is not what this node's release, codec, keys or schema can read. */
  | 'unreadable';

/** One entry, near or in the tier. */
export interface ExplainedEntry {
  /** Of the event that wrote it; empty for what only this node has. */
  readonly version: string;
  /** The control sequence before which its load began. */
  readonly bornAt: number;
  /** How long it is fresh yet, in ms; 0: it is not. */
  readonly freshForMs: number;
  /** How long it may stand in for a load that fails, in ms. */
  readonly standsInForMs: number;
  /** Why it is not answered as fresh; undefined: it is. */
  readonly objection: Objection | undefined;
}

/** Why this node would answer what, for one key, now. */
export interface Explanation {
  readonly namespace: string;
  /** What tier and bus know the key by. */
  readonly keyId: string;
  readonly partition: number;
  /** What a lookup without a loader would find. */
  readonly answer: 'near' | 'tier' | 'nothing';
  readonly near: ExplainedEntry | undefined;
  /** `unreachable`: it did not answer. */
  readonly tier: ExplainedEntry | 'unreachable' | undefined;
  /** How far behind the tier this node may be for this key, in ms. */
  readonly stalenessMs: number;
  /** The newest event of the key's partition that has taken effect here, and that the tier has. */
  readonly applied: number | undefined;
  readonly head: number | undefined;
  /** How many lookups, loads and writes of the key are under way here. */
  readonly flights: number;
}

/** Looks at everything that decides the answer for a key; changes nothing, and takes no lease. */
export async function explain(engine: Engine, space: Space, key: string): Promise<Explanation> {
  const { node, breaker } = engine;
  const address = keyAddress(node, space.name, key);
  const { keyId, partition } = address;
  const read = await breaker
    .call(() => node.tier.read(address))
    .catch((error: unknown) => {
      if (error instanceof CacheError) return undefined;
      throw error;
    });
  const kept = space.region.get(key);
  const near = kept && explainNear(engine, kept);
  const tier =
    read === undefined
      ? 'unreachable'
      : read.entry && (await explainStored(engine, space, { ...address, ...read, entry: read.entry }));
  const isInTier = typeof tier === 'object' && tier.objection === undefined;
  return {
    namespace: space.name,
    keyId,
    partition,
    answer: near !== undefined && near.objection === undefined ? 'near' : isInTier ? 'tier' : 'nothing',
    near,
    tier,
    stalenessMs: Math.max(0, node.clock.nowMs() - (node.horizons.serveUntil[partition] as number) + node.deltaMs),
    applied: node.data[partition]?.applied?.sequence,
    head: read?.head?.sequence,
    flights: [...node.flights.of(keyId)].length,
  };
}

function explainNear({ node }: Engine, entry: NearEntry): ExplainedEntry {
  const nowMs = node.clock.nowMs();
  const isLive = isLiveNear(node.epochs, entry);
  const isFresh = nowMs < entry.freshUntilMs;
  return {
    version: entry.version,
    bornAt: entry.born.sequence,
    freshForMs: Math.max(0, entry.freshUntilMs - nowMs),
    standsInForMs: entry.graceMs > 0 && isLive ? Math.max(0, entry.staleUntilMs - nowMs) : 0,
    objection: objectionOf({ isLive, isFresh, isVouched: node.isFresh(entry.partition) }),
  };
}

async function explainStored(
  engine: Engine,
  space: Space,
  read: {
    readonly keyId: KeyId;
    readonly partition: number;
    readonly head: Head | undefined;
    readonly entry: StoredEntry;
  },
): Promise<ExplainedEntry> {
  const { node } = engine;
  const { bytes, remainingMs } = read.entry;
  const body = decodeEntry(bytes);
  const entry = body && unpacked(engine, space, { keyId: read.keyId, body });
  const decoded = entry && (await decodeValue(space, entry));
  if (entry === undefined || decoded === undefined)
    return { version: '', bornAt: 0, freshForMs: 0, standsInForMs: 0, objection: 'unreadable' };
  const isLive = node.epochs.isLive(entry.born, space.scopeId, entry.tags);
  const isExpired = entry.expired || node.epochs.isExpired(entry.born, space.scopeId, entry.tags);
  const freshForMs = isExpired ? 0 : Math.max(0, remainingMs - entry.graceMs);
  const isOurs = read.head?.incarnation === node.data[read.partition]?.applied?.incarnation;
  return {
    version: entry.version,
    bornAt: entry.born.sequence,
    freshForMs,
    standsInForMs: entry.graceMs > 0 && isLive ? remainingMs : 0,
    objection: objectionOf({ isLive, isFresh: freshForMs > 0, isVouched: isOurs && node.isFresh(read.partition) }),
  };
}

function objectionOf(judged: {
  readonly isLive: boolean;
  readonly isFresh: boolean;
  readonly isVouched: boolean;
}): Objection | undefined {
  if (!judged.isLive) return 'cleared';
  if (!judged.isFresh) return 'not-fresh';
  return judged.isVouched ? undefined : 'not-vouched';
}
