import { freePort } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { removeCluster } from '../src/index.ts';
import { TestServer } from './test-server.ts';

describe('when a cluster is removed', () => {
  let server: TestServer;

  beforeEach(async () => {
    server = await TestServer.start();
  });

  afterEach(async () => {
    await server.stop();
  });

  it('all of its keys go, however many, and those of every other cluster stay', async () => {
    const others = ['lockstep:{a-b:1}:head', 'lockstep:{ab:1}:head', 'lockstep:{*:1}:head', 'else:{a:1}:head'];
    for (const key of others) await server.raw.set(key, 'kept');
    for (let index = 0; index < 1_200; index++)
      await server.raw.set(`lockstep:{a:${index % 16}}:entry:${index}`, 'gone');
    await server.raw.hset('lockstep:{a:ctl}:control', 'head', 'gone');
    expect(await removeCluster({ url: server.server.url, cluster: 'a' })).toBe(1_201);
    expect((await server.raw.keys('*')).sort()).toEqual(others.sort());
    expect(await removeCluster({ url: server.server.url, cluster: 'a' })).toBe(0);
  });

  it('a server that does not answer is told as by every call', async () => {
    const url = `redis://:a-password@127.0.0.1:${await freePort()}`;
    const removed = removeCluster({ url, cluster: 'a' });
    await expect(removed).rejects.toMatchObject({
      code: 'tier-unavailable',
      message: expect.not.stringContaining('a-password'),
    });
  });
});
