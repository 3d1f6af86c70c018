import { expect, test } from 'vitest';
import { openLocal } from './local.ts';

test('versions are compared without a tier, too: of two writers at once, one writes', async () => {
  const { lockstep, clock } = await openLocal();
  const tools = lockstep.namespace<string>('tools', { ttl: '1s' });
  const both = await Promise.all([tools.compareAndSet('a', '', 'one'), tools.compareAndSet('a', '', 'two')]);
  expect(both.map(({ committed }) => committed)).toEqual([true, false]);
  const found = await tools.lookup('a');
  const version = found.outcome === 'hit' ? found.version : '';
  expect(both[1]).toEqual({ committed: false, version });
  expect(await tools.compareAndClear('a', version)).toMatchObject({ committed: true });
  expect(await tools.get('a')).toBeUndefined();

  const first = await tools.lookup('a', () => 'loaded');
  clock.advance(2_000);
  const second = await tools.lookup('a', () => 'loaded again');
  const versions = [first, second].map((each) => (each.outcome === 'loaded' ? each.version : ''));
  expect(new Set(versions).size).toBe(2);
  expect(await tools.compareAndSet('a', versions[0] as string, 'x')).toMatchObject({ committed: false });
  expect(await tools.compareAndSet('a', versions[1] as string, 'x')).toMatchObject({ committed: true });
});
