import type { Attributes, Counter, Meter, MeterProvider } from '@opentelemetry/api';
import { createNoopMeter } from '@opentelemetry/api';
import type { Logger } from 'pino';

/** The SDK's counter of spans that a processor has done with; those that are lost have an `error.type`. */
const PROCESSED = 'otel.sdk.processor.span.processed';
const LOGGED_EVERY_MS = 60_000;
const REASONS_MAX = 16;

/** Tells the log, at most once a minute, how many spans were lost since it last did, and why. */
export class LostSpans {
  readonly #logger: Logger;
  readonly #lost: Map<string, number> = new Map();
  #pause: NodeJS.Timeout | undefined;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  /** The provider for a span processor: what the processor counts goes on to `provider`, where there is one. */
  counting(provider: MeterProvider | undefined): MeterProvider {
    return {
      getMeter: (...scope) => {
        const meter = provider?.getMeter(...scope) ?? createNoopMeter();
        const createCounter: Meter['createCounter'] = <A extends Attributes>(...args: CounterArguments) => {
          const counter = meter.createCounter<A>(...args);
          return args[0] === PROCESSED ? this.#watched(counter) : counter;
        };
        return Object.assign(Object.create(meter) as Meter, { createCounter });
      },
    };
  }

  #watched<A extends Attributes>(counter: Counter<A>): Counter<A> {
    return {
      add: (count, attributes, context) => {
        counter.add(count, attributes, context);
        const reason = attributes?.['error.type'];
        if (reason !== undefined) this.#lose(count, String(reason));
      },
    };
  }

  #lose(count: number, reason: string): void {
    const known = this.#lost.has(reason) || this.#lost.size < REASONS_MAX ? reason : 'others';
    this.#lost.set(known, (this.#lost.get(known) ?? 0) + count);
    if (this.#pause === undefined) this.#tell();
  }

  #tell(): void {
    const reasons = Object.fromEntries(this.#lost);
    const spans = [...this.#lost.values()].reduce((sum, count) => sum + count, 0);
    this.#lost.clear();
    this.#logger.warn({ spans, reasons }, 'spans are lost: the collector does not take them, or not fast enough');
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      if (this.#lost.size > 0) this.#tell();
    }, LOGGED_EVERY_MS).unref();
  }
}

type CounterArguments = Parameters<Meter['createCounter']>;
