import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { waitFor } from '@lockstep/testkit';

const FOLDER = new URL('..', import.meta.url).pathname;

/** A gateway node in a process of its own, from source. */
export interface NodeProcess {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Resolves with its exit code. */
  readonly exited: Promise<number | null>;
  readonly stdout: () => string;
  readonly stderr: () => string;
  /** Waits until it listens; resolves with the URL of its MCP endpoint. */
  listening(): Promise<string>;
}

/** Starts `main` with these arguments; the environment has nothing of the gateway's but `environment`. */
export function startProcess(args: readonly string[], environment: Readonly<Record<string, string>> = {}): NodeProcess {
  const others = Object.entries(process.env).filter(([name]) => !/^(LOCKSTEP|ENKRYPT|OTEL)_/.test(name));
  const child = spawn(process.execPath, ['--conditions=@lockstep/source', 'src/main.ts', ...args], {
    cwd: FOLDER,
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
  const exited = once(child, 'exit').then(([code]) => code as number | null);
  return {
    child,
    pid: child.pid ?? 0,
    exited,
    stdout: () => stdout,
    stderr: () => stderr,
    listening: () =>
      waitFor(
        () => {
          if (child.exitCode !== null) throw new Error(`it ended: ${stderr}`);
          return /"url":"([^"]+)","msg":"listening"/.exec(stdout)?.[1];
        },
        { what: 'the node to listen', timeoutMs: 20_000 },
      ),
  };
}

/** Whether a process exists. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
