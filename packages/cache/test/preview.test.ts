import { expect, test } from 'vitest';
import { openLocal } from './local.ts';

test('in local mode a preview looks at the near-cache, and a sweep finds nothing', async () => {
  const { lockstep } = await openLocal();
  const tools = lockstep.namespace<string>('tools');
  await tools.setMany(
    [
      ['a', 'v'],
      ['b', 'v'],
    ],
    { tags: ['red'] },
  );
  await tools.set('c', 'v');
  const red = await lockstep.preview({ tag: 'red' });
  expect(red).toMatchObject({ entries: 2, bytes: 6, complete: true });
  expect(red.sample.map(({ key }) => key).sort()).toEqual(['a', 'b']);
  await lockstep.clear({ tag: 'red' });
  expect(await lockstep.preview({ tag: 'red' })).toMatchObject({ entries: 0 });
  expect(await lockstep.preview({ everything: true })).toMatchObject({ entries: 1, sample: [{ key: 'c' }] });
  expect(await lockstep.sweep()).toEqual({ scanned: 0, reclaimed: 0, reclaimedBytes: 0, cursor: undefined });
});
