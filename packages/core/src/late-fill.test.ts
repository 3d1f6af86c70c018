import { beforeEach, describe, expect, it } from 'vitest';
import type { FlightState, KeyId, ScopeId } from './index.ts';
import { EVERYTHING, Flights } from './index.ts';

const KEY_A = 'a'.repeat(32) as KeyId;
const KEY_B = 'b'.repeat(32) as KeyId;
const TOOLS = '1'.repeat(32) as ScopeId;
const CONFIGS = '2'.repeat(32) as ScopeId;
const TEAM = '3'.repeat(32) as ScopeId;

let flights: Flights<FlightState>;

beforeEach(() => {
  flights = new Flights();
});

function begin(flight: Partial<FlightState> = {}): FlightState {
  const begun = { keyId: KEY_A, partition: 0, scopes: undefined, poisoned: false, ...flight };
  flights.add(begun);
  return begun;
}

function poisonedAmong(...all: readonly FlightState[]): boolean[] {
  return all.map(({ poisoned }) => poisoned);
}

describe('an event for a key', () => {
  it('poisons every flight of the key, reads and writes, and none of another key (P4)', () => {
    const all = [begin(), begin(), begin({ keyId: KEY_B })];
    flights.poisonKey(KEY_A);
    expect(poisonedAmong(...all)).toEqual([true, true, false]);
  });

  it('spares the write that made it, and nothing else of the key (P2)', () => {
    const [read, write, load] = [begin(), begin(), begin()];
    flights.poisonKey(KEY_A, write);
    expect(poisonedAmong(read, write, load)).toEqual([true, false, true]);
  });

  it('leaves alone a flight that begins after it (P4)', () => {
    flights.poisonKey(KEY_A);
    expect(begin().poisoned).toBe(false);
  });

  it('does nothing where no flight is', () => {
    flights.poisonKey(KEY_A);
    expect(flights.size).toBe(0);
  });
});

describe('an event for a scope', () => {
  it('poisons the flights whose value belongs to it (P4)', () => {
    const all = [begin({ scopes: [TOOLS] }), begin({ scopes: [TOOLS, TEAM] }), begin({ scopes: [CONFIGS] })];
    flights.poisonScope(TEAM);
    expect(poisonedAmong(...all)).toEqual([false, true, false]);
    flights.poisonScope(TOOLS);
    expect(poisonedAmong(...all)).toEqual([true, true, false]);
  });

  it('poisons every flight whose scopes are not known yet, whatever the scope (P4)', () => {
    const [unknown, known] = [begin({ keyId: KEY_B }), begin({ scopes: [TOOLS] })];
    flights.poisonScope(TEAM);
    expect(poisonedAmong(unknown, known)).toEqual([true, false]);
  });

  it('looks at the scopes as they are now, not as they were when the flight began (P4)', () => {
    const flight = begin();
    flight.scopes = [TOOLS];
    flights.poisonScope(TEAM);
    expect(flight.poisoned).toBe(false);
    flight.scopes = [TOOLS, TEAM];
    flights.poisonScope(TEAM);
    expect(flight.poisoned).toBe(true);
  });

  it('that is everything poisons all, whether or not their scopes name it (P4)', () => {
    const all = [begin(), begin({ scopes: [] }), begin({ keyId: KEY_B, scopes: [TOOLS] })];
    flights.poisonScope(EVERYTHING);
    expect(poisonedAmong(...all)).toEqual([true, true, true]);
  });
});

describe('a reset', () => {
  it('of a partition poisons its flights and none of another partition (P7)', () => {
    const all = [begin({ partition: 3 }), begin({ partition: 3, keyId: KEY_B }), begin({ partition: 4 })];
    flights.poisonPartition(3);
    expect(poisonedAmong(...all)).toEqual([true, true, false]);
  });

  it('of the control partition poisons them all (P7)', () => {
    const all = [begin({ partition: 3 }), begin({ partition: 4, keyId: KEY_B, scopes: [TOOLS] })];
    flights.poisonAll();
    expect(poisonedAmong(...all)).toEqual([true, true]);
  });
});

describe('a flight', () => {
  it('is counted and found, oldest first, until it ends', () => {
    const [first, other, second] = [begin(), begin({ keyId: KEY_B }), begin()];
    expect([...flights.of(KEY_A)]).toEqual([first, second]);
    expect(new Set(flights.all())).toEqual(new Set([first, second, other]));
    expect(flights.size).toBe(3);
    flights.remove(first);
    expect([...flights.of(KEY_A)]).toEqual([second]);
    expect(flights.size).toBe(2);
    flights.remove(second);
    flights.remove(other);
    expect([flights.size, [...flights.of(KEY_A)], flights.all()]).toEqual([0, [], []]);
  });

  it('that ended is neither poisoned nor counted again', () => {
    const flight = begin();
    flights.remove(flight);
    flights.remove(flight);
    flights.poisonAll();
    expect(flight.poisoned).toBe(false);
    expect(flights.size).toBe(0);
  });

  it('is the same one by identity: an equal one is another', () => {
    const flight = begin();
    flights.remove({ ...flight });
    expect(flights.size).toBe(1);
  });
});
