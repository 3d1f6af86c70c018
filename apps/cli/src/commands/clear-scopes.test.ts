import { CACHE_TYPES, invalidationScopeSchema } from '@lockstep/admin-api';
import { describe, expect, it } from 'vitest';
import type { ScopeOptions } from './clear-scopes.ts';
import { scopesOf } from './clear-scopes.ts';

const EVERYTHING = [{ everything: true }];
const CONFIGS = [{ namespace: 'gateway-config' }, { namespace: 'gateway-key' }];

describe('what a clear names', () => {
  it.each([
    { word: undefined, options: {}, scopes: EVERYTHING },
    { word: undefined, options: { all: true }, scopes: EVERYTHING },
    { word: 'all', options: { all: true }, scopes: EVERYTHING },
    { word: 'gateway_cache', options: {}, scopes: CONFIGS },
    { word: 'servers', options: {}, scopes: [{ namespace: 'tools' }] },
    { word: undefined, options: { gateway: 'g' }, scopes: [{ gateway: 'g' }] },
    {
      word: 'all',
      options: { gateway: 'g', server: 's' },
      scopes: [{ gateway: 'g', cacheType: 'all', server: 's' }],
    },
    { word: undefined, options: { namespace: 'n' }, scopes: [{ namespace: 'n' }] },
    { word: undefined, options: { namespace: 'n', key: 'k' }, scopes: [{ namespace: 'n', key: 'k' }] },
    { word: undefined, options: { tag: 't' }, scopes: [{ tag: 't' }] },
  ] as const)('$word with $options is $scopes', ({ word, options, scopes }) => {
    expect(scopesOf(word, options)).toEqual(scopes);
  });

  it.each([...CACHE_TYPES])('the word %s is a scope of the API, with a gateway and without', (word) => {
    for (const scope of [...scopesOf(word, {}), ...scopesOf(word, { gateway: 'g' })]) {
      expect(invalidationScopeSchema.parse(scope)).toEqual(scope);
    }
  });

  it.each<{ word?: 'tools'; options: ScopeOptions; says: string }>([
    { word: 'tools', options: { all: true }, says: 'one of --all, tools' },
    { word: 'tools', options: { namespace: 'n' }, says: 'one of --namespace, tools' },
    { options: { all: true, gateway: 'g' }, says: 'one of --all, --gateway' },
    { options: { namespace: 'n', tag: 't' }, says: 'one of --namespace, --tag' },
    { options: { key: 'k' }, says: '--key takes a --namespace' },
    { word: 'tools', options: { server: 's' }, says: '--server takes a --gateway' },
  ])('$word with $options is refused: $says', ({ word, options, says }) => {
    expect(() => scopesOf(word, options)).toThrow(says);
  });
});
