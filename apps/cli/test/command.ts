import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { TOKEN } from './api-node.ts';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;

/** A command line in a process of its own. */
export interface CommandProcess {
  readonly child: ChildProcess;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Resolves with its exit code once it has ended and all is read. */
  readonly ended: Promise<number | null>;
}

/** What a command line came to. */
export interface CommandResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** The words of a shell that start `lockstep` from source. */
export function commandLine(args: readonly string[]): readonly string[] {
  return [process.execPath, '--conditions=@lockstep/source', MAIN, ...args];
}

/** Starts `lockstep` from source, without a terminal; the environment has nothing of Lockstep's but `environment`. */
export function startCommand(
  args: readonly string[],
  environment: Readonly<Record<string, string>> = { LOCKSTEP_ADMIN_TOKEN: TOKEN },
): CommandProcess {
  const others = Object.entries(process.env).filter(([name]) => !/^(LOCKSTEP_|ENKRYPT_|FORCE_COLOR$)/.test(name));
  const [node = '', ...words] = commandLine(args);
  const child = spawn(node, words, {
    env: { ...Object.fromEntries(others), ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.setEncoding('utf8').on('data', (chunk: string) => {
    stdout += chunk;
  });
  child.stderr.setEncoding('utf8').on('data', (chunk: string) => {
    stderr += chunk;
  });
  const ended = once(child, 'close').then(([code]) => code as number | null);
  return { child, stdout: () => stdout, stderr: () => stderr, ended };
}

/** Runs `lockstep` to its end. */
export async function runCommand(
  args: readonly string[],
  environment?: Readonly<Record<string, string>>,
): Promise<CommandResult> {
  const command = startCommand(args, environment);
  const code = await command.ended;
  return { code, stdout: command.stdout(), stderr: command.stderr() };
}
