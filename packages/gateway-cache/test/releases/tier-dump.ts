import { decodeEntry, entryEndMs } from '@lockstep/core';
import type { Redis } from 'ioredis';

/** What a tier holds under one key; bytes in base64. Of an entry, how long it had to live, not until when. */
type DumpedKey =
  | { readonly type: 'entry'; readonly lifeMs: number; readonly bytes: string }
  | { readonly type: 'string'; readonly bytes: string }
  | { readonly type: 'hash'; readonly fields: Readonly<Record<string, string>> }
  | { readonly type: 'zset'; readonly members: Readonly<Record<string, number>> }
  | { readonly type: 'stream'; readonly records: readonly (readonly [id: string, fields: readonly string[]])[] };

/** Everything that a tier holds, by key. */
export type TierDump = Readonly<Record<string, DumpedKey>>;

const base64 = (bytes: Uint8Array): string => Buffer.from(bytes).toString('base64');
const bytesOf = (text: string): Buffer => Buffer.from(text, 'base64');
const NEWLINE = 0x0a;
/** Long enough to be seen, short enough to be waited for. */
const LEASE_MS = 300;

/** Reads all keys of a server. */
export async function dumpOf(raw: Redis): Promise<TierDump> {
  const nowMs = await timeOf(raw);
  const keys = (await raw.keys('*')).sort();
  const dumped = await Promise.all(keys.map(async (key) => [key, await dumpedKey(raw, key, nowMs)] as const));
  return Object.fromEntries(dumped);
}

async function dumpedKey(raw: Redis, key: string, nowMs: number): Promise<DumpedKey> {
  const type = await raw.type(key);
  switch (type) {
    case 'string': {
      const bytes = (await raw.getBuffer(key)) ?? Buffer.alloc(0);
      if (!key.includes(':entry:')) return { type, bytes: base64(bytes) };
      return { type: 'entry', lifeMs: (entryEndMs(bytes) ?? 0) - nowMs, bytes: base64(bytes) };
    }
    case 'hash': {
      const held: Readonly<Record<string, Buffer>> = await raw.hgetallBuffer(key);
      const fields = Object.entries(held).sort(([one], [other]) => (one < other ? -1 : 1));
      return { type, fields: Object.fromEntries(fields.map(([field, value]) => [field, base64(value)])) };
    }
    case 'zset': {
      const parts = await raw.zrange(key, '0', '-1', 'WITHSCORES');
      const members: Record<string, number> = {};
      for (let at = 0; at < parts.length; at += 2) members[parts[at] ?? ''] = Number(parts[at + 1]) - nowMs;
      return { type, members };
    }
    case 'stream': {
      const records = await raw.xrangeBuffer(key, '-', '+');
      return { type, records: records.map(([id, fields]) => [String(id), fields.map(base64)]) };
    }
    default:
      throw new Error(`${key} is a ${type}, which no release has written`);
  }
}

/** Writes a dump into an empty server, as if it had been written just now. */
export async function restore(raw: Redis, dump: TierDump): Promise<void> {
  const nowMs = await timeOf(raw);
  for (const [key, held] of Object.entries(dump)) {
    switch (held.type) {
      case 'entry':
        await raw.set(key, endingAt(bytesOf(held.bytes), nowMs + held.lifeMs), 'PX', held.lifeMs);
        break;
      case 'string':
        await raw.set(key, bytesOf(held.bytes));
        break;
      case 'hash':
        for (const [field, value] of Object.entries(held.fields)) {
          await raw.hset(key, field, key.endsWith(':leases') ? heldFor(bytesOf(value), nowMs) : bytesOf(value));
        }
        break;
      case 'zset':
        for (const [member, lifeMs] of Object.entries(held.members)) await raw.zadd(key, nowMs + lifeMs, member);
        break;
      case 'stream':
        for (const [id, fields] of held.records) await raw.call('xadd', key, id, ...fields.map(bytesOf));
    }
  }
}

/** A lease, `token deadline waiting`, that ends soon. */
function heldFor(lease: Buffer, nowMs: number): string {
  return lease.toString('latin1').replace(/ \d+ /, ` ${nowMs + LEASE_MS} `);
}

/** An entry whose header says that its life ends then. */
function endingAt(entry: Buffer, endMs: number): Buffer {
  const newline = entry.indexOf(NEWLINE);
  const header = entry.subarray(0, newline).toString('latin1').replace(/\d+$/, String(endMs));
  return Buffer.concat([Buffer.from(header, 'latin1'), entry.subarray(newline)]);
}

/** What of a dump is the same whenever it is made: the form of everything, without what time and chance decide. */
export function shapeOf(dump: TierDump): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(dump).map(([key, held]) => [key, shapeOfKey(key, held)]));
}

function shapeOfKey(key: string, held: DumpedKey): unknown {
  switch (held.type) {
    case 'entry':
      return shapeOfEntry(bytesOf(held.bytes));
    case 'string':
      return textShape(bytesOf(held.bytes).toString('latin1'));
    case 'hash':
      return Object.entries(held.fields)
        .map(([field, value]) => `${textShape(field)} = ${valueShape(key, bytesOf(value))}`)
        .sort();
    case 'zset':
      return Object.keys(held.members).sort();
    case 'stream':
      // A record's effect has 17 bytes; the rest of it is who made it.
      return unique(
        held.records.map(([id, fields]) => {
          const [p, previous, e, body] = fields.map(bytesOf);
          return [
            textShape(id),
            `${p} ${textShape(`${previous}`)} ${e}`,
            body?.toString('hex').slice(0, 34),
            body?.length,
          ];
        }),
      );
  }
}

/** A fence is tried until it holds by acknowledgements: how often is left to chance. */
function unique(shapes: readonly unknown[]): readonly unknown[] {
  return [...new Map(shapes.map((shape) => [JSON.stringify(shape), shape])).values()];
}

function shapeOfEntry(bytes: Buffer): unknown {
  const header = bytes.subarray(0, bytes.indexOf(NEWLINE)).toString('latin1');
  const entry = decodeEntry(bytes);
  const format = bytes[bytes.indexOf(NEWLINE) + 1];
  if (entry === undefined) return { header: textShape(header), format };
  const { codec, packing, graceMs, tags, payload } = entry;
  // What is compressed or encrypted is other bytes with another zlib, or each time.
  const plain = packing === 0 ? Buffer.from(payload).toString('hex') : undefined;
  return { header: textShape(header), format, codec, packing, graceMs, tags, payload: plain };
}

function valueShape(key: string, value: Buffer): string {
  return key.endsWith(':journal') && value.length > 16
    ? `format ${value[0]}, ${value.length} bytes`
    : textShape(`${value}`);
}

function textShape(text: string): string {
  return text
    .replaceAll(/(?<![0-9a-f])[0-9a-f]{16,64}(?![0-9a-f])/g, (hex) =>
      /^\d+$/.test(hex) ? '<n>' : `<hex ${hex.length}>`,
    )
    .replaceAll(/\d{9,}/g, '<n>');
}

async function timeOf(raw: Redis): Promise<number> {
  const [seconds, micros] = await raw.time();
  return Number(seconds) * 1_000 + Math.floor(Number(micros) / 1_000);
}
