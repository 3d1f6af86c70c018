import type {
  CommittedOptions,
  Lockstep,
  Lookup,
  Namespace,
  NamespaceOptions,
  NamespaceStats,
  Receipt,
} from '@lockstep/cache';
import { TierUnavailableError } from '@lockstep/cache';

/** How long a grant is believed where nobody could say whether it is revoked. */
const UNCERTAIN_MS = 1_000;
/** How often a revocation that changes while it is taken back is looked at. */
const TRIES_MAX = 3;

/** A grant that is no longer given, and the revision of the configuration that does not give it. */
export interface Revocation {
  readonly grant: string;
  readonly revision: string;
}

/**
 * What keys grant, and what they grant no longer.
 *
 * Nodes take a changed configuration over one after another. A grant that one of them has revoked is refused by all at
 * once: the revocation is written into the tier, then the grant is cleared, fenced; and whoever loads it again, from a
 * configuration that still has it, asks for a revocation first. A revocation is taken back only by a node that has itself
 * run the configuration that it comes from: one that is behind cannot put back what a newer one took away.
 */
export class KeyGrants {
  readonly #grants: Namespace<string>;
  readonly #revoked: Namespace<string>;

  constructor(lockstep: Lockstep, policies: Readonly<Record<'gateway-key' | 'revoked-key', NamespaceOptions>>) {
    this.#grants = lockstep.namespace('gateway-key', policies['gateway-key']);
    this.#revoked = lockstep.namespace('revoked-key', policies['revoked-key']);
  }

  /** The id of the gateway that a grant opens; undefined: it is revoked. */
  async gatewayId(grant: string, load: () => string): Promise<string | undefined> {
    return this.#grants.peek(grant) ?? this.#load(grant, load);
  }

  /** Revokes grants. When it resolves, no node opens a gateway by them, but one that has lost the tier. */
  async revoke(revocations: readonly Revocation[]): Promise<void> {
    await this.#revoked.setMany(revocations.map(({ grant, revision }) => [grant, revision] as const));
    await this.#grants.clearMany(new Set(revocations.map(({ grant }) => grant)), { wait: 'fenced' });
  }

  /** Takes revocations back that come from a revision that `hasRun`; answers the grants that stay revoked. */
  async restore(grants: readonly string[], hasRun: (revision: string) => boolean): Promise<readonly string[]> {
    const revoked = [...(await this.#revoked.lookupMany(grants))].filter(([, found]) => isRevoked(found));
    const restored = await Promise.all(revoked.map(([grant]) => this.#restore(grant, hasRun)));
    return revoked.filter((_, at) => restored[at] === false).map(([grant]) => grant);
  }

  /** Ends what the caches know of a grant, or its freshness; it is not revoked by that. */
  async clear(grant: string, options: CommittedOptions): Promise<Receipt> {
    return this.#grants.clear(grant, options);
  }

  async expire(grant: string, options: CommittedOptions): Promise<Receipt> {
    return this.#grants.expire(grant, options);
  }

  stats(): NamespaceStats {
    return this.#grants.stats();
  }

  async #load(grant: string, load: () => string): Promise<string | undefined> {
    const found = await this.#grants.lookup(grant, async ({ answer, denied }) => {
      const revoked = await this.#revoked.lookup(grant);
      if (revoked.outcome === 'hit') return denied();
      return revoked.degraded ? answer(load(), { ttl: UNCERTAIN_MS }) : load();
    });
    return found.outcome === 'miss' ? undefined : found.value;
  }

  async #restore(grant: string, hasRun: (revision: string) => boolean): Promise<boolean> {
    for (let attempt = 1; attempt <= TRIES_MAX; attempt++) {
      const found = await this.#revoked.lookup(grant);
      if (!isRevoked(found)) return true;
      if (!hasRun(found.value)) return false;
      const cleared = await this.#revoked.compareAndClear(grant, found.version);
      if (!cleared.committed) continue;
      await this.#grants.clear(grant);
      return true;
    }
    throw new TierUnavailableError('a revocation changed each time it was to be taken back');
  }
}

/** Whether a grant is revoked; throws where nobody can say. */
function isRevoked(found: Lookup<string>): found is Exclude<Lookup<string>, { outcome: 'miss' }> {
  if (found.outcome !== 'miss') return true;
  if (found.degraded) throw new TierUnavailableError('the tier cannot say whether a key is revoked');
  return false;
}
