import type { KeyAddress, KeyId, ScannedEntry, ScanPage } from '@lockstep/core';
import { ENTRY_HEAD_BYTES_MAX } from '@lockstep/core';
import type { Connection, PipelineCommand } from './connection.ts';
import { malformedReply } from './failure.ts';
import type { KeyLayout } from './key-layout.ts';
import { textOf } from './reply.ts';

const CURSOR = /^\d{1,20}$/;
const KEY_ID = /^[0-9a-f]{32}$/;

/** Reads a page of a namespace's index in one partition, then the beginnings of the entries that it shows. */
export async function scanEntries(
  connection: Connection,
  keys: KeyLayout,
  page: Pick<KeyAddress, 'partition' | 'namespace'> & { readonly cursor: string; readonly count: number },
): Promise<ScanPage> {
  const { partition, namespace } = page;
  const scan = ['zscan', keys.index(partition, namespace), page.cursor, 'COUNT', page.count] as const;
  const [reply] = await connection.pipelineInTurn('scan', [scan]);
  const [cursor, members] = Array.isArray(reply) ? (reply as readonly unknown[]) : [];
  const next = textOf(cursor) ?? '';
  if (!CURSOR.test(next) || !Array.isArray(members)) throw malformedReply('scan');
  // Each with its score, which is of no use here; what is no id is not ours.
  const keyIds = members.filter((_, at) => at % 2 === 0).map((member) => textOf(member) ?? '');
  const ours = keyIds.filter((keyId) => KEY_ID.test(keyId)) as KeyId[];
  if (ours.length === 0) return { entries: [], cursor: next };
  const commands = ours.flatMap((keyId): readonly PipelineCommand[] => {
    const entry = keys.entry({ partition, keyId });
    return [
      ['getrangeBuffer', entry, 0, ENTRY_HEAD_BYTES_MAX - 1],
      ['strlen', entry],
    ];
  });
  const replies = await connection.pipelineInTurn('scan', commands);
  const entries = ours.flatMap((keyId, at): readonly ScannedEntry[] => {
    const [head, bytes] = [replies[2 * at], replies[2 * at + 1]];
    if (!Buffer.isBuffer(head) || typeof bytes !== 'number') throw malformedReply('scan');
    return head.length === 0 ? [] : [{ keyId, head, bytes }];
  });
  return { entries, cursor: next };
}
