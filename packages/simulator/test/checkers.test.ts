import { describe, expect, test } from 'vitest';
import { check } from '../src/checkers.ts';
import type { CallKind, Fault } from '../src/history.ts';
import { History, isOfScope } from '../src/history.ts';

const OPTIONS = { deltaMs: 2_000, clockRateError: 0.01, policy: { ttlMs: 30_000, leaseMs: 3_000 } };

type Span = readonly [startMs: number, endMs: number];

/** A history of one key, written by hand. */
class Told {
  readonly history: History = new History();

  load(node: number, [startMs, endMs]: Span): string {
    const value = this.history.value({ key: 'a', by: 'load', startMs, node });
    this.history.loaded(value, endMs);
    return value;
  }

  set(node: number, [startMs, endMs]: Span): string {
    const call = this.history.call({ node, kind: 'set', target: 'a', keys: ['a'], startMs });
    Object.assign(call, { endMs, answer: { kind: 'committed' } });
    return this.history.value({ key: 'a', by: 'set', startMs, node, call });
  }

  write(node: number, kind: CallKind, [startMs, endMs]: Span): void {
    const target = isOfScope(kind) ? 'tag red' : 'a';
    Object.assign(this.history.call({ node, kind, target, keys: ['a'], startMs }), {
      endMs,
      answer: { kind: 'committed' },
    });
  }

  read(node: number, [value, source]: readonly [string, 'near' | 'tier' | 'origin'], [startMs, endMs]: Span): void {
    const call = this.history.call({ node, kind: 'load', target: 'a', keys: ['a'], startMs });
    Object.assign(call, { endMs, answer: { kind: 'value', value, source, stale: false, degraded: false } });
  }

  fault(fault: Partial<Fault>): void {
    this.history.fault({ atMs: 0, what: 'a fault', ...fault });
  }

  get broken(): readonly string[] {
    this.history.calls.sort((one, other) => one.startMs - other.startMs);
    return check(this.history, OPTIONS).map(({ promise }) => promise);
  }
}

describe('a load that an event overtook (P4)', () => {
  /** Begun at 0, cleared from 10 to 20, and answered by the tier to a read of another node. */
  function told(read: Span, kind: CallKind = 'clear'): Told {
    const told = new Told();
    const value = told.load(0, [0, 50]);
    told.write(1, kind, [10, 20]);
    told.read(2, [value, 'tier'], read);
    return told;
  }

  test('is found in the tier by no lookup that begins after the event, long before Δ', () => {
    expect(told([15, 25]).broken).toEqual([]);
    expect(told([21, 25]).broken).toEqual(['P4']);
    expect(told([21, 25], 'expire').broken).toEqual(['P4']);
  });

  test('may be answered by a flight that was under way before the event', () => {
    const joined = told([60, 70]);
    joined.read(2, ['a#0', 'tier'], [5, 70]);
    expect(joined.broken).toEqual([]);
    const elsewhere = told([60, 70]);
    elsewhere.read(3, ['a#0', 'tier'], [5, 70]);
    expect(elsewhere.broken).toEqual(['P4']);
  });

  test('may be live for a node that does not know of a scope clear yet', () => {
    expect(told([21, 25], 'clear-scope').broken).toEqual([]);
    expect(told([21, 25], 'expire-scope').broken).toEqual([]);
  });

  test('may be found on an isolated primary, as long as that is there', () => {
    const deceived = (untilMs: number): Told => {
      const all = told([400, 410]);
      all.fault({ atMs: 350, server: 'data', lostFromMs: 300, untilMs });
      return all;
    };
    expect(deceived(405).broken).toEqual([]);
    expect(deceived(399).broken).toEqual(['P4']);
  });

  test('may come back with a failover that lost the event, but not with one of the control server', () => {
    const failedOver = (server: 'control' | 'data'): Told => {
      const all = told([100, 101]);
      all.fault({ atMs: 30, server, lostFromMs: 15, untilMs: 40 });
      return all;
    };
    expect(failedOver('data').broken).toEqual([]);
    expect(failedOver('control').broken).toEqual(['P4']);
  });
});

describe('two loads of a key at a time (P5)', () => {
  const from = 20_000;

  function told(laterMs: number): Told {
    const told = new Told();
    told.load(0, [from, from + 2_950]);
    told.load(1, [from + laterMs, from + laterMs + 10]);
    return told;
  }

  test('are one too many while the lease of the first holds', () => {
    expect(told(100).broken).toEqual(['P5']);
    expect(told(2_940).broken).toEqual([]);
    expect(told(2_951).broken).toEqual([]);
  });

  test('are two when an event on the key ended the lease, which a scope clear does not', () => {
    const after = (kind: CallKind): readonly string[] => {
      const all = told(100);
      all.write(2, kind, [from + 50, from + 60]);
      return all.broken;
    };
    expect([after('clear'), after('expire')]).toEqual([[], []]);
    expect([after('clear-scope'), after('expire-scope')]).toEqual([['P5'], ['P5']]);
  });

  test('are two when the later caller has waited for twice the lease', () => {
    const all = told(100);
    all.read(1, ['a#1', 'origin'], [from - 6_000, from + 110]);
    expect(all.broken).toEqual([]);
  });

  test('are one too many under faults of the bus, and two when a caller may have had to do without the tier', () => {
    const under = (fault: Partial<Fault>): readonly string[] => {
      const all = told(100);
      all.fault({ atMs: from - 1_000, untilMs: from + 50, ...fault });
      return all.broken;
    };
    expect([under({ busAlone: true }), under({})]).toEqual([['P5'], []]);
  });
});

describe('a key that was near (P6)', () => {
  const from = 20_000;

  /** Loaded by another node at 20 s, answered from near, and asked for again. */
  function told(again: number, source: 'near' | 'tier' = 'tier'): Told {
    const told = new Told();
    const value = told.load(0, [from, from + 10]);
    told.read(1, [value, 'near'], [from + 3_000, from + 3_000]);
    told.read(1, [value, source], [again, again + 1]);
    return told;
  }

  test('is near until its life is over, when nothing happened to it', () => {
    expect(told(from + 9_000, 'near').broken).toEqual([]);
    expect(told(from + 9_000).broken).toEqual(['P6']);
    expect(told(from + 29_500).broken).toEqual([]);
  });

  test('is near although the bus is disturbed, and perhaps not when more is', () => {
    const under = (fault: Partial<Fault>): readonly string[] => {
      const all = told(from + 9_000);
      all.fault({ atMs: from + 4_000, untilMs: from + 5_000, ...fault });
      return all.broken;
    };
    expect([under({ busAlone: true }), under({})]).toEqual([['P6'], []]);
  });

  test.for<CallKind>(['clear', 'expire', 'set', 'clear-scope', 'expire-scope'])('may be gone after a %s', (kind) => {
    const all = told(from + 9_000);
    all.write(0, kind, [from + 4_000, from + 4_005]);
    expect(all.broken.filter((promise) => promise === 'P6')).toEqual([]);
  });

  test('may be gone after an earlier event that the bus brings late, but not once that must have come', () => {
    const all = (clear: Span, busLateMs: number): readonly string[] => {
      const late = told(from + 9_000);
      late.write(0, 'clear', clear);
      late.fault({ atMs: clear[0], untilMs: clear[1], busAlone: true, busLateMs });
      return late.broken;
    };
    expect(all([from - 10, from - 5], 2_000)).toEqual(['P6']);
    expect(all([from - 10, from - 5], 4_000)).toEqual([]);
  });
});

describe('what was there before a flush (P7)', () => {
  function told(readMs: number, flush: Partial<Fault> = {}): Told {
    const told = new Told();
    const value = told.load(0, [0, 10]);
    told.fault({ atMs: 1_000, flushed: true, server: 'data', ...flush });
    told.read(1, [value, 'near'], [readMs, readMs]);
    return told;
  }

  test('may be answered for Δ, and no longer', () => {
    expect(told(3_020).broken).toEqual([]);
    expect(told(3_030).broken).toEqual(['P7']);
    expect(told(3_030, { untilMs: 1_010 }).broken).toEqual([]);
  });

  test('may come back with a failover that lost the flush', () => {
    const all = told(9_000);
    all.fault({ atMs: 1_200, server: 'data', lostFromMs: 950, untilMs: 1_300 });
    expect(all.broken).toEqual([]);
  });

  test('counts as such when its write had been answered, or its load had begun', () => {
    const written = (set: Span): readonly string[] => {
      const all = new Told();
      const value = all.set(0, set);
      all.fault({ atMs: 1_000, flushed: true });
      all.read(1, [value, 'tier'], [9_000, 9_001]);
      return all.broken;
    };
    expect(written([980, 990])).toEqual(['P7']);
    expect(written([990, 1_001])).toEqual([]);
  });
});

describe('a write that a failover lost (P7)', () => {
  /** Loaded at 0, set at 900; a failover at 1,000; then a node has the new value near, and the tier has the old one. */
  function told(near: number, tier?: number): Told {
    const told = new Told();
    const loaded = told.load(0, [0, 10]);
    const set = told.set(0, [900, 910]);
    told.fault({ atMs: 1_000, server: 'data', lostFromMs: 850, untilMs: 1_200 });
    told.read(0, [set, 'near'], [near, near]);
    if (tier !== undefined) told.read(1, [loaded, 'tier'], [tier, tier + 1]);
    return told;
  }

  test('is answered for Δ at most, once the tier has shown that it is lost', () => {
    expect(told(3_010, 1_300).broken).toEqual([]);
    expect(told(3_030, 1_300).broken).toEqual(['P7']);
    expect(told(3_030).broken).toEqual([]);
  });

  test('is not shown to be lost by an isolated primary', () => {
    expect(told(3_030, 1_150).broken).toEqual([]);
  });
});

describe('a server that is down (P8)', () => {
  test('leaves no node anything to vouch for after Δ, until it is back', () => {
    const told = (readMs: number): readonly string[] => {
      const all = new Told();
      const value = all.load(0, [0, 10]);
      all.fault({ atMs: 100, untilMs: 3_000, server: 'control', cutOff: 'all' });
      all.read(1, [value, 'near'], [readMs, readMs]);
      return all.broken;
    };
    expect([told(2_000), told(2_500), told(3_000)]).toEqual([[], ['P8'], []]);
  });
});

test('a value that is answered before it was made, or for another key, was not made for it', () => {
  const all = new Told();
  const value = all.load(0, [100, 110]);
  all.read(1, [value, 'tier'], [105, 115]);
  expect(all.broken).toEqual([]);
  all.read(1, [value, 'tier'], [90, 95]);
  const other = all.history.call({ node: 1, kind: 'get', target: 'b', keys: ['b'], startMs: 200 });
  Object.assign(other, { endMs: 201, answer: { kind: 'value', value, source: 'near', stale: false, degraded: false } });
  expect(all.broken).toEqual(['values', 'values']);
});
