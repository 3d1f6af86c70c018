/** Takes one file out of a zip archive: `node extract.ts ARCHIVE ENTRY TARGET`. Not for archives of 4 GiB. */
import { readFileSync, writeFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';

const END_SIGNATURE = 0x06054b50;
const ENTRY_SIGNATURE = 0x02014b50;
const METHOD_DEFLATE = 8;

const [archive = '', wanted = '', target = ''] = process.argv.slice(2);
const zip = readFileSync(archive);
const end = zip.lastIndexOf(Buffer.from(Uint32Array.of(END_SIGNATURE).buffer));
if (end < 0) throw new Error(`${archive} is no zip archive`);
let at = zip.readUInt32LE(end + 16);
for (let left = zip.readUInt16LE(end + 10); ; left--) {
  if (left === 0 || zip.readUInt32LE(at) !== ENTRY_SIGNATURE) throw new Error(`${archive} has no ${wanted}`);
  const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => zip.readUInt16LE(at + offset));
  const nameEnd = at + 46 + (nameLength ?? 0);
  if (zip.toString('utf8', at + 46, nameEnd) === wanted) break;
  at = nameEnd + (extraLength ?? 0) + (commentLength ?? 0);
}
const local = zip.readUInt32LE(at + 42);
const start = local + 30 + zip.readUInt16LE(local + 26) + zip.readUInt16LE(local + 28);
const content = zip.subarray(start, start + zip.readUInt32LE(at + 20));
const isDeflated = zip.readUInt16LE(at + 10) === METHOD_DEFLATE;
writeFileSync(target, isDeflated ? inflateRawSync(content) : content, { mode: 0o755 });
