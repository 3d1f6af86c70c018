import type { MemberView, NearView } from '@lockstep/admin-api';
import { expect, it } from 'vitest';
import { Board } from './board.ts';

const VIEW: NearView = {
  ...{ entries: 1, bytes: 10, nearHits: 8, tierHits: 0, loads: 2 },
  ...{ loadsFailed: 0, staleAnswers: 0, degradedAnswers: 0, evictions: 0 },
};
const at = (atMs: number) => ({ atMs, at: new Date(atMs).toISOString() });

function member(id: string, { isSelf = false, nearHits = 8 } = {}): MemberView {
  const state = { state: 'coherent', stalenessMs: 1, version: '0', url: '', startedAt: '', uptimeSeconds: 1 } as const;
  return { id, isSelf, report: { ...state, positions: [], near: { tools: { ...VIEW, nearHits } } } };
}

function lines(board: Board): readonly (readonly [string | null, string | null, string])[] {
  return board.frame(at(0)).nodes.map(({ id, url, state }) => [id, url, state]);
}

it('nodes stand in the order of their URLs, then those that are seen through them; who leaves is gone', () => {
  const board = new Board(['one', 'two']);
  expect(lines(board).map(([, url, state]) => [url, state])).toEqual([
    ['one', 'lost'],
    ['two', 'lost'],
  ]);
  board.answered('one', { isWhole: true, nodes: [member('b', { isSelf: true }), member('a'), member('c')] }, at(0));
  expect(lines(board)).toEqual([
    ['b', 'one', 'coherent'],
    [null, 'two', 'lost'],
    ['a', null, 'coherent'],
    ['c', null, 'coherent'],
  ]);
  board.answered('two', { isWhole: true, nodes: [member('c', { isSelf: true }), member('b')] }, at(0));
  expect(lines(board)).toEqual([
    ['b', 'one', 'coherent'],
    ['c', 'two', 'coherent'],
  ]);
  board.failed('two', 'gone');
  expect(board.frame(at(0)).nodes[1]).toMatchObject({ id: 'c', state: 'lost', reason: 'gone', stalenessMs: null });
});

it('of a node that is followed, what it says itself counts; what another one has of it is older', () => {
  const board = new Board(['one', 'two']);
  for (const second of [0, 1]) {
    const [own, old] = [8 + 10 * second, 0];
    const nodes = (self: string) =>
      ['a', 'b'].map((id) => member(id, { isSelf: id === self, nearHits: id === self ? own : old }));
    board.answered('one', { isWhole: true, nodes: nodes('a') }, at(second * 1_000));
    board.answered('two', { isWhole: true, nodes: nodes('b') }, at(second * 1_000 + 1));
  }
  expect(board.frame(at(0)).nodes.map(({ hitRatio, recentPerSecond }) => [hitRatio, recentPerSecond])).toEqual([
    [0.9, 10],
    [0.9, 10],
  ]);
});

it('a node that cannot ask who the others are tells of itself alone: they stay', () => {
  const board = new Board(['one']);
  board.answered('one', { isWhole: true, nodes: [member('a', { isSelf: true }), member('b')] }, at(0));
  board.answered('one', { isWhole: false, nodes: [member('a', { isSelf: true })] }, at(1_000));
  expect(lines(board).map(([id]) => id)).toEqual(['a', 'b']);
});
