import type { ChildProcess } from 'node:child_process';
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import type { ChaosProxy, Reaper, RunningServer } from '@lockstep/testkit';
import { startProxy, startReaper, waitFor } from '@lockstep/testkit';
import type { Order, Report } from './messages.ts';

const NODE_PROCESS = join(import.meta.dirname, 'node-process.ts');
const OPEN_MS_MAX = 30_000;

/** One node: a process, with ways of its own to the tier and the bus. */
export class FleetNode {
  readonly number: number;
  readonly tier: ChaosProxy;
  readonly bus: ChaosProxy;
  readonly #child: ChildProcess;
  readonly #reaper: Reaper;
  /** Whether this run ended it: a node that ends of its own accord is a defect. */
  wasKilled = false;

  private constructor(
    number: number,
    ways: { readonly tier: ChaosProxy; readonly bus: ChaosProxy },
    child: ChildProcess,
  ) {
    this.number = number;
    this.tier = ways.tier;
    this.bus = ways.bus;
    this.#child = child;
    this.#reaper = startReaper(child.pid as number, '');
    child.once('exit', () => this.#reaper.dismiss());
  }

  static async start(
    number: number,
    given: { primary: RunningServer; bus: RunningServer; seed: number; originNs: bigint; durable: boolean },
  ): Promise<FleetNode> {
    const tier = await startProxy({ target: given.primary.url });
    const bus = await startProxy({ target: given.bus.url });
    const { seed, durable } = given;
    const settings = { number, seed, tierUrl: tier.url, busUrl: bus.url, originNs: String(given.originNs), durable };
    const execArgv = process.execArgv.filter((argument) => !argument.startsWith('--test'));
    const child = fork(NODE_PROCESS, [JSON.stringify(settings)], { execArgv });
    const node = new FleetNode(number, { tier, bus }, child);
    await node.#hears('open', OPEN_MS_MAX);
    return node;
  }

  get isAlive(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  tell(order: Order): void {
    if (this.isAlive) this.#child.send(order, () => {});
  }

  /** Tells, and answers what is reported back; rejects when nothing is in time. */
  async ask<R extends Report['report']>(
    order: Order,
    report: R,
    withinMs: number,
  ): Promise<Extract<Report, { report: R }>> {
    const heard = this.#hears(report, withinMs);
    this.tell(order);
    return heard;
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  async kill(): Promise<void> {
    if (!this.isAlive) return;
    this.wasKilled = true;
    const exited = once(this.#child, 'exit');
    this.#child.kill('SIGKILL');
    await exited;
    await Promise.all([this.tier.close(), this.bus.close()]);
  }

  async close(): Promise<void> {
    this.tell({ order: 'close' });
    const isOver = () => !this.isAlive;
    await waitFor(isOver, { what: `node ${this.number} to leave`, timeoutMs: 15_000 }).catch(() => {});
    if (this.isAlive) return this.kill();
    await Promise.all([this.tier.close(), this.bus.close()]);
  }

  async #hears<R extends Report['report']>(report: R, withinMs: number): Promise<Extract<Report, { report: R }>> {
    let heard: Report | undefined;
    const listen = (message: Report): void => {
      if (message.report === report) heard = message;
    };
    this.#child.on('message', listen);
    try {
      await waitFor(() => heard !== undefined || !this.isAlive, {
        what: `node ${this.number}: ${report}`,
        timeoutMs: withinMs,
      });
    } finally {
      this.#child.off('message', listen);
    }
    if (heard === undefined) throw new Error(`node ${this.number} ended before it said: ${report}`);
    return heard as Extract<Report, { report: R }>;
  }
}
