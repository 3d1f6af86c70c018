import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { onSignals, shutDown } from './shutdown.ts';

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
  expect(await shutDown({ drain: async () => undefined, close })).toBe('clean');
  expect(close).toHaveBeenCalledOnce();
});

it('closes after four seconds where something is still under way', async () => {
  const close = vi.fn(async () => undefined);
  const outcome = shutDown({ drain: () => never, close });
  await vi.advanceTimersByTimeAsync(3_999);
  expect(close).not.toHaveBeenCalled();
  await vi.advanceTimersByTimeAsync(1);
  expect(await outcome).toBe('clean');
});

it('gives up before ten seconds where nothing ends', async () => {
  const outcome = shutDown({ drain: () => never, close: () => never });
  await vi.advanceTimersByTimeAsync(9_600);
  expect(await outcome).toBe('forced');
});

it('closes though the drain failed, and tells of the failure', async () => {
  const close = vi.fn(async () => undefined);
  const drain = () => Promise.reject(new Error('a fault of the drain'));
  await expect(shutDown({ drain, close })).rejects.toThrow('a fault of the drain');
  expect(close).toHaveBeenCalledOnce();
});

it('logs why it could not close, and ends with exit code 1', async () => {
  const lines: string[] = [];
  const logger = pino({}, { write: (line: string) => lines.push(line) });
  const listeners = new Map<string | symbol, (signal: NodeJS.Signals) => void>();
  vi.spyOn(process, 'on').mockImplementation((name, listener) => {
    listeners.set(name, listener);
    return process;
  });
  const exit = vi.fn();
  const close = () => Promise.reject(new Error('a fault of the close'));
  onSignals({ drain: async () => undefined, close }, { logger, exit });
  listeners.get('SIGTERM')?.('SIGTERM');
  await vi.advanceTimersByTimeAsync(0);
  expect(exit.mock.calls).toEqual([[1]]);
  expect(lines.join('')).toContain('a fault of the close');
});
