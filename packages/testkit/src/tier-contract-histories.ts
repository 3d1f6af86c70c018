import type { ClusterSettings, Commit, Incarnation, NodeId, ScopeId } from '@lockstep/core';
import { CONTROL_PARTITION, EVERYTHING } from '@lockstep/core';
import { expect, it } from 'vitest';
import type { TierScene } from './tier-scene.ts';
import { keyAddress, NODE, writeOf } from './tier-scene.ts';

const KEY = keyAddress(1);
const TAG = '7a'.repeat(16) as ScopeId;
const FIRST = '0f'.repeat(8) as Incarnation;
const SECOND = '1f'.repeat(8) as Incarnation;
const SETTINGS: ClusterSettings = { partitions: 16, format: 1, secretFingerprint: 'ab'.repeat(8), deltaMaxMs: 2_000 };

/** More than any tier under test has. */
const REPLICAS_MANY = 9;
/** Long enough to reach the tier on a busy machine, short enough to be waited for. */
const REPLICAS_MS = 500;

export function keepsHistories(scene: TierScene): void {
  keepsDataHistories(scene);
  knowsReplicas(scene);
  keepsScopes(scene);
  keepsSettingsAndMembers(scene);
}

function keepsDataHistories(scene: TierScene): void {
  it('a head is made once: who comes later is answered the one that is there', async () => {
    for (const partition of [KEY.partition, CONTROL_PARTITION]) {
      const head = await scene.one.found(partition, FIRST);
      expect(head.incarnation).toBe(FIRST);
      expect(await scene.two.found(partition, SECOND)).toEqual(head);
    }
  });

  it('heads are answered in the order asked for; a partition without one has none', async () => {
    const data = await scene.one.found(5, FIRST);
    const control = await scene.one.found(CONTROL_PARTITION, SECOND);
    expect(await scene.two.heads([4, 5, CONTROL_PARTITION])).toEqual([undefined, data, control]);
    expect(await scene.two.heads([CONTROL_PARTITION, 5])).toEqual([control, data]);
    expect(await scene.two.heads([])).toEqual([]);
  });

  it('an event where there is no head makes it, and names nothing before it', async () => {
    const commit = await scene.one.clear(KEY, NODE);
    expect(commit.previous).toBe(0);
    expect(await scene.two.heads([KEY.partition])).toEqual([
      { incarnation: commit.incarnation, sequence: commit.sequence },
    ]);
  });

  it('the links of all writers make one chain without a gap, from the head they found', async () => {
    const head = await scene.one.found(KEY.partition, FIRST);
    const tiers = [scene.one, scene.two, await scene.join()];
    const write = async (number: number): Promise<Commit> => {
      const tier = tiers[number % tiers.length] ?? scene.one;
      const address = keyAddress(number);
      if (number % 4 === 0) return tier.clear(address, NODE);
      if (number % 4 === 1) return tier.expire(address, NODE);
      return tier.put(writeOf(address, `value ${number}`));
    };
    const commits = await Promise.all(Array.from({ length: 60 }, (_, number) => write(number)));
    const log = await scene.log(KEY.partition);
    expect(log).toHaveLength(60);
    let previous = head.sequence;
    for (const record of log) {
      expect(record.previous).toBe(previous);
      expect(record.sequence).toBeGreaterThan(previous);
      previous = record.sequence;
    }
    const links = (of: readonly { sequence: number; previous: number }[]): string[] =>
      of.map(({ sequence, previous }) => `${previous} ${sequence}`).sort();
    expect(links(commits)).toEqual(links(log));
    expect(commits.every((commit) => commit.incarnation === FIRST)).toBe(true);
  });

  it('the log says what happened to which key', async () => {
    await scene.one.put(writeOf(KEY, 'value'));
    await scene.one.expire(KEY, NODE);
    await scene.one.clear(KEY, NODE);
    const effects = (await scene.log(KEY.partition)).map((record) => record.effect);
    expect(effects).toEqual(['put', 'expire', 'clear'].map((kind) => ({ kind, keyId: KEY.keyId })));
  });

  it('the log is read in pages, oldest first, from the sequence asked for on', async () => {
    const commits: Commit[] = [];
    for (let number = 0; number < 5; number++) commits.push(await scene.one.clear(keyAddress(number), NODE));
    const sequences = commits.map((commit) => commit.sequence);
    const page = async (from: number, limit: number): Promise<number[]> =>
      (await scene.two.log(KEY.partition, from, limit)).map((record) => record.sequence);
    expect(await page(sequences[1] as number, 3)).toEqual(sequences.slice(1, 4));
    expect(await page((sequences[1] as number) + 1, 3)).toEqual(sequences.slice(2, 5));
    expect(await page((sequences[4] as number) + 1, 3)).toEqual([]);
  });

  it('after everything was lost there are no heads, and sequences go on rising in another incarnation', async () => {
    const before = await scene.one.put(writeOf(KEY, 'value'));
    await scene.one.clearScope(TAG, NODE);
    await scene.world.loseEverything();
    expect(await scene.two.heads([KEY.partition, CONTROL_PARTITION])).toEqual([undefined, undefined]);
    const after = await scene.two.put(writeOf(KEY, 'value'));
    expect(after.previous).toBe(0);
    expect(after.incarnation).not.toBe(before.incarnation);
    expect(after.sequence).toBeGreaterThan(before.sequence);
    expect(await scene.log(KEY.partition)).toHaveLength(1);
  });
}

function knowsReplicas(scene: TierScene): void {
  it('says within its time on how many replicas a commit is, and 0 of one that the tier has lost', async () => {
    const commits = [
      [KEY.partition, await scene.one.put(writeOf(KEY, 'value'))],
      [KEY.partition, await scene.one.clear(KEY, NODE)],
      [CONTROL_PARTITION, await scene.one.clearScope(TAG, NODE)],
    ] as const;
    const asked = (wanted: number): Promise<readonly number[]> =>
      Promise.all(
        commits.map(([partition, commit]) =>
          scene.two.replicated(partition, commit, { replicas: wanted, timeoutMs: REPLICAS_MS }),
        ),
      );
    for (const replicas of await asked(REPLICAS_MANY)) {
      expect(replicas).toBeGreaterThanOrEqual(0);
      expect(replicas).toBeLessThan(REPLICAS_MANY);
    }
    await scene.world.loseEverything();
    expect(await asked(1)).toEqual([0, 0, 0]);
    await scene.one.clear(KEY, NODE);
    expect(await asked(1)).toEqual([0, 0, 0]);
  });
}

function keepsScopes(scene: TierScene): void {
  it.each(['clear-scope', 'expire-scope'] as const)(
    'a %s is an event of the control partition, and its sequence the epoch of the scope',
    async (kind) => {
      const head = await scene.one.found(CONTROL_PARTITION, FIRST);
      const { one } = scene;
      const commit = await (kind === 'clear-scope' ? one.clearScope(TAG, NODE) : one.expireScope(TAG, NODE));
      expect(commit).toMatchObject({ incarnation: FIRST, previous: head.sequence });
      expect(await scene.log(CONTROL_PARTITION)).toEqual([
        { sequence: commit.sequence, previous: head.sequence, effect: { kind, scopeId: TAG } },
      ]);
      expect(await scene.two.control()).toEqual({
        head: { incarnation: FIRST, sequence: commit.sequence },
        floor: 0,
        epochs: [{ kind, scopeId: TAG, sequence: commit.sequence }],
      });
    },
  );

  it('a later clear raises the epoch of its scope, and no other, nor that of its expires', async () => {
    const first = await scene.one.clearScope(TAG, NODE);
    const expired = await scene.one.expireScope(TAG, NODE);
    const other = await scene.two.clearScope(EVERYTHING, NODE);
    const again = await scene.two.clearScope(TAG, NODE);
    expect(again.previous).toBe(other.sequence);
    expect(again.sequence).toBeGreaterThan(first.sequence);
    const epochs = (await scene.one.control())?.epochs ?? [];
    expect(epochs.toSorted((one, two) => one.sequence - two.sequence)).toEqual([
      { kind: 'expire-scope', scopeId: TAG, sequence: expired.sequence },
      { kind: 'clear-scope', scopeId: EVERYTHING, sequence: other.sequence },
      { kind: 'clear-scope', scopeId: TAG, sequence: again.sequence },
    ]);
  });

  it('the control partition has no state before it has a head', async () => {
    await scene.one.settle(SETTINGS);
    expect(await scene.one.control()).toBeUndefined();
    const head = await scene.one.found(CONTROL_PARTITION, FIRST);
    expect(await scene.two.control()).toEqual({ head, floor: 0, epochs: [] });
  });

  it('epochs are lost with the history they belong to', async () => {
    await scene.one.clearScope(TAG, NODE);
    await scene.one.expireScope(TAG, NODE);
    await scene.world.loseEverything();
    await scene.one.found(CONTROL_PARTITION, SECOND);
    expect((await scene.two.control())?.epochs).toEqual([]);
  });
}

function keepsSettingsAndMembers(scene: TierScene): void {
  it('the settings of the first node are in force', async () => {
    expect(await scene.one.settle(SETTINGS)).toEqual(SETTINGS);
    expect(await scene.two.settle({ ...SETTINGS, partitions: 32, deltaMaxMs: 9_000 })).toEqual(SETTINGS);
  });

  it('the settings outlive scope clears and the making of the control head', async () => {
    await scene.one.settle(SETTINGS);
    await scene.one.found(CONTROL_PARTITION, FIRST);
    await scene.one.clearScope(EVERYTHING, NODE);
    expect(await scene.two.settle({ ...SETTINGS, format: 2 })).toEqual(SETTINGS);
  });

  it('a member is recorded by its beat, and forgotten only with its newest nonce', async () => {
    const other = 'b2'.repeat(8) as NodeId;
    await scene.one.beat(NODE, 'n1');
    await scene.two.beat(other, 'n2');
    expect([...(await scene.two.members()).nonces.keys()].sort()).toEqual([NODE, other]);
    await scene.one.beat(NODE, 'n3');
    await scene.two.forget(NODE, 'n1');
    expect([...(await scene.two.members()).nonces.keys()].sort()).toEqual([NODE, other]);
    await scene.two.forget(NODE, 'n3');
    expect([...(await scene.one.members()).nonces.keys()]).toEqual([other]);
  });

  it('the list of members tells which history it belongs to (P3)', async () => {
    const { incarnation } = await scene.one.clearScope(EVERYTHING, NODE);
    await scene.one.beat(NODE, 'n1');
    expect(await scene.two.members()).toEqual({ incarnation, nonces: new Map([[NODE, 'n1']]) });
    await scene.world.loseEverything();
    expect(await scene.two.members()).toEqual({ incarnation: undefined, nonces: new Map() });
  });
}
