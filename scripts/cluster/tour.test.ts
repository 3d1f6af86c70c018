import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Tour } from './tour.ts';

let lines: string[] = [];

beforeEach(() => {
  lines = [];
  vi.spyOn(console, 'log').mockImplementation((line: string) => void lines.push(line.replace(/ +\d+ ms/, ' 0 ms')));
});

afterEach(() => {
  vi.restoreAllMocks();
});

it('facts that hold are told with their figures, and the result is ok', async () => {
  const tour = new Tour(new AbortController().signal);
  expect(await tour.fact('water is wet', async () => '3 drops')).toBe(true);
  tour.skip('fire is hot', 'there is none');
  expect(lines).toEqual(['ok 0 ms  water is wet (3 drops)', 'skipped           fire is hot: there is none']);
  expect(tour.summary()).toBe('check: ok, 1 facts hold, 1 skipped');
});

it('a fact that does not hold is told with its reason and what the witnesses logged meanwhile, and fails the result', async () => {
  const tour = new Tour(new AbortController().signal);
  const log = ['before'];
  const witness = {
    name: 'node 1',
    get written() {
      return log.length;
    },
    lastLines: (count: number, from: number) => log.slice(from).slice(-count).join('\n'),
  };
  tour.witnesses = [witness, { ...witness, name: 'node 2', written: 1 }];
  const show = async (): Promise<undefined> => {
    log.push('meanwhile');
    throw new Error('it is dry');
  };
  expect(await tour.fact('water is wet', show)).toBe(false);
  expect(lines).toEqual(['FAILED 0 ms  water is wet: it is dry', 'node 1:\nmeanwhile']);
  expect([tour.failed, tour.summary()]).toEqual([1, 'check: FAILED, 1 of 1 facts do not hold']);
});

it('a tour that is told to stop ends in the middle of a fact, and tells nothing of it', async () => {
  const stopping = new AbortController();
  const tour = new Tour(stopping.signal);
  const fact = tour.fact('this takes for ever', () => new Promise(() => undefined));
  stopping.abort('SIGINT');
  await expect(fact).rejects.toBe('SIGINT');
  expect(lines).toEqual([]);
});
