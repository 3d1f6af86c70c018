import type { Lockstep, Namespace } from '@lockstep/cache';
import { openLockstep } from '@lockstep/cache';
import type { Bus, Logger } from '@lockstep/core';
import { silentLogger, waitFor } from '@lockstep/testkit';
import { connectKeydb } from '@lockstep/tier-keydb';
import { AuditTrail } from '../../src/index.ts';

/** What every release is asked to write: a fixture is good for as long as this stays as it is. */
export const CLUSTER = 'releases';
const SECRET = 'the secret of a cluster that outlives its releases';
const KEYS = [{ id: 'k1', key: '5a'.repeat(32) }];
const TTL_MS = 3_600_000;
const LONG = 'a value that is long enough to be compressed, '.repeat(20);

/** The values that a node finds under their keys, by namespace. */
export const VALUES: Readonly<Record<'plain' | 'packed' | 'sealed' | 'structured', Readonly<Record<string, unknown>>>> =
  {
    plain: { kept: { v: 1 }, loaded: ['loaded'], empty: null, 'late-tagged': 'late', hinted: 'hinted' },
    packed: { long: LONG },
    sealed: { token: { access: 'granted', note: LONG } },
    structured: { map: new Map([['k', new Date(0)]]) },
  };

/** The keys of `plain` that nobody finds any more, and those that are there, and fresh no more. */
export const ENDED: readonly string[] = ['cleared', 'tag-cleared', 'compared'];
export const STALE: readonly string[] = ['expired', 'tag-expired'];

/** A node as the scenario needs it. */
export interface ReleaseNode {
  readonly lockstep: Lockstep;
  readonly spaces: Readonly<Record<keyof typeof VALUES, Namespace<unknown>>>;
  readonly trail: AuditTrail;
}

/** Opens a node of the cluster with this release's code. */
export async function openNode(url: string, bus: Bus, logger: Logger = silentLogger): Promise<ReleaseNode> {
  const tier = connectKeydb({ url, cluster: CLUSTER });
  const shared = { secret: SECRET, encryptionKeys: KEYS, tier, bus, logger };
  const lockstep = await openLockstep({ ...shared, maxStaleness: 400, deltaMax: 400, audit: false });
  const life = { ttl: TTL_MS, grace: TTL_MS };
  const spaces = {
    plain: lockstep.namespace<unknown>('plain', { ...life, secret: false }),
    packed: lockstep.namespace<unknown>('packed', { ...life, secret: false, compressFrom: 64 }),
    sealed: lockstep.namespace<unknown>('sealed', { ...life, secret: true }),
    structured: lockstep.namespace<unknown>('structured', { ...life, secret: false, codec: 'structured' }),
  };
  const at = () => '2026-11-26T12:00:00.000Z';
  const trail = new AuditTrail({ journal: tier.journal, secret: SECRET, node: lockstep.nodeId, wallClock: at, logger });
  return { lockstep, spaces, trail };
}

/** Two nodes write one of everything that goes into a tier and over a bus. A load is left under way: it holds its lease. */
export async function writeEverything(one: ReleaseNode, two: ReleaseNode): Promise<void> {
  const { plain, packed, sealed, structured } = one.spaces;
  await plain.set('kept', { v: 0 });
  await plain.set('kept', VALUES.plain['kept'], { tags: ['server:a', 'gateway:b'] });
  await plain.getOrLoad('loaded', () => VALUES.plain['loaded'], { tags: ['server:a'] });
  await plain.set('empty', VALUES.plain['empty']);
  await plain.set('hinted', VALUES.plain['hinted']);
  await plain.lookup('missing', ({ missing }) => missing({ ttl: TTL_MS }));
  await packed.set('long', VALUES.packed['long']);
  await sealed.set('token', VALUES.sealed['token']);
  await structured.set('map', VALUES.structured['map']);
  for (const key of [...ENDED, ...STALE]) await plain.set(key, key, { tags: [key] });
  await plain.clear('cleared');
  await plain.clear('compared');
  await plain.expire('expired');
  await one.lockstep.clear({ tag: 'tag-cleared' });
  await two.lockstep.expire({ tag: 'tag-expired' });
  await plain.set('late-tagged', VALUES.plain['late-tagged'], { tags: ['tag-cleared', 'tag-expired'] });
  await fenced(one);
  for (const actor of ['admin:ops', 'gateway:a']) {
    await one.trail.record({ actor, action: 'clear', scope: { tag: 'x' }, reason: 'a fixture', outcome: [] });
  }
  const { promise: begun, resolve: begin } = Promise.withResolvers<void>();
  const never = new Promise<never>(() => undefined);
  const load = (): Promise<never> => {
    begin();
    return never;
  };
  plain.getOrLoad('in-flight', load).catch(() => undefined);
  await begun;
}

/** Clears with a fence until the acknowledgements of all other members were enough. */
async function fenced({ spaces }: ReleaseNode): Promise<void> {
  const clear = async () => (await spaces.plain.clear('fenced', { wait: 'fenced' })).fence?.by === 'acknowledgements';
  await waitFor(clear, { what: 'a fence by acknowledgements' });
}
