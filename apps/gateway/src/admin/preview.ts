import type { Preview, PreviewedEntry } from '@lockstep/admin-api';
import type { Explanation, Scope } from '@lockstep/cache';
import type { AdminCaches } from './caches.ts';
import { showsKeys } from './caches.ts';
import type { Target } from './target.ts';

/** What a clear would end now; changes nothing. */
export async function previewOf(caches: AdminCaches, target: Target, sample: number): Promise<Preview> {
  const { lockstep, services } = caches;
  const ofScopes = async (scopes: readonly Scope[]): Promise<readonly Preview[]> => {
    const previews: Preview[] = [];
    // One after the other: each looks at everything that the tier has.
    for (const scope of scopes) previews.push(shown(await lockstep.preview(scope, { sample })));
    return previews;
  };
  if ('tag' in target) return sumOf(await ofScopes([{ tag: target.tag }]), sample);
  if ('namespace' in target) {
    const { namespace, key } = target;
    if (key === undefined) return sumOf(await ofScopes([{ namespace }]), sample);
    return sumOf([ofKey(await caches.namespace(namespace).explain(key))], sample);
  }
  const scopes = services.cache.scopesOf(target.request).map(({ scope }) => scope);
  const keys = ofConfigs(target) ? (target.request.gateway?.keys ?? []) : [];
  const ofKeys = keys.map(async (key) => ofKey(await caches.namespace('gateway-key').explain(key)));
  return sumOf([...(await ofScopes(scopes)), ...(await Promise.all(ofKeys))], sample);
}

function ofConfigs({ request: { type } }: Extract<Target, { readonly request: unknown }>): boolean {
  return type === 'all' || type === 'gateway_config';
}

/** Of one key: whether there is anything to end. How large it is, is not known. */
function ofKey({ namespace, keyId, near, tier }: Explanation): Preview {
  const entry = typeof tier === 'object' ? tier : near;
  const isLive = entry !== undefined && entry.objection !== 'cleared' && entry.objection !== 'unreadable';
  const sample = isLive ? [{ namespace, keyId, version: entry.version, bytes: 0 }] : [];
  return { entries: sample.length, bytes: 0, sample, complete: tier !== 'unreachable' };
}

function shown(preview: Awaited<ReturnType<AdminCaches['lockstep']['preview']>>): Preview {
  const { entries, bytes, sample, complete } = preview;
  return { entries, bytes, sample: sample.map(shownEntry), complete };
}

function shownEntry(entry: Omit<PreviewedEntry, 'key'> & { readonly key: string | undefined }): PreviewedEntry {
  const { namespace, keyId, key, version, bytes } = entry;
  return { namespace, keyId, ...(key !== undefined && showsKeys(namespace) && { key }), version, bytes };
}

function sumOf(parts: readonly Preview[], sample: number): Preview {
  return {
    entries: parts.reduce((sum, { entries }) => sum + entries, 0),
    bytes: parts.reduce((sum, { bytes }) => sum + bytes, 0),
    sample: parts.flatMap((part) => part.sample).slice(0, sample),
    complete: parts.every(({ complete }) => complete),
  };
}
