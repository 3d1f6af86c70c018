import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tierContract } from '@lockstep/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ReplicatedServer } from './replicated-server.ts';

const KEYDB_COMMANDS = join(import.meta.dirname, 'fixtures/keydb-6.3.4-commands.txt');

describe('on a real server, as the user that the README describes', () => {
  let server: ReplicatedServer;

  beforeAll(async () => {
    server = await ReplicatedServer.start();
  });

  afterAll(async () => {
    await server.stop();
  });

  tierContract(async () => server.world());
});
