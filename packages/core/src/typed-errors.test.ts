import { describe, expect, it } from 'vitest';
import {
  BusUnavailableError,
  CacheError,
  ConfigError,
  LoaderError,
  LoaderTimeoutError,
  OverloadedError,
  TierUnavailableError,
} from './index.ts';

describe('an error', () => {
  it.each([
    { error: new TierUnavailableError('m'), name: 'TierUnavailableError', code: 'tier-unavailable', retryable: true },
    { error: new LoaderTimeoutError('m'), name: 'LoaderTimeoutError', code: 'loader-timed-out', retryable: true },
    { error: new OverloadedError('m'), name: 'OverloadedError', code: 'overloaded', retryable: true },
    { error: new BusUnavailableError('m'), name: 'BusUnavailableError', code: 'bus-unavailable', retryable: true },
    { error: new LoaderError('m'), name: 'LoaderError', code: 'loader-failed', retryable: false },
    { error: new ConfigError('m'), name: 'ConfigError', code: 'config-invalid', retryable: false },
    { error: new CacheError('tier-refused', 'm'), name: 'CacheError', code: 'tier-refused', retryable: false },
  ])('of class $name has the code $code, and may be retried: $retryable', ({ error, ...expected }) => {
    const { name, code, retryable } = error;
    expect({ name, code, retryable }).toEqual(expected);
    expect(error).toBeInstanceOf(CacheError);
    expect(error.message).toBe('m');
  });

  it('keeps the failure underneath as its cause, and has none where there is none', () => {
    const cause = new Error('underneath');
    expect(new LoaderError('m', { cause }).cause).toBe(cause);
    expect('cause' in new LoaderError('m')).toBe(false);
  });

  it('is retryable where its thrower knows better than its class', () => {
    expect(new CacheError('tier-refused', 'm', { retryable: true }).retryable).toBe(true);
    expect(new TierUnavailableError('m', { retryable: false }).retryable).toBe(false);
  });
});
