import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { journalContract, tierContract } from '@lockstep/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { KeydbTier } from '../src/index.ts';
import { removeCluster } from '../src/index.ts';
import { COMMAND_FORMS, CommandRecorder } from './command-recorder.ts';
import { ReplicatedServer } from './replicated-server.ts';
import { KEY, limitedUserRules, NODE } from './test-server.ts';

const KEYDB_COMMANDS = join(import.meta.dirname, 'fixtures/keydb-6.3.4-commands.txt');

/** All that the tier may call: what the README's rule grants, and what it says that removing a cluster needs besides. */
const GRANTED: ReadonlySet<string> = new Set([
  ...limitedUserRules().flatMap((rule) => /^\+([a-z]+)/.exec(rule)?.[1] ?? []),
  ...['scan', 'unlink'],
]);

describe('on a real server, as the user that the README describes', () => {
  let server: ReplicatedServer;
  let recorder: CommandRecorder;

  beforeAll(async () => {
    server = await ReplicatedServer.start();
    recorder = new CommandRecorder(server.servers, {
      counts: (name) => GRANTED.has(name),
      except: server.replicationSource,
    });
    await recorder.begin();
  });

  afterAll(async () => {
    await server.stop();
  });

  tierContract(async () => server.world());

  journalContract(async () => {
    const world = await server.world();
    return { join: async () => ((await world.join()) as KeydbTier).journal, close: () => world.close() };
  });

  it('the whole contract runs on commands, and on forms of them, that Redis 6.2 and KeyDB have', async () => {
    // What no world of the contract does: another database, INFO, and removing a cluster.
    const elsewhere = await server.primary.open({ url: `${server.url}/1`, cluster: 'elsewhere' });
    await elsewhere.info();
    await elsewhere.clear(KEY, NODE);
    await removeCluster({ url: `${server.primary.server.url}/1`, cluster: 'elsewhere' });
    await recorder.end();
    expect([...recorder.unknown]).toEqual([]);
    // Before Redis 7, MONITOR tells nothing of CLIENT.
    const unused = COMMAND_FORMS.filter((form) => !recorder.used.has(form) && !form.text.startsWith('client '));
    expect(unused).toEqual([]);
    const commands = new Set(COMMAND_FORMS.map(({ text }) => text.split(' ')[0] as string));
    expect([...commands].sort()).toEqual([...GRANTED].sort());
    const keydb = new Set(readFileSync(KEYDB_COMMANDS, 'utf8').split('\n'));
    expect([...commands].filter((command) => !keydb.has(command))).toEqual([]);
  });

  it('no form of a command is younger than Redis 6.2', () => {
    const isYounger = ({ since }: { readonly since: string }): boolean =>
      since.localeCompare('6.2.0', 'en', { numeric: true }) > 0;
    expect(COMMAND_FORMS.filter(isYounger)).toEqual([]);
  });
});
