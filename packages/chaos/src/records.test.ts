import { appendFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { check, History } from '@lockstep/simulator';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { RoundKeys, tagOf } from './keys.ts';
import { Recorder, readRecords } from './records.ts';

const KEYS = new RoundKeys(1);
const [KEY] = KEYS.hot as [string];
const OPTIONS = { deltaMs: 1_000, clockRateError: 0.01 };

describe('what a node process wrote', () => {
  let directory: string;

  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'lockstep-records-'));
  });

  afterEach(() => rmSync(directory, { recursive: true }));

  /** Node 0 loads a value and clears the scope that it is in; node 1 reads the value at this time. */
  function historyOf(readMs: number, scope: string): History {
    const place = mkdtempSync(join(directory, 'run-'));
    const [one, other] = [0, 1].map((node) => join(place, `${node}`)) as [string, string];
    const recorder = new Recorder(one);
    recorder.write(['value', 'v', KEY, 10]);
    recorder.write(['call', 0, 'clear-scope', scope, 20]);
    recorder.write(['answer', 0, 21, { kind: 'committed' }]);
    recorder.close();
    const reader = new Recorder(other);
    reader.write(['call', 0, 'get', KEY, readMs]);
    reader.write(['answer', 0, readMs, { kind: 'value', value: 'v', source: 'near', stale: false, degraded: false }]);
    reader.close();
    appendFileSync(other, '["call",1,"get');
    const history = new History();
    for (const [node, path] of [one, other].entries()) {
      readRecords(path, node, { history, keysOf: (...call) => KEYS.of(...call) });
    }
    return history;
  }

  test('is checked as the simulator checks: an old value is allowed within the bound, and no longer (P1)', () => {
    expect(check(historyOf(1_000, tagOf(KEY)), OPTIONS)).toEqual([]);
    expect(check(historyOf(2_000, tagOf(KEY)), OPTIONS)).toMatchObject([{ promise: 'P1' }]);
    expect(check(historyOf(2_000, 'everything'), OPTIONS)).toMatchObject([{ promise: 'P1' }]);
  });

  test('without the line that a killed process broke off', () => {
    expect(historyOf(1_000, 'namespace').calls).toHaveLength(2);
  });
});
