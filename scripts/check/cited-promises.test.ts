import { describe, expect, it } from 'vitest';
import { citationsOf, promisesOf, titlesOf, uncited } from './cited-promises.ts';

describe('the gate of promises', () => {
  it('finds the promises in the rows of the table, and not in the text around it', () => {
    expect(promisesOf('Of P9:\n\n| # | promise |\n|---|---|\n| P1 | bounded |\n| P2 | own writes, as P7 |\n')).toEqual([
      'P1',
      'P2',
    ]);
  });

  it.each([
    ["test('a get is fresh (P1)', () => {});", 'a get is fresh (P1)'],
    ['it(`is in backquotes (P2)`, () => {});', 'is in backquotes (P2)'],
    ["describe.skip('P3', () => {});", 'P3'],
    ["test.each([\n  ['a'],\n])('%s is kept (P4)', () => {});", '%s is kept (P4)'],
    ["test.for(Object.keys(RULES))('without %s (P5)', () => {});", 'without %s (P5)'],
    ["it(\n  'on a line of its own (P6)',\n);", 'on a line of its own (P6)'],
    ['it("it\'s quoted (P7)", () => {});', "it's quoted (P7)"],
  ])('reads the title of %j', (source, title) => {
    expect(titlesOf(source)).toEqual([title]);
  });

  it('takes no comment, value or expectation for a title', () => {
    expect(titlesOf("// test P1\nexpect(promises(history)).toEqual(['P1']);\nconst text = 'P2';")).toEqual([]);
  });

  it('names the promises that no title cites; P1 is not cited by P10', () => {
    expect(uncited(['P1', 'P2', 'P3'], ['fresh (P10)', 'own writes (P2, P3)'])).toEqual(['P1']);
  });

  it('finds the tests that a page cites, and no other links', () => {
    const page = 'See [keeps it](../a.test.ts), [a page](b.md) and [`code` too](c/d.int.test.ts).';
    expect(citationsOf(page)).toEqual([
      { title: 'keeps it', file: '../a.test.ts' },
      { title: '`code` too', file: 'c/d.int.test.ts' },
    ]);
  });
});
