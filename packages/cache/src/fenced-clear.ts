import type { AckFrame, Commit, NodeId, Position } from '@lockstep/core';
import { CacheError, CONTROL_PARTITION, WAIT_FACTOR } from '@lockstep/core';
import type { Heartbeat } from './heartbeat.ts';
import type { Node } from './node.ts';

/**
 * How a fence held. By `acknowledgements`: every member has said that the event has taken effect. By `time`: the time
 * in which anyone could still have the right to serve the older value has run out.
 */
export interface Fence {
  readonly by: 'acknowledgements' | 'time';
  /** How each member was accounted for, by node id; without this node. */
  readonly members: Readonly<Record<string, 'acknowledged' | 'fenced out'>>;
}

/** An event that waits for its acknowledgements. */
interface Awaited {
  readonly acknowledged: Set<NodeId>;
  changed: () => void;
}

/** Holds the answer to a clear back until no node can serve the older value unmarked. */
export class Fences {
  readonly #node: Node;
  readonly #heartbeat: Heartbeat;
  readonly #closing: AbortSignal;
  readonly #awaited: Map<string, Awaited> = new Map();

  constructor(node: Node, heartbeat: Heartbeat, closing: AbortSignal) {
    this.#node = node;
    this.#heartbeat = heartbeat;
    this.#closing = closing;
  }

  /** Takes an acknowledgement that came by the bus; one that nobody waits for is of no use. */
  acknowledged(frame: AckFrame): void {
    const awaited = this.#awaited.get(nameOf(frame));
    if (awaited === undefined) return;
    awaited.acknowledged.add(frame.sender);
    awaited.changed();
  }

  /**
   * Fences a commit whose answer has just come: `publish` sends its event, asking for acknowledgements.
   *
   * They suffice only if every member has answered, the members were read after the commit, and this node has been
   * connected to the same servers, of control (and its incarnation) and of the event, for longer than anyone's right to
   * serve lasts. A fresh connection to control may be to a server that has lost members; a fresh one to the event's
   * server, to one that has taken over while a member still reads from the old one. Else the time runs out.
   */
  async hold(commit: Commit, partition: number, publish: () => void): Promise<Fence> {
    const waitMs = this.#node.deltaMaxMs * WAIT_FACTOR;
    const untilMs = this.#node.clock.monotonicMs() + waitMs;
    const name = nameOf({ ...commit, partition });
    const awaited: Awaited = { acknowledged: new Set(), changed: () => {} };
    this.#awaited.set(name, awaited);
    try {
      publish();
      const { members, isReliable } = await this.#members(partition, waitMs);
      const missing = (): boolean => !isReliable || !isSubset(members, awaited.acknowledged);
      while (missing() && this.#node.clock.monotonicMs() < untilMs) {
        await this.#change(awaited, untilMs);
        this.#closing.throwIfAborted();
      }
      const accounted = [...new Set([...members, ...awaited.acknowledged])].map((member) => {
        return [member, awaited.acknowledged.has(member) ? 'acknowledged' : 'fenced out'] as const;
      });
      return { by: missing() ? 'time' : 'acknowledgements', members: Object.fromEntries(accounted) };
    } finally {
      this.#awaited.delete(name);
    }
  }

  /** All other members, as the tier lists them, and whether nobody can be missing from the list. */
  async #members(
    partition: number,
    waitMs: number,
  ): Promise<{ readonly members: readonly NodeId[]; readonly isReliable: boolean }> {
    const { tier, control, id, shared } = this.#node;
    if (!shared) return { members: [], isReliable: true };
    try {
      const { incarnation, nonces } = await tier.members();
      const members = [...nonces.keys()].filter((member) => member !== id);
      const knownMs = this.#node.clock.monotonicMs() - this.#heartbeat.controlSinceMs;
      const connectedMs = Math.min(tier.uptimeMs(CONTROL_PARTITION), tier.uptimeMs(partition));
      const isSettled = connectedMs >= waitMs && knownMs >= waitMs;
      return { members, isReliable: isSettled && incarnation === control.applied?.incarnation };
    } catch (error) {
      if (error instanceof CacheError) return { members: [], isReliable: false };
      throw error;
    }
  }

  /** Resolves when an acknowledgement comes, the time is over, or the node closes. */
  #change(awaited: Awaited, untilMs: number): Promise<void> {
    return new Promise((resolve) => {
      const end = (): void => {
        cancel();
        this.#closing.removeEventListener('abort', end);
        resolve();
      };
      const cancel = this.#node.timers.after(untilMs - this.#node.clock.monotonicMs(), end);
      this.#closing.addEventListener('abort', end);
      awaited.changed = end;
    });
  }
}

function nameOf({ partition, incarnation, sequence }: Position): string {
  return `${partition}:${incarnation}:${sequence}`;
}

function isSubset(some: readonly NodeId[], of: ReadonlySet<NodeId>): boolean {
  return some.every((member) => of.has(member));
}
