import { createCipheriv, createDecipheriv, createHmac, hkdfSync } from 'node:crypto';

const CIPHER = 'aes-256-gcm';
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

/** A value as the tier holds it: nothing in it can be read without the cluster's secret. */
export interface Sealed {
  readonly sealed: string;
}

/** Seals values for the tier, and opens them again. */
export interface Sealer {
  /** Seals a JSON value; `context` (namespace and key) must be the same when it is opened. */
  seal(value: unknown, context: string): Sealed;
  /** The value; undefined when it was not sealed with this secret, for this context, or is no sealed value at all. */
  open(sealed: Sealed, context: string): { readonly value: unknown } | undefined;
}

/**
 * AES-256-GCM under keys derived from the cluster's secret. The nonce is a MAC of context and value: the same value
 * under the same key gives the same bytes, so that a refill of what another node already holds tells nobody anything;
 * two values never share a nonce but by a collision of 96 bits.
 */
export function createSealer(secret: string): Sealer {
  const key = (purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', secret, '', `lockstep:gateway-cache:${purpose}`, 32));
  const [valueKey, nonceKey] = [key('values'), key('nonces')];
  return {
    seal(value, context) {
      const plain = JSON.stringify(value);
      const mac = createHmac('sha256', nonceKey).update(JSON.stringify([context, plain]));
      const nonce = mac.digest().subarray(0, NONCE_BYTES);
      const cipher = createCipheriv(CIPHER, valueKey, nonce).setAAD(Buffer.from(context));
      const body = Buffer.concat([cipher.update(plain, 'utf8'), cipher.final()]);
      return { sealed: Buffer.concat([nonce, cipher.getAuthTag(), body]).toString('base64url') };
    },
    open({ sealed }, context) {
      try {
        const bytes = Buffer.from(sealed, 'base64url');
        const decipher = createDecipheriv(CIPHER, valueKey, bytes.subarray(0, NONCE_BYTES))
          .setAAD(Buffer.from(context))
          .setAuthTag(bytes.subarray(NONCE_BYTES, NONCE_BYTES + TAG_BYTES));
        const plain = Buffer.concat([decipher.update(bytes.subarray(NONCE_BYTES + TAG_BYTES)), decipher.final()]);
        return { value: JSON.parse(plain.toString('utf8')) as unknown };
      } catch {
        return undefined;
      }
    },
  };
}
