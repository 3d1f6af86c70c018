import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { stripVTControlCharacters } from 'node:util';
import { afterEach, expect, it } from 'vitest';
import { isGroupAlive } from './group-life.ts';
import { until } from './waiting.ts';

const ROOT = join(import.meta.dirname, '../..');
/** With what is built from nothing, and the first fence. */
const TIMEOUT_MS = 120_000;
/** What the board writes before a picture, and after it. */
const [BEGIN, END] = ['\u001b[?2026h\u001b[H', '\u001b[J\u001b[?2026l'];

let terminal: ChildProcess | undefined;
let written = '';

afterEach(async () => {
  if (terminal?.pid === undefined || terminal.exitCode !== null) return;
  const closed = once(terminal, 'close');
  process.kill(-terminal.pid, 'SIGTERM');
  await closed;
});

/** Runs a command on a terminal of its own, as Debian's `script` makes one. */
function onTerminal(command: string): ChildProcess {
  written = '';
  const child = spawn('script', ['-qefc', `stty cols 160 rows 45; exec ${command}`, '/dev/null'], {
    cwd: ROOT,
    stdio: ['pipe', 'pipe', 'inherit'],
    detached: true,
    env: { ...process.env, NO_COLOR: '1' },
  });
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    written += text;
  });
  terminal = child;
  return child;
}

/** The newest picture on the terminal, without colours. */
function picture(): string {
  const whole = written.slice(0, Math.max(0, written.lastIndexOf(END)));
  return stripVTControlCharacters(whole.slice(whole.lastIndexOf(BEGIN) + BEGIN.length));
}

async function shows<T>(what: string, found: (text: string) => T | undefined): Promise<T> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    return await until(() => found(picture()), { what, timeoutMs: TIMEOUT_MS / 2, signal });
  } catch (error) {
    throw new Error(`${String(error)}; the terminal has\n${picture() || written}`, { cause: error });
  }
}

/** What the rows of three nodes have as their recent hit ratio, in percent; undefined: not all of them have one. */
function ratios(text: string): readonly number[] | undefined {
  const rows = [...text.matchAll(/^\d +[0-9a-f]{8} +coherent .*? [█░]{10} +(\d+) %/gm)].map((row) => Number(row[1]));
  return rows.length === 3 ? rows : undefined;
}

it.runIf(process.platform === 'linux')(
  'on a terminal, three nodes are shown with ratios that move and a clear on each; q ends all of it',
  { timeout: TIMEOUT_MS },
  async () => {
    const child = onTerminal('./scripts/up');
    const before = await shows('three nodes with nearly all their lookups hits', (text) => {
      const found = ratios(text);
      return found?.every((ratio) => ratio > 90) === true ? found : undefined;
    });
    child.stdin?.write('c');
    const marks = await shows(
      'a clear on each node',
      (text) => /clear namespace=tools .*?((● +\d+\.\d ms +){3})/.exec(text)?.[1],
    );
    expect(marks).toMatch(/● 0\.0 ms/);
    await shows('a ratio that the clear has lowered', (text) =>
      ratios(text)?.find((ratio, at) => ratio < (before[at] ?? 0)),
    );
    await shows('who cleared', (text) => (/ by (acknowledgements|time) +admin:demo/.test(text) ? true : undefined));
    expect(picture()).toContain('This traffic is a demonstration');
    child.stdin?.write('q');
    const [code] = (await once(child, 'close')) as [number];
    expect([code, written.slice(written.lastIndexOf('stopping')).trim().split(/\s*\n/)]).toEqual([
      0,
      ['stopping', 'stopped; nothing is left'],
    ]);
    // The screen of before is back, with a cursor.
    expect(written).toContain('\u001b[?25h\u001b[?1049l');
    expect(await isGroupAlive(child.pid ?? 0)).toBe(false);
  },
);
