import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { GatewayDefinition, GatewayDirectory, KeyRole } from '@lockstep/config';
import type { GatewayCache, GatewayRef } from '@lockstep/gateway-cache';

interface KnownKey {
  readonly digest: Buffer;
  /** The key's name in the caches; the key itself goes nowhere. */
  readonly cacheKey: string;
  readonly gatewayId: string;
  readonly role: KeyRole;
}

/** What a key opens: a gateway, and what its holder may do with the caches of it. */
export interface OpenedGateway {
  readonly gateway: GatewayDefinition;
  readonly role: KeyRole;
}

/**
 * Opens gateways by their keys: key → gateway id → configuration, both through the caches.
 *
 * A wrong key takes the path of a right one: the same digest, the same comparison, the lookups of a gateway that
 * exists. The answer is thrown away at the end. Keys are compared as MACs under a key of this process, so the time
 * that finding one takes says nothing about it.
 */
export class KeyRing<T> {
  readonly #cache: GatewayCache<GatewayDefinition, T>;
  readonly #macKey: Buffer = randomBytes(32);
  readonly #revision: string;
  readonly #keys: ReadonlyMap<string, KnownKey>;
  readonly #gateways: ReadonlyMap<string, GatewayDefinition>;

  constructor(directory: GatewayDirectory, cache: GatewayCache<GatewayDefinition, T>) {
    this.#cache = cache;
    this.#revision = shortHash(JSON.stringify(directory));
    this.#gateways = new Map(directory.gateways.map((gateway) => [gateway.id, gateway]));
    this.#keys = new Map(
      directory.keys.map(({ key, gatewayId, role }) => {
        const digest = this.#digest(key);
        return [digest.toString('hex'), { digest, cacheKey: `${this.#revision}:${shortHash(key)}`, gatewayId, role }];
      }),
    );
  }

  /** The gateway that a key opens; undefined: no such key. */
  async open(presented: string): Promise<OpenedGateway | undefined> {
    const digest = this.#digest(presented);
    const [decoy] = this.#keys.values();
    const known = this.#keys.get(digest.toString('hex')) ?? decoy;
    if (known === undefined) return undefined;
    const isRight = timingSafeEqual(digest, known.digest);
    const gatewayId = await this.#cache.gatewayId(known.cacheKey, () => known.gatewayId);
    const gateway = await this.#cache.gatewayConfig(this.configKey(gatewayId), { gatewayId }, () =>
      this.#definition(gatewayId),
    );
    return isRight ? { gateway, role: known.role } : undefined;
  }

  /** What a clear of this gateway concerns. */
  refOf(gateway: GatewayDefinition): GatewayRef {
    const keys = [...this.#keys.values()].filter(({ gatewayId }) => gatewayId === gateway.id);
    const sendsTokens = gateway.servers.some(({ connection }) => connection.kind === 'http' && connection.oauth);
    return {
      gatewayId: gateway.id,
      configId: gateway.configId,
      keys: keys.map(({ cacheKey }) => cacheKey),
      ...(sendsTokens && { sendsTokens }),
    };
  }

  /** Every gateway that this node knows. */
  gateways(): readonly GatewayDefinition[] {
    return [...this.#gateways.values()];
  }

  /** The name of a gateway's configuration in the caches: another file, another name. */
  configKey(gatewayId: string): string {
    return `${this.#revision}:${gatewayId}`;
  }

  #definition(gatewayId: string): GatewayDefinition {
    const definition = this.#gateways.get(gatewayId);
    if (definition === undefined) throw new Error('the caches name a gateway that this configuration has not');
    return definition;
  }

  #digest(key: string): Buffer {
    return createHmac('sha256', this.#macKey).update(key).digest();
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
