/** Of one character, in pixels. */
const [WIDTH, HEIGHT, SIZE] = [8.4, 18, 14];
const MARGIN = 16;
const [BACKGROUND, TEXT] = ['#0d1117', '#d1d5db'];
const COLOURS: Readonly<Record<string, string>> = { 31: '#f87171', 32: '#4ade80', 33: '#facc15', 36: '#67e8f9' };
const FONTS = "ui-monospace, 'DejaVu Sans Mono', Menlo, Consolas, monospace";

/** How text looks from here on. */
interface Look {
  readonly fill: string;
  readonly isBold: boolean;
  readonly isDim: boolean;
}

const PLAIN: Look = { fill: TEXT, isBold: false, isDim: false };

/** Lines of a terminal, with the colours that they are written in, as an SVG picture; `title` is for who cannot see it. */
export function svgOf(lines: readonly string[], { columns, title }: { columns: number; title: string }): string {
  const [width, height] = [columns * WIDTH + 2 * MARGIN, lines.length * HEIGHT + 2 * MARGIN].map(Math.ceil);
  const texts = lines.flatMap((line, row) => runsOf(line).map((run) => textOf(run, row)));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" role="img">`,
    `<title>${escaped(title)}</title>`,
    `<rect width="${width}" height="${height}" rx="8" fill="${BACKGROUND}"/>`,
    `<g font-family="${FONTS}" font-size="${SIZE}" xml:space="preserve">`,
    ...texts,
    '</g>',
    '</svg>',
    '',
  ].join('\n');
}

interface Run {
  readonly text: string;
  readonly column: number;
  readonly look: Look;
}

/** The parts of a line that look alike. */
function runsOf(line: string): readonly Run[] {
  const runs: Run[] = [];
  let [look, column] = [PLAIN, 0];
  for (const [at, part] of line.split('\u001b[').entries()) {
    // But for the first, each part begins with the end of a sequence.
    const end = at === 0 ? -1 : part.indexOf('m');
    if (at > 0) look = part.slice(0, end).split(';').reduce(changed, look);
    const text = part.slice(end + 1);
    if (text.trim() !== '') runs.push({ text, column, look });
    column += [...text].length;
  }
  return runs;
}

function changed(look: Look, code: string): Look {
  if (code === '1') return { ...look, isBold: true };
  if (code === '2') return { ...look, isDim: true };
  if (code === '22') return { ...look, isBold: false, isDim: false };
  if (code === '0' || code === '') return PLAIN;
  return { ...look, fill: COLOURS[code] ?? TEXT };
}

/** Words one by one, each where a terminal would have it, whatever the width of the font. */
function textOf({ text, column, look }: Run, row: number): string {
  const y = MARGIN + row * HEIGHT + SIZE;
  const weight = look.isBold ? ' font-weight="bold"' : '';
  const opacity = look.isDim ? ' opacity="0.6"' : '';
  const words = [...text.matchAll(/\S+( \S+)*/g)].map(({ 0: word, index }) => {
    const x = MARGIN + (column + [...text.slice(0, index)].length) * WIDTH;
    const length = [...word].length * WIDTH;
    return `<tspan x="${x.toFixed(1)}" textLength="${length.toFixed(1)}" lengthAdjust="spacingAndGlyphs">${escaped(word)}</tspan>`;
  });
  return `<text y="${y}" fill="${look.fill}"${weight}${opacity}>${words.join('')}</text>`;
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
