import { FAULT_KINDS } from './faults.ts';
import type { Call } from './history.ts';
import type { Simulation, SimulationOptions } from './simulate.ts';

/** The most violations of one seed that are told. */
const VIOLATIONS_MAX = 3;

/** What a failing seed did, as text: each promise, the calls and faults around it, and how to see it again, if that can be. */
export function traceOf({
  seed,
  options,
  violations,
  history,
}: Omit<Simulation, 'options'> & Partial<Simulation>): string {
  const told = violations.slice(0, VIOLATIONS_MAX).flatMap(({ text, calls }) => {
    const keys = new Set(calls.flatMap((call) => call.keys));
    const lines = [
      ...history.calls.filter((call) => call.keys.some((key) => keys.has(key))).map((call) => lineOf(call, calls)),
      ...history.faults.map(({ atMs, what }) => ({ atMs, text: `   ** ${what}` })),
      ...[...history.origins.values()]
        .filter(({ key, by }) => by === 'load' && keys.has(key))
        .map(({ startMs, value }) => ({ atMs: startMs, text: `   load of ${value} begins` })),
    ];
    lines.sort((one, other) => one.atMs - other.atMs);
    return [`seed ${seed}: ${text}`, ...lines.map((line) => `${line.atMs.toFixed(2).padStart(12)} ${line.text}`)];
  });
  return [...told, ...(options === undefined ? [] : [replayOf(seed, options)]), ''].join('\n');
}

function replayOf(seed: number, { faults, durable }: SimulationOptions): string {
  return `replay: pnpm sim --seed ${seed}${faults === FAULT_KINDS ? '' : ` --faults '${faults.join()}'`}${durable ? ' --durable' : ''}`;
}

function lineOf(call: Call, marked: readonly Call[]): { readonly atMs: number; readonly text: string } {
  const mark = marked.includes(call) ? '>>' : '  ';
  const took = call.endMs === undefined ? 'no answer' : `${(call.endMs - call.startMs).toFixed(2)} ms`;
  const { answer } = call;
  const heard =
    answer?.kind === 'value' ? `${answer.value} ${answer.source}${answer.stale ? ' stale' : ''}` : answer?.kind;
  const degraded = answer !== undefined && 'degraded' in answer && answer.degraded ? ' degraded' : '';
  return {
    atMs: call.startMs,
    text: `${mark} node ${call.node} ${call.kind} ${call.target}: ${heard}${degraded} (${took})`,
  };
}
