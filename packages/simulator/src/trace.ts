import type { Violation } from './checkers.ts';
import type { Call, History } from './history.ts';

/** The most violations of one seed that are told. */
const VIOLATIONS_MAX = 3;

/** What came of one schedule. */
export interface Played {
  /** What was run. */
  readonly name: string;
  readonly violations: readonly Violation[];
  readonly history: History;
  /** The command that shows it again, where one does. */
  readonly replay?: string;
}

/** What failed, as text: each promise, the calls and faults around it, and how to see it again, if that can be. */
export function traceOf({ name, violations, history, replay }: Played): string {
  const told = violations.slice(0, VIOLATIONS_MAX).flatMap(({ text, calls }) => {
    const keys = new Set(calls.flatMap((call) => call.keys));
    const lines = [
      ...history.calls.filter((call) => call.keys.some((key) => keys.has(key))).map((call) => lineOf(call, calls)),
      ...history.faults.map(({ atMs, what }) => ({ atMs, text: `   ** ${what}` })),
      ...[...history.origins.values()]
        .filter(({ key, by }) => by === 'load' && keys.has(key))
        .flatMap(({ startMs, endMs, value, node }) => [
          { atMs: startMs, text: `   load of ${value} begins${node === undefined ? '' : ` on node ${node}`}` },
          ...(endMs === undefined ? [] : [{ atMs: endMs, text: `   load of ${value} ends` }]),
        ]),
    ];
    lines.sort((one, other) => one.atMs - other.atMs);
    return [`${name}: ${text}`, ...lines.map((line) => `${line.atMs.toFixed(2).padStart(12)} ${line.text}`)];
  });
  return [...told, ...(replay === undefined ? [] : [`replay: ${replay}`]), ''].join('\n');
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
