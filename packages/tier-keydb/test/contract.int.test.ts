import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tierContract } from '@lockstep/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { TestServer } from './test-server.ts';

const KEYDB_COMMANDS = join(import.meta.dirname, 'fixtures/keydb-6.3.4-commands.txt');

describe('on a real server, as the user that the README describes', () => {
  let server: TestServer;
  let url: string;

  beforeAll(async () => {
    server = await TestServer.start();
    url = await server.limitedUrl();
  });

  afterAll(async () => {
    await server.stop();
  });

  tierContract(async () => server.world(url));

  it('the whole contract runs on commands that KeyDB has', async () => {
    const known = new Set(readFileSync(KEYDB_COMMANDS, 'utf8').split('\n'));
    const calls = await server.calls();
    const used = [...calls.keys()].map((command) => command.split('|')[0] as string);
    expect(used).toContain('xadd');
    expect(used.filter((command) => !known.has(command))).toEqual([]);
  });
});
