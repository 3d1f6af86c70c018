import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { tierContract } from '@lockstep/testkit';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { connectKeydb } from '../src/index.ts';
import type { LuaScript } from '../src/lua-script.ts';
import { ReplicatedServer } from './replicated-server.ts';

/** The scripts of a release, by the name of their file. */
interface ReleaseScripts {
  readonly release: string;
  readonly scripts: Readonly<Record<string, LuaScript<number>>>;
}

const FIXTURES = join(import.meta.dirname, 'fixtures');
const GENERATED = join(import.meta.dirname, '../src/generated');
const releases = readdirSync(FIXTURES)
  .filter((name) => name.startsWith('scripts-'))
  .map((name) => JSON.parse(readFileSync(join(FIXTURES, name), 'utf8')) as ReleaseScripts);
const identifierOf = (name: string): string =>
  `${name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())}Script`;

describe.each(releases)('the scripts of $release beside those of this release, on one tier', ({ scripts }) => {
  let server: ReplicatedServer;
  let older: typeof connectKeydb;

  beforeAll(async () => {
    for (const [name, script] of Object.entries(scripts)) {
      vi.doMock(join(GENERATED, `${name}.ts`), () => ({ [identifierOf(name)]: script }));
    }
    vi.resetModules();
    ({ connectKeydb: older } = await import('../src/index.ts'));
    server = await ReplicatedServer.start();
  });

  afterAll(async () => {
    await server.stop();
  });

  it('are whole, and are what its nodes send', async () => {
    for (const { lua, sha1 } of Object.values(scripts)) {
      expect(createHash('sha1').update(lua).digest('hex')).toBe(sha1);
    }
    const names = readdirSync(GENERATED).map((file) => file.replace('.ts', ''));
    const mocked = await Promise.all(
      names.filter((name) => name in scripts).map((name) => import(join(GENERATED, `${name}.ts`)) as Promise<object>),
    );
    const sent = mocked.flatMap((module) => Object.values(module) as LuaScript<number>[]);
    expect(new Set(sent.map(({ lua }) => lua))).toEqual(new Set(Object.values(scripts).map(({ lua }) => lua)));
  });

  // The first node of each world is one of the older release, the second one of this.
  tierContract(async () => server.world([older, connectKeydb]));
});
