import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'node:v8';

/** Numbers of other codecs begin here: those below are of this package's own codecs and absences. */
const OTHERS_FROM = 256;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** Makes bytes of values, and values of bytes. */
export interface Codec {
  /**
   * Names what the bytes are, 1 to 64 characters; equal on all nodes, another one whenever they change: what was written
   * under another name is a miss.
   */
  readonly name: string;
  /** A value's bytes, which nobody changes later. What it throws is the `cause` of a `value-unserializable`. */
  encode(value: unknown): Uint8Array;
  /** A new value, of a view of bytes that must not be changed. May throw for bytes that are no value: a miss. */
  decode(bytes: Uint8Array): unknown;
}

/** A codec, and the number that entries know it by. */
export interface NumberedCodec extends Codec {
  readonly number: number;
}

const JSON_CODEC: NumberedCodec = {
  name: 'json',
  number: 0,
  encode(value) {
    const json = JSON.stringify(value);
    if (json === undefined) throw new TypeError(`JSON cannot hold ${typeof value}`);
    return encoder.encode(json);
  },
  decode: (bytes) => JSON.parse(decoder.decode(bytes)),
};

const STRUCTURED_CODEC: NumberedCodec = { name: 'structured', number: 1, encode: serialize, decode: deserialize };

/** The codec that an option names; undefined where it is none. Of a name, entries carry 32 bits of its SHA-256. */
export function codecOf(option: unknown): NumberedCodec | undefined {
  if (option === 'json') return JSON_CODEC;
  if (option === 'structured') return STRUCTURED_CODEC;
  const { name, encode, decode } = (option ?? {}) as Partial<Codec>;
  const isNamed = typeof name === 'string' && name.length > 0 && name.length <= 64;
  if (!isNamed || typeof encode !== 'function' || typeof decode !== 'function') return undefined;
  const codec = option as Codec;
  const leading = createHash('sha256').update(name).digest().readUInt32BE();
  return {
    name,
    number: Math.max(leading, OTHERS_FROM),
    encode: (value) => codec.encode(value),
    decode: (bytes) => codec.decode(bytes),
  };
}
