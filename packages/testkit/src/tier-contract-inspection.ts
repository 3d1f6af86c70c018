import type { Inspected, InspectSubject, ScopeId } from '@lockstep/core';
import { expect, it } from 'vitest';
import type { TierScene } from './tier-scene.ts';
import { keyAddress, NODE, writeOf } from './tier-scene.ts';

const KEY = keyAddress(1);
const ELSEWHERE = keyAddress(2, 'tools', 5);
const CLEARED = 'c'.repeat(32) as ScopeId;
const OTHER = 'd'.repeat(32) as ScopeId;

export function inspectsEntries(scene: TierScene): void {
  const inspect = (...subjects: readonly InspectSubject[]): Promise<readonly Inspected[]> =>
    scene.two.inspect(subjects);

  it('an inspection tells what was written of each entry, in the order asked for, and what is not there', async () => {
    const write = writeOf(KEY, 'value');
    const { sequence } = await scene.one.put(write);
    const [absent, found] = await inspect({ ...ELSEWHERE, scopes: [] }, { ...KEY, scopes: [] });
    expect(absent?.header).toBeUndefined();
    expect(found?.header).toEqual({
      expired: false,
      version: String(sequence),
      versionSequence: sequence,
      born: write.born,
      fingerprint: write.fingerprint,
    });
  });

  it('an inspection tells of an expire and of a clear, and changes nothing', async () => {
    await scene.one.put(writeOf(KEY, 'value'));
    await scene.one.expire(KEY, NODE);
    expect((await inspect({ ...KEY, scopes: [] }))[0]?.header).toMatchObject({ expired: true });
    const head = await scene.one.clear(KEY, NODE);
    expect((await inspect({ ...KEY, scopes: [] }))[0]?.header).toBeUndefined();
    expect((await scene.one.heads([KEY.partition]))[0]).toMatchObject({ sequence: head.sequence });
  });

  it.each(['clearScope', 'expireScope'] as const)(
    'an inspection tells the newest %s of the scopes asked about, and of no other',
    async (end) => {
      const { incarnation, sequence } = await scene.one[end](CLEARED, NODE);
      const [of, none] = await inspect({ ...KEY, scopes: [OTHER, CLEARED] }, { ...KEY, scopes: [OTHER] });
      expect(of).toMatchObject({ controlIncarnation: incarnation, epoch: sequence });
      expect(none).toMatchObject({ controlIncarnation: incarnation, epoch: 0 });
    },
  );

  it('an inspection of a tier without a control history says so', async () => {
    expect(await inspect({ ...KEY, scopes: [OTHER] })).toEqual([
      { header: undefined, controlIncarnation: undefined, epoch: 0 },
    ]);
  });
}
