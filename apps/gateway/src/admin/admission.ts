import { getConnInfo } from '@hono/node-server/conninfo';
import type { AdminToken } from '@lockstep/config';
import type { Context } from 'hono';
import { RateLimit } from './rate-limit.ts';
import { Refusal } from './refusal.ts';
import { refuseOtherPlaces } from './same-place.ts';
import { TokenRing } from './token-ring.ts';

/** Requests of one token: as many as a page of numbers needs, and a script that means no harm. */
const REQUESTS = { burst: 60, perSecond: 10 };
/** Failed attempts of one address. */
const FAILURES = { burst: 10, perSecond: 0.2 };
const NAMES_MAX = 10_000;

/** What requests are let in by. */
export interface AdmissionOptions {
  readonly tokens: readonly AdminToken[];
  /** The names that the API may be asked by. */
  readonly hosts: readonly string[];
  readonly nowMs: () => number;
}

/** Lets requests in: from the right place, with a token, and not too many. */
export class Admission {
  readonly #hosts: ReadonlySet<string>;
  readonly #ring: TokenRing;
  readonly #requests: RateLimit;
  readonly #failures: RateLimit;

  constructor({ tokens, hosts, nowMs }: AdmissionOptions) {
    this.#hosts = new Set(hosts.map((name) => name.toLowerCase()));
    this.#ring = new TokenRing(tokens);
    this.#requests = new RateLimit({ ...REQUESTS, namesMax: NAMES_MAX, nowMs });
    this.#failures = new RateLimit({ ...FAILURES, namesMax: NAMES_MAX, nowMs });
  }

  /**
   * Whose request this is, or a refusal. An address that failed too often waits, but with a token that is known: who guesses
   * behind the same proxy locks nobody out, and tokens are too long to be guessed.
   */
  admit(context: Context): AdminToken {
    refuseOtherPlaces(context.req.raw.headers, this.#hosts);
    const token = this.#ring.find(presentedToken(context));
    if (token === undefined) {
      const address = getConnInfo(context).remote.address ?? '';
      refuseTooMany(this.#failures.waitSeconds(address), 'failed attempts of this address');
      this.#failures.use(address);
      throw new Refusal('unauthenticated', 'A token is needed, one that is known: Authorization: Bearer <token>');
    }
    refuseTooMany(this.#requests.waitSeconds(token.name), 'requests of this token');
    this.#requests.use(token.name);
    return token;
  }
}

function refuseTooMany(retryAfterSeconds: number, what: string): void {
  if (retryAfterSeconds === 0) return;
  throw new Refusal('rate-limited', `Too many ${what}.`, { retryAfterSeconds });
}

/** Of `Authorization: Bearer …`; nothing counts as a wrong token. */
function presentedToken(context: Context): string {
  return /^Bearer +(\S+) *$/i.exec(context.req.header('authorization') ?? '')?.[1] ?? '';
}
