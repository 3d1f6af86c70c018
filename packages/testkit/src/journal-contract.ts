import type { Journal, JournalEntry, JournalRecord } from '@lockstep/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';

/** What the contract suite needs of one kind of journal; made anew, and empty, for every test. */
export interface JournalContractWorld {
  /** A new node's journal, of the same cluster each time; it is ready to be called. */
  join(): Promise<Journal>;
  /** Takes from the store what it keeps for speed alone, its scripts, as SCRIPT FLUSH does. */
  forgetScripts(): Promise<void>;
  /** Kills the store and starts it again with all that it had answered; resolves when whoever joined can call it again. */
  restart(): Promise<void>;
  /** Makes the store lose everything it holds. */
  loseEverything(): Promise<void>;
  /** Ends the world; every journal of it was closed before. */
  close(): Promise<void>;
}

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const textsOf = (records: readonly JournalRecord[]): readonly string[] =>
  records.map(({ sequence, bytes: body }) => `${sequence} ${new TextDecoder().decode(body)}`);
/** A head, or an answer that has one, with text for bytes. */
const shown = <T extends object>(answer: T): unknown => {
  const of = 'head' in answer ? (answer.head as Uint8Array | undefined) : undefined;
  return { ...answer, ...('head' in answer && { head: of && new TextDecoder().decode(of) }) };
};
const head = (sequence: number): Uint8Array => bytes(`head of ${sequence}`);

/** A record after `sequence - 1`; all that it is made of names its sequence. */
function entry(sequence: number, changes: Partial<JournalEntry> = {}): JournalEntry {
  const expected = sequence === 1 ? undefined : head(sequence - 1);
  return { sequence, expected, head: head(sequence), bytes: bytes(`record ${sequence}`), keep: undefined, ...changes };
}

/** Declares the tests that every `Journal` passes, the real one and the one in memory. */
export function journalContract(open: () => Promise<JournalContractWorld>): void {
  describe('the journal contract', () => {
    const scene = {} as Scene;

    beforeEach(async () => {
      const world = await open();
      Object.assign(scene, { world, one: await world.join(), two: await world.join() });
    });

    afterEach(async () => {
      await Promise.all([scene.one.close(), scene.two.close()]);
      await scene.world.close();
    });

    appends(scene);
    lasts(scene);
  });
}

/** Two nodes at one journal. */
interface Scene {
  readonly world: JournalContractWorld;
  readonly one: Journal;
  readonly two: Journal;
}

/** Adds the records of these sequences. */
async function append({ one }: Scene, [from, to]: readonly [number, number], keep?: number): Promise<void> {
  for (let sequence = from; sequence <= to; sequence++) {
    expect(await one.append(entry(sequence, { keep }))).toEqual({ outcome: 'appended' });
  }
}

function appends(scene: Scene): void {
  it('a journal that nobody wrote to is empty', async () => {
    expect(await scene.one.head()).toEqual({ head: undefined, newest: 0 });
    expect(await scene.one.read(1, 10)).toEqual([]);
  });

  it('records are read as they were written, by every node, in pages', async () => {
    await append(scene, [1, 5]);
    expect(textsOf(await scene.two.read(1, 2))).toEqual(['1 record 1', '2 record 2']);
    expect(textsOf(await scene.two.read(3, 10))).toEqual(['3 record 3', '4 record 4', '5 record 5']);
    expect(await scene.two.read(6, 10)).toEqual([]);
    expect(shown(await scene.two.head())).toEqual({ head: 'head of 5', newest: 5 });
  });

  it('any bytes can be a record or a head', async () => {
    const all = Uint8Array.from({ length: 256 }, (_, index) => index);
    await scene.one.append(entry(1, { bytes: all, head: all }));
    expect([...((await scene.two.read(1, 1))[0]?.bytes ?? [])]).toEqual([...all]);
    expect([...((await scene.two.head()).head ?? [])]).toEqual([...all]);
    expect(await scene.two.append(entry(2, { expected: all }))).toEqual({ outcome: 'appended' });
  });

  it('an append after another one adds nothing, and answers the head that is there', async () => {
    await append(scene, [1, 2]);
    const differs = { outcome: 'differs', head: 'head of 2', newest: 2 };
    expect(shown(await scene.two.append(entry(2)))).toEqual(differs);
    expect(shown(await scene.two.append(entry(3, { expected: undefined })))).toEqual(differs);
    expect(shown(await scene.two.append(entry(3, { expected: bytes('another') })))).toEqual(differs);
    // The head is right, and the place is taken.
    expect(shown(await scene.two.append(entry(2, { expected: head(2) })))).toEqual(differs);
    expect(textsOf(await scene.two.read(1, 10))).toEqual(['1 record 1', '2 record 2']);
  });

  it('of appends at once after one head, one is made', async () => {
    await append(scene, [1, 1]);
    const appended = await Promise.all(
      Array.from({ length: 20 }, (_, index) =>
        (index % 2 ? scene.one : scene.two).append(entry(2, { head: bytes(`${index}`) })),
      ),
    );
    const made = appended.flatMap(({ outcome }, index) => (outcome === 'appended' ? [index] : []));
    expect(made).toHaveLength(1);
    expect(shown(await scene.one.head())).toEqual({ head: `${made[0]}`, newest: 2 });
  });

  it('with keep, the oldest records go', async () => {
    await append(scene, [1, 5]);
    await append(scene, [6, 6], 3);
    expect(textsOf(await scene.two.read(1, 10))).toEqual(['4 record 4', '5 record 5', '6 record 6']);
    await append(scene, [7, 7]);
    expect(await scene.two.read(1, 10)).toHaveLength(4);
  });
}

function lasts(scene: Scene): void {
  it.each([
    ['its scripts were forgotten', () => scene.world.forgetScripts()],
    ['a restart with persistence', () => scene.world.restart()],
  ])('after %s, all is there, and goes on', async (_, befall) => {
    await append(scene, [1, 3]);
    await befall();
    expect(shown(await scene.two.head())).toEqual({ head: 'head of 3', newest: 3 });
    expect(await scene.two.append(entry(2))).toMatchObject({ outcome: 'differs' });
    await append(scene, [4, 4]);
    expect(await scene.two.read(1, 10)).toHaveLength(4);
  });

  it('after everything was lost, it is empty, and can begin anywhere', async () => {
    await append(scene, [1, 3]);
    await scene.world.loseEverything();
    expect(await scene.one.append(entry(4))).toEqual({ outcome: 'differs', head: undefined, newest: 0 });
    expect(await scene.one.append(entry(4, { expected: undefined }))).toEqual({ outcome: 'appended' });
    expect(textsOf(await scene.two.read(1, 10))).toEqual(['4 record 4']);
  });

  it('a journal that is closed rejects, and can be closed again', async () => {
    await scene.one.close();
    await scene.one.close();
    for (const call of [scene.one.head(), scene.one.read(1, 1), scene.one.append(entry(1))]) {
      await expect(call).rejects.toMatchObject({ code: 'closed' });
    }
  });
}
