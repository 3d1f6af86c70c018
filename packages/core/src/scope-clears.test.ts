import { describe, expect, it } from 'vitest';
import type { Born, Epoch, Incarnation, ScopeEffect, ScopeId } from './index.ts';
import { EPOCHS_MAX, EpochTable, EVERYTHING, UNJOINED } from './index.ts';

const TODAY = 'aaaaaaaaaaaaaaaa' as Incarnation;
const OTHER = 'bbbbbbbbbbbbbbbb' as Incarnation;
const TOOLS = '1'.repeat(32) as ScopeId;
const CONFIGS = '2'.repeat(32) as ScopeId;
const TEAM_A = 'a'.repeat(32) as ScopeId;
const TEAM_B = 'b'.repeat(32) as ScopeId;

function at(sequence: number, incarnation: Incarnation = TODAY): Born {
  return { incarnation, sequence };
}

function clear(scopeId: ScopeId): ScopeEffect {
  return { kind: 'clear-scope', scopeId };
}

function expire(scopeId: ScopeId): ScopeEffect {
  return { kind: 'expire-scope', scopeId };
}

function tableAt(sequence: number, floor = 0, epochs: readonly Epoch[] = []): EpochTable {
  const table = new EpochTable();
  table.adopt(at(sequence), floor, epochs);
  return table;
}

describe('an entry', () => {
  it.each([
    { scope: EVERYTHING, name: 'everything', diesBy: true },
    { scope: TOOLS, name: 'its namespace', diesBy: true },
    { scope: TEAM_A, name: 'its first tag', diesBy: true },
    { scope: TEAM_B, name: 'its last tag', diesBy: true },
    { scope: CONFIGS, name: 'another namespace', diesBy: false },
    { scope: 'c'.repeat(32) as ScopeId, name: 'another tag', diesBy: false },
  ])('born before a clear of $name is dead: $diesBy (P4)', ({ scope, diesBy }) => {
    const table = tableAt(100);
    table.raise(clear(scope), 101);
    expect(table.isLive(at(100), TOOLS, [TEAM_A, TEAM_B])).toBe(!diesBy);
    expect(table.isLive(at(101), TOOLS, [TEAM_A, TEAM_B])).toBe(true);
  });

  it('without tags dies with everything and with its namespace alone', () => {
    const table = tableAt(100);
    table.raise(clear(TEAM_A), 101);
    expect(table.isLive(at(100), TOOLS, [])).toBe(true);
    table.raise(clear(EVERYTHING), 102);
    expect(table.isLive(at(101), TOOLS, [])).toBe(false);
  });

  it('is live under the epoch it was born at, and dead under one that is higher by one', () => {
    const table = tableAt(100, 0, [{ ...clear(TOOLS), sequence: 50 }]);
    expect([49, 50, 51].map((sequence) => table.isLive(at(sequence), TOOLS, []))).toEqual([false, true, true]);
  });

  it('born below the floor is dead, whatever its scopes: their epochs may have been pruned', () => {
    const table = tableAt(100, 40);
    expect([39, 40, 41].map((sequence) => table.isLive(at(sequence), TOOLS, []))).toEqual([false, true, true]);
  });

  it('of another incarnation is dead, however new its birth (P7)', () => {
    const table = tableAt(100);
    expect(table.isLive(at(1_000, OTHER), TOOLS, [])).toBe(false);
  });

  it('born on a node that had not joined is dead once the node joins', () => {
    const table = new EpochTable();
    expect(table.isLive(UNJOINED, TOOLS, [])).toBe(true);
    table.adopt(at(1), 0, []);
    expect(table.isLive(UNJOINED, TOOLS, [])).toBe(false);
  });
});

describe('an expire of a scope', () => {
  it.each([EVERYTHING, TOOLS, TEAM_B])(
    'ends the freshness of what was born before it, and not its life (%s)',
    (scopeId) => {
      const table = tableAt(100);
      table.raise(expire(scopeId), 101);
      const judged = [100, 101].map((sequence) => {
        const scopes = [at(sequence), TOOLS, [TEAM_A, TEAM_B]] as const;
        return [table.isLive(...scopes), table.isExpired(...scopes)];
      });
      expect(judged).toEqual([
        [true, true],
        [true, false],
      ]);
    },
  );

  it('and a clear of the same scope are two: neither takes the place of the other', () => {
    const table = tableAt(100, 0, [
      { ...expire(TOOLS), sequence: 90 },
      { ...clear(TOOLS), sequence: 80 },
    ]);
    const born = [79, 80, 89, 90].map((sequence) => at(sequence));
    expect(born.map((one) => table.isLive(one, TOOLS, []))).toEqual([false, true, true, true]);
    expect(born.map((one) => table.isExpired(one, TOOLS, []))).toEqual([true, true, true, false]);
  });

  it('of other scopes changes nothing', () => {
    const table = tableAt(100);
    table.raise(expire(TEAM_A), 101);
    expect(table.isExpired(at(100), TOOLS, [TEAM_B])).toBe(false);
  });

  it('that came while the state was read, and lies beyond it, is kept', () => {
    const table = tableAt(100);
    table.startJournal();
    table.raise(expire(TOOLS), 120);
    table.adopt(at(110), 0, []);
    expect(table.isExpired(at(119), TOOLS, [])).toBe(true);
  });
});

describe('an epoch', () => {
  it('is only ever raised: an older clear that comes late brings nothing back to life', () => {
    const table = tableAt(100);
    table.raise(clear(TOOLS), 120);
    table.raise(clear(TOOLS), 110);
    expect(table.isLive(at(115), TOOLS, [])).toBe(false);
  });
});

describe('the generation', () => {
  it('is raised by every change, so that entries judged before it are judged again', () => {
    const table = new EpochTable();
    const seen = [table.generation];
    table.adopt(at(100), 0, []);
    seen.push(table.generation);
    table.raise(clear(TOOLS), 101);
    seen.push(table.generation);
    table.raise(clear(TOOLS), 102);
    seen.push(table.generation);
    table.raise(expire(TOOLS), 102);
    seen.push(table.generation);
    table.adopt(at(103), 50, []);
    seen.push(table.generation);
    table.adopt(at(5, OTHER), 0, []);
    seen.push(table.generation);
    expect(new Set(seen).size).toBe(seen.length);
    expect(seen).toEqual(seen.toSorted((left, right) => left - right));
  });

  it('stays when a clear that is known already comes again, or an older one comes late', () => {
    const table = tableAt(100);
    table.raise(clear(TOOLS), 120);
    const { generation } = table;
    table.raise(clear(TOOLS), 120);
    table.raise(clear(TOOLS), 110);
    expect(table.generation).toBe(generation);
  });
});

describe("the control partition's state, adopted", () => {
  it('replaces what was known: incarnation, floor, and every epoch', () => {
    const table = tableAt(100, 40, [{ ...clear(TOOLS), sequence: 90 }]);
    table.adopt(at(10, OTHER), 3, [{ ...clear(TEAM_A), sequence: 8 }]);
    expect(table.incarnation).toBe(OTHER);
    expect(table.isLive(at(4, OTHER), TOOLS, [])).toBe(true);
    expect(table.isLive(at(2, OTHER), TOOLS, [])).toBe(false);
    expect(table.isLive(at(7, OTHER), TOOLS, [TEAM_A])).toBe(false);
  });

  it('keeps a clear that came while it was read and lies beyond it', () => {
    const table = tableAt(100);
    table.startJournal();
    table.raise(clear(TOOLS), 120);
    table.raise(clear(EVERYTHING), 111);
    table.adopt(at(110), 0, []);
    expect(table.isLive(at(119), TOOLS, [])).toBe(false);
    expect(table.isLive(at(110), CONFIGS, [])).toBe(false);
    expect(table.isLive(at(111), CONFIGS, [])).toBe(true);
  });

  it('keeps the newest of several clears of one scope that came while it was read, whatever their order', () => {
    for (const clears of [
      [112, 120],
      [120, 112],
    ]) {
      const table = tableAt(100);
      table.startJournal();
      for (const sequence of clears) table.raise(clear(TOOLS), sequence);
      table.adopt(at(110), 0, []);
      expect(table.isLive(at(119), TOOLS, [])).toBe(false);
    }
  });

  it('keeps a clear that came while it was read though it was known before: the state read may lack it', () => {
    const table = tableAt(100);
    table.raise(clear(TOOLS), 120);
    table.startJournal();
    table.raise(clear(TOOLS), 120);
    table.adopt(at(110), 0, []);
    expect(table.isLive(at(119), TOOLS, [])).toBe(false);
  });

  it('lets go of a clear that came while it was read and is part of it, or of a history that is lost', () => {
    const table = tableAt(100);
    table.raise(clear(CONFIGS), 130);
    table.startJournal();
    table.raise(clear(TOOLS), 105);
    table.adopt(at(110), 0, []);
    expect(table.isLive(at(104), TOOLS, [])).toBe(true);
    expect(table.isLive(at(104), CONFIGS, [])).toBe(true);
  });

  it('takes no clear from a journal that an earlier reading began', () => {
    const table = tableAt(100);
    table.startJournal();
    table.raise(clear(TOOLS), 120);
    table.startJournal();
    table.adopt(at(110), 0, []);
    expect(table.isLive(at(115), TOOLS, [])).toBe(true);
  });

  it('takes no clear from the journal of a reading that failed', () => {
    const table = tableAt(100);
    table.startJournal();
    table.raise(clear(TOOLS), 120);
    table.dropJournal();
    table.raise(clear(TOOLS), 121);
    expect(table.isLive(at(115), TOOLS, [])).toBe(false);
    table.adopt(at(110), 0, []);
    expect(table.isLive(at(115), TOOLS, [])).toBe(true);
  });

  it('ends the journal: a clear that came before the next reading began is in what that reads, or lost', () => {
    const table = tableAt(100);
    table.startJournal();
    table.adopt(at(110), 0, []);
    table.raise(clear(TOOLS), 120);
    table.adopt(at(115), 0, []);
    expect(table.isLive(at(116), TOOLS, [])).toBe(true);
  });
});

describe('more scopes than a node keeps epochs of', () => {
  const scope = (number: number): ScopeId => number.toString(16).padStart(32, '0') as ScopeId;

  it('cost it the oldest, and what was born before those is dead, while younger entries live on', () => {
    const table = tableAt(0);
    const last = EPOCHS_MAX + 1;
    for (let sequence = 1; sequence <= last; sequence++) table.raise(clear(scope(sequence)), sequence);
    const pruned = EPOCHS_MAX / 10;
    expect(table.isLive(at(pruned - 1), TOOLS, [])).toBe(false);
    expect(table.isLive(at(pruned), TOOLS, [])).toBe(true);
    expect(table.isLive(at(last - 1), TOOLS, [scope(last)])).toBe(false);
    expect(table.isLive(at(last), TOOLS, [scope(last)])).toBe(true);
  });

  it('are pruned also where they are adopted, whatever order they come in', () => {
    const epochs = Array.from({ length: EPOCHS_MAX + 1 }, (_, at) => ({
      ...clear(scope(at + 1)),
      sequence: at + 1,
    })).reverse();
    const table = tableAt(EPOCHS_MAX + 1, 0, epochs);
    expect(table.isLive(at(EPOCHS_MAX / 10 - 1), TOOLS, [])).toBe(false);
    expect(table.isLive(at(EPOCHS_MAX / 10), TOOLS, [])).toBe(true);
  });
});
