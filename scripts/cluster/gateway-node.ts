import { join } from 'node:path';
import type { Guard } from './guard.ts';
import type { Stopped } from './process-group.ts';
import { ProcessGroup } from './process-group.ts';
import { until } from './waiting.ts';

/** Time for a node to listen and, after that, to join its cluster. */
const LISTEN_TIMEOUT_MS = 20_000;
const READY_TIMEOUT_MS = 20_000;
const ASK_TIMEOUT_MS = 2_000;
/** A node promises to end within this time after SIGTERM. */
export const STOP_TIMEOUT_MS = 10_000;

/** What a node is started with. */
export interface NodeOptions {
  /** As people know it: `node 1`. */
  readonly name: string;
  readonly root: string;
  readonly folder: string;
  readonly configFile: string;
  readonly guard: Guard;
  readonly signal: AbortSignal;
  /** Variables beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What a node says of itself at `/readyz`. */
export interface Readiness {
  readonly status: 'ready' | 'degraded' | 'draining';
  readonly node: string;
  readonly mode: 'cluster' | 'local';
  readonly staleness_ms: number | null;
  readonly reason?: string;
}

/** Where a node listens. */
interface Listening {
  readonly url: string;
  readonly adminUrl: string;
}

/** A running gateway node, a process of its own. */
export class GatewayNode {
  readonly name: string;
  /** Where it takes MCP requests. */
  readonly url: string;
  /** Where its admin API is. */
  readonly adminUrl: string;
  readonly #group: ProcessGroup;

  private constructor(name: string, at: Listening, group: ProcessGroup) {
    this.name = name;
    this.url = at.url;
    this.adminUrl = at.adminUrl;
    this.#group = group;
  }

  /** Starts a node on a free loopback port and waits until it listens. `started` is told of the process at once. */
  static async start(options: NodeOptions, started: (group: ProcessGroup) => void): Promise<GatewayNode> {
    const { name, root, folder, configFile, guard, signal } = options;
    const main = join(root, 'apps/gateway/dist/main.js');
    const args = ['--enable-source-maps', main, '--config', configFile];
    const variables = { ...environment(), ...options.environment };
    const group = ProcessGroup.start({ command: process.execPath, args, folder, environment: variables }, guard);
    started(group);
    const listening = (): Listening | undefined => {
      const [, url = '', adminUrl = ''] = /"url":"(http:[^"]+)","adminUrl":"(http:[^"]+)"/.exec(group.log) ?? [];
      if (url === '' && group.over !== undefined) {
        throw new Error(`${name} ended before it listened; its last lines:\n${group.lastLines(12)}`);
      }
      return url === '' ? undefined : { url, adminUrl };
    };
    const at = await until(listening, { what: `${name} to listen`, timeoutMs: LISTEN_TIMEOUT_MS, signal });
    return new GatewayNode(name, at, group);
  }

  get pid(): number {
    return this.#group.pid;
  }

  /** Settles when the process has ended, wanted or not. */
  get ended(): ProcessGroup['ended'] {
    return this.#group.ended;
  }

  /** How much it has logged, in characters. */
  get written(): number {
    return this.#group.written;
  }

  /** The last lines of its log, indented; of those, what was written since `written` was `from`. */
  lastLines(count: number, from?: number): string {
    return this.#group.lastLines(count, from);
  }

  /** Whether the process answers at `/healthz`. */
  async isHealthy(): Promise<boolean> {
    return (await this.#ask('healthz'))?.ok === true;
  }

  /** What it says at `/readyz`; undefined: nothing. */
  async readiness(): Promise<Readiness | undefined> {
    const answer = await this.#ask('readyz');
    return answer === undefined ? undefined : ((await answer.json()) as Readiness);
  }

  /** Waits until it says this of itself. */
  async untilSays(
    status: Readiness['status'],
    signal: AbortSignal,
    timeoutMs: number = READY_TIMEOUT_MS,
  ): Promise<void> {
    let last: Readiness | undefined;
    const says = async (): Promise<true | undefined> => {
      if (this.#group.over !== undefined) throw new Error(`${this.name} has ended:\n${this.lastLines(12)}`);
      last = await this.readiness();
      return last?.status === status ? true : undefined;
    };
    try {
      await until(says, { what: `${this.name} to say "${status}"`, timeoutMs, signal });
    } catch (error) {
      if (signal.aborted || last === undefined) throw error;
      const reason = last.reason === undefined ? '' : ` (${last.reason})`;
      throw new Error(`${this.name} says "${last.status}"${reason}, not "${status}", after ${timeoutMs / 1000} s`, {
        cause: error,
      });
    }
  }

  /** Ends it with SIGTERM; with SIGKILL when that takes more than ten seconds. */
  async stop(): Promise<Stopped> {
    return this.#group.stop(STOP_TIMEOUT_MS);
  }

  async #ask(path: string): Promise<Response | undefined> {
    try {
      return await fetch(new URL(`/${path}`, this.url), { signal: AbortSignal.timeout(ASK_TIMEOUT_MS) });
    } catch {
      return undefined;
    }
  }
}

/** This process's variables, less the settings of nodes among them: the file alone says what a node is. */
function environment(): NodeJS.ProcessEnv {
  const rest = Object.entries(process.env).filter(([name]) => !/^(LOCKSTEP|ENKRYPT)_/.test(name));
  return Object.fromEntries(rest);
}
