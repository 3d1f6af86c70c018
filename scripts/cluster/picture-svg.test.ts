import { expect, it } from 'vitest';
import { svgOf } from './picture-svg.ts';

it('words stand where the terminal has them, in its colours, and no text is markup', () => {
  const svg = svgOf(['\u001b[1mNODE  STATE\u001b[22m', 'a<b   \u001b[32mcoherent\u001b[39m \u001b[2mdim\u001b[22m'], {
    columns: 20,
    title: 'Two & lines',
  });
  expect(svg).toContain('width="200" height="68"');
  expect(svg).toContain('<title>Two &amp; lines</title>');
  const texts = [...svg.matchAll(/<text y="(\d+)" fill="([^"]+)"(.*?)>(.*)<\/text>/g)].map(
    ([, y, fill, more, words = '']) => [
      ...[Number(y), fill, more?.trim()],
      [...words.matchAll(/x="([\d.]+)" .*?>(.*?)</g)].map(([, x, word]) => [Number(x), word]),
    ],
  );
  expect(texts).toEqual([
    [
      30,
      '#d1d5db',
      'font-weight="bold"',
      [
        [16, 'NODE'],
        [66.4, 'STATE'],
      ],
    ],
    [48, '#d1d5db', '', [[16, 'a&lt;b']]],
    [48, '#4ade80', '', [[66.4, 'coherent']]],
    [48, '#d1d5db', 'opacity="0.6"', [[142, 'dim']]],
  ]);
});
