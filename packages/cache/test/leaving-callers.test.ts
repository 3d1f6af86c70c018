import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { Origin, openLocal } from './local.ts';

/** What is broken here leaves a caller waiting for ever. All other time is the test's. */
const timeout = 2_000;

describe('callers of one load', { timeout }, () => {
  test('who leave do not end it for the others', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools');
    const origin = new Origin<string>();
    const leaving = new AbortController();
    const left = tools.getOrLoad('a', origin.load, { signal: leaving.signal });
    const stayed = tools.getOrLoad('a', origin.load);
    await clock.run(0);
    leaving.abort(new Error('enough'));
    await expect(left).rejects.toThrow('enough');
    expect(origin.signals.map(({ aborted }) => aborted)).toEqual([false]);
    origin.answer('v');
    expect(await stayed).toBe('v');
    expect(tools.peek('a')).toBe('v');
  });

  test('break it off when the last one leaves; who comes then starts another', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools');
    const origin = new Origin<string>();
    const leaving = [new AbortController(), new AbortController()];
    const left = leaving.map(({ signal }) => tools.getOrLoad('a', origin.load, { signal }));
    await clock.run(0);
    for (const [index, controller] of leaving.entries()) {
      controller.abort(new Error('enough'));
      await expect(left[index]).rejects.toThrow('enough');
    }
    expect(origin.signals.map(({ aborted }) => aborted)).toEqual([true]);
    const next = tools.getOrLoad('a', origin.load);
    await clock.run(0);
    origin.answer('v');
    expect(await next).toBe('v');
    expect(origin.asked).toBe(2);
    expect(clock.waiting).toBe(0);
  });

  test('who run out of patience leave it to the others, and it is stored', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { hardTimeout: '1s' });
    const origin = new Origin<string>();
    const impatient = tools.getOrLoad('a', origin.load);
    const patient = tools.getOrLoad('a', origin.load, { hardTimeout: '1h' });
    const outcome = expect(impatient).rejects.toMatchObject({ code: 'loader-timed-out' });
    await clock.run(1_000);
    await outcome;
    origin.answer('v');
    expect(await patient).toBe('v');
    expect(tools.peek('a')).toBe('v');
  });

  test('get what may stand in when their patience is over', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1s', grace: '1h', hardTimeout: '2s' });
    await tools.set('a', 'old');
    clock.advance(1_500);
    const origin = new Origin<string>();
    const asked = tools.lookup('a', origin.load);
    await clock.run(2_000);
    expect(await asked).toMatchObject({ value: 'old', stale: true });
    origin.answer('new');
    await clock.run(0);
  });

  test('may be let go by the loader itself, which then fails', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools');
    const unhandled = vi.fn<(reason: unknown) => void>();
    process.on('unhandledRejection', unhandled);
    onTestFinished(() => void process.off('unhandledRejection', unhandled));
    const leaving = new AbortController();
    const load = (): never => {
      leaving.abort(new Error('enough'));
      throw new Error('the origin is down');
    };
    await expect(tools.getOrLoad('a', load, { signal: leaving.signal })).rejects.toThrow('enough');
    await clock.run(0);
    await new Promise((resolve) => setImmediate(resolve));
    expect(unhandled).not.toHaveBeenCalled();
  });

  test('leave nothing behind: no timer waits once all are answered', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1s', grace: '1h', softTimeout: 100, hardTimeout: 200 });
    await tools.set('a', 'old');
    clock.advance(2_000);
    const { signal } = new AbortController();
    await tools.getOrLoad('a', () => 'new', { signal });
    await tools.getOrLoad('b', () => 'new', { signal });
    expect(clock.waiting).toBe(0);
  });

  test.each(['softTimeout', 'hardTimeout'] as const)(
    'a %s of a call has the bounds of the namespace',
    async (field) => {
      const { lockstep } = await openLocal();
      const tools = lockstep.namespace<string>('tools', { [field]: '1h' });
      // More than a timer of Node takes would be over at once.
      const asked = tools.getOrLoad('a', () => 'v', { [field]: '30d' });
      await expect(asked).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringContaining(field) });
      expect(await tools.getOrLoad('a', () => 'v', { [field]: '1h' })).toBe('v');
    },
  );

  test.each(['softTimeout', 'hardTimeout', 'ttl', 'grace'] as const)(
    'a wrong %s of a call is refused before anything begins',
    async (field) => {
      const { lockstep } = await openLocal();
      const tools = lockstep.namespace<string>('tools');
      const asked = tools.getOrLoad('a', () => 'v', { [field]: 'soon' as '1s' });
      await expect(asked).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringContaining(field) });
      expect(tools.stats().loads).toBe(0);
    },
  );
});
