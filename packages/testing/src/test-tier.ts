import type { Duration } from '@lockstep/cache';
import type { Tier } from '@lockstep/core';
import { ConfigError } from '@lockstep/core';
import { millisecondsOf } from './durations.ts';
import type { TestNode } from './test-node.ts';
import type { SimMachine } from './world/sim-machine.ts';
import type { TierLink } from './world/sim-tier.ts';
import { SimTier } from './world/sim-tier.ts';
import { LAG_MS_MAX, TierServer } from './world/tier-server.ts';
import type { World } from './world/world.ts';

/** One for the control partition, one for the data: the nodes know no difference. */
interface Servers {
  readonly control: TierServer;
  readonly data: TierServer;
}

/** How a failover goes. */
export interface FailOverOptions {
  /** What was committed in this last span, a minute at most, is lost with the old primary. Default: 0, nothing. */
  readonly losing?: Duration;
}

/** The tier of a test cluster, and what may befall it. A call usually takes no time. */
export class TestTier {
  readonly #world: World;
  readonly #servers: Servers;
  /** Each node's way to the tier, by its number. */
  readonly #links: TierLink[] = [];
  /** What befalls the ways of nodes that are yet to come. */
  readonly #ofOthers: Pick<TierLink, 'isCut' | 'isRefused'> = { isCut: false, isRefused: false };

  constructor(world: World) {
    this.#world = world;
    this.#servers = { control: new TierServer(world), data: new TierServer(world) };
  }

  /** For the cluster: a new node's way to the tier. */
  join(machine: SimMachine): Tier {
    const none = [0, 0] as const;
    const link: TierLink = {
      ...this.#ofOthers,
      ...{ latencyMs: none, answerMs: none, pauseMs: none, lost: 0, unanswered: 0, late: 0 },
      upSinceMs: this.#world.nowMs,
    };
    this.#links[machine.number] = link;
    return new SimTier(this.#world, machine, { ...this.#servers, link });
  }

  /** Takes the connection from these nodes, or from all, until `restore`: their calls reject at once. */
  cut(...nodes: readonly TestNode[]): void {
    for (const link of this.#of(nodes)) link.isRefused = true;
  }

  /** Answers these nodes, or all, nothing until `restore`: their calls reject when a timeout of 250 ms is over. */
  stall(...nodes: readonly TestNode[]): void {
    for (const link of this.#of(nodes)) link.isCut = true;
  }

  /** Ends cuts and stalls. */
  restore(): void {
    Object.assign(this.#ofOthers, { isCut: false, isRefused: false });
    for (const link of this.#links) {
      if (link.isCut || link.isRefused) link.upSinceMs = this.#world.nowMs;
      Object.assign(link, { isCut: false, isRefused: false });
    }
  }

  /** Loses everything, as FLUSHALL does, or a restart without persistence. */
  flush(): void {
    for (const server of Object.values(this.#servers)) server.flush();
  }

  /** Puts a replica in the primary's place. */
  failOver({ losing = 0 }: FailOverOptions = {}): void {
    const lagMs = millisecondsOf('tier.failOver: losing', losing);
    if (lagMs > LAG_MS_MAX) throw new ConfigError(`tier.failOver: losing: got ${lagMs} ms, takes at most a minute`);
    for (const server of Object.values(this.#servers)) {
      server.failOver(lagMs, []);
      server.endIsolation();
    }
  }

  /** Takes every entry away, as memory pressure may: nobody is told, and the nodes' near-caches may keep theirs. */
  evict(): void {
    this.#servers.data.evictSome(1);
  }

  #of(nodes: readonly TestNode[]): readonly Pick<TierLink, 'isCut' | 'isRefused'>[] {
    return nodes.length === 0
      ? [this.#ofOthers, ...this.#links]
      : nodes.map(({ number }) => this.#links[number] as TierLink);
  }
}
