import type { Lockstep, Namespace } from '@lockstep/cache';
import type { GatewayDefinition, ServerDefinition } from '@lockstep/config';
import type { GatewayServices } from '../mcp/services.ts';
import { Refusal } from './refusal.ts';

/** The namespaces that the API clears and explains, beside which a node has some for its own affairs. */
const NAMESPACES = ['tools', 'tool-scopes', 'gateway-config', 'gateway-key', 'oauth-token'] as const;
/** Namespaces whose keys are made of keys and credentials, if only as digests: they are not shown. */
const HIDDEN_KEYS: ReadonlySet<string> = new Set(['gateway-key', 'oauth-token']);

/** What the admin API works with: the node's caches, and the gateways that they are of. */
export class AdminCaches {
  readonly lockstep: Lockstep;
  readonly services: GatewayServices;

  constructor(lockstep: Lockstep, services: GatewayServices) {
    this.lockstep = lockstep;
    this.services = services;
  }

  /** The namespaces that the API knows. */
  get namespaces(): readonly Namespace<unknown>[] {
    const open = this.lockstep.namespaces;
    return NAMESPACES.flatMap((name) => open.get(name) ?? []);
  }

  /** The namespace of this name, or a refusal. */
  namespace(name: string): Namespace<unknown> {
    const found = this.namespaces.find((namespace) => namespace.name === name);
    if (found !== undefined) return found;
    throw new Refusal('not-found', `namespace: got ${JSON.stringify(name)}, takes one of ${NAMESPACES.join(', ')}`);
  }

  /** The gateway of this id, or a refusal. */
  gateway(id: string): GatewayDefinition {
    const found = this.services.keyRing.gateways().find((gateway) => gateway.id === id);
    if (found !== undefined) return found;
    throw new Refusal('not-found', 'gateway: takes the id of a gateway of this configuration');
  }

  /** Its server of this name, or a refusal. */
  server(gateway: GatewayDefinition, name: string): ServerDefinition {
    const found = gateway.servers.find((server) => server.name === name);
    if (found !== undefined) return found;
    throw new Refusal('not-found', 'server: takes the name of a server of the gateway');
  }
}

/** Whether the keys of a namespace may be shown. */
export function showsKeys(namespace: string): boolean {
  return !HIDDEN_KEYS.has(namespace);
}
