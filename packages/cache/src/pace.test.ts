import { RecordingLogger } from '@lockstep/testkit';
import { expect, test } from 'vitest';
import { Pace } from './pace.ts';

function paceAt(deltaMs: number) {
  const logger = new RecordingLogger();
  const pace = new Pace(deltaMs, logger);
  const beats = (...times: readonly number[]): void => {
    for (const beatMs of times) pace.took(beatMs);
  };
  return { pace, logger, beats };
}

test('heartbeats of which two and a period fit into Δ are quick enough (P8)', () => {
  const { pace, beats, logger } = paceAt(100);
  beats(36, 36, 36, 36);
  expect([pace.slowness, logger.entries]).toEqual([undefined, []]);
});

test('slower ones are told of with figures, and with what would be enough (P8)', () => {
  const { pace, beats } = paceAt(100);
  beats(180, 180, 180);
  expect(pace.slowness).toBe(
    'heartbeats take 180 ms and go out every 25 ms: maxStaleness 100 cannot be kept; raise it to at least 497, or bring the tier nearer',
  );
  const enough = paceAt(497);
  enough.beats(180, 180, 180);
  expect(enough.pace.slowness).toBeUndefined();
});

test('heartbeats of which two and a period just do not fit into Δ are too slow', () => {
  const { pace, beats } = paceAt(100);
  beats(37, 37, 37);
  expect(pace.slowness).toContain('raise it to at least 103');
});

test('one slow heartbeat, or two, mean nothing; a quick one ends the slowness', () => {
  const { pace, beats } = paceAt(100);
  beats(180, 180, 1, 180, 180);
  expect(pace.slowness).toBeUndefined();
  beats(180);
  expect(pace.slowness).toBeDefined();
  beats(1);
  expect(pace.slowness).toBeUndefined();
});

test('the log is told once', () => {
  const { beats, logger } = paceAt(100);
  beats(180, 180, 180, 200, 1, 180, 180, 180);
  expect(logger.entries).toMatchObject([{ level: 'warn', message: expect.stringContaining('at least 497') }]);
});
