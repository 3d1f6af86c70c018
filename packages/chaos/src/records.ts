import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';
import type { Answer, CallKind, History } from '@lockstep/simulator';

/** What a node process writes down, in true ms since the run began: one line of JSON each. */
export type ChaosRecord =
  /** A call begins. */
  | readonly ['call', id: number, kind: CallKind, target: string, atMs: number]
  /** A call was answered. */
  | readonly ['answer', id: number, atMs: number, answer: Answer]
  /** A load of a value begins; or, with the call that writes it, a write. */
  | readonly ['value', value: string, key: string, atMs: number, writer?: number];

/** The keys that a call reads or ends the life of. */
export type KeysOf = (kind: CallKind, target: string) => readonly string[];

/** A file of records. Written at once, line by line: it holds all but the last words of a process that was killed. */
export class Recorder {
  readonly #file: number;

  constructor(path: string) {
    this.#file = openSync(path, 'a');
  }

  write(record: ChaosRecord): void {
    writeSync(this.#file, `${JSON.stringify(record)}\n`);
  }

  close(): void {
    closeSync(this.#file);
  }
}

/** Reads what a node process wrote into a history; the line that a killed process broke off is left out. */
export function readRecords(path: string, node: number, into: { history: History; keysOf: KeysOf }): void {
  const { history, keysOf } = into;
  const calls = new Map<number, ReturnType<History['call']>>();
  for (const line of readFileSync(path, 'utf8').split('\n').slice(0, -1)) {
    const record = JSON.parse(line) as ChaosRecord;
    switch (record[0]) {
      case 'call': {
        const [, id, kind, target, startMs] = record;
        calls.set(id, history.call({ node, kind, target, keys: keysOf(kind, target), startMs }));
        break;
      }
      case 'answer': {
        const [, id, endMs, answer] = record;
        const call = calls.get(id);
        if (call !== undefined) Object.assign(call, { endMs, answer });
        break;
      }
      case 'value': {
        const [, value, key, startMs, writer] = record;
        const call = writer === undefined ? undefined : calls.get(writer);
        history.origins.set(value, { value, key, by: call ? 'set' : 'load', startMs, node, ...(call && { call }) });
      }
    }
  }
}
