import type { KeyAddress } from '@lockstep/core';
import { partitionOf } from '@lockstep/core';
import type { Node } from './node.ts';

/** Where a key of a namespace is in the tier. */
export function keyAddress(node: Node, namespace: string, key: string): KeyAddress {
  const keyId = node.secrets.identifiers.key(namespace, key);
  return { keyId, namespace, partition: partitionOf(keyId, node.partitions) };
}
