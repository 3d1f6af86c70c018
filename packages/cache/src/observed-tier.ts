import type { Clock, Tier } from '@lockstep/core';
import type { Durations, Tracing } from '@lockstep/telemetry';
import { ATTRIBUTES, errorType, SPANS, spanning } from '@lockstep/telemetry';
import { SpanKind } from '@opentelemetry/api';

const CALLS = [
  'read',
  'readOver',
  'readMany',
  'fill',
  'release',
  'put',
  'clear',
  'expire',
  'compareAndPut',
  'compareAndClear',
  'clearScope',
  'expireScope',
  'replicated',
  'found',
  'heads',
  'log',
  'control',
  'settle',
  'beat',
  'members',
  'forget',
  'count',
  'inspect',
  'scan',
  'reclaim',
  'info',
] as const satisfies readonly (keyof Tier)[];

/** Every call of the port that goes to the server. */
type Call = (typeof CALLS)[number];

/** With what a tier is observed. */
export interface ObservedTierOptions {
  readonly tracing: Tracing;
  readonly durations: Durations;
  readonly clock: Clock;
}

/** A tier whose calls are timed, and are spans where they are a part of one of Lockstep's. */
export function observedTier(tier: Tier, via: ObservedTierOptions): Tier {
  const { tracing, durations, clock } = via;
  const observed = (call: Call) => {
    const attributes = {
      ...(tier.system === undefined ? {} : { [ATTRIBUTES.dbSystem]: tier.system }),
      [ATTRIBUTES.dbOperation]: call,
    };
    const options = { kind: SpanKind.CLIENT, attributes };
    const name = `${SPANS.tier}${call}`;
    const send = tier[call].bind(tier) as (...given: readonly unknown[]) => Promise<unknown>;
    return async (...given: readonly unknown[]): Promise<unknown> => {
      const startedMs = clock.monotonicMs();
      const seconds = (): number => (clock.monotonicMs() - startedMs) / 1000;
      try {
        const answer = await spanning(tracing.part(name, options), () => send(...given));
        durations.tierCall.record(seconds(), attributes);
        return answer;
      } catch (error) {
        durations.tierCall.record(seconds(), { ...attributes, [ATTRIBUTES.errorType]: errorType(error) });
        throw error;
      }
    };
  };
  return {
    ...(Object.fromEntries(CALLS.map((call) => [call, observed(call)])) as Pick<Tier, Call>),
    uptimeMs: (partition) => tier.uptimeMs(partition),
    close: () => tier.close(),
  };
}
