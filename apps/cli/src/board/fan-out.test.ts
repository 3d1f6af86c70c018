import type { AppliedEvent, AuditRecord } from '@lockstep/admin-api';
import { expect, it } from 'vitest';
import { FanOut } from './fan-out.ts';

/** A place is a time in µs, where there is a tier. */
const PLACE = 1_795_715_983_745_000;
const CLEAR: AppliedEvent = {
  type: 'applied',
  kind: 'clear-scope',
  partition: 'control',
  sequence: PLACE + 7,
  scope: { namespace: 'tools' },
};
const NODES = ['a', 'b', 'c'].map((id) => ({ id, heardSinceMs: 0, isFollowed: true }));
const at = (atMs: number) => ({ atMs, at: new Date(atMs).toISOString() });
const receipt = (sequence: number, more: object = {}) => ({
  ...({ cache: 'tools', partition: 'control', incarnation: 'aa', sequence: PLACE + sequence } as const),
  ...more,
});

function record(receipts: AuditRecord['receipts']): AuditRecord {
  const hashes = { previousHash: '', hash: '' };
  const what = { actor: 'admin:ops', action: 'clear', scope: { everything: true }, reason: 'a test' } as const;
  return { sequence: 1, at: at(0).at, ...what, outcome: 'done', receipts, node: 'a', ...hashes };
}

it('each node is measured from the first that told of the clear; a second telling changes nothing', () => {
  const fanOut = new FanOut();
  fanOut.heard('b', CLEAR, at(100));
  fanOut.heard('a', CLEAR, at(101.5));
  fanOut.heard('a', CLEAR, at(150));
  const lost = { id: 'd', heardSinceMs: undefined, isFollowed: true };
  const unfollowed = { id: 'e', heardSinceMs: undefined, isFollowed: false };
  const late = { id: 'f', heardSinceMs: 120, isFollowed: true };
  const [line] = fanOut.lines([...NODES, lost, unfollowed, late]);
  expect(line).toMatchObject({ action: 'clear', scope: { namespace: 'tools' }, positions: [`control:${PLACE + 7}`] });
  expect(line?.marks).toEqual([
    { state: 'applied', afterMs: 1.5 },
    { state: 'applied', afterMs: 0 },
    { state: 'waiting' },
    { state: 'lost' },
    { state: 'unseen' },
    { state: 'unseen' },
  ]);
});

it('the events of one record are one clear, that has reached a node when the last of them has', () => {
  const fanOut = new FanOut();
  fanOut.heard('a', CLEAR, at(100));
  fanOut.heard('a', { ...CLEAR, sequence: PLACE + 8 }, at(110));
  fanOut.heard('b', CLEAR, at(101));
  fanOut.recorded(record([receipt(7), receipt(8), receipt(9)]));
  expect(fanOut.lines(NODES).map(({ by, positions }) => [by, positions])).toEqual([
    ['admin:ops', [`control:${PLACE + 7}`, `control:${PLACE + 8}`]],
  ]);
  expect(fanOut.lines(NODES)[0]?.marks.map(({ state }) => state)).toEqual(['applied', 'waiting', 'waiting']);
  fanOut.heard('b', { ...CLEAR, sequence: PLACE + 8 }, at(113));
  // One that is heard of after the record is of it too.
  fanOut.heard('a', { ...CLEAR, sequence: PLACE + 9 }, at(120));
  fanOut.heard('b', { ...CLEAR, sequence: PLACE + 9 }, at(120.5));
  const lines = fanOut.lines(NODES);
  expect(lines).toHaveLength(1);
  expect(lines[0]?.marks.slice(0, 2)).toEqual([
    { state: 'applied', afterMs: 0 },
    { state: 'applied', afterMs: 3 },
  ]);
});

it('what only a fence says is told without a time; a fence is as weak as the weakest of its events', () => {
  const fanOut = new FanOut();
  fanOut.heard('a', CLEAR, at(100));
  const members = { b: 'acknowledged', c: 'fenced out' } as const;
  fanOut.recorded(
    record([
      receipt(7, { fence: { by: 'acknowledgements', members: { ...members, c: 'acknowledged' } } }),
      receipt(8, { fence: { by: 'time', members } }),
    ]),
  );
  const [line] = fanOut.lines([NODES[0], ...['b', 'c', 'd'].map((id) => ({ id, isFollowed: false }))] as typeof NODES);
  expect(line?.fencedBy).toBe('time');
  expect(line?.marks.map(({ state }) => state)).toEqual(['applied', 'acknowledged', 'fenced out', 'unseen']);
});

it('a node that drops a partition has dropped what was cleared there', () => {
  const fanOut = new FanOut();
  fanOut.heard('a', CLEAR, at(100));
  fanOut.dropped('b', 'control', 130);
  fanOut.dropped('c', 3, 130);
  expect(fanOut.lines(NODES)[0]?.marks.slice(1)).toEqual([{ state: 'applied', afterMs: 30 }, { state: 'waiting' }]);
});

it('a write is no clear, and an event of one key is told by the key', () => {
  const fanOut = new FanOut();
  fanOut.heard('a', { type: 'applied', kind: 'put', partition: 3, sequence: PLACE + 8, keyId: 'aa' }, at(0));
  fanOut.heard('a', { type: 'applied', kind: 'expire', partition: 3, sequence: PLACE + 9, keyId: 'bb' }, at(1));
  expect(fanOut.lines(NODES)).toMatchObject([
    { action: 'expire', scope: { key: 'bb' }, positions: [`3:${PLACE + 9}`] },
  ]);
});

it('nodes without a tier count each for itself: their places have nothing to do with one another', () => {
  const fanOut = new FanOut();
  fanOut.heard('a', { ...CLEAR, sequence: 1 }, at(0));
  fanOut.heard('b', { ...CLEAR, sequence: 1 }, at(9_000));
  fanOut.recorded({ ...record([{ ...receipt(0), sequence: 1 }]), node: 'b' });
  expect(fanOut.lines(NODES).map((line) => [line.at, line.by])).toEqual([
    [at(9_000).at, 'admin:ops'],
    [at(0).at, undefined],
  ]);
});

it('of very many clears the newest are remembered', () => {
  const fanOut = new FanOut();
  for (let sequence = 1; sequence <= 200; sequence++)
    fanOut.heard('a', { ...CLEAR, sequence: PLACE + sequence }, at(sequence));
  const lines = fanOut.lines(NODES);
  expect([lines.length, lines[0]?.positions, lines.at(-1)?.positions]).toEqual([
    50,
    [`control:${PLACE + 200}`],
    [`control:${PLACE + 151}`],
  ]);
});
