import { setTimeout as delay } from 'node:timers/promises';
import type { RunningServer } from '@lockstep/testkit';
import { exchange, startRedis, startSentinel, waitFor } from '@lockstep/testkit';

const NAME = 'chaos';
const SENTINELS = 3;
const QUORUM = 2;
const DOWN_AFTER_MS = 700;
const LOOK_EVERY_MS = 50;
const COMMAND_MS = 2_000;
const FAILOVER_MS_MAX = 15_000;

/** Called when the primary has stopped answering, and before it may answer again. */
export interface Outage {
  readonly begins: () => void;
  readonly ends: () => void;
}

/** A primary with a replica, watched by sentinels, and what befalls them. */
export class ChaosTier {
  readonly #servers: readonly RunningServer[];
  readonly #sentinels: readonly RunningServer[];
  readonly #looking: NodeJS.Timeout;
  #primary: RunningServer;
  /** Whether the primary takes no writes any more: who still talks to it can only find that out. */
  isIsolated = false;
  /** Called when the sentinels have made another server the primary. */
  onMoved: (primary: RunningServer) => void = () => {};

  private constructor(servers: readonly RunningServer[], sentinels: readonly RunningServer[]) {
    this.#servers = servers;
    this.#sentinels = sentinels;
    this.#primary = servers[0] as RunningServer;
    let isLooking = false;
    this.#looking = setInterval(async () => {
      if (isLooking) return;
      isLooking = true;
      await this.#look().finally(() => {
        isLooking = false;
      });
    }, LOOK_EVERY_MS);
  }

  static async start(): Promise<ChaosTier> {
    const args = ['--maxmemory-policy', 'volatile-lru', '--repl-diskless-sync-delay', '0'];
    const first = await startRedis({ args });
    const second = await startRedis({ args: [...args, '--replicaof', first.host, String(first.port)] });
    const watch = { name: NAME, primary: first, quorum: QUORUM, downAfterMs: DOWN_AFTER_MS };
    const sentinels = await Promise.all(Array.from({ length: SENTINELS }, () => startSentinel(watch)));
    return new ChaosTier([first, second], sentinels);
  }

  get primary(): RunningServer {
    return this.#primary;
  }

  /** Tells the primary; answers what it replies, if it does. */
  tell(command: string): Promise<string | undefined> {
    return ask(this.#primary, command);
  }

  /** Freezes the primary; beyond a second the sentinels replace it, and it wakes up as a replica. */
  async freeze(ms: number, outage: Outage): Promise<void> {
    const frozen = this.#primary;
    frozen.pause();
    outage.begins();
    await delay(ms);
    outage.ends();
    frozen.resume();
    if (this.#primary !== frozen) await this.#demote(frozen);
  }

  /** Kills the primary: the sentinels promote the replica, and the dead one comes back as its replica. */
  async kill(outage: Outage): Promise<void> {
    const killed = this.#primary;
    await killed.kill();
    outage.begins();
    await this.#isReplaced(killed);
    outage.ends();
    await killed.restart();
    if (this.#primary !== killed) await this.#demote(killed);
  }

  /** Isolates the primary, which takes no writes from then on, and has the sentinels promote the replica. */
  async failOver(): Promise<void> {
    const isolated = this.#primary;
    await ask(isolated, 'CONFIG SET min-replicas-to-write 2');
    this.isIsolated = true;
    await ask(this.#sentinels[0] as RunningServer, `SENTINEL FAILOVER ${NAME}`);
    await this.#isReplaced(isolated);
    this.isIsolated = false;
    if (this.#primary !== isolated) await this.#demote(isolated);
    await ask(isolated, 'CONFIG SET min-replicas-to-write 0');
  }

  async close(): Promise<void> {
    clearInterval(this.#looking);
    await Promise.all([...this.#sentinels, ...this.#servers].map((server) => server.stop()));
  }

  async #isReplaced(server: RunningServer): Promise<void> {
    const isReplaced = (): boolean => this.#primary !== server;
    await waitFor(isReplaced, { what: 'another primary', timeoutMs: FAILOVER_MS_MAX }).catch(() => {});
  }

  /** Does at once what the sentinels would do after some seconds. */
  async #demote(server: RunningServer): Promise<void> {
    await ask(server, `REPLICAOF ${this.#primary.host} ${this.#primary.port}`);
  }

  async #look(): Promise<void> {
    const answer = await ask(this.#sentinels[0] as RunningServer, `SENTINEL GET-MASTER-ADDR-BY-NAME ${NAME}`);
    const port = Number(/\r\n(\d+)\r\n$/.exec(answer ?? '')?.[1]);
    const primary = this.#servers.find((server) => server.port === port);
    if (primary === undefined || primary === this.#primary) return;
    this.#primary = primary;
    this.onMoved(primary);
  }
}

function ask(server: RunningServer, command: string): Promise<string | undefined> {
  const isComplete = (text: string): boolean => {
    const values = /^\*(\d+)\r\n/.exec(text)?.[1];
    return text.endsWith('\r\n') && (values === undefined || text.split('\r\n').length >= 2 * Number(values) + 2);
  };
  return exchange({ port: server.port, send: `${command}\r\n`, isComplete, timeoutMs: COMMAND_MS });
}
