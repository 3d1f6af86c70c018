/**
 * Draws apps/docs/images/board.svg: runs `scripts/up` on a terminal, waits until its board has shown clears, and makes an
 * SVG of what the terminal has. `node --conditions=@lockstep/source scripts/board-picture.ts`, on Linux.
 */
import { writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { BoardTerminal } from './cluster/board-terminal.ts';
import { svgOf } from './cluster/picture-svg.ts';

const COLUMNS = 136;
const WAIT_MS = 120_000;
/** How many clears it shows. */
const CLEARS = 3;
const TITLE = 'lockstep top: three nodes, their hit ratios, and clears with the time at which each node applied them';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const { NO_COLOR: _, ...environment } = process.env;
const up = new BoardTerminal({
  root,
  command: './scripts/up',
  columns: COLUMNS,
  rows: 30,
  environment: { ...environment, TERM: 'xterm-256color' },
});
try {
  const fences = (text: string): number => text.match(/by acknowledgements/g)?.length ?? 0;
  await up.shows(`${CLEARS} fenced clears`, (text) => (fences(text) >= CLEARS ? true : undefined), WAIT_MS);
  writeFileSync(join(root, 'apps/docs/images/board.svg'), svgOf(up.picture, { columns: COLUMNS, title: TITLE }));
  up.press('q');
  await up.ended();
} finally {
  await up.stop();
}
