import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decodeEntry, decodeLogBody, decodeMessage } from '@lockstep/core';
import type { BusNetwork, MemoryBus, RunningServer } from '@lockstep/testkit';
import { createBusNetwork, RecordingLogger, startRedis, waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Recording, ReleaseFixture } from './releases/recording.ts';
import { record } from './releases/recording.ts';
import type { ReleaseNode } from './releases/scenario.ts';
import { CLUSTER, ENDED, openNode, STALE, VALUES } from './releases/scenario.ts';
import { restore, shapeOf } from './releases/tier-dump.ts';
import { bodyOf, FORMATS, frameOf, wireBytes } from './releases/wire-bytes.ts';

const FIXTURES = join(import.meta.dirname, 'fixtures');
const releases = readdirSync(FIXTURES)
  .filter((name) => name.startsWith('release-'))
  .map((name) => JSON.parse(readFileSync(join(FIXTURES, name), 'utf8')) as ReleaseFixture);

const HEADER = 'f 12 0f0f0f0f0f0f0f0f:7 abababababababababababababababab 9007199254740991\n';
const bytesOf = (hex: string): Buffer => Buffer.from(hex, 'hex');

describe.each(releases)('what release $release has written', ({ formats, bytes, tier, bus }) => {
  let redis: RunningServer;
  let raw: Redis;
  let network: BusNetwork;
  let old: MemoryBus;
  let logger: RecordingLogger;
  let node: ReleaseNode;

  beforeAll(async () => {
    redis = await startRedis();
    raw = new Redis(redis.url);
  });

  afterAll(async () => {
    raw.disconnect();
    await redis.stop();
  });

  beforeEach(async () => {
    await raw.flushall();
    await restore(raw, tier);
    [network, logger] = [createBusNetwork(), new RecordingLogger()];
    old = network.join();
    node = await openNode(redis.url, network.join(), logger);
  });

  afterEach(async () => {
    await node.lockstep.close();
  });

  const rejected = () => {
    const { entriesRejected, framesRejected } = node.lockstep.stats();
    return { entriesRejected, framesRejected };
  };

  /** Finds every value, and has it near. */
  async function findAll(): Promise<void> {
    for (const [space, values] of Object.entries(VALUES)) {
      for (const [key, value] of Object.entries(values)) {
        const name = space as keyof typeof VALUES;
        expect(await node.spaces[name].get(key), `${space} ${key}`).toEqual(value);
      }
    }
  }

  it('is found by a node of this one: values, absences, what has ended and what is no longer fresh', async () => {
    const { plain } = node.spaces;
    expect(node.lockstep.coherence.state).toBe('coherent');
    await findAll();
    expect(await plain.lookup('missing', () => 'loaded')).toMatchObject({ outcome: 'miss', absence: 'missing' });
    for (const key of ENDED) expect(await plain.get(key), key).toBeUndefined();
    for (const key of STALE) {
      const failing = () => Promise.reject(new Error('the origin is away'));
      expect(await plain.lookup(key, failing), key).toMatchObject({ value: key, stale: true });
    }
    expect([rejected(), logger.entries.filter(({ level }) => level === 'warn')]).toEqual([
      { entriesRejected: 0, framesRejected: 0 },
      expect.not.arrayContaining([expect.objectContaining({ message: expect.stringMatching(/cannot be/) })]),
    ]);
  });

  it('its nodes are members, its lease is waited for, its audit trail goes on', async () => {
    const members = Object.keys((tier[`lockstep:{${CLUSTER}:ctl}:members`] as { readonly fields: object }).fields);
    expect(await node.lockstep.members()).toEqual([...members, node.lockstep.nodeId].sort());
    const startMs = performance.now();
    expect(await node.spaces.plain.getOrLoad('in-flight', () => 'at last')).toBe('at last');
    expect(performance.now() - startMs).toBeGreaterThan(50);
    const entry = { actor: 'admin:ops', action: 'clear', scope: {}, reason: 'today', outcome: [] } as const;
    expect(await node.trail.record(entry)).toMatchObject({ audit: 'recorded', number: 3 });
    expect(await node.trail.verify()).toMatchObject({ ok: true, first: 1, newest: 3 });
  });

  it('takes effect when it comes over the bus: every event ends what is near, and asks are acknowledged', async () => {
    await findAll();
    const { plain } = node.spaces;
    const acknowledged: unknown[] = [];
    old.listen({
      message: (message) => acknowledged.push(...decodeMessage(message).frames.filter(({ type }) => type === 'ack')),
      restored: () => undefined,
      interrupted: () => undefined,
    });
    const near = () => ['kept', 'empty', 'hinted'].filter((key) => plain.peek(key) !== undefined);
    expect(near()).toEqual(['kept', 'empty', 'hinted']);
    for (const message of bus) old.publish(Buffer.from(message, 'base64'));
    await network.quiet();
    expect([near(), rejected().framesRejected]).toEqual([[], 0]);
    await waitFor(() => acknowledged.length > 0, { what: 'an acknowledgement' });
    await findAll();
  });

  it('goes on with the events of this one: writes and clears follow its histories', async () => {
    await findAll();
    const { plain } = node.spaces;
    const { resets } = node.lockstep.stats();
    const receipt = await plain.set('kept', { v: 2 });
    const head = tier[`lockstep:{${CLUSTER}:${receipt.partition}}:head`] as { readonly bytes: string };
    const [incarnation, sequence] = Buffer.from(head.bytes, 'base64').toString().split(':');
    expect([receipt.incarnation, receipt.sequence > Number(sequence)]).toEqual([incarnation, true]);
    await node.lockstep.clear({ tag: 'server:a' });
    expect([await plain.get('loaded'), await plain.get('kept')]).toEqual([undefined, { v: 2 }]);
    expect(node.lockstep.stats().resets).toBe(resets);
  });

  it('is decoded byte by byte', () => {
    for (const [what, hex] of Object.entries(bytes.message)) {
      const frame = frameOf(what.replace(/, in the log$/, ''));
      if (what.endsWith(', in the log')) {
        const { effect, sender } = frame as unknown as { readonly effect: unknown; readonly sender: string };
        expect(decodeLogBody(bytesOf(hex)), what).toEqual({ effect, sender });
      } else expect(decodeMessage(bytesOf(hex)), what).toEqual({ frames: [frame], rejected: 0 });
    }
    for (const [what, hex] of Object.entries(bytes.body)) {
      const entry = decodeEntry(Buffer.concat([Buffer.from(HEADER), bytesOf(hex)]));
      expect({ ...entry, payload: Buffer.from(entry?.payload ?? []) }, what).toMatchObject({
        ...bodyOf(what),
        payload: Buffer.from(bodyOf(what)?.payload ?? []),
      });
    }
  });

  it.runIf(formats.message === FORMATS.message)('has the bytes of a message that this one writes', () => {
    expect(wireBytes().message).toMatchObject(bytes.message);
  });

  it.runIf(formats.body === FORMATS.body)('has the bytes of a body that this one writes', () => {
    expect(wireBytes().body).toMatchObject(bytes.body);
  });
});

describe('what this release writes', () => {
  let today: Recording;

  beforeAll(async () => {
    today = await record();
  });

  it.for(releases)('has the form in the tier that $release gives it', ({ formats, tier }, { skip }) => {
    if (formats.body !== FORMATS.body) skip('another format');
    expect(shapeOf(today.tier)).toEqual(shapeOf(tier));
  });
});

describe('what a later release writes', () => {
  let redis: RunningServer;
  let raw: Redis;
  const [newest] = releases.slice(-1) as [ReleaseFixture];

  beforeAll(async () => {
    redis = await startRedis();
    raw = new Redis(redis.url);
    await restore(raw, newest.tier);
  });

  afterAll(async () => {
    raw.disconnect();
    await redis.stop();
  });

  it('in a format that this one does not know is a miss that is loaded anew, and the log says so once', async () => {
    const [network, logger] = [createBusNetwork(), new RecordingLogger()];
    const node = await openNode(redis.url, network.join(), logger);
    for (const key of await raw.keys('lockstep:*:entry:*')) {
      const entry = (await raw.getBuffer(key)) ?? Buffer.alloc(0);
      entry[entry.indexOf('\n') + 1] = FORMATS.body + 1;
      await raw.set(key, entry, 'KEEPTTL');
    }
    const { plain, structured } = node.spaces;
    expect([await plain.get('kept'), await plain.get('loaded')]).toEqual([undefined, undefined]);
    expect(await plain.getOrLoad('kept', () => 'of this release')).toBe('of this release');
    expect(await structured.get('map')).toBeUndefined();
    expect(node.lockstep.stats().entriesRejected).toBeGreaterThanOrEqual(3);
    const said = logger.entries.filter(({ message }) => message.includes('an entry in the tier cannot be read'));
    expect(said.map(({ fields }) => fields['namespace'])).toEqual(['plain', 'structured']);
    await node.lockstep.close();
  });

  it('in a message of another version is dropped whole, counted, and the log says so', async () => {
    const [network, logger] = [createBusNetwork(), new RecordingLogger()];
    const later = network.join();
    const node = await openNode(redis.url, network.join(), logger);
    for (const message of newest.bus) {
      const bytes = Buffer.from(message, 'base64');
      bytes[1] = FORMATS.message + 1;
      later.publish(bytes);
    }
    await network.quiet();
    expect(node.lockstep.stats().framesRejected).toBe(newest.bus.length);
    expect(logger.entries).toContainEqual(
      expect.objectContaining({ fields: expect.objectContaining({ reason: 'unknown-version' }) }),
    );
    await node.lockstep.close();
  });

  it('where the cluster is of another format, a node does not join it, and says which', async () => {
    const control = `lockstep:{${CLUSTER}:ctl}:control`;
    const format = Number(await raw.hget(control, 'setting:format'));
    await raw.hset(control, 'setting:format', format + 1);
    await expect(openNode(redis.url, createBusNetwork().join())).rejects.toThrow(
      new RegExp(`format: here ${format}, cluster ${format + 1}`),
    );
    await raw.hset(control, 'setting:format', format);
  });
});
