import { World } from '@lockstep/testing/world';
import { describe, expect, test } from 'vitest';
import { check } from '../src/checkers.ts';
import { History } from '../src/history.ts';
import { DEFAULT_OPTIONS, simulate, traceOf } from '../src/index.ts';

const SEEDS = 60;

describe('simulated schedules', () => {
  test(`${SEEDS} seeds with every fault keep the promises (P1, P2)`, { timeout: 120_000 }, async () => {
    const failing: string[] = [];
    for (let seed = 1; seed <= SEEDS; seed++) {
      const simulation = await simulate(seed);
      if (simulation.violations.length > 0) failing.push(traceOf(simulation));
    }
    expect(failing.join('\n')).toBe('');
  });

  test('the same seed makes the same history', async () => {
    const [one, other] = [await simulate(7), await simulate(7)];
    expect(other.history.calls).toEqual(one.history.calls);
    expect(one.history.calls.length).toBeGreaterThan(100);
  });

  test('what is on the replica outlives every failover, though nothing is exempt then', async () => {
    const failing: string[] = [];
    const written = { replicated: 0, not: 0 };
    for (let seed = 1; seed <= SEEDS / 2; seed++) {
      const simulation = await simulate(seed, { ...DEFAULT_OPTIONS, faults: ['failover', 'bus loses'], durable: true });
      if (simulation.violations.length > 0) failing.push(traceOf(simulation));
      for (const { answer } of simulation.history.calls) {
        if (answer?.kind === 'committed') written[answer.replicated === true ? 'replicated' : 'not']++;
      }
    }
    expect(failing.join('\n')).toBe('');
    expect(Math.min(written.replicated, written.not)).toBeGreaterThan(SEEDS);
  });

  test('a calm schedule answers nothing stale or degraded, and no call fails but for its loader', async () => {
    const { history, violations } = await simulate(3, { ...DEFAULT_OPTIONS, faults: [] });
    const unusual = history.calls.filter(({ answer }) => {
      if (answer?.kind === 'failed') return answer.code !== 'loader-failed';
      return answer !== undefined && 'degraded' in answer && answer.degraded;
    });
    expect([violations, unusual]).toEqual([[], []]);
  });
});

test('however short a wait is, time passes, and the schedule comes to its end', async () => {
  const world = new World(1);
  await world.run(17_575.764175687065);
  let waits = 0;
  const wait = (): void => {
    waits++;
    if (waits < 100) world.after(1.8e-12, wait);
  };
  const before = world.nowMs;
  wait();
  await world.run(before + 1);
  const times: number[] = [];
  world.after(1.8e-12, () => times.push(world.nowMs));
  await world.run(before + 2);
  expect(times[0]).toBeGreaterThan(before + 1);
  expect(waits).toBe(100);
});

describe('the checkers', () => {
  const options = { deltaMs: 2_000, clockRateError: 0.01 };

  /** A load that began at 0, a clear committed from 10 to 20, and a read of what was loaded, on another node. */
  function historyOf(read: { readonly atMs: number; readonly node?: number; readonly degraded?: boolean }): History {
    const history = new History();
    const value = history.value({ key: 'a', by: 'load', startMs: 0 });
    const clear = history.call({ node: 0, kind: 'clear', target: 'a', keys: ['a'], startMs: 10 });
    Object.assign(clear, { endMs: 20, answer: { kind: 'committed' } });
    const get = history.call({ node: read.node ?? 1, kind: 'get', target: 'a', keys: ['a'], startMs: read.atMs });
    const answer = { kind: 'value', value, source: 'near', stale: false, degraded: read.degraded ?? false };
    Object.assign(get, { endMs: read.atMs, answer });
    return history;
  }

  const promises = (history: History): string[] => check(history, options).map(({ promise }) => promise);

  test('an older value within the bound is allowed, one beyond it is a violation of P1', () => {
    expect(promises(historyOf({ atMs: 2_000 }))).toEqual([]);
    expect(promises(historyOf({ atMs: 2_050 }))).toEqual(['P1']);
  });

  test('an older value on the node that cleared is a violation of P2 at once', () => {
    expect(promises(historyOf({ atMs: 21, node: 0 }))).toEqual(['P2']);
  });

  test('an answer marked degraded on another node is allowed', () => {
    expect(promises(historyOf({ atMs: 9_000, degraded: true }))).toEqual([]);
  });

  test('a clear that a failover may have lost is exempt', () => {
    const history = historyOf({ atMs: 9_000 });
    history.fault({ atMs: 30, what: 'failover', lostFromMs: 15, untilMs: 40 });
    expect(promises(history)).toEqual([]);
  });

  test('a clear that a replica had is exempt from nothing', () => {
    const history = historyOf({ atMs: 9_000 });
    Object.assign(history.calls[0] as object, { answer: { kind: 'committed', replicated: true } });
    history.fault({ atMs: 30, what: 'failover', lostFromMs: 15, untilMs: 40 });
    expect(promises(history)).toEqual(['P1']);
  });

  test('an unmarked answer of a node that was cut off for longer than the bound is a violation, a marked one is not (P8)', () => {
    const cutOff = (history: History): History => {
      history.fault({ atMs: 0, what: 'tier cut off', cutOff: 1, untilMs: 4_000 });
      return history;
    };
    const unmarked = (atMs: number): History => {
      const history = historyOf({ atMs });
      history.calls.shift();
      return cutOff(history);
    };
    expect(promises(unmarked(2_000))).toEqual([]);
    expect(promises(unmarked(3_000))).toEqual(['P8']);
    expect(promises(unmarked(4_000))).toEqual([]);
    expect(promises(cutOff(historyOf({ atMs: 3_000, degraded: true })))).toEqual([]);
  });

  test('a call that is never answered is a violation', () => {
    const history = new History();
    history.call({ node: 0, kind: 'get', target: 'a', keys: ['a'], startMs: 0 });
    expect(promises(history)).toEqual(['ends']);
  });
});
