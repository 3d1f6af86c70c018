import { createHash, timingSafeEqual } from 'node:crypto';
import type { AdminToken } from '@lockstep/config';

/** Longer than any token that a configuration takes. */
const TOKEN_LENGTH_MAX = 512;

/**
 * Finds who a token belongs to. Every token is compared, by its digest, whether or not one before it was right: how long
 * that takes tells nothing of any of them.
 */
export class TokenRing {
  readonly #tokens: readonly { readonly token: AdminToken; readonly digest: Buffer }[];

  constructor(tokens: readonly AdminToken[]) {
    this.#tokens = tokens.map((token) => ({ token, digest: Buffer.from(token.digest, 'hex') }));
  }

  /** Whose token it is; undefined: nobody's. */
  find(presented: string): AdminToken | undefined {
    const digest = createHash('sha256').update(presented.slice(0, TOKEN_LENGTH_MAX)).digest();
    let found: AdminToken | undefined;
    for (const known of this.#tokens) if (timingSafeEqual(known.digest, digest)) found = known.token;
    return presented.length <= TOKEN_LENGTH_MAX ? found : undefined;
  }
}
