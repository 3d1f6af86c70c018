import { CONTROL_PARTITION } from '@lockstep/core';
import type { Node } from './node.ts';

/** Where a node stands in one partition's history. */
export interface PartitionPosition {
  /** `control`: that of the clears and expires of scopes. */
  readonly partition: number | 'control';
  /** Of the history that the node follows; undefined: it has not joined yet. */
  readonly incarnation: string | undefined;
  /** The newest event up to which all have taken effect here. */
  readonly applied: number | undefined;
  /** The newest event that is known of. */
  readonly seen: number | undefined;
  /** How far behind the tier's history an answer may be, in ms; infinite: not joined. Of `control`: the worst of all. */
  readonly stalenessMs: number;
}

export function positionsOf(node: Node): readonly PartitionPosition[] {
  const nowMs = node.clock.nowMs();
  return [CONTROL_PARTITION, ...node.data.keys()].map((partition) => {
    const isControl = partition === CONTROL_PARTITION;
    const history = node.history(partition);
    return {
      partition: isControl ? 'control' : partition,
      incarnation: history?.applied?.incarnation,
      applied: history?.applied?.sequence,
      seen: history?.seen?.sequence,
      stalenessMs: node.shared ? stalenessMs(node, isControl ? undefined : partition, nowMs) : 0,
    };
  });
}

function stalenessMs({ horizons, deltaMs }: Node, partition: number | undefined, nowMs: number): number {
  if (partition === undefined) return Math.max(0, horizons.worstStalenessMs(nowMs));
  return Math.max(0, nowMs - (horizons.serveUntil[partition] as number) + deltaMs);
}
