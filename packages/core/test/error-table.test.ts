import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import {
  BatchError,
  BusUnavailableError,
  CacheError,
  ConfigError,
  LoaderError,
  LoaderTimeoutError,
  OverloadedError,
  TierUnavailableError,
} from '../src/index.ts';

const CLASSES = [
  BusUnavailableError,
  ConfigError,
  LoaderError,
  LoaderTimeoutError,
  OverloadedError,
  TierUnavailableError,
];

/** The codes of errors that may be retried, or not. */
const DEPENDING = ['`batch-incomplete`', '`tier-refused`'];

interface Row {
  readonly code: string;
  readonly name: string;
  readonly retryable: string;
  readonly meaning: string;
  readonly remedy: string;
}

function read(path: string): string {
  return readFileSync(new URL(path, import.meta.url), 'utf8');
}

const rows: readonly Row[] = read('../../../apps/docs/errors.md')
  .split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => {
    const [code = '', name = '', retryable = '', meaning = '', remedy = ''] = line.split(' | ');
    return { code: code.replace(/^\| /, ''), name, retryable, meaning, remedy: remedy.replace(/ \|$/, '') };
  });

/** The codes as the source declares them, in backticks. */
const codes = [...(/ErrorCode =([^;]*);/.exec(read('../src/errors.ts'))?.[1] ?? '').matchAll(/'([^']+)'/g)].map(
  ([, code]) => `\`${code}\``,
);

it('every error code is in the table of the docs, and no other', () => {
  expect(codes.length).toBeGreaterThan(5);
  expect(rows.map(({ code }) => code)).toEqual(codes.toSorted());
});

it('the table names the class of every code, and whether it may be retried, as the code has it', () => {
  const failed = new Map([['key', new CacheError('closed', '')]]);
  const classed = [...CLASSES.map((each) => new each('')), new BatchError('', { done: new Map(), failed })];
  for (const { code, name, retryable } of rows) {
    const error = classed.find((each) => `\`${each.code}\`` === code);
    expect([code, name]).toEqual([code, `\`${error?.name ?? CacheError.name}\``]);
    const byDefault = error?.retryable ? 'yes' : 'no';
    expect([code, retryable]).toEqual([code, DEPENDING.includes(code) ? 'depends' : byDefault]);
  }
});

it('the table says of every code what it means and what to do', () => {
  for (const { code, meaning, remedy } of rows) {
    expect([code, /^[A-Z].{20,}\.$/.test(meaning), /^[A-Z].{10,}\.$/.test(remedy)]).toEqual([code, true, true]);
  }
});
