import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { ChaosProxy, RunningServer } from '@lockstep/testkit';
import { freePort, startNats, startProxy, waitFor } from '@lockstep/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** Twice the bound of `close`, for a busy machine. */
const CLOSE_TIMEOUT_MS = 4_000;
/** Less than any timer or handshake that could be left, which take 5 s at least. */
const END_TIMEOUT_MS = 4_000;

let server: RunningServer;
let proxy: ChaosProxy;

beforeAll(async () => {
  server = await startNats();
  proxy = await startProxy({ target: server.url });
});

afterAll(async () => {
  await proxy.close();
  await server.stop();
});

interface Leaving {
  readonly child: ChildProcess;
  output(): string;
}

function leave(url: string, state: string): Leaving {
  const script = fileURLToPath(new URL('./leave.ts', import.meta.url));
  const child = spawn(process.execPath, ['--conditions=@lockstep/source', script, url, state], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout?.on('data', (chunk) => {
    output += String(chunk);
  });
  return { child, output: () => output };
}

async function expectEnd({ child, output }: Leaving): Promise<void> {
  try {
    await waitFor(() => output().includes('closed in'), { what: 'close' });
    expect(Number(/closed in (\d+) ms/.exec(output())?.[1])).toBeLessThan(CLOSE_TIMEOUT_MS);
    await waitFor(() => child.exitCode !== null, { what: 'the process to end by itself', timeoutMs: END_TIMEOUT_MS });
    expect(child.exitCode).toBe(0);
  } finally {
    child.kill('SIGKILL');
  }
}

it('a bus that is closed at once lets the process end', async () => {
  await expectEnd(leave(server.url, 'at-once'));
});

it('a connected bus lets the process end', async () => {
  await expectEnd(leave(server.url, 'connected'));
});

it('a bus that waits for its next attempt lets the process end', async () => {
  await expectEnd(leave(`127.0.0.1:${await freePort()}`, 'interrupted'));
});

it('a bus that is closed before its server has spoken lets the process end', async () => {
  proxy.stall();
  try {
    await expectEnd(leave(proxy.url, 'at-once'));
  } finally {
    proxy.restore();
  }
});

it('a bus in the middle of a handshake that does not proceed lets the process end', async () => {
  await waitFor(() => proxy.connections === 0, { what: 'the proxy to be free' });
  proxy.stall();
  const leaving = leave(proxy.url, 'told');
  try {
    await waitFor(() => proxy.connections === 1, { what: 'the connection' });
    leaving.child.stdin?.write('connected\n');
    await expectEnd(leaving);
  } finally {
    proxy.restore();
  }
});

it('a bus with messages that its server does not take lets the process end', async () => {
  const leaving = leave(server.url, 'congested');
  try {
    await once(leaving.child.stdout ?? leaving.child, 'data');
    server.pause();
    leaving.child.stdin?.write('paused\n');
    await expectEnd(leaving);
  } finally {
    server.resume();
  }
});
