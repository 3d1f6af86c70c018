import type { Inspected, InspectSubject } from '@lockstep/core';
import { decodeEntryHeader, HEADER_BYTES_MAX } from '@lockstep/core';
import type { Connection, PipelineCommand } from './connection.ts';
import { malformedReply } from './failure.ts';
import type { KeyLayout } from './key-layout.ts';
import { epochField } from './key-layout.ts';
import { parseHead, parseNumber, textOf } from './reply.ts';

/** Reads entries' header lines and their scopes' epochs, in one pipeline of plain reads. */
export async function inspectEntries(
  connection: Connection,
  keys: KeyLayout,
  subjects: readonly InspectSubject[],
): Promise<readonly Inspected[]> {
  const replies = await connection.pipeline(
    'inspect',
    subjects.flatMap((subject) => commandsFor(keys, subject)),
  );
  return subjects.map((_, at) => parseInspected(replies[2 * at], replies[2 * at + 1]));
}

function commandsFor(keys: KeyLayout, subject: InspectSubject): readonly PipelineCommand[] {
  const epochs = subject.scopes.flatMap((scopeId) => [
    epochField({ kind: 'clear-scope', scopeId }),
    epochField({ kind: 'expire-scope', scopeId }),
  ]);
  return [
    ['getrange', keys.entry(subject), 0, HEADER_BYTES_MAX - 1],
    ['hmget', keys.control.control, 'head', ...epochs],
  ];
}

function parseInspected(entry: unknown, control: unknown): Inspected {
  if (!Array.isArray(control)) throw malformedReply('inspect');
  const [head, ...epochs] = control as readonly unknown[];
  return {
    header: decodeEntryHeader(Buffer.from(textOf(entry) ?? '')),
    controlIncarnation: parseHead(head)?.incarnation,
    epoch: Math.max(0, ...epochs.map((epoch) => parseNumber(epoch) ?? 0)),
  };
}
