import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { shutDown } from './shutdown.ts';

const never = new Promise<void>(() => undefined);

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
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
