import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventVerdict, Head, Incarnation, Link } from './index.ts';
import { LINKS_AHEAD_MAX, PartitionHistory } from './index.ts';

const TODAY = 'aaaaaaaaaaaaaaaa' as Incarnation;
const BEFORE = 'bbbbbbbbbbbbbbbb' as Incarnation;

/** A history that has applied everything up to sequence 10. */
function historyAt10(): PartitionHistory {
  const history = new PartitionHistory();
  history.adopt({ incarnation: TODAY, sequence: 10 });
  return history;
}

function link(previous: number, sequence: number, incarnation: Incarnation = TODAY): Link {
  return { incarnation, previous, sequence };
}

/** A chain of events, each naming the one before, from 10 on; their numbers are not consecutive. */
function chainFrom10(steps: readonly number[]): readonly Link[] {
  let previous = 10;
  return steps.map((step) => {
    const event = link(previous, previous + step);
    previous = event.sequence;
    return event;
  });
}

interface Transition {
  readonly when: string;
  readonly events: readonly Link[];
  readonly verdicts: readonly EventVerdict[];
  readonly applied: number;
  readonly seen: number;
}

const TRANSITIONS: readonly Transition[] = [
  { when: 'it names what is applied', events: [link(10, 15)], verdicts: ['linked'], applied: 15, seen: 15 },
  {
    when: 'each names the one before',
    events: [link(10, 15), link(15, 16), link(16, 40)],
    verdicts: ['linked', 'linked', 'linked'],
    applied: 40,
    seen: 40,
  },
  { when: 'it is the one applied last', events: [link(7, 10)], verdicts: ['old'], applied: 10, seen: 10 },
  { when: 'it is older than what is applied', events: [link(3, 7)], verdicts: ['old'], applied: 10, seen: 10 },
  { when: 'one before it is missing', events: [link(15, 16)], verdicts: ['gap'], applied: 10, seen: 16 },
  {
    when: 'it names one older than what is applied, as after a fork',
    events: [link(7, 16)],
    verdicts: ['gap'],
    applied: 10,
    seen: 16,
  },
  {
    when: 'it came before the one it names',
    events: [link(15, 16), link(10, 15)],
    verdicts: ['gap', 'linked'],
    applied: 16,
    seen: 16,
  },
  {
    when: 'four came in reverse order',
    events: [link(17, 18), link(16, 17), link(15, 16), link(10, 15)],
    verdicts: ['gap', 'gap', 'gap', 'linked'],
    applied: 18,
    seen: 18,
  },
  {
    when: 'they came in reverse order and one is still missing',
    events: [link(17, 18), link(15, 16), link(10, 15)],
    verdicts: ['gap', 'gap', 'linked'],
    applied: 16,
    seen: 18,
  },
  {
    when: 'one came twice, across a gap and after it',
    events: [link(15, 16), link(15, 16), link(10, 15), link(15, 16), link(16, 17)],
    verdicts: ['gap', 'gap', 'linked', 'old', 'linked'],
    applied: 17,
    seen: 17,
  },
  {
    when: 'an older one comes across the gap after a newer one',
    events: [link(17, 18), link(15, 16)],
    verdicts: ['gap', 'gap'],
    applied: 10,
    seen: 18,
  },
  {
    when: 'it is of another incarnation, its sequence newer',
    events: [link(10, 15, BEFORE)],
    verdicts: ['foreign'],
    applied: 10,
    seen: 10,
  },
  {
    when: 'it is of another incarnation, its sequence older',
    events: [link(3, 7, BEFORE)],
    verdicts: ['foreign'],
    applied: 10,
    seen: 10,
  },
];

describe('an event that has taken effect', () => {
  it.each(TRANSITIONS)('is $verdicts when $when (P6)', ({ events, verdicts, applied, seen }) => {
    const history = historyAt10();
    expect(events.map((event) => history.note(event))).toEqual(verdicts);
    expect(history.applied).toEqual({ incarnation: TODAY, sequence: applied });
    expect(history.seen).toEqual({ incarnation: TODAY, sequence: seen });
    expect(history.hasGap).toBe(seen > applied);
  });

  it('is foreign while nothing is applied yet', () => {
    const history = new PartitionHistory();
    expect(history.note(link(0, 1))).toBe('foreign');
    expect(history.applied).toBeUndefined();
    expect(history.seen).toBeUndefined();
    expect(history.hasGap).toBe(false);
  });

  it('is the first of a history when it names no predecessor', () => {
    const history = new PartitionHistory();
    history.adopt({ incarnation: TODAY, sequence: 0 });
    expect(history.note(link(0, 1))).toBe('linked');
    expect(history.applied?.sequence).toBe(1);
  });

  it('leaves nothing of its own in the history but its position', () => {
    const history = historyAt10();
    history.note({ ...link(10, 15), effect: 'large' } as Link);
    expect(history.applied).toStrictEqual({ incarnation: TODAY, sequence: 15 });
    expect(history.seen).toStrictEqual({ incarnation: TODAY, sequence: 15 });
  });
});

describe('a chain of events', () => {
  const steps = fc.array(fc.integer({ min: 1, max: 1_000 }), { minLength: 1, maxLength: 40 });

  it('ends applied at its end, in whatever order it comes and however often (P6)', () => {
    const delivery = steps.chain((all) => {
      const chain = chainFrom10(all);
      const repeated = fc.array(fc.constantFrom(...chain), { maxLength: chain.length });
      return fc.record({
        chain: fc.constant(chain),
        delivered: repeated.chain((again) => {
          const events = [...chain, ...again];
          return fc.shuffledSubarray(events, { minLength: events.length });
        }),
      });
    });
    fc.assert(
      fc.property(delivery, ({ chain, delivered }) => {
        const history = historyAt10();
        for (const event of delivered) history.note(event);
        const end: Head = { incarnation: TODAY, sequence: chain.at(-1)?.sequence ?? 0 };
        expect(history.applied).toEqual(end);
        expect(history.seen).toEqual(end);
        expect(history.hasGap).toBe(false);
      }),
      { numRuns: 1_000 },
    );
  });

  it('with one lost stays applied before that one, whatever the order of the others (P6)', () => {
    const delivery = fc.tuple(steps, fc.nat()).chain(([all, lost]) => {
      const chain = chainFrom10(all);
      const missing = chain[lost % chain.length] as Link;
      const others = chain.filter((event) => event !== missing);
      return fc.record({
        chain: fc.constant(chain),
        missing: fc.constant(missing),
        delivered: fc.shuffledSubarray(others, { minLength: others.length }),
      });
    });
    fc.assert(
      fc.property(delivery, ({ chain, missing, delivered }) => {
        const history = historyAt10();
        for (const event of delivered) history.note(event);
        expect(history.applied?.sequence).toBe(missing.previous);
        expect(history.hasGap).toBe(missing !== chain.at(-1));
        // The log answers what is missing: the events across the gap link on without being replayed.
        expect(history.note(missing)).toBe('linked');
        expect(history.applied?.sequence).toBe(chain.at(-1)?.sequence);
      }),
      { numRuns: 1_000 },
    );
  });
});

describe('events across a gap', () => {
  const chain = chainFrom10(new Array<number>(LINKS_AHEAD_MAX + 50).fill(1));
  const [missing, ...ahead] = chain as [Link, ...Link[]];

  it('are remembered up to a bound, and link on when the gap closes', () => {
    const history = historyAt10();
    for (const event of ahead) expect(history.note(event)).toBe('gap');
    expect(history.seen?.sequence).toBe(chain.at(-1)?.sequence);
    expect(history.note(missing)).toBe('linked');
    expect(history.applied?.sequence).toBe(missing.sequence + LINKS_AHEAD_MAX);
    expect(history.hasGap).toBe(true);
  });

  it('beyond the bound are closed by a replay, which may bring them all again', () => {
    const history = historyAt10();
    for (const event of ahead) history.note(event);
    for (const event of chain) history.note(event);
    expect(history.applied?.sequence).toBe(chain.at(-1)?.sequence);
    expect(history.hasGap).toBe(false);
  });

  it('are forgotten once they are linked, so that later ones find room', () => {
    const history = historyAt10();
    for (const event of [...ahead.slice(0, LINKS_AHEAD_MAX), missing]) history.note(event);
    const from = history.applied as Head;
    const next = link(from.sequence, from.sequence + 5);
    for (let at = 1; at <= LINKS_AHEAD_MAX; at++) history.note(link(next.sequence + at - 1, next.sequence + at));
    expect(history.note(next)).toBe('linked');
    expect(history.applied?.sequence).toBe(next.sequence + LINKS_AHEAD_MAX);
  });

  it('are forgotten when another head is adopted', () => {
    const history = historyAt10();
    history.note(link(15, 16));
    history.adopt({ incarnation: TODAY, sequence: 12 });
    expect(history.hasGap).toBe(false);
    expect(history.note(link(12, 15))).toBe('linked');
    expect(history.applied?.sequence).toBe(15);
  });
});
