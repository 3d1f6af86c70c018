import { expect, it } from 'vitest';
import { Closing } from './closing.ts';

it('what was started last ends first, and a step that fails or hangs keeps none from its turn', async () => {
  const closing = new Closing();
  const taken: string[] = [];
  closing.add('stop the first', () => taken.push('first'));
  closing.add('stop the second', () => new Promise(() => taken.push('second')), 10);
  closing.add('stop the third', () => {
    taken.push('third');
    throw new Error('it is stuck');
  });
  const problems = ['could not stop the third: it is stuck', 'could not stop the second: it took more than 0.01 s'];
  expect(await closing.run()).toEqual(problems);
  expect(await closing.run()).toEqual(problems);
  expect(taken).toEqual(['third', 'second', 'first']);
});
