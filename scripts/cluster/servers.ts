import { dockerServers } from './docker-servers.ts';
import { debianServers, localServers } from './local-servers.ts';
import type { UpOptions } from './options.ts';
import { shown } from './options.ts';
import type { Need, Server, SourceContext } from './server.ts';

/** The servers of a cluster. */
export interface Servers {
  readonly tier: Server;
  /** Without a bus, nodes learn of clears with their next heartbeat. */
  readonly bus: Server | undefined;
  /** Where they come from, in words. */
  readonly from: string;
}

/** Finds or starts the servers of a cluster; a list of reasons when there is no way to have them. */
export async function findServers(options: UpOptions, context: SourceContext): Promise<Servers | readonly string[]> {
  const tier: Server | undefined = options.tierUrl === undefined ? undefined : { url: options.tierUrl };
  const bus: Server | undefined = options.busUrl === undefined ? undefined : { url: options.busUrl };
  const given = Object.entries({ tier, bus }).flatMap(([need, server]) =>
    server === undefined ? [] : [`the given ${need} ${shown(server.url)}`],
  );
  if (tier !== undefined && bus !== undefined) return { tier, bus, from: given.join(', ') };

  const needs: Need[] = [
    ...(tier === undefined ? ['tier' as const] : []),
    ...(bus === undefined ? ['bus' as const] : []),
  ];
  const reasons: string[] = [];
  for (const source of [dockerServers, localServers, debianServers]) {
    context.signal.throwIfAborted();
    const found = await source(needs, context);
    if ('why' in found) {
      reasons.push(found.why);
      continue;
    }
    const all = { tier, bus, ...found.servers };
    if (all.tier !== undefined) return { tier: all.tier, bus: all.bus, from: [...given, found.from].join(', ') };
  }
  return tier === undefined ? reasons : { tier, bus: undefined, from: `${given.join(', ')}, without a bus` };
}
