import type { Status } from '@lockstep/admin-api';
import type { Command } from 'commander';
import { EXIT } from '../exit-codes.ts';
import { writeDocument } from '../output/document.ts';
import { countText } from '../output/units.ts';
import type { CommandContext, NodeCommandOptions } from './node-command.ts';
import { speaksToNode, withExamples, withNode } from './node-command.ts';

/** What `lockstep cache status --json` prints; the names with underscores are those of the description. */
interface CacheStatusDocument {
  readonly cache_type: Status['cache_type'];
  readonly total_gateways: number | null;
  readonly total_tool_caches: number | null;
  readonly total_config_caches: number | null;
  readonly total_gateway_keys: number | null;
  readonly redis_info?: Status['redis_info'];
}

/** `lockstep cache status`: how many of which caches there are. */
export function addCacheStatus(parent: Command, context: CommandContext): void {
  const { terminal, signal } = context;
  const command = speaksToNode(parent.command('status').description('How many of which caches there are.'));
  withExamples(command, ['cache status', 'cache status --json']).action((options: NodeCommandOptions) =>
    withNode(options, context, async ({ client }) => {
      const document = cacheStatusDocument(await client.status({ signal }));
      if (options.json === true) writeDocument(terminal, document);
      else terminal.stdout.write(cacheStatusText(document));
      return EXIT.ok;
    }),
  );
}

function cacheStatusDocument(status: Status): CacheStatusDocument {
  const { cache_type, total_gateways, total_tool_caches, total_config_caches, redis_info, namespaces } = status;
  const total_gateway_keys = namespaces['gateway-key']?.entries ?? null;
  const totals = { cache_type, total_gateways, total_tool_caches, total_config_caches, total_gateway_keys };
  return redis_info === undefined ? totals : { ...totals, redis_info };
}

/** The words of the description that the gateway follows, and after them what it does not have. */
function cacheStatusText(document: CacheStatusDocument): string {
  const lines = [
    'Cache Status:',
    `Type: ${document.cache_type}`,
    `Tool Caches: ${countText(document.total_tool_caches)}`,
    `Config Caches: ${countText(document.total_config_caches)}`,
    `Gateway Keys: ${countText(document.total_gateway_keys)}`,
    `Gateways: ${countText(document.total_gateways)}`,
  ];
  return `${lines.join('\n')}\n`;
}
