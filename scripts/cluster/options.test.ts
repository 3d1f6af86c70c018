import { expect, it } from 'vitest';
import { parseOptions } from './options.ts';

const NOTHING = { check: false, board: true, local: false, tierUrl: undefined, busUrl: undefined };

it.each([
  [[], {}, NOTHING],
  [['--no-board'], {}, { ...NOTHING, board: false }],
  [['--check', '--local'], { LOCKSTEP_TIER_URL: 'redis://a:1' }, { ...NOTHING, check: true, local: true }],
  [[], { LOCKSTEP_TIER_URL: 'redis://a:1', LOCKSTEP_BUS_URL: '' }, { ...NOTHING, tierUrl: 'redis://a:1' }],
  [['--tier=rediss://b:2'], { LOCKSTEP_TIER_URL: 'redis://a:1' }, { ...NOTHING, tierUrl: 'rediss://b:2' }],
  [['--bus', 'nats://a:1,nats://b:2'], {}, { ...NOTHING, busUrl: 'nats://a:1,nats://b:2' }],
  [['-h'], {}, 'help'],
])('%j in the environment %j means %j', (args, environment, meaning) => {
  expect(parseOptions(args, environment)).toEqual(meaning);
});

it('what makes no sense is told, every problem of it, without a password', () => {
  const args = ['--local', '--tier', 'http://:secret@host', '--bus', 'nowhere'];
  const problems = parseOptions(args, {});
  expect(problems).toEqual([
    expect.stringContaining('--local is one node'),
    expect.stringContaining("the tier's URL is http://***@host; it takes redis://"),
    expect.stringContaining("the bus's URL is nowhere; it takes nats://"),
  ]);
  expect(parseOptions(['--frob'], {})).toEqual([expect.stringContaining("'--frob'")]);
  expect(parseOptions(['file'], {})).toEqual([expect.stringContaining("'file'")]);
});
