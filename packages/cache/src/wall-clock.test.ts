import { afterEach, expect, test, vi } from 'vitest';
import { openLockstep } from './index.ts';
import { NullTier } from './null-tier.ts';
import { SystemClock } from './system.ts';

const HOUR_MS = 3_600_000;

afterEach(() => vi.restoreAllMocks());

/** Sets the machine's wall clock this far from what it is. */
function setWallClock(aheadMs: number): void {
  vi.restoreAllMocks();
  const { now } = Date;
  vi.spyOn(Date, 'now').mockImplementation(() => now() + aheadMs);
}

test('a wall clock that is set back neither takes the right to serve nor lengthens a life; set forward again, it costs a re-check (P1)', async () => {
  const tier = new NullTier(new SystemClock());
  await using lockstep = await openLockstep({ tier, secret: 'a secret of sixteen characters' });
  const tools = lockstep.namespace<string>('tools', { ttl: HOUR_MS / 2 });
  await tools.set('tool', 'value');
  setWallClock(-HOUR_MS);
  expect(tools.peek('tool')).toBe('value');
  const { state, stalenessMs } = lockstep.coherence;
  expect([state, stalenessMs >= 0 && stalenessMs < 2_000]).toEqual(['coherent', true]);
  await tools.set('tool', 'written meanwhile');
  expect(tools.peek('tool')).toBe('written meanwhile');
  setWallClock(0);
  expect([tools.peek('tool'), lockstep.coherence.state]).toEqual([undefined, 'degraded']);
});
