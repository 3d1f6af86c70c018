import type { Journal } from '@lockstep/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** What the contract suite needs of one kind of journal; made anew, and empty, for every test. */
export interface JournalContractWorld {
  /** A node's way to the journal. */
  join(): Promise<Journal>;
  close(): Promise<void>;
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** Declares the tests that every `Journal` passes. */
export function journalContract(open: () => Promise<JournalContractWorld>): void {
  describe('the journal contract', () => {
    let world: JournalContractWorld;
    let one: Journal;
    let two: Journal;

    beforeEach(async () => {
      world = await open();
      [one, two] = [await world.join(), await world.join()];
    });

    afterEach(() => world.close());

    const texts = async (from: number, limit: number): Promise<readonly string[]> => {
      const records = await two.read(from, limit);
      return records.map(({ number, bytes }) => `${number} ${new TextDecoder().decode(bytes)}`);
    };

    it('begins empty', async () => {
      expect(await one.newest()).toBe(0);
      expect(await one.read(1, 10)).toEqual([]);
    });

    it('keeps records in order, whoever appends them, and their bytes as they were', async () => {
      expect(await one.append({ number: 1, bytes: bytesOf('a') })).toEqual({ outcome: 'appended' });
      expect(await two.append({ number: 2, bytes: new Uint8Array([0, 255, 10]) })).toEqual({ outcome: 'appended' });
      expect(await one.newest()).toBe(2);
      const [, second] = await one.read(1, 10);
      expect([...(second?.bytes ?? [])]).toEqual([0, 255, 10]);
    });

    it('appends nothing that does not come right after the newest, and says which that is', async () => {
      await one.append({ number: 1, bytes: bytesOf('a') });
      expect(await two.append({ number: 1, bytes: bytesOf('b') })).toEqual({ outcome: 'overtaken', newest: 1 });
      expect(await two.append({ number: 3, bytes: bytesOf('b') })).toEqual({ outcome: 'overtaken', newest: 1 });
      expect(await texts(1, 10)).toEqual(['1 a']);
    });

    it('takes one of those who append at once', async () => {
      const tries = Array.from({ length: 20 }, (_, at) =>
        (at % 2 === 0 ? one : two).append({ number: 1, bytes: bytesOf('x') }),
      );
      const outcomes = await Promise.all(tries);
      expect(outcomes.filter(({ outcome }) => outcome === 'appended')).toHaveLength(1);
    });

    it('reads from a number on, so many as are asked for, and what there is of them', async () => {
      for (const [at, text] of ['a', 'b', 'c', 'd'].entries())
        await one.append({ number: at + 1, bytes: bytesOf(text) });
      expect(await texts(2, 2)).toEqual(['2 b', '3 c']);
      expect(await texts(4, 10)).toEqual(['4 d']);
      expect(await texts(5, 10)).toEqual([]);
    });
  });
}
