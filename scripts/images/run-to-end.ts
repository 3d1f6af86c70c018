import { spawn } from 'node:child_process';

/** How a command is run. */
export interface RunOptions {
  readonly cwd: string;
  /** All its variables: it inherits none. */
  readonly environment: Readonly<Record<string, string>>;
  /** After this time it is ended, in milliseconds. */
  readonly timeoutMs: number;
  /** Whom it runs as. Left out: who runs this. */
  readonly user?: { readonly uid: number; readonly gid: number } | undefined;
}

/** How a command ended, and what it wrote; code null: it was ended. */
export interface Ended {
  readonly code: number | null;
  readonly text: string;
}

/** Runs a command to its end; rejects where it cannot be started. */
export async function runToEnd([command = '', ...args]: readonly string[], options: RunOptions): Promise<Ended> {
  const { cwd, environment, timeoutMs, user } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: environment,
      timeout: timeoutMs,
      stdio: ['ignore', 'pipe', 'pipe'],
      ...user,
    });
    let text = '';
    for (const stream of [child.stdout, child.stderr])
      stream.setEncoding('utf8').on('data', (chunk) => (text += chunk));
    child.once('error', reject);
    child.once('close', (code) => resolve({ code, text }));
  });
}
