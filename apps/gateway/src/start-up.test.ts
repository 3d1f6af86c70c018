import type { Coherence, CoherenceListener } from '@lockstep/cache';
import { settle } from '@lockstep/testkit';
import { pino } from 'pino';
import { expect, it } from 'vitest';
import { startUp } from './start-up.ts';

/** A node whose coherence the test decides. */
function scene() {
  const listeners = new Set<CoherenceListener>();
  let coherence: Coherence = {
    state: 'degraded',
    stalenessMs: Number.POSITIVE_INFINITY,
    sinceMs: 0,
    reason: 'no tier',
  };
  const lockstep = {
    get coherence() {
      return coherence;
    },
    onCoherenceChange: (listener: CoherenceListener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
  };
  const become = (state: Coherence['state']): void => {
    coherence = { state, stalenessMs: 0, sinceMs: 0 };
    for (const listener of [...listeners]) listener(coherence);
  };
  const lines: string[] = [];
  const closing = new AbortController();
  const health = { starting: false, started: false };
  const logger = pino({}, { write: (line: string) => void lines.push(line) });
  return { lockstep, listeners, become, closing, health, logger, lines };
}

it('listens to the coherence no longer than it has to: neither after joining, nor after the node is closed', async () => {
  for (const end of ['join', 'close'] as const) {
    const { lockstep, listeners, become, closing, health, logger, lines } = scene();
    startUp({ lockstep, health, preload: undefined, patienceMs: 60_000, logger, closing: closing.signal })();
    become('isolated');
    expect([listeners.size, health.started]).toEqual([1, false]);
    if (end === 'join') become('coherent');
    else closing.abort();
    await settle();
    expect([listeners.size, health.started, lines]).toEqual([0, true, []]);
  }
});

it('a node that finds its cluster at once is not ready before it has preloaded', async () => {
  const { lockstep, become, closing, health, logger } = scene();
  become('coherent');
  const { promise: preloaded, resolve: end } = Promise.withResolvers<void>();
  const begin = startUp({ lockstep, health, preload: () => preloaded, patienceMs: 0, logger, closing: closing.signal });
  expect(health).toEqual({ starting: true, started: false });
  begin();
  await settle();
  expect(health).toEqual({ starting: true, started: false });
  end();
  await settle();
  expect(health).toEqual({ starting: false, started: true });
});
