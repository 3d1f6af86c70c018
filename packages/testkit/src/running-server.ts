import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import type { Reaper } from './reaper.ts';
import { startReaper } from './reaper.ts';
import { waitFor } from './wait-for.ts';

/** A server that is not ready after this time failed to start. */
const READY_TIMEOUT_MS = 20_000;
/** A server that has not ended this long after SIGTERM is killed. */
const STOP_TIMEOUT_MS = 5_000;
/** How often a start is tried with another port when someone else took the one the kernel offered. */
const PORT_ATTEMPTS_MAX = 5;
/** How much of the newest output is kept. */
const LOG_CHARACTERS_MAX = 65_536;

/** A real server, started for a test on a loopback port, stopped by its pid. It never outlives the test's process. */
export interface RunningServer {
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** Of the process that runs now, or ran last. */
  readonly pid: number;
  /** The newest output of all its runs. */
  logs(): string;
  /** Ends it with SIGTERM, with SIGKILL after 5 s, and removes its directory. Again: does nothing. */
  stop(): Promise<void>;
  /** Sends a signal (default: SIGKILL) and waits until the process has ended; its directory stays. */
  kill(signal?: NodeJS.Signals): Promise<void>;
  /** Starts it again on its port and directory, after `kill` or while it runs (then SIGTERM first); resolves when it answers. */
  restart(): Promise<void>;
  /** Freezes it (SIGSTOP): connections stay open, nothing answers. */
  pause(): void;
  /** Ends the freeze (SIGCONT). */
  resume(): void;
}

/** How one kind of server is run. */
export interface ServerKind {
  /** In words, for error messages. */
  readonly what: string;
  readonly scheme: string;
  readonly binary: string;
  /** A fixed port; undefined: one the kernel offers. */
  readonly port: number | undefined;
  /** Variables beside those of this process. */
  readonly environment?: Readonly<Record<string, string>> | undefined;
  arguments(port: number, directory: string): readonly string[];
  /** Whether the server on this port answers by its protocol, and is the process with this pid. */
  answers(port: number, pid: number): Promise<boolean>;
}

/** Starts a server and waits until it answers by its protocol. */
export async function startServer(kind: ServerKind): Promise<RunningServer> {
  const directory = await mkdtemp(join(tmpdir(), 'lockstep-test-'));
  const logs = new Log();
  try {
    for (let attempt = 1; ; attempt += 1) {
      const port = kind.port ?? (await freePort());
      const server = new ServerProcess(kind, { port, directory, logs });
      try {
        await server.restart();
        return server;
      } catch (error) {
        const isPortLost = /address already in use/i.test(logs.text);
        if (kind.port !== undefined || !isPortLost || attempt === PORT_ATTEMPTS_MAX) {
          throw error;
        }
        logs.text = '';
      }
    }
  } catch (error) {
    await rm(directory, { recursive: true, force: true });
    throw error;
  }
}

class Log {
  text = '';

  add(chunk: string): void {
    this.text = (this.text + chunk).slice(-LOG_CHARACTERS_MAX);
  }
}

interface Place {
  readonly port: number;
  readonly directory: string;
  readonly logs: Log;
}

interface Run {
  readonly child: ChildProcess;
  readonly pid: number;
  readonly ended: Promise<void>;
  readonly reaper: Reaper;
  isOver: boolean;
}

class ServerProcess implements RunningServer {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly url: string;
  readonly #kind: ServerKind;
  readonly #directory: string;
  readonly #logs: Log;
  #run: Run | undefined;

  constructor(kind: ServerKind, place: Place) {
    this.#kind = kind;
    this.port = place.port;
    this.url = `${kind.scheme}://${this.host}:${place.port}`;
    this.#directory = place.directory;
    this.#logs = place.logs;
  }

  get pid(): number {
    return this.#run?.pid ?? 0;
  }

  logs(): string {
    return this.#logs.text;
  }

  async restart(): Promise<void> {
    await this.#end('SIGTERM');
    const run = this.#spawn();
    this.#run = run;
    try {
      await waitFor(async () => run.isOver || (await this.#kind.answers(this.port, run.pid)), {
        what: 'an answer',
        timeoutMs: READY_TIMEOUT_MS,
      });
    } catch (cause) {
      await this.#end('SIGKILL');
      throw new Error(this.#failure(`did not answer in ${READY_TIMEOUT_MS} ms`), { cause });
    }
    if (run.isOver) {
      throw new Error(this.#failure('ended before it answered'));
    }
  }

  pause(): void {
    this.#signal('SIGSTOP');
  }

  resume(): void {
    this.#signal('SIGCONT');
  }

  async kill(signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
    await this.#end(signal);
  }

  async stop(): Promise<void> {
    await this.#end('SIGTERM');
    await rm(this.#directory, { recursive: true, force: true });
  }

  #failure(why: string): string {
    return `${this.#kind.what} (${this.#kind.binary}) on port ${this.port} ${why}; its output:\n${this.logs()}`;
  }

  #spawn(): Run {
    const child = spawn(this.#kind.binary, this.#kind.arguments(this.port, this.#directory), {
      cwd: this.#directory,
      env: { ...process.env, ...this.#kind.environment },
      stdio: ['ignore', 'pipe', 'pipe'],
      // A Ctrl-C at the terminal reaches the tests alone, which stop the server in their own order.
      detached: true,
    });
    const { promise: ended, resolve } = Promise.withResolvers<void>();
    const pid = child.pid ?? 0;
    const reaper = pid === 0 ? { dismiss() {} } : startReaper(pid, this.#directory);
    const run: Run = { child, pid, ended, reaper, isOver: false };
    const over = (): void => {
      run.isOver = true;
      reaper.dismiss();
      resolve();
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => this.#logs.add(chunk));
    }
    hold(child, 'unref');
    child.once('error', (error) => {
      this.#logs.add(`${error.message}\n`);
      over();
    });
    child.once('close', over);
    return run;
  }

  #signal(signal: NodeJS.Signals): void {
    if (this.#run !== undefined && !this.#run.isOver) {
      this.#run.child.kill(signal);
    }
  }

  async #end(signal: NodeJS.Signals): Promise<void> {
    const run = this.#run;
    if (run === undefined || run.isOver) {
      return;
    }
    if (signal === 'SIGKILL') killAll(run);
    else run.child.kill(signal);
    // A frozen process takes a signal only when it goes on.
    run.child.kill('SIGCONT');
    const waiting = new AbortController();
    hold(run.child, 'ref');
    const isEnded = await Promise.race([
      run.ended.then(() => true),
      delay(STOP_TIMEOUT_MS, false, { signal: waiting.signal }).catch(() => false),
    ]);
    waiting.abort();
    if (!isEnded) {
      killAll(run);
      await run.ended;
    }
  }
}

/** Kills a server with its workers: it leads a group of its own. */
function killAll({ pid, child }: Run): void {
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    child.kill('SIGKILL');
  }
}

/** Lets a child keep this process alive, or not. */
function hold(child: ChildProcess, how: 'ref' | 'unref'): void {
  child[how]();
  for (const stream of [child.stdout, child.stderr]) {
    if (stream instanceof Socket) {
      stream[how]();
    }
  }
}
