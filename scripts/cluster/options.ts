import { parseArgs } from 'node:util';

/** What `scripts/up` was asked for. */
export interface UpOptions {
  /** A scripted tour, then the end; otherwise it stays up until it is told to stop. */
  readonly check: boolean;
  /** The live board on the terminal, where there is one. */
  readonly board: boolean;
  /** One node in local mode, also where a cluster could be had. */
  readonly local: boolean;
  /** The tier to use, as `redis://…`. */
  readonly tierUrl: string | undefined;
  /** The bus to use, as `nats://…`. */
  readonly busUrl: string | undefined;
}

export const USAGE = `usage: ./scripts/up [--check] [--no-board] [--local] [--tier <url>] [--bus <url>]

Runs three gateway nodes on one tier and one bus, with three MCP servers from npm behind them. On a terminal it ends with a
live board of them, and traffic of a demonstration. Ctrl-C ends all of it.

  --check        runs a tour of the cluster instead of staying up; exits with 0, or with 1 when a fact fails
  --no-board     no board and no traffic: the nodes alone, and what to try
  --local        runs one node without tier and bus
  --tier <url>   uses this tier, redis://[user:password@]host[:port][/db]  (or LOCKSTEP_TIER_URL)
  --bus <url>    uses this bus, nats://[user:password@]host[:port]         (or LOCKSTEP_BUS_URL)
  --help         prints this

Where no URL is given, servers come from the first of these that has them: a Docker engine that answers
(infra/compose), keydb-server, valkey-server or redis-server and nats-server on the PATH (or KEYDB_SERVER and
NATS_SERVER), Debian's packages when they may be installed. Otherwise one node runs in local mode.

Where a Docker engine answers, a cluster that stays up also has dashboards, metrics and traces; their addresses are printed.
`;

/** Arguments and environment as options; a text where they make no sense, which says why. */
export function parseOptions(args: readonly string[], environment: NodeJS.ProcessEnv): UpOptions | 'help' | string[] {
  const parsed = readFlags(args);
  if (typeof parsed === 'string') return [parsed];
  const { help, check = false, local = false, tier, bus } = parsed;
  const board = parsed['no-board'] !== true;
  if (help === true) return 'help';
  const tierUrl = tier ?? (local ? undefined : environment['LOCKSTEP_TIER_URL'] || undefined);
  const busUrl = bus ?? (local ? undefined : environment['LOCKSTEP_BUS_URL'] || undefined);
  const problems: string[] = [];
  if (local && (tier ?? bus) !== undefined)
    problems.push('--local is one node without tier and bus: leave out the URLs');
  if (tierUrl !== undefined && !hasScheme(tierUrl, ['redis:', 'rediss:'])) {
    problems.push(`the tier's URL is ${shown(tierUrl)}; it takes redis://host:port, or rediss:// for TLS`);
  }
  if (busUrl !== undefined && !busUrl.split(',').every((url) => hasScheme(url, ['nats:', 'tls:']))) {
    problems.push(`the bus's URL is ${shown(busUrl)}; it takes nats://host:port`);
  }
  return problems.length > 0 ? problems : { check, board, local, tierUrl, busUrl };
}

/** A URL for people to read: without the password in it. */
export function shown(url: string): string {
  return url.replace(/\/\/[^@/]*@/g, '//***@');
}

function readFlags(args: readonly string[]) {
  try {
    const options = {
      check: { type: 'boolean' },
      'no-board': { type: 'boolean' },
      local: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
      tier: { type: 'string' },
      bus: { type: 'string' },
    } as const;
    return parseArgs({ args: [...args], options }).values;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function hasScheme(url: string, schemes: readonly string[]): boolean {
  return URL.canParse(url) && schemes.includes(new URL(url).protocol);
}
