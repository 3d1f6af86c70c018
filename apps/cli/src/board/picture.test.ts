import { PassThrough } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import stringWidth from 'string-width';
import { expect, it } from 'vitest';
import type { Frame, NodeLine } from './frame.ts';
import { picture } from './picture.ts';

const lookups = { hitRatio: 0.5, recentHitRatio: 0.95, recentPerSecond: 12.34, entries: 3, bytes: 2_048, loads: 4 };
const node: NodeLine = {
  ...lookups,
  id: 'aef03e7f11112222',
  url: 'http://127.0.0.1:1',
  state: 'coherent',
  stalenessMs: 500,
  stalenessBoundMs: 2_000,
  violations: 0,
};
const FRAME: Frame = {
  at: '2026-11-22T15:04:05.678Z',
  recentMs: 10_000,
  nodes: [
    node,
    { ...node, id: 'bbbbbbbb11112222', url: null, state: 'degraded', reason: 'the tier is away', violations: 2 },
    { ...node, id: null, url: 'http://127.0.0.1:3', state: 'lost', stalenessMs: null, recentHitRatio: null },
  ],
  namespaces: [
    { ...lookups, name: 'tools' },
    { ...lookups, name: 'never-used', hitRatio: null, entries: 0 },
  ],
  clears: Array.from({ length: 20 }, (_, at) => ({
    at: '2026-11-22T15:04:05.678Z',
    action: 'clear',
    scope: { namespace: `tools-${20 - at}` },
    positions: ['control:1795715983745270', 'control:1795715983745271'],
    by: 'admin:\u001b[2Jops',
    fencedBy: 'acknowledgements',
    marks: [{ state: 'applied', afterMs: 0.66 }, { state: 'acknowledged' }, { state: 'lost' }],
  })),
};
const SIZES = [200, 120, 80, 60, 40].flatMap((columns) => [60, 24, 16, 14].map((rows) => ({ columns, rows })));

function drawn(size: { columns: number; rows: number }, stream = new PassThrough()): readonly string[] {
  return picture(FRAME, stream, { ...size, note: 'A note.', hasKeys: true });
}

it('shows nodes, namespaces that are used, and clears with a mark of each node', () => {
  const text = drawn({ columns: 200, rows: 60 }).join('\n');
  expect(text).toMatch(
    /^lockstep top {2}.* {2}3 nodes, 1 coherent, staleness of at most 2 s \(Δ\); recent: the last 10 s$/m,
  );
  expect(text).toMatch(/^1 +aef03e7f +coherent +██░{8} 500 ms +█{9}░ +95 % +50 % +12\.3 +4 +3 +2\.0 KiB +0/m);
  expect(text).toMatch(/^2~ +bbbbbbbb +degraded .* 2 +the tier is away$/m);
  expect(text).toMatch(/^3 +http:\/\/127\.0\.0\.1:3 +lost /m);
  expect(text).toMatch(/^tools /m);
  expect(text).not.toContain('never-used');
  expect(text).toMatch(/NODE 1 +NODE 2~ +NODE 3/);
  expect(text).toMatch(
    /clear namespace=tools-20 +control:1795715983745270 \+1 +● 0\.7 ms +✓ said so +✗ lost +by acknowledgements/,
  );
  expect(text).toContain('admin:\\u{1b}[2Jops');
  expect(text).toContain('~ seen through another node');
  expect(text).toMatch(/q: end\.\nA note\.$/);
});

it.each(SIZES)('on $columns columns and $rows rows it keeps to both, and shows a clear', ({ columns, rows }) => {
  const lines = drawn({ columns, rows });
  expect(lines.length).toBeLessThanOrEqual(rows);
  // What is never left out may be wider than the narrowest: the terminal cuts it off.
  if (columns >= 80) for (const line of lines) expect(stringWidth(line)).toBeLessThanOrEqual(columns);
  expect(lines.join('\n')).toContain('clear namespace=tools-20');
});

it('has colours on a terminal alone', () => {
  const size = { columns: 120, rows: 40 };
  const terminal = Object.assign(new PassThrough(), { isTTY: true, getColorDepth: () => 8, hasColors: () => true });
  const [plain, coloured] = [drawn(size).join('\n'), drawn(size, terminal).join('\n')];
  expect(plain).not.toContain('\u001b');
  expect(coloured).toContain('\u001b[32mcoherent\u001b[39m');
  expect(stripVTControlCharacters(coloured)).toBe(plain);
});
