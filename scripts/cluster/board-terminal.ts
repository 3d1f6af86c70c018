import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { until } from './waiting.ts';

/** What the board writes before a picture, and after it. */
const [BEGIN, END] = ['\u001b[?2026h\u001b[H', '\u001b[J\u001b[?2026l'];
const ERASE_LINE = '\u001b[2K';

/** A command to run on a terminal. */
export interface OnTerminal {
  readonly root: string;
  readonly command: string;
  readonly columns: number;
  readonly rows: number;
  readonly environment: NodeJS.ProcessEnv;
}

/** A command that shows a board, on a terminal of its own, as Debian's `script` makes one. */
export class BoardTerminal {
  readonly #child: ChildProcess;
  #written = '';

  constructor({ root, command, columns, rows, environment }: OnTerminal) {
    const words = `stty cols ${columns} rows ${rows}; exec ${command}`;
    this.#child = spawn('script', ['-qefc', words, '/dev/null'], {
      cwd: root,
      stdio: ['pipe', 'pipe', 'inherit'],
      detached: true,
      env: environment,
    });
    this.#child.stdout?.setEncoding('utf8').on('data', (text: string) => {
      this.#written += text;
    });
  }

  /** The number of its process group. */
  get group(): number {
    return this.#child.pid ?? 0;
  }

  /** All that the command has written. */
  get written(): string {
    return this.#written;
  }

  /** The newest whole picture, as lines; none: there was none yet. */
  get picture(): readonly string[] {
    const whole = this.#written.slice(0, Math.max(0, this.#written.lastIndexOf(END)));
    const begin = whole.lastIndexOf(BEGIN);
    return begin < 0
      ? []
      : whole
          .slice(begin + BEGIN.length)
          .replaceAll(ERASE_LINE, '')
          .split('\r\n');
  }

  press(key: string): void {
    this.#child.stdin?.write(key);
  }

  /** Waits until a picture has what is looked for. */
  async shows<T>(what: string, found: (text: string) => T | undefined, timeoutMs: number): Promise<T> {
    try {
      const look = (): T | undefined => found(this.picture.join('\n'));
      return await until(look, { what, timeoutMs, signal: new AbortController().signal });
    } catch (error) {
      throw new Error(`${String(error)}; the terminal has\n${this.#written.slice(-8_000)}`, { cause: error });
    }
  }

  /** Resolves with its exit code when it has ended. */
  async ended(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'close');
    return this.#child.exitCode;
  }

  /** Ends it, if it has not ended. */
  async stop(): Promise<void> {
    if (this.#child.exitCode !== null || this.#child.pid === undefined) return;
    process.kill(-this.#child.pid, 'SIGTERM');
    await this.ended();
  }
}
