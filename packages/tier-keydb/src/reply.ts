import type { Commit, Head, Incarnation, Members, NodeId } from '@lockstep/core';
import { malformedReply } from './failure.ts';

const HEAD = /^([0-9a-f]{16}):(\d{1,16})$/;
const INCARNATION = /^[0-9a-f]{16}$/;
const DIGITS = /^\d{1,16}$/;

/** Parses a head as the tier keeps it; undefined where there is none, or none that parses: both mean another history. */
export function parseHead(value: unknown): Head | undefined {
  const match = HEAD.exec(textOf(value) ?? '');
  const sequence = Number(match?.[2]);
  if (match === null || !Number.isSafeInteger(sequence)) return undefined;
  return { incarnation: match[1] as Incarnation, sequence };
}

/** A whole number in decimal digits, below 2^53; undefined for anything else. */
export function parseNumber(value: unknown): number | undefined {
  const text = textOf(value) ?? '';
  const number = DIGITS.test(text) ? Number(text) : Number.NaN;
  return Number.isSafeInteger(number) ? number : undefined;
}

/** Milliseconds of a TIME reply, which is seconds and microseconds; undefined where it is none. */
export function millisOf(time: unknown): number | undefined {
  const [seconds, micros] = Array.isArray(time) ? time.map(parseNumber) : [];
  return seconds === undefined || micros === undefined ? undefined : seconds * 1_000 + Math.floor(micros / 1_000);
}

/** The text of a bulk string; undefined for anything else. */
export function textOf(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return Buffer.isBuffer(value) ? value.toString('utf8') : undefined;
}

/** One reply to one call, read part by part; what is not as it should be is a `tier-refused` error. */
export class Reply {
  readonly #what: string;
  readonly #parts: readonly unknown[];

  constructor(what: string, value: unknown) {
    this.#what = what;
    if (!Array.isArray(value)) throw malformedReply(what);
    this.#parts = value;
  }

  text(at: number): string {
    return textOf(this.#parts[at]) ?? this.#fail();
  }

  number(at: number): number {
    const part = this.#parts[at];
    return (typeof part === 'number' ? part : parseNumber(part)) ?? this.#fail();
  }

  bytes(at: number): Uint8Array | undefined {
    const part = this.#parts[at];
    if (part === null || part === undefined) return undefined;
    return Buffer.isBuffer(part) ? part : this.#fail();
  }

  flag(at: number): boolean {
    return this.oneOf(at, ['0', '1']) === '1';
  }

  oneOf<T extends string>(at: number, values: readonly T[]): T {
    const text = textOf(this.#parts[at]);
    return values.find((value) => value === text) ?? this.#fail();
  }

  /** A head as text, `incarnation:sequence`; undefined where there is none. */
  headText(at: number): Head | undefined {
    return parseHead(this.#parts[at]);
  }

  /** An incarnation and a sequence, as two parts. */
  head(at: number): Head {
    const incarnation = this.text(at);
    if (!INCARNATION.test(incarnation)) return this.#fail();
    return { incarnation: incarnation as Incarnation, sequence: this.number(at + 1) };
  }

  /** A head, and the sequence before it as a third part. */
  commit(at: number): Commit {
    return { ...this.head(at), previous: this.number(at + 2) };
  }

  /** A head as text, and after it node ids, each with its nonce. */
  members(): Members {
    const nonces = new Map<NodeId, string>();
    for (let at = 1; at < this.#parts.length; at += 2) nonces.set(this.text(at) as NodeId, this.text(at + 1));
    return { incarnation: this.headText(0)?.incarnation, nonces };
  }

  #fail(): never {
    throw malformedReply(this.#what);
  }
}
