/** What a clear concerns: everything of a gateway, its configuration and keys, or its servers' tool lists. */
export type CacheType = 'all' | 'gateway_config' | 'server_config' | 'tools';

const WORDS: Readonly<Record<string, CacheType>> = {
  all: 'all',
  gateway_config: 'gateway_config',
  gateway: 'gateway_config',
  gateway_cache: 'gateway_config',
  gateway_config_cache: 'gateway_config',
  server_config: 'server_config',
  server: 'server_config',
  servers: 'server_config',
  tools: 'tools',
  tool: 'tools',
};

/** Every word that `parseCacheType` takes. */
export const CACHE_TYPE_WORDS: readonly string[] = Object.keys(WORDS);

/** The type that a word names, in any case; undefined: no such word. */
export function parseCacheType(word: string): CacheType | undefined {
  const wanted = word.trim().toLowerCase();
  return Object.hasOwn(WORDS, wanted) ? WORDS[wanted] : undefined;
}
