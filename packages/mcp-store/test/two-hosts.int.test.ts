import { waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { LockstepResponseStore } from '../src/index.ts';
import type { Host, Hosts } from './hosts.ts';
import { gate, startHosts, toolNames } from './hosts.ts';
import { Origin } from './origin.ts';

describe('two replicas of a host, with the clients of the SDK', () => {
  let hosts: Hosts;
  let origin: Origin;
  let a: Host;
  let b: Host;

  beforeEach(async () => {
    hosts = await startHosts();
    [a, b] = hosts.hosts;
    origin = new Origin();
  });

  afterEach(() => hosts[Symbol.asyncDispose]());

  test('what one has listed, the other answers without asking the server', async () => {
    const first = await a.connect(origin, { store: { principal: 'ada' } });
    const second = await b.connect(origin, { store: { principal: 'ada' } });
    expect(await toolNames(first)).toEqual(['echo']);
    expect(await toolNames(second)).toEqual(['echo']);
    expect(origin.asked).toBe(1);
    expect([...a.errors, ...b.errors]).toEqual([]);
  });

  test('after list_changed on one, the other asks again (P1)', async () => {
    const first = await a.connect(origin, { store: { principal: 'ada' } });
    const second = await b.connect(origin, { store: { principal: 'ada' } });
    await first.listen({ toolsListChanged: true });
    await toolNames(first);
    await toolNames(second);
    origin.change('echo', 'search');
    await waitFor(async () => (await toolNames(second)).length === 2, { what: 'the new list on the other host' });
    expect(origin.asked).toBe(2);
    expect(await toolNames(first)).toEqual(['echo', 'search']);
    expect(origin.asked).toBe(2);
  });

  test('a list that was overtaken by list_changed on another host is not kept (P4)', async () => {
    const listening = await a.connect(origin, { store: { principal: 'ada' } });
    const slow = await b.connect(origin, { store: { principal: 'ada' } });
    await listening.listen({ toolsListChanged: true });
    const cleared = vi.spyOn(a.namespace, 'clear');
    const { passed, open } = gate();
    origin.passed = passed;
    const late = toolNames(slow);
    await waitFor(() => origin.asked === 1, { what: 'the question of the slow host' });
    origin.change('echo', 'search');
    await waitFor(() => cleared.mock.settledResults.length === 2, { what: 'the clear' });
    open();
    expect(await late).toEqual(['echo']);
    expect(await toolNames(listening)).toEqual(['echo', 'search']);
    expect(await toolNames(slow)).toEqual(['echo', 'search']);
    expect(origin.asked).toBe(2);
  });

  test('a list that is cleared while it is being written is gone afterwards (P4)', async () => {
    const of = (host: Host): LockstepResponseStore =>
      new LockstepResponseStore({ ...host, server: 'origin', principal: 'ada' });
    const key = { method: 'tools/list', partition: '["origin@1.0.0",""]' };
    const write = b.namespace.set.bind(b.namespace);
    vi.spyOn(b.namespace, 'set').mockImplementationOnce(async (...written) => {
      await of(a).delete(key);
      return write(...written);
    });
    const store = of(b);
    await store.get(key);
    await store.set(key, { value: '{"tools":[]}', expiresAt: Date.now() + 60_000, scope: 'private' });
    expect(await of(a).get(key)).toBeUndefined();
  });

  test.each([
    ['the option', (who: string) => ({ store: { principal: who } })],
    ['the cachePartition of the client', (who: string) => ({ client: { cachePartition: who } })],
  ])('a private list never reaches another principal, named by %s', async (_, as) => {
    const ada = await a.connect(origin, as('ada'));
    await toolNames(ada);
    origin.tools = ['secret'];
    const eve = await b.connect(origin, as('eve'));
    expect(await toolNames(eve)).toEqual(['secret']);
    expect(await toolNames(ada)).toEqual(['echo']);
    expect(await toolNames(await b.connect(origin, as('ada')))).toEqual(['echo']);
    expect(origin.asked).toBe(2);
  });

  test('a private list without a principal is kept nowhere', async () => {
    const client = await a.connect(origin);
    await toolNames(client);
    await toolNames(client);
    expect(origin.asked).toBe(2);
    expect(await a.lockstep.count('mcp-responses')).toBe(0);
  });

  test('a public list is shared by principals where the server is believed, and kept as private where it is not', async () => {
    origin.hint = { ttlMs: 3_600_000, cacheScope: 'public' };
    const list = async (host: Host, principal: string, believesPublic: boolean): Promise<number> => {
      await toolNames(await host.connect(origin, { store: { principal, believesPublic } }));
      return origin.asked;
    };
    expect(await list(a, 'ada', false)).toBe(1);
    expect(await list(b, 'eve', false)).toBe(2);
    expect(await list(b, 'ada', false)).toBe(2);
    expect(await list(a, 'bob', true)).toBe(3);
    expect(await list(b, 'cy', true)).toBe(3);
    expect(await list(b, 'dee', false)).toBe(4);
  });

  test('a public list is shared by clients that name their principal as cachePartition', async () => {
    origin.hint = { ttlMs: 3_600_000, cacheScope: 'public' };
    const as = (cachePartition: string) => ({ store: { believesPublic: true }, client: { cachePartition } });
    await toolNames(await a.connect(origin, as('ada')));
    await toolNames(await b.connect(origin, as('eve')));
    expect(origin.asked).toBe(1);
  });

  test('a list that is asked for past the cache replaces the one in it', async () => {
    const first = await a.connect(origin, { store: { principal: 'ada' } });
    const second = await b.connect(origin, { store: { principal: 'ada' } });
    await toolNames(first);
    await toolNames(second);
    origin.tools = ['echo', 'search'];
    await first.listTools(undefined, { cacheMode: 'refresh' });
    await waitFor(async () => (await toolNames(second)).length === 2, { what: 'the new list on the other host' });
    expect(origin.asked).toBe(2);
  });

  test('a list that may not be served again is asked for each time, and tool calls are still checked with it', async () => {
    origin.hint = { ttlMs: 0, cacheScope: 'private' };
    const client = await a.connect(origin, { store: { principal: 'ada' } });
    await toolNames(client);
    await toolNames(client);
    await toolNames(await b.connect(origin, { store: { principal: 'ada' } }));
    expect(origin.asked).toBe(3);
    await expect(client.callTool({ name: 'echo' })).rejects.toThrow(/output schema/);
  });

  test('while the tier is away every list comes from the server, and a change is not lost (P8)', async () => {
    const first = await a.connect(origin, { store: { principal: 'ada' } });
    await first.listen({ toolsListChanged: true });
    await toolNames(first);
    a.proxy.cut();
    await waitFor(() => a.lockstep.coherence.state !== 'coherent', { what: 'degradation' });
    origin.change('echo', 'search');
    await waitFor(async () => (await toolNames(first)).length === 2, { what: 'the change here' });
    const { asked } = origin;
    await toolNames(first);
    expect(origin.asked).toBe(asked + 1);
    a.proxy.restore();
    await waitFor(() => a.lockstep.coherence.state === 'coherent', { what: 'recovery' });
    const second = await b.connect(origin, { store: { principal: 'ada' } });
    await waitFor(async () => (await toolNames(second)).length === 2, { what: 'the queued clear' });
  });

  test('a resource that was read in several rounds is not kept, although the client asks for it', async () => {
    origin.asksBack = true;
    const client = await a.connect(origin, {
      store: { principal: 'ada' },
      client: { capabilities: { elicitation: { form: {} } } },
    });
    client.setRequestHandler('elicitation/create', async () => ({ action: 'accept', content: { name: 'Ada' } }));
    for (const rounds of [2, 4]) {
      const { contents } = await client.readResource({ uri: 'note://mine' });
      expect(contents).toMatchObject([{ text: 'for Ada' }]);
      expect(origin.read).toBe(rounds);
    }
  });

  test('another server is another server, whatever it says it is', async () => {
    const impostor = new Origin();
    impostor.tools = ['steal'];
    await toolNames(await a.connect(impostor, { store: { principal: 'ada', server: 'impostor' } }));
    expect(await toolNames(await b.connect(origin, { store: { principal: 'ada' } }))).toEqual(['echo']);
  });
});
