import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { BoardTerminal } from './board-terminal.ts';
import { isGroupAlive } from './group-life.ts';

const ROOT = join(import.meta.dirname, '../..');
/** Of one wait, and of all: on a busy machine, with a fence that holds by time. */
const [WAIT_MS, TIMEOUT_MS] = [90_000, 240_000];

let terminal: BoardTerminal | undefined;

afterEach(async () => {
  await terminal?.stop();
});

/** What the rows of three nodes have as their recent hit ratio, in percent; undefined: not all of them have one. */
function ratios(text: string): readonly number[] | undefined {
  const rows = [...text.matchAll(/^\d +[0-9a-f]{8} +coherent .*? [█░]{10} +(\d+) %/gm)].map((row) => Number(row[1]));
  return rows.length === 3 ? rows : undefined;
}

it.runIf(process.platform === 'linux')(
  'on a terminal, three nodes are shown with ratios that move and a clear on each; q ends all of it',
  { timeout: TIMEOUT_MS },
  async () => {
    const environment = { ...process.env, NO_COLOR: '1' };
    const up = new BoardTerminal({ root: ROOT, command: './scripts/up', columns: 160, rows: 45, environment });
    terminal = up;
    const shows = <T>(what: string, found: (text: string) => T | undefined): Promise<T> =>
      up.shows(what, found, WAIT_MS);
    await shows('three nodes with hits alone', (text) =>
      ratios(text)?.every((ratio) => ratio === 100) ? true : undefined,
    );
    up.press('c');
    const marks = await shows(
      'a clear on each node',
      (text) => /clear namespace=tools .*?((● +\d+\.\d ms +){3})/.exec(text)?.[1],
    );
    expect(marks).toMatch(/● 0\.0 ms/);
    await shows('a ratio that the clear has lowered', (text) => ratios(text)?.find((ratio) => ratio < 100));
    await shows('who cleared', (text) => (/ by (acknowledgements|time) +admin:demo/.test(text) ? true : undefined));
    expect(up.picture.join(' ')).toContain('This traffic is a demonstration');
    up.press('q');
    const code = await up.ended();
    const said = stripVTControlCharacters(up.written.slice(up.written.lastIndexOf('stopping')));
    expect([code, said.trim().split(/\s*\n/)]).toEqual([0, ['stopping', 'stopped; nothing is left']]);
    // The screen of before is back, with a cursor.
    expect(up.written).toContain('\u001b[?25h\u001b[?1049l');
    expect(await isGroupAlive(up.group)).toBe(false);
  },
);
