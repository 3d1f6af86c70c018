import { z } from 'zod';

/** The words of `cacheType`: those of the description that the gateway follows, and their aliases. */
export const CACHE_TYPES: readonly CacheTypeWord[] = [
  'all',
  'gateway_config',
  'gateway',
  'gateway_cache',
  'gateway_config_cache',
  'server_config',
  'server',
  'servers',
  'tools',
  'tool',
];

/** A word of `cacheType`. */
export type CacheTypeWord =
  | 'all'
  | 'gateway_config'
  | 'gateway'
  | 'gateway_cache'
  | 'gateway_config_cache'
  | 'server_config'
  | 'server'
  | 'servers'
  | 'tools'
  | 'tool';

/** What a clear or an expire concerns: exactly one of these. */
export type InvalidationScope = EverythingScope | KeyScope | NamespaceScope | TagScope | GatewayScope;

/** All values of all namespaces. */
export interface EverythingScope {
  readonly everything: true;
}

/** All values of one namespace. */
export interface NamespaceScope {
  readonly namespace: string;
}

/** All values that carry a tag, in every namespace. */
export interface TagScope {
  readonly tag: string;
}

/** One value. */
export interface KeyScope {
  readonly namespace: string;
  readonly key: string;
}

/** What the caches have of one gateway: all of it, or a kind; of tool lists, those of one server. */
export interface GatewayScope {
  /** The gateway's id. */
  readonly gateway: string;
  /** Left out: `all`. */
  readonly cacheType?: CacheTypeWord;
  /** With it, the tool lists of this server instead of all of the gateway's. */
  readonly server?: string;
}

export const namespaceSchema: z.ZodType<string> = z
  .string()
  .regex(/^[a-z0-9][a-z0-9._-]{0,63}$/, 'takes the name of a namespace, such as tools')
  .meta({ description: 'The name of a namespace.' });
export const keySchema: z.ZodType<string> = z
  .string()
  .min(1)
  .max(4_096)
  .meta({ description: 'A key, as the gateway knows it.' });
export const gatewaySchema: z.ZodType<string> = z
  .string()
  .min(1)
  .max(700)
  .meta({ description: 'The id of a gateway.' });
export const serverSchema: z.ZodType<string> = z
  .string()
  .min(1)
  .max(200)
  .meta({ description: 'The name of an MCP server of the gateway.' });

const TAKES =
  'takes exactly one of { everything: true }, { namespace }, { namespace, key }, { tag }, { gateway, cacheType?, server? }';

export const invalidationScopeSchema: z.ZodType<InvalidationScope> = z
  .union(
    [
      z.strictObject({ everything: z.literal(true) }),
      z.strictObject({ namespace: namespaceSchema, key: keySchema }),
      z.strictObject({ namespace: namespaceSchema }),
      z.strictObject({ tag: z.string().min(1).max(4_096) }),
      z.strictObject({
        gateway: gatewaySchema,
        cacheType: z.enum(CACHE_TYPES).exactOptional(),
        server: serverSchema.exactOptional(),
      }),
    ],
    { error: TAKES },
  )
  .meta({ description: 'What is cleared or expired: exactly one of these.' });
