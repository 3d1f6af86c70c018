import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { KeyAddress, KeyId, NodeId } from '@lockstep/core';
import type { RunningServer, TierContractWorld } from '@lockstep/testkit';
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

  static async start(args: readonly string[] = []): Promise<TestServer> {
    return new TestServer(await startRedis({ args }));
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

  /** A tier; whether it is connected is not waited for. */
  connect(options: Partial<KeydbTierOptions> = {}): TierUnderTest {
    const states: KeydbState[] = [];
    const tier = connectKeydb({
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

  /** Makes the user of the README's rule; answers the URL with its credentials. */
  async limitedUrl(): Promise<string> {
    const readme = readFileSync(join(import.meta.dirname, '../README.md'), 'utf8');
    const rule = ACL_RULE.exec(readme)?.[1];
    if (rule === undefined) throw new Error('the README has no rule for the user lockstep');
    await this.raw.call('acl', 'setuser', 'lockstep', 'reset', ...rule.replace('<password>', PASSWORD).split(' '));
    return `redis://lockstep:${PASSWORD}@${this.server.host}:${this.server.port}`;
  }

  /** A world for the contract suite: a cluster of its own on this server. */
  world(url: string): TierContractWorld {
    const cluster = this.newCluster();
    return {
      join: () => this.open({ url, cluster }),
      loseEverything: async () => {
        await this.raw.flushall();
      },
      evict: async ({ partition, keyId }) => {
        await this.raw.del(`lockstep:{${cluster}:${partition}}:entry:${keyId}`);
      },
      passTime: async (ms) => {
        const end = (await this.nowMs()) + ms;
        await waitFor(async () => (await this.nowMs()) >= end, { what: `${ms} ms of the tier's time` });
      },
      close: async () => {},
    };
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
