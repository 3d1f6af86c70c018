import { describe, expect, test } from 'vitest';
import { CANARIES } from '../canaries/canaries.ts';
import { traceOf } from '../src/index.ts';
import { play } from '../src/scene.ts';
import { SCHEDULES } from '../src/schedules.ts';

describe('schedules written by hand keep the promises', () => {
  test.for(Object.entries(SCHEDULES))('%s', async ([name, schedule]) => {
    const played = await play(name, schedule);
    expect(played.violations.length === 0 ? '' : traceOf(played)).toBe('');
  });

  test('every one of them fails with a rule taken out of the code', () => {
    const shown = new Set(Object.values(CANARIES).map(({ shownBy }) => shownBy?.schedule));
    expect(Object.keys(SCHEDULES).filter((name) => !shown.has(name))).toEqual([]);
  });
});
