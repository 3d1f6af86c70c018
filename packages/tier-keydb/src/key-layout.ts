import type { KeyAddress, ScopeEffect } from '@lockstep/core';
import { CONTROL_PARTITION } from '@lockstep/core';

/** The keys of one data partition; all of them carry the partition's hash tag, so one script can touch them. */
export interface PartitionKeys {
  /** A string, `incarnation:sequence`: the newest event. */
  readonly head: string;
  /** A stream: the event with sequence n has the id `n-0`. */
  readonly log: string;
  /** A hash: key id → `token deadlineMs waiting`. */
  readonly leases: string;
  /** A key that is never there: what the plain write deletes. */
  readonly nothing: string;
}

/** The keys of the control partition. */
export interface ControlKeys {
  /** A hash: `head`, `floor`, `epoch:<clear-scope or expire-scope>:<scope id>`, `setting:<name>`. */
  readonly control: string;
  readonly log: string;
  /** A hash: node id → nonce. */
  readonly members: string;
  readonly nothing: string;
  /** A string, written anew before each WAIT: who has it has all that came before it. */
  readonly mark: string;
  /** A hash: `newest`, and every record of the journal by its number. */
  readonly journal: string;
}

/**
 * Where everything is in the tier.
 *
 * Namespaces are readable in a key: they name caches, not people. Keys and tags are there as ids only.
 */
export class KeyLayout {
  readonly control: ControlKeys;
  readonly #cluster: string;
  readonly #partitions: Map<number, PartitionKeys> = new Map();

  constructor(cluster: string) {
    this.#cluster = cluster;
    const prefix = `lockstep:{${cluster}:ctl}`;
    this.control = {
      control: `${prefix}:control`,
      log: `${prefix}:log`,
      members: `${prefix}:members`,
      nothing: `${prefix}:nothing`,
      mark: `${prefix}:mark`,
      journal: `${prefix}:journal`,
    };
  }

  partition(partition: number): PartitionKeys {
    const known = this.#partitions.get(partition);
    if (known !== undefined) return known;
    const prefix = this.#prefix(partition);
    const keys: PartitionKeys = {
      head: `${prefix}:head`,
      log: `${prefix}:log`,
      leases: `${prefix}:leases`,
      nothing: `${prefix}:nothing`,
    };
    this.#partitions.set(partition, keys);
    return keys;
  }

  /** A sorted set: key id → when the entry ends, in ms of the tier's time. */
  index(partition: number, namespace: string): string {
    return `${this.#prefix(partition)}:index:${namespace}`;
  }

  entry(address: Pick<KeyAddress, 'partition' | 'keyId'>): string {
    return `${this.#prefix(address.partition)}:entry:${address.keyId}`;
  }

  /** The log of a data partition, or of the control partition. */
  log(partition: number): string {
    return partition === CONTROL_PARTITION ? this.control.log : this.partition(partition).log;
  }

  #prefix(partition: number): string {
    return `lockstep:{${this.#cluster}:${partition}}`;
  }
}

/** The field of the control hash that has the sequence of a scope's last clear, or of its last expire. */
export function epochField({ kind, scopeId }: ScopeEffect): string {
  return `epoch:${kind}:${scopeId}`;
}
