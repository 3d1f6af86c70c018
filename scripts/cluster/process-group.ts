import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';
import { isGroupAlive } from './group-life.ts';
import type { Guard } from './guard.ts';

const LOG_CHARACTERS_MAX = 65_536;
/** How long processes of the group may take to follow their leader. */
const FOLLOW_MS = 1_000;

/** A program to run. */
export interface Program {
  readonly command: string;
  readonly args: readonly string[];
  readonly folder: string;
  readonly environment: NodeJS.ProcessEnv;
}

/** How a process ended. */
export interface Ended {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** How a process group was stopped. */
export interface Stopped extends Ended {
  readonly tookMs: number;
  /** It did not end in time, and was killed. */
  readonly killed: boolean;
  /** Processes that it had started were still there, and were killed. */
  readonly orphans: boolean;
}

/** A running program and what it starts, in a process group of its own: a Ctrl-C at the terminal passes it by. */
export class ProcessGroup {
  readonly ended: Promise<Ended>;
  #ended: Ended | undefined;
  #log = '';
  #written = 0;
  #stopping: Promise<Stopped> | undefined;
  readonly #child: ChildProcess;

  private constructor(program: Program) {
    const { command, args, folder, environment } = program;
    const child = spawn(command, args, {
      cwd: folder,
      env: environment,
      stdio: ['ignore', 'pipe', 'pipe'],
      detached: true,
    });
    this.#child = child;
    const add = (text: string): void => {
      this.#log = (this.#log + text).slice(-LOG_CHARACTERS_MAX);
      this.#written += text.length;
    };
    for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', add);
    this.ended = new Promise((resolve) => {
      const over = (ended: Ended): void => {
        this.#ended = ended;
        resolve(ended);
      };
      child.once('error', (error) => {
        add(`${error.message}\n`);
        over({ code: null, signal: null });
      });
      child.once('exit', (code, signal) => over({ code, signal }));
    });
  }

  static start(program: Program, guard: Guard): ProcessGroup {
    const group = new ProcessGroup(program);
    if (group.pid > 0) guard.watch(group.pid);
    return group;
  }

  /** Of the program, and the number of its group; 0: it could not be started. */
  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** How it ended; undefined while it runs. */
  get over(): Ended | undefined {
    return this.#ended;
  }

  /** The newest output. */
  get log(): string {
    return this.#log;
  }

  /** How much output there has been, in characters. */
  get written(): number {
    return this.#written;
  }

  /** Its last lines, indented; of those, what was written since `written` was `from`. */
  lastLines(count: number, from: number = 0): string {
    const fresh = Math.min(this.#written - from, this.#log.length);
    const lines = this.#log
      .slice(this.#log.length - fresh)
      .split('\n')
      .filter(Boolean)
      .slice(-count);
    return lines.map((line) => `    ${line}`).join('\n');
  }

  /** Asks it to end (SIGTERM), and ends whatever of the group is left after `graceMs`. Again: the same outcome. */
  async stop(graceMs: number): Promise<Stopped> {
    this.#stopping ??= this.#stop(graceMs);
    return this.#stopping;
  }

  async #stop(graceMs: number): Promise<Stopped> {
    const since = performance.now();
    const waiting = new AbortController();
    if (this.#ended === undefined) this.#child.kill('SIGTERM');
    const late = delay(graceMs, undefined, { signal: waiting.signal }).catch(() => undefined);
    const inTime = await Promise.race([this.ended, late]);
    waiting.abort();
    const tookMs = performance.now() - since;
    const orphans = inTime !== undefined && !(await this.#isEmpty());
    this.#kill();
    const ended = await this.ended;
    await this.#isEmpty();
    return { ...ended, tookMs, killed: inTime === undefined, orphans };
  }

  #kill(): void {
    try {
      if (this.pid > 0) process.kill(-this.pid, 'SIGKILL');
    } catch {
      // Nobody is left in the group.
    }
  }

  /** Whether nobody is left in the group, or will be in a moment. */
  async #isEmpty(): Promise<boolean> {
    const deadline = performance.now() + FOLLOW_MS;
    while (this.pid > 0 && (await isGroupAlive(this.pid))) {
      if (performance.now() > deadline) return false;
      await delay(10);
    }
    return true;
  }
}
