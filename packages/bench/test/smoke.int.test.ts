import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';
import type { Row } from '../src/figures.ts';

const MAIN = join(import.meta.dirname, '../src/main.ts');
const ITEMS = [
  'near-hit',
  'tracing',
  'memory',
  'tier-memory',
  'tier-hit',
  'many-keys',
  'packing',
  'stampede',
  'invalidation',
  'bus-outage',
  'fenced-clear',
  'namespace-clear',
  'heartbeat',
];

const isQuantiles = { p50: expect.any(Number), p99: expect.any(Number) };

function isOneOf(row: Row): void {
  const { floor, ratio, target, meets } = row;
  expect(row).toEqual({
    id: expect.stringMatching(/^[a-z-]+(\.[a-z0-9-]+)+$/),
    unit: expect.any(String),
    ours: isQuantiles,
    floor: floor === null ? null : isQuantiles,
    ratio,
    target: target === null ? null : expect.any(String),
    meets,
  });
  expect([row.ours.p50, row.ours.p99].every((figure) => figure >= 0)).toBe(true);
  expect(typeof ratio).toBe(floor === null ? 'object' : 'number');
  expect(typeof meets).toBe(target === null ? 'object' : 'boolean');
}

test('every item runs, and its rows have the shape that others read', { timeout: 120_000 }, async () => {
  const directory = await mkdtemp(join(tmpdir(), 'lockstep-bench-'));
  try {
    const file = join(directory, 'rows.json');
    const args = ['--conditions=@lockstep/source', MAIN, '--smoke', '--json', file];
    const { stdout } = await promisify(execFile)(process.execPath, args);
    const rows: readonly Row[] = JSON.parse(await readFile(file, 'utf8'));
    for (const row of rows) isOneOf(row);
    expect([...new Set(rows.map(({ id }) => id.split('.')[0]))]).toEqual(ITEMS);
    for (const id of ['stampede.loads', 'fenced-clear.old-answers-on-waking']) {
      expect(rows.find((row) => row.id === id)?.meets, id).toBe(true);
    }
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/^bench: \d+ of \d+ targets met/);
  } finally {
    await rm(directory, { recursive: true });
  }
});

test('an item that there is not is refused', async () => {
  const refused = promisify(execFile)(process.execPath, ['--conditions=@lockstep/source', MAIN, '--only', 'nothing']);
  await expect(refused).rejects.toMatchObject({ code: 2, stderr: expect.stringContaining('Items: near-hit, ') });
});
