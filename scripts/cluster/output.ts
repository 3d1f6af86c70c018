import { spawn } from 'node:child_process';

const TEXT_CHARACTERS_MAX = 65_536;

/** Options of {@link output}. */
export interface OutputOptions {
  /** After this time it is ended, in milliseconds. */
  readonly timeoutMs: number;
  /** Ends it early. Left out: nothing does. */
  readonly signal?: AbortSignal;
  /** Variables beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** What a command said and how it ended; code null: it could not be started, or was ended. */
export interface Output {
  readonly code: number | null;
  readonly text: string;
}

/** Runs a command, apart from the terminal, to its end. Never rejects. */
export async function output(command: string, args: readonly string[], options: OutputOptions): Promise<Output> {
  const { timeoutMs, signal, environment } = options;
  return new Promise((resolve) => {
    const child = spawn(command, args, {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, ...environment },
      detached: true,
    });
    let text = '';
    const end = (): void => {
      try {
        if (child.pid !== undefined) process.kill(-child.pid, 'SIGTERM');
      } catch {
        // It has ended already.
      }
    };
    const timer = setTimeout(() => {
      text += `\nended after ${timeoutMs / 1000} s`;
      end();
    }, timeoutMs);
    signal?.addEventListener('abort', end, { once: true });
    const finish = (code: number | null): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', end);
      resolve({ code, text });
    };
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (chunk: string) => {
        text = (text + chunk).slice(-TEXT_CHARACTERS_MAX);
      });
    }
    child.once('error', (error) => {
      text += error.message;
      finish(null);
    });
    child.once('close', finish);
  });
}
