import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyAddress, KeyId, NodeId } from '@lockstep/core';
import type { RedisOptions, RunningServer } from '@lockstep/testkit';
import { startRedis, waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import type { KeydbState, KeydbTier, KeydbTierOptions } from '../src/index.ts';
import { connectKeydb } from '../src/index.ts';

/** Long enough for a busy machine, where a test is not about the time limit. */
const COMMAND_TIMEOUT_MS = 5_000;

/** The rule for the tier's user, as the README gives it. */
const ACL_RULE = /^user lockstep (.+)$/m;
const PASSWORD = 'acl-test-password';

export const NODE: NodeId = 'a1'.repeat(8) as NodeId;
export const KEY: KeyAddress = { partition: 3, namespace: 'tools', keyId: '0e'.repeat(16) as KeyId };

/** The user of the README's rule, as a server takes it on its command line. */
export function limitedUser(): readonly string[] {
  return ['--user', 'lockstep', ...limitedUserRules()];
}

/** What the README's rule says of the user. */
export function limitedUserRules(): readonly string[] {
  const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
  const rule = ACL_RULE.exec(readme)?.[1];
  if (rule === undefined) throw new Error('the README has no rule for the user lockstep');
  return rule.replace('<password>', PASSWORD).split(' ');
}

/** The URL of a server, or of a way to it, with that user's credentials. */
export function urlOfLimitedUser(at: { readonly host: string; readonly port: number }): string {
  return `redis://lockstep:${PASSWORD}@${at.host}:${at.port}`;
}

/** A tier under test, and every state it told of. */
export interface TierUnderTest {
  readonly tier: KeydbTier;
  readonly states: readonly KeydbState[];
  /** Resolves when it is connected. */
  connected(): Promise<void>;
}

/** One real server, a connection past the tier, and the tiers that tests open on it; `stop` ends them all. */
export class TestServer {
  readonly server: RunningServer;
  /** Speaks to the server itself, not through the tier. */
  readonly raw: Redis;
  readonly #tiers: KeydbTier[] = [];
  #clusters = 0;

  constructor(server: RunningServer) {
    this.server = server;
    this.raw = new Redis({ host: server.host, port: server.port, protocol: 2, disableClientInfo: true });
    this.raw.on('error', () => {});
  }

  static async start(options: RedisOptions = {}): Promise<TestServer> {
    return new TestServer(await startRedis(options));
  }

  async stop(): Promise<void> {
    await Promise.all(this.#tiers.map((tier) => tier.close()));
    this.raw.disconnect();
    await this.server.stop();
  }

  /** A cluster name that no other test has. */
  newCluster(): string {
    this.#clusters++;
    return `test-${this.#clusters}`;
  }

  /** A tier, of this release where no other way to make one is given; whether it is connected is not waited for. */
  connect(options: Partial<KeydbTierOptions> = {}, make: typeof connectKeydb = connectKeydb): TierUnderTest {
    const states: KeydbState[] = [];
    const tier = make({
      url: this.server.url,
      cluster: this.newCluster(),
      commandTimeoutMs: COMMAND_TIMEOUT_MS,
      onState: (state) => states.push(state),
      ...options,
    });
    this.#tiers.push(tier);
    const connected = async (): Promise<void> => {
      await waitFor(() => states.at(-1)?.connected === true, { what: 'the tier to connect' });
    };
    return { tier, states, connected };
  }

  /** A connected tier. */
  async open(options: Partial<KeydbTierOptions> = {}): Promise<KeydbTier> {
    const { tier, connected } = this.connect(options);
    await connected();
    return tier;
  }

  /** The server's time in ms. */
  async nowMs(): Promise<number> {
    const [seconds, micros] = await this.raw.time();
    return Number(seconds) * 1_000 + Number(micros) / 1_000;
  }

  /** How often the server was called, by command. */
  async calls(): Promise<ReadonlyMap<string, number>> {
    const stats = await this.raw.info('commandstats');
    const lines = stats.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm);
    return new Map(Array.from(lines, (line) => [line[1] as string, Number(line[2])] as const));
  }
}
