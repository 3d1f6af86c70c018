/** Text of a picture: family, and colors of what is read and what is beside it. */
export const FONT = 'Helvetica, Arial, sans-serif';
export const INK = '#24292f';
export const FAINT = '#6e7781';
export const GRID = '#e4e7eb';
export const PAPER = '#ffffff';

/** Widths of characters, as parts of the size of the font, are about this on average. */
const CHARACTER_WIDTH = 0.56;

interface TextOptions {
  readonly size?: number;
  readonly color?: string;
  readonly bold?: boolean;
  readonly anchor?: 'start' | 'middle' | 'end';
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Box extends Point {
  readonly width: number;
  readonly height: number;
}

/** A line of text; `y` is its base line. */
export function text(content: string, { x, y }: Point, options: TextOptions = {}): string {
  const { size = 12, color = INK, bold = false, anchor = 'start' } = options;
  const weight = bold ? ' font-weight="600"' : '';
  return `<text x="${at(x)}" y="${at(y)}" font-size="${size}" fill="${color}" text-anchor="${anchor}"${weight}>${escaped(content)}</text>`;
}

export function rectangle({ x, y, width, height }: Box, look: string): string {
  return `<rect x="${at(x)}" y="${at(y)}" width="${at(Math.max(0, width))}" height="${at(height)}" ${look}/>`;
}

export function line(from: Point, to: Point, look: string): string {
  return `<line x1="${at(from.x)}" y1="${at(from.y)}" x2="${at(to.x)}" y2="${at(to.y)}" ${look}/>`;
}

/** Something with a place and a coordinate system of its own. */
export function placed(content: string, { x, y }: Point): string {
  return `<g transform="translate(${at(x)} ${at(y)})">${content}</g>`;
}

/** A whole picture, with what it shows in words. */
export function picture(
  content: string,
  { width, height, title }: { width: number; height: number; title: string },
): string {
  const head = `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}"`;
  const paper = rectangle({ x: 0, y: 0, width, height }, `fill="${PAPER}"`);
  return `${head} font-family="${FONT}" role="img"><title>${escaped(title)}</title>${paper}${content}</svg>\n`;
}

/** About how wide a text is. */
export function textWidth(content: string, size: number): number {
  return content.length * size * CHARACTER_WIDTH;
}

function escaped(content: string): string {
  return content.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');
}

function at(value: number): string {
  return String(Math.round(value * 10) / 10);
}
