import type { ExplainedEntry, ExplainQuery, Explanation } from '@lockstep/admin-api';
import type { ExplainedEntry as Found } from '@lockstep/cache';
import type { AdminToken } from '@lockstep/config';
import { refOf } from '../discovery.ts';
import type { AdminCaches } from './caches.ts';
import { refuseBeyondLimits } from './reach.ts';
import { Refusal } from './refusal.ts';

/** `GET /explain`: why this node would answer what for one key. */
export async function explain(caches: AdminCaches, token: AdminToken, query: ExplainQuery): Promise<Explanation> {
  refuseBeyondLimits(token, query);
  const namespace = caches.namespace(query.namespace);
  const found = await namespace.explain(query.key ?? (await keyOf(caches, query)));
  const { near, tier, stalenessMs, applied = null, head = null, ...rest } = found;
  return {
    ...rest,
    near: near === undefined ? null : entryView(near),
    tier: tier === undefined ? null : tier === 'unreachable' ? tier : entryView(tier),
    stalenessMs: Number.isFinite(stalenessMs) ? stalenessMs : null,
    applied,
    head,
  };
}

/** The key of what a gateway has in a namespace. */
async function keyOf(caches: AdminCaches, { namespace, gateway: id = '', server }: ExplainQuery): Promise<string> {
  const gateway = caches.gateway(id);
  const { keyRing, cache } = caches.services;
  if (namespace === 'gateway-config') return keyRing.configKey(gateway.id);
  if (namespace !== 'tools') {
    throw new Refusal('request-invalid', 'namespace: takes tools or gateway-config beside a gateway, else a key');
  }
  if (server === undefined) throw new Refusal('request-invalid', 'server: takes the name of a server of the gateway');
  const key = await cache.toolsKey(refOf(gateway, caches.server(gateway, server)));
  if (key === undefined) throw new Refusal('not-found', 'server: its tools are kept for nobody');
  return key;
}

function entryView({ objection, ...entry }: Found): ExplainedEntry {
  return { ...entry, objection: objection ?? null };
}
