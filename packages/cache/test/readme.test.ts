import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

/** The options of an interface, as its source declares them. */
function declaredOptions(source: string, name: string): string[] {
  const body = new RegExp(`export interface ${name}\\b[^{]*\\{([\\s\\S]*?)\\n\\}`).exec(source)?.[1] ?? '';
  return [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map((match) => match[1] as string);
}

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

  test.each([
    ['openLockstep', 'LockstepOptions', '../src/open.ts'],
    ['namespace', 'NamespaceOptions', '../src/policy.ts'],
    ['getOrLoad', 'LoadOptions', '../src/lookup.ts'],
    ['`clear` takes', 'ClearOptions', '../src/receipt.ts'],
  ])('lists every option of %s, and no other', (heading, name, source) => {
    const table = readme.slice(readme.indexOf(heading, readme.indexOf('## Options'))).split('\n\n')[1] ?? '';
    const listed = [...table.matchAll(/^\| (`[^|]+`) \|/gm)].flatMap((row) => [...(row[1] ?? '').matchAll(/\w+/g)]);
    expect(listed.map(String).sort()).toEqual(declaredOptions(read(source), name).sort());
  });
});
