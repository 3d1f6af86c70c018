import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

describe('the README', () => {
  const readme = read('../README.md');

  test.each(['cluster', 'local'])('shows examples/%s.ts as it is type-checked', (name) => {
    const shown = new RegExp(`\`\`\`ts examples/${name}\\.ts\\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1];
    expect(shown).toBe(read(`../examples/${name}.ts`));
  });

  test('shows the same example as the front page', () => {
    const front = /```ts packages\/cache\/examples\/cluster\.ts\n([\s\S]*?)```/.exec(read('../../../README.md'))?.[1];
    expect(front).toBe(read('../examples/cluster.ts'));
  });
});
