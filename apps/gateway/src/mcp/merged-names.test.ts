import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { mayBeOf, mergedName } from './merged-names.ts';

const SIGNED = /^[A-Za-z0-9_-]+_[0-9a-f]{16}$/;

describe('the names of the merged list', () => {
  it('are server and tool, where that is clear', () => {
    expect(mergedName('github', 'create_issue')).toBe('github__create_issue');
    expect(mergedName('my-server_2', 'a__b')).toBe('my-server_2__a__b');
  });

  it('are signed where two servers could claim the plain name', () => {
    expect(mergedName('a', 'b__c')).toBe('a__b__c');
    expect(mergedName('a__b', 'c')).toMatch(SIGNED);
    expect(mergedName('a_', 'b')).toMatch(SIGNED);
    expect(mergedName('a', '_b')).toBe('a___b');
  });

  it('are signed where a character or the length does not fit, and differ where the tools do', () => {
    const names = ['läs', 'l_s', 'l.s', 'l s', '', 'x'.repeat(1_000_000)].map((tool) => mergedName('s', tool));
    expect(new Set(names).size).toBe(6);
    for (const name of names) expect(name).toMatch(/^[A-Za-z0-9_-]{1,128}$/);
  });

  it('cannot be had by a tool that is called as another one is signed', () => {
    const signed = mergedName('s', 'a.b');
    expect(mergedName('s', signed.slice('s__'.length))).not.toBe(signed);
  });

  it('are one for each server and tool, whatever these are called', () => {
    const part = fc.string({ unit: fc.constantFrom('a', '_', '-', '.', 'b', '0123456789abcdef'), maxLength: 12 });
    fc.assert(
      fc.property(fc.tuple(part, part), fc.tuple(part, part), (one, other) => {
        fc.pre(one[0] !== other[0] || one[1] !== other[1]);
        expect(mergedName(...one)).not.toBe(mergedName(...other));
      }),
      { numRuns: 2_000 },
    );
  });

  it('tell which servers they can belong to', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 200 }), fc.string({ maxLength: 200 }), (server, tool) => {
        const name = mergedName(server, tool);
        expect(name).toMatch(/^[A-Za-z0-9_-]{1,128}$/);
        expect(mayBeOf(server, name)).toBe(true);
      }),
    );
    expect(mayBeOf('git', 'github__x')).toBe(false);
  });
});
