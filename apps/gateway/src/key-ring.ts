import type { KeyObject } from 'node:crypto';
import { createHmac, createSecretKey, randomBytes, timingSafeEqual } from 'node:crypto';
import type { GatewayDefinition, GatewayDirectory, KeyRole } from '@lockstep/config';
import type { GatewayCache, GatewayRef } from '@lockstep/gateway-cache';
import { configName, grantName } from './config/directory-names.ts';

/** A gateway as the ring has it; made once, so that a request makes nothing. */
interface KnownGateway {
  readonly definition: GatewayDefinition;
  readonly configKey: string;
  readonly ref: { readonly gatewayId: string };
  readonly load: () => GatewayDefinition;
}

interface KnownKey {
  readonly digest: Buffer;
  /** The name, in the caches, of the key and what it grants; the key itself goes nowhere. */
  readonly grant: string;
  readonly role: KeyRole;
  readonly gateway: KnownGateway;
  readonly loadId: () => string;
}

/** The keys and gateways of one configuration. */
interface Known {
  readonly keys: ReadonlyMap<string, KnownKey>;
  /** Whose path a wrong key takes. */
  readonly decoy: KnownKey | undefined;
  readonly gateways: ReadonlyMap<string, KnownGateway>;
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
 *
 * Names in the caches carry the revision of what they stand for alone, so that a change of one gateway or key leaves what
 * is cached of all others. A key that another node has revoked opens nothing here, though this node still has it.
 */
export class KeyRing<T> {
  readonly #cache: GatewayCache<GatewayDefinition, T>;
  readonly #macKey: KeyObject = createSecretKey(randomBytes(32));
  #known: Known;

  constructor(directory: GatewayDirectory, cache: GatewayCache<GatewayDefinition, T>) {
    this.#cache = cache;
    this.#known = this.#knownOf(directory);
  }

  /** Goes by another directory from now on; what was opened before keeps what it has. */
  replace(directory: GatewayDirectory): void {
    this.#known = this.#knownOf(directory);
  }

  /** The gateway that a key opens; undefined: no such key, or one that is revoked. */
  async open(presented: string): Promise<OpenedGateway | undefined> {
    const { keys, decoy } = this.#known;
    const digest = this.#digest(presented);
    const known = keys.get(digest.toString('hex')) ?? decoy;
    if (known === undefined) return undefined;
    const isRight = timingSafeEqual(digest, known.digest);
    const { configKey, ref, load } = known.gateway;
    const gatewayId = await this.#cache.gatewayId(known.grant, known.loadId);
    const gateway = await this.#cache.gatewayConfig(configKey, ref, load);
    return isRight && gatewayId === ref.gatewayId ? { gateway, role: known.role } : undefined;
  }

  /** What a clear of this gateway concerns. */
  refOf(gateway: GatewayDefinition): GatewayRef {
    const keys = [...this.#known.keys.values()].filter((key) => key.gateway.definition.id === gateway.id);
    const sendsTokens = gateway.servers.some(({ connection }) => connection.kind === 'http' && connection.oauth);
    return {
      gatewayId: gateway.id,
      configId: gateway.configId,
      keys: keys.map(({ grant }) => grant),
      ...(sendsTokens && { sendsTokens }),
    };
  }

  /** Every gateway that this node knows. */
  gateways(): readonly GatewayDefinition[] {
    return [...this.#known.gateways.values()].map(({ definition }) => definition);
  }

  /** The name of a gateway's configuration in the caches; of one that is not there any more, a name of nothing. */
  configKey(gatewayId: string): string {
    return this.#known.gateways.get(gatewayId)?.configKey ?? `gone:${gatewayId}`;
  }

  #knownOf(directory: GatewayDirectory): Known {
    const gateways = new Map(directory.gateways.map((gateway) => [gateway.id, knownGateway(gateway)]));
    const keys = new Map<string, KnownKey>();
    for (const entry of directory.keys) {
      const gateway = gateways.get(entry.gatewayId);
      if (gateway === undefined) throw new Error('a key names a gateway that its configuration has not');
      const digest = this.#digest(entry.key);
      const loadId = () => entry.gatewayId;
      keys.set(digest.toString('hex'), { digest, grant: grantName(entry), role: entry.role, gateway, loadId });
    }
    const [decoy] = keys.values();
    return { keys, decoy, gateways };
  }

  #digest(key: string): Buffer {
    return createHmac('sha256', this.#macKey).update(key).digest();
  }
}

function knownGateway(definition: GatewayDefinition): KnownGateway {
  const configKey = configName(definition);
  return { definition, configKey, ref: { gatewayId: definition.id }, load: () => definition };
}
