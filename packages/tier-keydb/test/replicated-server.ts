import type { KeyAddress } from '@lockstep/core';
import type { ChaosProxy, TierContractWorld } from '@lockstep/testkit';
import { startProxy, waitFor } from '@lockstep/testkit';
import { connectKeydb } from '../src/index.ts';
import type { TierUnderTest } from './test-server.ts';
import { limitedUser, TestServer, urlOfLimitedUser } from './test-server.ts';

/** Of INFO replication: how far the primary's stream of writes has come, and how far the replica has read it. */
const WRITTEN = /^master_repl_offset:(\d+)/m;
const READ = /^slave_repl_offset:(\d+)/m;
const LINK_UP = /^master_link_status:up/m;

/**
 * Two real servers that keep what they answered over a restart, one of them the primary, and an address that leads to
 * it whichever of them that is. The other becomes its replica when a test needs one.
 */
export class ReplicatedServer {
  /** Where tiers connect. */
  readonly #address: ChaosProxy;
  /** Where the replica connects. */
  readonly #link: ChaosProxy;
  #primary: TestServer;
  #standby: TestServer;

  private constructor(
    servers: readonly [TestServer, TestServer],
    ways: { readonly address: ChaosProxy; readonly link: ChaosProxy },
  ) {
    [this.#primary, this.#standby] = servers;
    this.#address = ways.address;
    this.#link = ways.link;
  }

  static async start(): Promise<ReplicatedServer> {
    const options = { persistent: true, args: [...limitedUser(), '--repl-diskless-sync-delay', '0'] };
    const servers = await Promise.all([TestServer.start(options), TestServer.start(options)]);
    const target = servers[0].server.url;
    const [address, link] = await Promise.all([startProxy({ target }), startProxy({ target })]);
    return new ReplicatedServer(servers, { address, link });
  }

  async stop(): Promise<void> {
    await Promise.all([this.#primary.stop(), this.#standby.stop()]);
    await Promise.all([this.#address.close(), this.#link.close()]);
  }

  /** The server that is the primary now. */
  get primary(): TestServer {
    return this.#primary;
  }

  /** As the user that the README describes. */
  get url(): string {
    return urlOfLimitedUser(this.#address);
  }

  /** Both, the primary first. */
  get servers(): readonly TestServer[] {
    return [this.#primary, this.#standby];
  }

  /** The address from which a replica hears its primary's writes. */
  get replicationSource(): string {
    return `${this.#link.host}:${this.#link.port}`;
  }

  /** A world for the contract suite: a cluster of its own on these servers, whose nodes are made in these ways in turn. */
  world(makes: readonly (typeof connectKeydb)[] = [connectKeydb]): TierContractWorld {
    const cluster = this.#primary.newCluster();
    const joined: TierUnderTest[] = [];
    let isCutOff = false;
    const cutOffReplica = async (): Promise<void> => {
      await this.#replicate();
      this.#link.cut();
      isCutOff = true;
    };
    return {
      join: async () => {
        const tier = this.#primary.connect({ url: this.url, cluster }, makes[joined.length % makes.length]);
        joined.push(tier);
        await tier.connected();
        return tier.tier;
      },
      loseEverything: async () => {
        await this.#primary.raw.flushall();
      },
      forgetScripts: async () => {
        await this.#primary.raw.script('FLUSH');
      },
      restart: () => reconnected(joined, () => this.#restart()),
      cutOffReplica,
      failOver: async () => {
        if (!isCutOff) await cutOffReplica();
        isCutOff = false;
        await reconnected(joined, () => this.#promote());
      },
      evict: async ({ partition, keyId }: KeyAddress) => {
        await this.#primary.raw.del(`lockstep:{${cluster}:${partition}}:entry:${keyId}`);
      },
      passTime: async (ms) => {
        const end = (await this.#primary.nowMs()) + ms;
        await waitFor(async () => (await this.#primary.nowMs()) >= end, { what: `${ms} ms of the tier's time` });
      },
      close: async () => {},
    };
  }

  /** Makes the other server a replica; resolves when it has all that the primary has. */
  async #replicate(): Promise<void> {
    this.#link.retarget(this.#primary.server.url);
    this.#link.restore();
    await this.#standby.raw.call('replicaof', this.#link.host, String(this.#link.port));
    const hasAll = async (): Promise<boolean> => {
      const written = WRITTEN.exec(await this.#primary.raw.info('replication'))?.[1];
      const replica = await this.#standby.raw.info('replication');
      return LINK_UP.test(replica) && READ.exec(replica)?.[1] === written;
    };
    await waitFor(hasAll, { what: 'the replica to have everything' });
  }

  async #promote(): Promise<void> {
    await this.#standby.raw.call('replicaof', 'no', 'one');
    [this.#primary, this.#standby] = [this.#standby, this.#primary];
    this.#address.retarget(this.#primary.server.url);
  }

  /** A crash, and a start from what is on disk. */
  async #restart(): Promise<void> {
    this.#address.cut();
    await this.#primary.server.kill();
    await this.#primary.server.restart();
    await waitFor(() => this.#primary.raw.ping(), { what: 'the server to be spoken to again' });
    this.#address.restore();
  }
}

/** Lets something break every connection, and waits until each is there again. */
async function reconnected(tiers: readonly TierUnderTest[], breaks: () => Promise<void>): Promise<void> {
  const told = tiers.map(({ states }) => states.length);
  await breaks();
  const isBack = ({ states }: TierUnderTest, at: number): boolean =>
    states.length > (told[at] as number) && states.at(-1)?.connected === true;
  await waitFor(() => tiers.every(isBack), { what: 'every tier to connect again' });
}
