import { expect, it } from 'vitest';
import { waitFor } from './wait-for.ts';

it('answers what the condition answers once it is something, zero and empty text included', async () => {
  let looks = 0;
  const answer = await waitFor(() => (++looks < 3 ? undefined : 0), { what: 'the third look' });
  expect({ answer, looks }).toEqual({ answer: 0, looks: 3 });
  expect(await waitFor(() => '', { what: 'a text' })).toBe('');
});

it('fails after its time, naming what it waited for and the last error', async () => {
  await expect(waitFor(() => false, { what: 'a sign', timeoutMs: 20 })).rejects.toThrow('waited 20 ms for a sign');
  const failing = waitFor(
    () => {
      throw new Error('not yet');
    },
    { what: 'a sign', timeoutMs: 20 },
  );
  await expect(failing).rejects.toThrow('waited 20 ms for a sign: not yet');
});
