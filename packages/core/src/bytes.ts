const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const TWO_TO_32 = 0x1_0000_0000;

/** Writes big-endian fields one after the other into a buffer of known size. */
export class ByteWriter {
  readonly bytes: Uint8Array;
  #at = 0;

  constructor(size: number) {
    this.bytes = new Uint8Array(size);
  }

  /** The lowest eight bits, as all of an array of bytes. */
  u8(value: number): void {
    this.bytes[this.#at++] = value;
  }

  u16(value: number): void {
    this.u8(value >>> 8);
    this.u8(value);
  }

  u32(value: number): void {
    this.u16(value >>> 16);
    this.u16(value);
  }

  /** An integer in 0…2^53−1, as eight bytes. */
  sequence(value: number): void {
    this.u32(Math.floor(value / TWO_TO_32));
    this.u32(value % TWO_TO_32);
  }

  /** Hexadecimal of an even length, as half as many bytes. */
  hex(value: string): void {
    for (let at = 0; at < value.length; at += 2) {
      this.u8((nibble(value.charCodeAt(at)) << 4) | nibble(value.charCodeAt(at + 1)));
    }
  }

  raw(value: Uint8Array): void {
    this.bytes.set(value, this.#at);
    this.#at += value.length;
  }
}

/**
 * Reads big-endian fields one after the other; never throws. Reading past the end, or a sequence of 2^53 or more,
 * answers zeros and makes `isWhole` false for good.
 */
export class ByteReader {
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #at: number;
  #failed = false;

  constructor(bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.#bytes = bytes;
    this.#at = at;
    this.#end = end;
    this.#failed = end > bytes.length;
  }

  /** Whether everything up to the end was read, and nothing beyond. */
  get isWhole(): boolean {
    return !this.#failed && this.#at === this.#end;
  }

  u8(): number {
    return this.#number(1);
  }

  u16(): number {
    return this.#number(2);
  }

  u32(): number {
    return this.#number(4);
  }

  sequence(): number {
    const value = this.#number(8);
    if (Number.isSafeInteger(value)) return value;
    this.#failed = true;
    return 0;
  }

  /** `length` bytes, as lower-case hexadecimal. */
  hex(length: number): string {
    if (!this.#take(length)) return '';
    let hex = '';
    for (let at = this.#at - length; at < this.#at; at++) hex += HEX[this.#bytes[at] as number];
    return hex;
  }

  /** A view of `length` bytes. */
  raw(length: number): Uint8Array {
    return this.#take(length) ? this.#bytes.subarray(this.#at - length, this.#at) : new Uint8Array();
  }

  #number(length: number): number {
    if (!this.#take(length)) return 0;
    let value = 0;
    for (let at = this.#at - length; at < this.#at; at++) value = value * 256 + (this.#bytes[at] as number);
    return value;
  }

  #take(length: number): boolean {
    if (this.#failed || this.#at + length > this.#end) {
      this.#failed = true;
      return false;
    }
    this.#at += length;
    return true;
  }
}

/** The value of a hexadecimal digit, given its character code. */
function nibble(code: number): number {
  return (code & 0xf) + (code > 0x39 ? 9 : 0);
}
