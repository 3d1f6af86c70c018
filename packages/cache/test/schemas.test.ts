import { describe, expect, test } from 'vitest';
import { z } from 'zod';
import { openLocal } from './local.ts';

describe('a namespace with a schema', () => {
  const schema = z.object({ name: z.string(), since: z.iso.datetime().transform((text) => new Date(text).getTime()) });

  test('answers what the schema makes of the values that loaders give', async () => {
    const { lockstep } = await openLocal();
    const users = lockstep.namespace('users', { schema });
    const since = '2026-01-01T00:00:00.000Z' as unknown as number;
    const ada = await users.getOrLoad('ada', () => ({ name: 'Ada', since }));
    expect(ada.since).toBe(Date.UTC(2026, 0, 1));
    expect(users.peek('ada')).toBe(ada);
  });

  test('refuses what the schema refuses, says where, and not what', async () => {
    const { lockstep } = await openLocal();
    const users = lockstep.namespace('users', { schema });
    const wrong = { name: 'Ada', since: 'secret' as unknown as number };
    for (const asked of [users.set('ada', wrong), users.getOrLoad('ada', () => wrong)]) {
      const error = await asked.then(
        () => undefined,
        (reason: unknown) => reason as Error,
      );
      expect(error).toMatchObject({ code: 'value-invalid', message: expect.stringContaining('since') });
      expect(error?.message).not.toContain('secret');
    }
  });

  test('takes any object that keeps to Standard Schema, also one that answers later', async () => {
    const { lockstep } = await openLocal();
    const upper = {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: async (value: unknown) => ({ value: String(value).toUpperCase() }),
      },
    } as const;
    const words = lockstep.namespace('words', { schema: upper });
    expect(await words.getOrLoad('a', () => 'v')).toBe('V');
  });

  test('holds nobody up for longer than a load may take where the schema never answers', async () => {
    const { lockstep, clock } = await openLocal();
    const validate = (): Promise<never> => new Promise(() => {});
    const schema = { '~standard': { version: 1, vendor: 'test', validate } } as const;
    const words = lockstep.namespace('words', { schema, lease: '3s' });
    const asked = [words.set('a', 'v' as never), words.getOrLoad('a', () => 'v' as never)];
    const ended = Promise.all(asked.map((one) => one.catch((error: unknown) => error)));
    await clock.run(2_999);
    expect(await Promise.race([ended, 'waiting'])).toBe('waiting');
    await clock.run(1);
    const message = expect.stringContaining('no answer within 3000 ms (lease)');
    expect(await Promise.race([ended, 'waiting'])).toMatchObject([
      { code: 'value-invalid', message },
      { code: 'value-invalid', message },
    ]);
    expect((await words.explain('a')).flights).toBe(0);
  });

  test('is refused where the schema is none', async () => {
    const { lockstep } = await openLocal();
    expect(() => lockstep.namespace('users', { schema: {} as typeof schema })).toThrow(
      /schema: takes a Standard Schema/,
    );
  });
});

describe('values', () => {
  test('are frozen through and through, and the same for all callers', async () => {
    const { lockstep } = await openLocal();
    const tools = lockstep.namespace<{ list: { name: string }[] }>('tools');
    const value = await tools.getOrLoad('a', () => ({ list: [{ name: 'one' }] }));
    expect(() => value.list.push({ name: 'two' })).toThrow(TypeError);
    expect(() => Object.assign(value.list[0] as object, { name: 'other' })).toThrow(TypeError);
    expect(tools.peek('a')).toBe(value);
  });

  test('are copies where the namespace makes them', async () => {
    const { lockstep } = await openLocal();
    const tools = lockstep.namespace<{ list: string[] }>('tools', { copies: true });
    const loaded = await tools.getOrLoad('a', () => ({ list: ['one'] }));
    loaded.list.push('two');
    const found = await tools.lookup('a');
    if (found.outcome === 'hit') found.value.list.push('three');
    (await tools.get('a'))?.list.push('four');
    tools.peek('a')?.list.push('five');
    expect(tools.peek('a')).toEqual({ list: ['one'] });
  });

  test('beyond the largest size are refused, with figures', async () => {
    const { lockstep } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { valueBytesMax: 10 });
    await tools.set('a', '12345678');
    for (const asked of [tools.set('b', '123456789'), tools.getOrLoad('b', () => '123456789')]) {
      await expect(asked).rejects.toMatchObject({
        code: 'value-too-large',
        message: expect.stringMatching(/11 bytes.*10/),
      });
    }
    expect(await tools.getOrLoad('b', () => 'fits')).toBe('fits');
  });
});

test('"not modified" leaves a value as the schema made it: it is not made anew of what it made', async () => {
  const { lockstep, clock } = await openLocal();
  const schema = z.number().transform((count) => count + 1);
  const counts = lockstep.namespace('counts', { ttl: '1s', grace: '1h', schema });
  await counts.set('a', 1);
  clock.advance(2_000);
  expect(await counts.getOrLoad('a', ({ notModified }) => notModified())).toBe(2);
  expect(counts.peek('a')).toBe(2);
});
