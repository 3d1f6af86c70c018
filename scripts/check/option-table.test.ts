import { expect, test } from 'vitest';
import { optionTable } from './option-table.ts';

test('an interface becomes a table of its options, in their order', () => {
  const source = `
/** Options. */
export interface SomeOptions<V> extends Other {
  /** How long. Default: \`5m\`. */
  readonly ttl?: Duration;
  /**
   * What it is: \`a\` | \`b\`,
   * over two lines. Default: none; it is believed.
   */
  readonly kind?: 'a' | 'b';
}
`;
  expect(optionTable(source, ['SomeOptions']).split('\n').slice(2)).toEqual([
    '| `ttl` | How long | `5m` |',
    '| `kind` | What it is: `a` \\| `b`, over two lines | none; it is believed |',
  ]);
});

test('an option that does not say its default is refused', () => {
  const source = 'export interface SomeOptions {\n  /** How long. */\n  readonly ttl?: number;\n}';
  expect(() => optionTable(source, ['SomeOptions'])).toThrow('SomeOptions.ttl: says no default');
});
