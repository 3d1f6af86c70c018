import { mkdir, open, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { output } from './output.ts';
import { until } from './waiting.ts';

const BUILD_TIMEOUT_MS = 300_000;

/** Builds the gateway and every package it is made of; what is built already takes a moment. */
export async function buildGateway(root: string, signal: AbortSignal): Promise<void> {
  // Two builds at once would write the same files while a node of the first one reads them.
  const lock = join(root, '.tools', 'build.lock');
  await mkdir(join(root, '.tools'), { recursive: true });
  await until(() => take(lock), { what: `another build to end (${lock})`, timeoutMs: BUILD_TIMEOUT_MS, signal });
  try {
    const args = ['run', 'build', '--filter=@lockstep/gateway...', '--output-logs=errors-only'];
    const { code, text } = await output('turbo', [`--cwd=${root}`, ...args], { signal, timeoutMs: BUILD_TIMEOUT_MS });
    signal.throwIfAborted();
    if (code !== 0) throw new Error(`the build failed:\n${text.trim()}`);
  } finally {
    await rm(lock, { force: true });
  }
}

/** Takes the lock; undefined while another process that lives has it. */
async function take(lock: string): Promise<true | undefined> {
  try {
    const file = await open(lock, 'wx');
    await file.writeFile(String(process.pid));
    await file.close();
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  }
  const owner = Number(await readFile(lock, 'utf8').catch(() => ''));
  if (owner > 0 && !isRunning(owner)) await rm(lock, { force: true });
  return undefined;
}

function isRunning(pid: number): boolean {
  try {
    return process.kill(pid, 0);
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}
