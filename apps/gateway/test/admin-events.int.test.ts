import type { AdminEvent } from '@lockstep/admin-api';
import { waitFor } from '@lockstep/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { AdminCluster } from './admin-harness.ts';
import { adminOf, refusal, startAdminCluster } from './admin-harness.ts';
import { startTestNode } from './harness.ts';

const REASON = 'a test';

let cluster: AdminCluster;

beforeAll(async () => {
  cluster = await startAdminCluster();
});

afterAll(async () => {
  await cluster.stop();
});

/** Reads the events of the second node until it is stopped. */
function readEvents() {
  const abort = new AbortController();
  const events: AdminEvent[] = [];
  const reading = (async () => {
    for await (const event of adminOf(cluster.nodes[1], 'viewer').events({ signal: abort.signal })) events.push(event);
  })().catch(() => undefined);
  const stop = async (): Promise<void> => {
    abort.abort();
    await reading;
  };
  return { events, stop };
}

describe('events', () => {
  it('tell of clears of other nodes, of records, and of who comes and goes', async () => {
    const { events, stop } = readEvents();
    const heard = (what: string, is: (event: AdminEvent) => boolean) => waitFor(() => events.some(is), { what });
    await heard('how the node is', ({ type }) => type === 'coherence');
    const { audit } = await adminOf(cluster.nodes[0]).clear({ scope: { namespace: 'oauth-token' }, reason: REASON });
    await heard('the clear', (event) => event.type === 'applied' && event.kind === 'clear-scope');
    const sequence = audit.state === 'recorded' ? audit.sequence : 0;
    await heard('the record', (event) => event.type === 'audit' && event.record.sequence === sequence);
    const third = await startTestNode(cluster.text);
    const isThird = (event: AdminEvent) => event.type === 'member' && event.node === third.nodeId;
    await heard('the new member', (event) => isThird(event) && 'change' in event && event.change === 'joined');
    await third.close();
    await heard('that it left', (event) => isThird(event) && 'change' in event && event.change === 'left');
    await stop();
  });

  it('tell nothing of what nodes say of themselves, of one that has just joined neither', async () => {
    const { events, stop } = readEvents();
    await waitFor(() => events.length > 0, { what: 'the stream' });
    const third = await startTestNode(cluster.text);
    const reported = async (): Promise<readonly (number | undefined)[]> => {
      const { nodes } = await adminOf(cluster.nodes[1], 'viewer').nodes();
      return nodes.filter(({ isSelf }) => !isSelf).map(({ report }) => report?.uptimeSeconds);
    };
    const before = await waitFor(
      async () => {
        const found = await reported();
        return found.length === 2 && found.every((seconds) => seconds !== undefined) ? found : undefined;
      },
      { what: 'both others to have said how they are' },
    );
    await waitFor(async () => (await reported()).every((seconds, at) => seconds !== before[at]), {
      what: 'both to say it again',
    });
    const { audit } = await adminOf(cluster.nodes[0]).clear({ scope: { namespace: 'tools' }, reason: REASON });
    await waitFor(() => events.some((event) => event.type === 'audit'), { what: `the record ${audit.state}` });
    expect(events.filter((event) => event.type === 'applied').map(({ kind }) => kind)).toEqual(['clear-scope']);
    await stop();
    await third.close();
  });

  it('end when the node leaves', async () => {
    const leaving = await startTestNode(cluster.text);
    const stream = adminOf(leaving, 'viewer').events();
    await stream.next();
    const drained = leaving.drain();
    for await (const _ of stream);
    await drained;
    expect((await refusal(adminOf(leaving, 'viewer').status())).code).toBe('unreachable');
    await leaving.close();
  });
});
