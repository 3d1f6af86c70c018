/** 128 bits as 32 lower-case hexadecimal characters: what tier and bus see in place of a key. */
export type KeyId = string & { readonly __brand: 'KeyId' };

/** 128 bits as 32 lower-case hexadecimal characters: what tier and bus see in place of a scope's name. */
export type ScopeId = string & { readonly __brand: 'ScopeId' };

/** 64 random bits as 16 lower-case hexadecimal characters: one history of one partition. */
export type Incarnation = string & { readonly __brand: 'Incarnation' };

/** 64 random bits as 16 lower-case hexadecimal characters: one process with a near-cache, new at every start. */
export type NodeId = string & { readonly __brand: 'NodeId' };

/** A set of entries that one clear covers: everything, one namespace, or all entries that carry a tag. */
export type Scope = { readonly everything: true } | { readonly namespace: string } | { readonly tag: string };

/** Keyed digest: the first 16 bytes of HMAC-SHA-256 over the UTF-8 bytes of `input`, as hexadecimal. */
export type KeyedDigest = (input: string) => string;

/** A cluster's name, as tier and bus have it: no character that means something in a key or a subject. */
export const CLUSTER_NAME: RegExp = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;

/** What {@link CLUSTER_NAME} takes, for messages. */
export const CLUSTER_NAME_TAKES = 'a name of 1 to 64 letters, digits, _ and -, not first _ or -';

/** The number of the control partition, which orders scope clears and holds the members. Data partitions are 0…P−1. */
export const CONTROL_PARTITION = 0xffff;

/** The most data partitions a cluster can have. */
export const PARTITIONS_MAX = 1024;

/**
 * Derives the ids that stand for keys and scopes outside the process.
 *
 * Inputs are domain-separated and length-prefixed, so that no key of one namespace, and no tag, can have
 * the id of another one's. Without the cluster's secret an id can be neither reversed nor guessed.
 *
 * Text that is not well-formed UTF-16 has a domain of its own: as UTF-8 all lone surrogates would look alike.
 */
export class Identifiers {
  readonly #digest: KeyedDigest;

  constructor(digest: KeyedDigest) {
    this.#digest = digest;
  }

  key(namespace: string, key: string): KeyId {
    return this.#id('key', `${namespace.length}:${namespace}:${key}`) as KeyId;
  }

  scope(scope: Scope): ScopeId {
    if ('everything' in scope) return EVERYTHING;
    if ('namespace' in scope) return this.#id('namespace', scope.namespace) as ScopeId;
    return this.#id('tag', scope.tag) as ScopeId;
  }

  #id(domain: string, text: string): string {
    return this.#digest(text.isWellFormed() ? `${domain}:${text}` : `${domain}-escaped:${JSON.stringify(text)}`);
  }
}

/** The id of the scope that holds every entry; it names nothing secret, so it needs no digest. */
export const EVERYTHING: ScopeId = '0'.repeat(32) as ScopeId;

/** The data partition of a key: the leading 32 bits of its id, modulo the number of partitions. */
export function partitionOf(keyId: KeyId, partitions: number): number {
  return Number.parseInt(keyId.slice(0, 8), 16) % partitions;
}
