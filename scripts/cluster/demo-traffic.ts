import { setTimeout as delay } from 'node:timers/promises';
import type { Cluster } from './cluster.ts';
import { GatewayClient } from './gateway-client.ts';

/** How long each node's client waits between two requests, at random between these. */
const PAUSE_MS = { least: 100, most: 500 };
/** After a failure: a node that is busy, or ends, is not asked harder. */
const RETRY_MS = 1_000;
/** The first clear: a fence in a cluster that is younger than this holds by time alone. */
const FIRST_CLEAR_MS = 12_000;
export const CLEAR_EVERY_MS = 20_000;
/** A fence that holds by time takes as long as a member of the cluster may be silent. */
const CLEAR_TIMEOUT_MS = 30_000;
const CLEARS_AT_ONCE_MAX = 4;
const SCOPES: readonly object[] = [{ namespace: 'tools' }, { everything: true }];

/** Traffic that shows something: MCP requests to every node, and a fenced clear every so often, until the signal. */
export class DemoTraffic {
  readonly #cluster: Pick<Cluster, 'nodes' | 'gatewayKey' | 'adminToken'>;
  readonly #signal: AbortSignal;
  #isOn = true;
  #clears = 0;
  readonly #clearing: Set<Promise<void>> = new Set();

  constructor(cluster: Pick<Cluster, 'nodes' | 'gatewayKey' | 'adminToken'>, signal: AbortSignal) {
    this.#cluster = cluster;
    this.#signal = signal;
  }

  /** Makes it until the signal; never rejects. */
  async run(): Promise<void> {
    const clients = this.#cluster.nodes.map(({ url }) => this.#requests(url));
    await Promise.all([...clients, this.#clearsEverySoOften()]);
    await Promise.all(this.#clearing);
  }

  /** Stops it, or lets it go on. */
  toggle(): void {
    this.#isOn = !this.#isOn;
  }

  /** Clears now, each time at the next node, unless several clears are under way. */
  clear(): void {
    if (this.#clearing.size >= CLEARS_AT_ONCE_MAX) return;
    const clearing = this.#clear()
      .catch(() => undefined)
      .finally(() => this.#clearing.delete(clearing));
    this.#clearing.add(clearing);
  }

  async #requests(url: string): Promise<void> {
    let client: GatewayClient | undefined;
    while (!this.#signal.aborted) {
      try {
        client ??= await GatewayClient.connect(url, this.#cluster.gatewayKey);
        if (this.#isOn) await client.discover();
        await this.#pause(PAUSE_MS.least + Math.random() * (PAUSE_MS.most - PAUSE_MS.least));
      } catch {
        await this.#pause(RETRY_MS);
      }
    }
    await client?.close().catch(() => undefined);
  }

  async #clearsEverySoOften(): Promise<void> {
    await this.#pause(FIRST_CLEAR_MS);
    while (!this.#signal.aborted) {
      if (this.#isOn) this.clear();
      await this.#pause(CLEAR_EVERY_MS);
    }
  }

  async #clear(): Promise<void> {
    const { nodes, adminToken } = this.#cluster;
    const count = this.#clears++;
    const scope = SCOPES[count % SCOPES.length];
    const answer = await fetch(`${nodes[count % nodes.length]?.adminUrl}/v1/clear`, {
      method: 'POST',
      headers: { authorization: `Bearer ${adminToken}`, 'content-type': 'application/json' },
      body: JSON.stringify({ scope, wait: 'fenced', reason: 'a demonstration' }),
      signal: AbortSignal.any([this.#signal, AbortSignal.timeout(CLEAR_TIMEOUT_MS)]),
    });
    await answer.arrayBuffer();
  }

  async #pause(ms: number): Promise<void> {
    await delay(ms, undefined, { signal: this.#signal }).catch(() => undefined);
  }
}
