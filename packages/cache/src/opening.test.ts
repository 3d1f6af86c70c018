import { FakeClock } from '@lockstep/testkit';
import { describe, expect, test, vi } from 'vitest';
import type { LockstepOptions } from './index.ts';
import { openLockstep } from './index.ts';
import { NullBus, NullTier } from './null-tier.ts';

describe('opening a node', () => {
  test('with wrong options names every problem: field, what it got, what it takes', async () => {
    const options: LockstepOptions = { partitions: 0, maxStaleness: 20_000, joinTimeout: Number.NaN };
    const message = /partitions: got 0.*maxStaleness: got 20000 ms, takes at most deltaMax/;
    await expect(openLockstep(options)).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(message),
    });
  });

  test('with durability that nothing can give, or no such number, says so', async () => {
    await expect(openLockstep({ durability: { replicas: 1 } })).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringContaining('durability: got one without a tier'),
    });
    const durability = { replicas: 0, timeout: 5 };
    const tier = new NullTier(new FakeClock());
    await expect(openLockstep({ tier, secret: 'a secret for tests', durability })).rejects.toMatchObject({
      code: 'config-invalid',
      message: expect.stringMatching(/durability\.replicas: got 0, takes .* 1 to 100; durability\.timeout: got 5/),
    });
  });

  test('with wrong options closes the tier and the bus that it was given, so that nothing keeps the process', async () => {
    const tier = new NullTier(new FakeClock());
    const bus = new NullBus();
    const closed = [vi.spyOn(tier, 'close'), vi.spyOn(bus, 'close')];
    await expect(openLockstep({ tier, bus })).rejects.toMatchObject({ code: 'config-invalid' });
    for (const close of closed) expect(close).toHaveBeenCalledOnce();
  });
});
