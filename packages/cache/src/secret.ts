import type { KeyObject } from 'node:crypto';
import { createHmac, createSecretKey } from 'node:crypto';
import type { MessageMac } from '@lockstep/core';
import { Identifiers } from '@lockstep/core';

/** What a node derives from the cluster's secret; the secret itself is not kept. */
export interface Secrets {
  readonly identifiers: Identifiers;
  /** Tells two secrets apart without revealing either: 32 hexadecimal characters. */
  readonly fingerprint: string;
  readonly mac: MessageMac;
  /** Equal for equal `parts`: 32 hexadecimal characters. */
  digest(...parts: readonly (string | Uint8Array)[]): string;
}

/** Derives one key for each purpose, so that what is seen of one says nothing about another. */
export function deriveSecrets(secret: string): Secrets {
  // Key objects: from bytes, Node 24 makes one anew for each HMAC, which takes five times as long.
  const keyFor = (purpose: string): KeyObject =>
    createSecretKey(createHmac('sha256', secret).update(`lockstep:${purpose}`).digest());
  const [identifierKey, entryKey, busKey] = [keyFor('identifiers'), keyFor('entries'), keyFor('bus')];
  const shortHex = (key: KeyObject, ...parts: readonly (string | Uint8Array)[]): string => {
    const hmac = createHmac('sha256', key);
    for (const part of parts) hmac.update(part);
    return hmac.digest('hex').slice(0, 32);
  };
  return {
    identifiers: new Identifiers((input) => shortHex(identifierKey, input)),
    fingerprint: shortHex(keyFor('fingerprint')),
    mac: (bytes) => createHmac('sha256', busKey).update(bytes).digest().subarray(0, 16),
    digest: (...parts) => shortHex(entryKey, ...parts),
  };
}
