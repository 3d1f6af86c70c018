import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Stoppable } from './shutdown.ts';
import { onSignals, shutDown } from './shutdown.ts';

const TIMES = { delayMs: 0, timeoutMs: 4_000 };
const leave = (): void => undefined;
const never = new Promise<void>(() => undefined);

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.restoreAllMocks();
  vi.useRealTimers();
});

it('closes as soon as what was under way has ended', async () => {
  const close = vi.fn(async () => undefined);
  expect(await shutDown({ leave, drain: async () => undefined, close }, TIMES)).toBe('clean');
  expect(close).toHaveBeenCalledOnce();
});

it('closes when the time to drain is over though something is still under way', async () => {
  const close = vi.fn(async () => undefined);
  const outcome = shutDown({ leave, drain: () => never, close }, TIMES);
  await vi.advanceTimersByTimeAsync(3_999);
  expect(close).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(await outcome).toBe('clean');
});

it('gives up five and a half seconds later where nothing ends', async () => {
  const outcome = shutDown({ leave, drain: () => never, close: () => never }, TIMES);
  await vi.advanceTimersByTimeAsync(9_500);
  expect(await outcome).toBe('forced');
});

it('closes though the drain failed, and tells of the failure', async () => {
  const close = vi.fn(async () => undefined);
  const drain = () => Promise.reject(new Error('a fault of the drain'));
  await expect(shutDown({ leave, drain, close }, TIMES)).rejects.toThrow('a fault of the drain');
  expect(close).toHaveBeenCalledOnce();
});

it('says that it is leaving at once, and drains only after the delay', async () => {
  const calls: string[] = [];
  const node = {
    leave: () => calls.push('leave'),
    drain: async () => void calls.push('drain'),
    close: async () => void calls.push('close'),
  };
  const outcome = shutDown(node, { delayMs: 7_000, timeoutMs: 4_000 });
  await vi.advanceTimersByTimeAsync(6_999);
  expect(calls).toEqual(['leave']);
  await vi.advanceTimersByTimeAsync(1);
  expect(await outcome).toBe('clean');
  expect(calls).toEqual(['leave', 'drain', 'close']);
});

/** What the process is told to do at a signal, and the exit codes that come of it. */
function signalled(node: Stoppable, delayMs = 0) {
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => lines.push(line) });
  const listeners = new Map<string | symbol, (signal: NodeJS.Signals) => void>();
  vi.spyOn(process, 'on').mockImplementation((name, listener) => {
    listeners.set(name, listener);
    return process;
  });
  const exit = vi.fn();
  onSignals(node, { delayMs, timeoutMs: 4_000, logger, exit });
  return { lines, exit, send: (signal: NodeJS.Signals) => listeners.get(signal)?.(signal) };
}

it('waits for proxies on SIGTERM, and for nobody on SIGINT, which a person sends', async () => {
  const node = { leave, drain: async () => undefined, close: async () => undefined };
  const [terminated, interrupted] = [signalled(node, 5_000), signalled(node, 5_000)];
  terminated.send('SIGTERM');
  interrupted.send('SIGINT');
  await vi.advanceTimersByTimeAsync(4_999);
  expect([terminated.exit.mock.calls, interrupted.exit.mock.calls]).toEqual([[], [[0]]]);
  await vi.advanceTimersByTimeAsync(1);
  expect(terminated.exit.mock.calls).toEqual([[0]]);
});

it('logs why it could not close, and ends with exit code 1', async () => {
  const close = () => Promise.reject(new Error('a fault of the close'));
  const { lines, exit, send } = signalled({ leave, drain: async () => undefined, close });
  send('SIGTERM');
  await vi.advanceTimersByTimeAsync(0);
  expect(exit.mock.calls).toEqual([[1]]);
  expect(lines.join('')).toContain('a fault of the close');
});
