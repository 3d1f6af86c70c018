import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { waitFor } from '@lockstep/testkit';
import type { Image } from './image.ts';

const HEALTHY_TIMEOUT_MS = 30_000;

/** A process that runs in an image's folder, as the image's user, with the image's variables and no others. */
export interface Container {
  /** What it has written. */
  readonly output: string;
  /** Resolves with its exit code; null: a signal ended it. */
  readonly ended: Promise<number | null>;
  /** Runs HEALTHCHECK until it ends with 0; rejects when the process ends before. */
  untilHealthy(): Promise<void>;
  /** As `docker stop`: SIGTERM. */
  stop(): void;
  kill(): void;
}

/** Starts a command as a container of the image would; as the user who runs this, where that is not root. */
export function startContainer(
  image: Image,
  command: readonly string[],
  variables: Readonly<Record<string, string>> = {},
): Container {
  const path = `${join(image.root, 'usr/local/bin')}:/usr/bin:/bin`;
  const environment = { PATH: path, HOME: '/nonexistent', ...Object.fromEntries(image.variables), ...variables };
  const user = process.getuid?.() === 0 ? image.user : {};
  const [program = '', ...args] = command;
  const child = spawn(program, args, {
    cwd: image.workdir,
    env: environment,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...user,
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk) => (text += chunk));
  const ended = once(child, 'close').then(([code]) => code as number | null);
  const isHealthy = async (): Promise<boolean> =>
    child.exitCode !== null || (await startContainer(image, image.healthcheck, variables).ended) === 0;
  return {
    get output() {
      return text;
    },
    ended,
    untilHealthy: async () => {
      await waitFor(isHealthy, { what: 'HEALTHCHECK to end with 0', timeoutMs: HEALTHY_TIMEOUT_MS });
      if (child.exitCode !== null) throw new Error(`it ended with ${child.exitCode} before it was healthy:\n${text}`);
    },
    stop: () => void child.kill('SIGTERM'),
    kill: () => void child.kill('SIGKILL'),
  };
}
