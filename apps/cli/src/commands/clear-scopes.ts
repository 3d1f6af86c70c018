import type { CacheTypeWord, InvalidationScope } from '@lockstep/admin-api';
import { CommandError } from '../command-error.ts';
import { EXIT } from '../exit-codes.ts';

/** The words and options that say what to clear. */
export interface ScopeOptions {
  readonly all?: true;
  readonly namespace?: string;
  readonly key?: string;
  readonly tag?: string;
  readonly gateway?: string;
  readonly server?: string;
}

const EVERYTHING: InvalidationScope = { everything: true };
const CONFIGS: readonly InvalidationScope[] = [{ namespace: 'gateway-config' }, { namespace: 'gateway-key' }];
const TOOLS: readonly InvalidationScope[] = [{ namespace: 'tools' }];

/** What the description's words mean where no gateway is named: the same of every gateway. */
const OF_EVERY_GATEWAY: Readonly<Record<CacheTypeWord, readonly InvalidationScope[]>> = {
  all: [EVERYTHING],
  gateway_config: CONFIGS,
  gateway: CONFIGS,
  gateway_cache: CONFIGS,
  gateway_config_cache: CONFIGS,
  server_config: TOOLS,
  server: TOOLS,
  servers: TOOLS,
  tools: TOOLS,
  tool: TOOLS,
};

/** The scopes that the words of a command line name; throws a `CommandError` where they name none, or contradict. */
export function scopesOf(word: CacheTypeWord | undefined, options: ScopeOptions): readonly InvalidationScope[] {
  const { all, namespace, key, tag, gateway, server } = options;
  const said = [
    ...(all === true ? ['--all'] : []),
    ...(namespace === undefined ? [] : ['--namespace']),
    ...(tag === undefined ? [] : ['--tag']),
    ...(gateway === undefined ? (word === undefined ? [] : [word]) : ['--gateway']),
  ];
  // `all --all` says one thing twice.
  const kinds = all === true ? said.filter((kind) => kind !== 'all') : said;
  if (kinds.length > 1) throw wrong(`one clear takes one of ${kinds.join(', ')}`);
  if (key !== undefined && namespace === undefined) throw wrong('--key takes a --namespace beside it');
  if (server !== undefined && gateway === undefined)
    throw wrong('--server takes a --gateway beside it: whose server is it?');
  if (gateway !== undefined) {
    const parts = { ...(word === undefined ? {} : { cacheType: word }), ...(server === undefined ? {} : { server }) };
    return [{ gateway, ...parts }];
  }
  if (namespace !== undefined) return [key === undefined ? { namespace } : { namespace, key }];
  if (tag !== undefined) return [{ tag }];
  return all === true || word === undefined ? [EVERYTHING] : OF_EVERY_GATEWAY[word];
}

/** Whether these scopes are all values of all namespaces. */
export function isEverything(scopes: readonly InvalidationScope[]): boolean {
  return scopes.some((scope) => 'everything' in scope);
}

function wrong(message: string): CommandError {
  return new CommandError(message, { exitCode: EXIT.usage, advice: 'see lockstep cache clear --help' });
}
