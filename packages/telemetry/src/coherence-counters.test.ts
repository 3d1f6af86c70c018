import type { Meter, MeterProvider, ObservableCallback } from '@opentelemetry/api';
import { createNoopMeter, metrics } from '@opentelemetry/api';
import { afterEach, describe, expect, it } from 'vitest';
import { COHERENCE_AUDITED, COHERENCE_VIOLATIONS, observeCoherence } from './index.ts';

/** A meter that collects when it is told to. */
function collectingProvider() {
  const callbacks = new Map<string, Set<ObservableCallback>>();
  const createObservableCounter: Meter['createObservableCounter'] = (name) => {
    const ours = new Set<ObservableCallback>();
    callbacks.set(name, ours);
    return {
      addCallback: (callback) => void ours.add(callback as ObservableCallback),
      removeCallback: (callback) => void ours.delete(callback as ObservableCallback),
    };
  };
  const meter: Meter = Object.assign(createNoopMeter(), { createObservableCounter });
  const provider: MeterProvider = { getMeter: () => meter };
  const collect = (): unknown[] => {
    const observed: unknown[] = [];
    for (const [name, ours] of callbacks) {
      for (const callback of ours) void callback({ observe: (value) => void observed.push([name, value]) });
    }
    return observed;
  };
  return { provider, collect };
}

describe('the counters of coherence', () => {
  afterEach(() => metrics.disable());

  it('are read whenever the meter collects, under these names, until they are ended', () => {
    const { provider, collect } = collectingProvider();
    metrics.setGlobalMeterProvider(provider);
    const counts = { coherenceViolations: 0, audited: 16 };
    const end = observeCoherence(() => counts);
    expect(collect()).toEqual([
      ['lockstep.coherence.violations', 0],
      ['lockstep.coherence.audited', 16],
    ]);
    counts.coherenceViolations = 1;
    expect(collect()).toContainEqual([COHERENCE_VIOLATIONS, 1]);
    end();
    expect(collect()).toEqual([]);
  });

  it('read nothing where no SDK is registered', () => {
    const end = observeCoherence(() => {
      throw new Error('read');
    });
    expect(end).not.toThrow();
    expect(COHERENCE_AUDITED).toBe('lockstep.coherence.audited');
  });
});
