import type { EntryWrite, KeyId, TierEntry } from '@lockstep/core';
import { decodeEntry, encodeBody } from '@lockstep/core';
import { FakeClock, FakeRandom, RecordingLogger } from '@lockstep/testkit';
import type { Lockstep, LockstepOptions, Receipt } from '../src/index.ts';
import { openLockstep } from '../src/index.ts';
import { NullTier } from '../src/null-tier.ts';

const BORN = `${'1'.repeat(16)}:0`;

/** The entries of a tier that keeps nothing else: any number of nodes may look at it, and a test may change it. */
export class Shelf {
  readonly #bytes: Map<KeyId, Uint8Array> = new Map();

  /** Puts any bytes in a key's place, below the header of a live entry. */
  putBody(keyId: KeyId, body: Uint8Array, fingerprint: string): void {
    this.#bytes.set(keyId, Buffer.concat([Buffer.from(`f 0 ${BORN} ${fingerprint} 1\n`), body]));
  }

  /** Changes an entry, as someone who may write into the tier could. */
  change(keyId: KeyId, changed: Partial<TierEntry>): void {
    const entry = { ...this.entry(keyId), ...changed };
    this.putBody(keyId, encodeBody(entry), entry.fingerprint);
  }

  bytes(keyId: KeyId): Uint8Array | undefined {
    return this.#bytes.get(keyId);
  }

  /** What the tier holds for a key. */
  entry(keyId: KeyId): TierEntry {
    return decodeEntry(this.#bytes.get(keyId) ?? new Uint8Array()) as TierEntry;
  }
}

/** A tier that has what is on a shelf. */
export class ShelfTier extends NullTier {
  readonly #shelf: Shelf;

  constructor(clock: FakeClock, shelf: Shelf) {
    super(clock);
    this.#shelf = shelf;
  }

  override async read(...[address, lease]: Parameters<NullTier['read']>): ReturnType<NullTier['read']> {
    const bytes = this.#shelf.bytes(address.keyId);
    if (bytes === undefined) return super.read(address, lease);
    return { ...(await super.read(address)), entry: { bytes, remainingMs: 60_000 } };
  }

  override async readOver(...[address, , lease]: Parameters<NullTier['readOver']>): ReturnType<NullTier['readOver']> {
    return super.read(address, lease);
  }

  override async fill(write: EntryWrite, token: string): ReturnType<NullTier['fill']> {
    this.#shelf.putBody(write.keyId, write.body, write.fingerprint);
    return super.fill(write, token);
  }

  override async put(write: EntryWrite): ReturnType<NullTier['put']> {
    this.#shelf.putBody(write.keyId, write.body, write.fingerprint);
    return super.put(write);
  }
}

/** A node that keeps its values on a shelf; nodes on one shelf share what is read from it, and nothing else. */
export interface ShelfNode {
  readonly lockstep: Lockstep;
  readonly logger: RecordingLogger;
  readonly clock: FakeClock;
}

let seed = 0;

export async function openOn(shelf: Shelf, options: LockstepOptions = {}): Promise<ShelfNode> {
  const [clock, logger] = [new FakeClock(), new RecordingLogger()];
  const lockstep = await openLockstep({
    secret: 'a secret of sixteen characters',
    clock,
    timers: clock,
    random: new FakeRandom(++seed),
    tier: new ShelfTier(clock, shelf),
    audit: false,
    logger,
    ...options,
  });
  return { lockstep, logger, clock };
}

/** The id of the key that a receipt is about. */
export function keyIdOf(receipt: Receipt): KeyId {
  return (receipt.target as { readonly keyId: string }).keyId as KeyId;
}
