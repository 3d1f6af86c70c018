import type { Namespace } from '@lockstep/cache';
import type { Context } from '@opentelemetry/api';
import { context, ROOT_CONTEXT, TraceFlags, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { AlwaysOnSampler, NoopSpanProcessor, ParentBasedSampler, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Quantiles } from './figures.ts';
import { row, single } from './figures.ts';
import { openNode } from './servers.ts';
import type { Subject } from './turns.ts';
import { bytesPerRead, inTurns, uniform } from './turns.ts';

/** A process that measures near hits before and after an SDK is registered, and writes the rows to standard output. */
const [isSmall, redisUrl = '', natsUrl = ''] = process.argv.slice(2);
const scale = { small: isSmall === 'true' };
// Few enough for the processor to have all at hand: what is asked second would else find what the first one fetched.
const ENTRIES = 100;
const names = Array.from({ length: ENTRIES }, (_, index) => `key-${index}`);
// So few at once that the heartbeats between two batches are in time, also where each get makes a span.
const keys = uniform(names, 2_000);

async function warm(name: string): Promise<Namespace<string>> {
  const lockstep = await openNode({ redisUrl, natsUrl });
  const values = lockstep.namespace<string>(name, { ttl: '1h' });
  for (let from = 0; from < ENTRIES; from += 100) {
    await values.setMany(names.slice(from, from + 100).map((key) => [key, 'value']));
  }
  return values;
}

/** All that `get` does of a near hit, but that it knows of no traces. */
function bare(values: Namespace<string>): Subject {
  let hits = 0;
  const get = async (key: string): Promise<string | undefined> => {
    const value = values.peek(key);
    if (value !== undefined) hits++;
    return value;
  };
  return {
    name: 'a get without tracing code',
    async read(asked) {
      for (const key of asked) await get(key);
      return hits;
    },
  };
}

function get(values: Namespace<string>, name: string, active: Context = ROOT_CONTEXT): Subject {
  return {
    name,
    read: (asked) =>
      context.with(active, async () => {
        let sum = 0;
        for (const key of asked) sum += (await values.get(key))?.length ?? 0;
        return sum;
      }),
  };
}

/** A span as bare as it can be, with as many attributes as a near hit's. */
function bareSpan(active: Context): Subject {
  const tracer = trace.getTracer('bare');
  return {
    name: 'startSpan and end',
    read(asked) {
      for (const key of asked) {
        const attributes = {
          one: 'namespace',
          two: 'near',
          three: 'near',
          four: false,
          five: false,
          six: false,
          seven: key,
          eight: 12.5,
          nine: key,
        };
        tracer.startSpan('bare', { attributes }, active).end();
      }
      return asked.length;
    },
  };
}

function parent(traceFlags: TraceFlags): Context {
  return trace.setSpanContext(ROOT_CONTEXT, { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags });
}

const untraced = await warm('untraced');
context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
const sampler = new ParentBasedSampler({ root: new AlwaysOnSampler() });
trace.setGlobalTracerProvider(new TracerProvider({ sampler, spanProcessors: [new NoopSpanProcessor()] }));
const traced = await warm('traced');

const unsampled = parent(TraceFlags.NONE);
const sampled = parent(TraceFlags.SAMPLED);
const subjects = [
  bare(untraced),
  get(untraced, 'no SDK'),
  get(traced, 'no parent'),
  get(traced, 'under a parent that is not sampled', unsampled),
  get(traced, 'recorded', sampled),
  bareSpan(sampled),
];
const times = await inTurns(subjects, keys, scale);
const [floor, off, orphan, under, recorded, span] = times as [
  Quantiles,
  Quantiles,
  Quantiles,
  Quantiles,
  Quantiles,
  Quantiles,
];
/** 0 where what is added is less than the noise. */
const added = ({ p50 }: Quantiles): Quantiles => single(Math.max(0, p50 - floor.p50));
const sum = { p50: off.p50 + span.p50, p99: off.p99 + span.p99 };
const allocated = async (subject: Subject): Promise<number> => bytesPerRead(subject, keys, scale);
process.stdout.write(
  JSON.stringify([
    row({ id: 'tracing.no-sdk', unit: 'ns', ours: off, floor }),
    row({ id: 'tracing.no-sdk.added', unit: 'ns', ours: added(off), target: { at: 'p50', atMost: 40 } }),
    row({ id: 'tracing.no-parent.added', unit: 'ns', ours: added(orphan) }),
    row({ id: 'tracing.unsampled.added', unit: 'ns', ours: added(under), target: { at: 'p50', atMost: 60 } }),
    row({ id: 'tracing.recorded', unit: 'ns', ours: recorded, floor: sum, target: { at: 'p50', ratioAtMost: 1.2 } }),
    row({
      id: 'tracing.unsampled.allocated',
      unit: 'bytes',
      ours: single(await allocated(get(traced, 'unsampled', unsampled))),
      floor: single(await allocated(get(untraced, 'no SDK', unsampled))),
      target: { at: 'p50', ratioAtMost: 1 },
    }),
  ]),
);
process.exit(0);
