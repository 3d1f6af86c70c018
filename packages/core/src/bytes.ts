const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower-case hexadecimal of `length` bytes from `offset`. */
export function hexOf(bytes: Uint8Array, offset: number, length: number): string {
  let hex = '';
  for (let at = offset; at < offset + length; at++) hex += HEX[bytes[at] as number];
  return hex;
}

/** Writes lower-case hexadecimal as bytes from `offset`; the caller has made sure that `hex` has an even length. */
export function writeHex(bytes: Uint8Array, offset: number, hex: string): void {
  for (let at = 0; at < hex.length; at += 2) {
    bytes[offset + at / 2] = Number.parseInt(hex.slice(at, at + 2), 16);
  }
}

/** Reads a big-endian unsigned integer below 2^53; a larger one answers NaN. */
export function readSequence(view: DataView, offset: number): number {
  const high = view.getUint32(offset);
  return high > 0x1fffff ? Number.NaN : high * 0x1_0000_0000 + view.getUint32(offset + 4);
}

/** Writes an integer in 0…2^53−1 as eight big-endian bytes. */
export function writeSequence(view: DataView, offset: number, sequence: number): void {
  view.setUint32(offset, Math.floor(sequence / 0x1_0000_0000));
  view.setUint32(offset + 4, sequence % 0x1_0000_0000);
}
