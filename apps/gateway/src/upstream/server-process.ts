import type { ServerConnection } from '@lockstep/config';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { ErrorOutput } from './error-output.ts';

/** When a process whose input was closed is asked to end, and when it is killed; then it may take a moment to be gone. */
const TERM_AFTER_MS = 1_000;
const KILL_AFTER_MS = 2_500;
const GONE_AFTER_MS = 3_000;

/** What the SDK's buffer of lines says when it is full. */
const OVERFLOW = /^ReadBuffer exceeded/;

/**
 * The process of a stdio server, as a transport. Every `close` waits for the one end of the process: its input is
 * closed, after a second it gets SIGTERM, after two and a half SIGKILL. (The SDK's own transport takes four seconds,
 * and lets a second `close` return at once while the first still waits: a node would exit and leave the process.)
 */
export class ServerProcess extends StdioClientTransport {
  /** The end of what it writes to its error output. */
  readonly output: ErrorOutput;
  readonly #gone: Promise<void>;
  #closing: Promise<void> | undefined;
  readonly #overflow: AbortController = new AbortController();

  constructor({ command, args, env, cwd }: Extract<ServerConnection, { kind: 'stdio' }>, lineBytesMax: number) {
    const folder = cwd === undefined ? {} : { cwd };
    super({ command, args: [...args], env: { ...env }, stderr: 'pipe', maxBufferSize: lineBytesMax, ...folder });
    this.output = new ErrorOutput(this.stderr, [...Object.values(env), ...args]);
    this.#gone = new Promise((resolve) => {
      this.onclose = resolve;
    });
  }

  /** Aborted when it sends a line longer than it may: then it is left, and the SDK closes it. */
  get overflow(): AbortSignal {
    return this.#overflow.signal;
  }

  /** Takes note of an error of the transport: too long a line is told as one. */
  failed(error: Error): void {
    if (OVERFLOW.test(error.message)) this.#overflow.abort(error);
  }

  override close(): Promise<void> {
    this.#closing ??= this.#end();
    return this.#closing;
  }

  async #end(): Promise<void> {
    const { pid } = this;
    if (pid === null) return super.close();
    const timers = [
      setTimeout(() => signal(pid, 'SIGTERM'), TERM_AFTER_MS),
      setTimeout(() => signal(pid, 'SIGKILL'), KILL_AFTER_MS),
    ];
    const late = new Promise<void>((resolve) => {
      timers.push(setTimeout(resolve, GONE_AFTER_MS));
    });
    void super.close();
    await Promise.race([this.#gone, late]);
    for (const timer of timers) clearTimeout(timer);
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch {
    // It has ended by itself.
  }
}
