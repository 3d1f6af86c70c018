import { describe, expect, it } from 'vitest';
import type { Head, HeadVerdict, Incarnation } from './index.ts';
import { isBehind, PartitionHistory } from './index.ts';

const TODAY = 'aaaaaaaaaaaaaaaa' as Incarnation;
const OTHER = 'bbbbbbbbbbbbbbbb' as Incarnation;

function at(sequence: number, incarnation: Incarnation = TODAY): Head {
  return { incarnation, sequence };
}

/** A history that has applied up to 10 and seen up to `seen`. */
function historyAt10(seen = 10): PartitionHistory {
  const history = new PartitionHistory();
  history.adopt(at(10));
  if (seen > 10) history.note({ ...at(seen), previous: seen - 1 });
  return history;
}

interface Judgement {
  readonly when: string;
  readonly history: PartitionHistory;
  readonly seenWhenSent: Head | undefined;
  readonly head: Head | undefined;
  readonly verdict: HeadVerdict;
}

const JUDGEMENTS: readonly Judgement[] = [
  { when: 'it is what is applied', history: historyAt10(), seenWhenSent: at(10), head: at(10), verdict: 'current' },
  { when: 'it is newer', history: historyAt10(), seenWhenSent: at(10), head: at(11), verdict: 'ahead' },
  {
    when: 'it is what was seen across a gap',
    history: historyAt10(20),
    seenWhenSent: at(20),
    head: at(20),
    verdict: 'ahead',
  },
  {
    when: 'it is older than what is applied now, and not than what was seen when it was asked for',
    history: historyAt10(),
    seenWhenSent: at(8),
    head: at(9),
    verdict: 'current',
  },
  {
    when: 'it is older than what was seen when it was asked for',
    history: historyAt10(),
    seenWhenSent: at(10),
    head: at(9),
    verdict: 'reset',
  },
  {
    when: 'it is newer than what is applied, and older than what was seen across a gap',
    history: historyAt10(20),
    seenWhenSent: at(20),
    head: at(15),
    verdict: 'reset',
  },
  {
    when: 'it is newer than what is applied, and what was seen came after it was asked for',
    history: historyAt10(20),
    seenWhenSent: at(10),
    head: at(15),
    verdict: 'ahead',
  },
  {
    when: 'it is of another incarnation, its sequence newer',
    history: historyAt10(),
    seenWhenSent: at(10),
    head: at(99, OTHER),
    verdict: 'reset',
  },
  {
    when: 'it is of another incarnation, its sequence the same',
    history: historyAt10(),
    seenWhenSent: at(10),
    head: at(10, OTHER),
    verdict: 'reset',
  },
  { when: 'there is none', history: historyAt10(), seenWhenSent: at(10), head: undefined, verdict: 'reset' },
  {
    when: 'nothing is applied yet',
    history: new PartitionHistory(),
    seenWhenSent: undefined,
    head: at(10),
    verdict: 'reset',
  },
  {
    when: 'nothing is applied yet and there is none',
    history: new PartitionHistory(),
    seenWhenSent: undefined,
    head: undefined,
    verdict: 'reset',
  },
];

describe('a head read from the tier', () => {
  it.each(JUDGEMENTS)('is $verdict when $when (P7)', ({ history, seenWhenSent, head, verdict }) => {
    expect(history.judge(head, seenWhenSent)).toBe(verdict);
  });

  it('changes nothing by being judged', () => {
    const history = historyAt10(20);
    for (const head of [undefined, at(5), at(20), at(99, OTHER)]) history.judge(head, history.seen);
    expect([history.applied, history.seen]).toEqual([at(10), at(20)]);
  });

  it('is judged by today once another history is adopted, though it was asked for before', () => {
    const history = historyAt10();
    const seenWhenSent = history.seen;
    history.adopt(at(5, OTHER));
    expect(history.judge(at(6, OTHER), seenWhenSent)).toBe('reset');
    expect(history.judge(at(6, OTHER), history.seen)).toBe('ahead');
  });
});

describe('the history that a node starts over from', () => {
  it('is the head alone: applied and seen are there, also where that is further back', () => {
    const history = historyAt10(20);
    history.adopt(at(3, OTHER));
    expect([history.applied, history.seen, history.hasGap]).toEqual([at(3, OTHER), at(3, OTHER), false]);
    expect(history.note({ ...at(11), previous: 10 })).toBe('foreign');
    expect(history.note({ ...at(4, OTHER), previous: 3 })).toBe('linked');
  });

  it('does not change with the object it was taken from', () => {
    const head = { incarnation: TODAY, sequence: 10 };
    const history = new PartitionHistory();
    history.adopt(head);
    head.sequence = 99;
    expect(history.applied).toEqual(at(10));
  });
});

describe('a head is behind what was seen', () => {
  it.each([
    { head: at(9), seen: at(10), isIt: true },
    { head: at(10), seen: at(10), isIt: false },
    { head: at(11), seen: at(10), isIt: false },
    { head: at(11, OTHER), seen: at(10), isIt: true },
    { head: at(9), seen: undefined, isIt: false },
  ])('$isIt for $head and $seen (P7)', ({ head, seen, isIt }) => {
    expect(isBehind(head, seen)).toBe(isIt);
  });
});
