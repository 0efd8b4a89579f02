// Zip archives as far as .npz needs them: stored or deflated entries, no encryption. Archives of 4 GiB and more (zip64) are
// refused; the 64-bit fields that NumPy adds to smaller ones are not needed to read them.
// Source: PKWARE APPNOTE 6.3.10.

import { fail } from "../graph/errors.ts";
import { inflate } from "./gzip.ts";

export interface ZipEntry {
  readonly name: string;
  readonly bytes: Uint8Array;
}

const localSignature = 0x04034b50;
const centralSignature = 0x02014b50;
const endSignature = 0x06054b50;

/** The archive with all entries stored, dated 1 January 1980: the same entries give the same bytes. */
export function writeZip(entries: readonly ZipEntry[]): Uint8Array {
  const encoder = new TextEncoder();
  const files = entries.map(({ name, bytes }) => ({ name: encoder.encode(name), bytes, crc: crc32(bytes) }));
  const total = files.reduce((sum, f) => sum + 76 + 2 * f.name.length + f.bytes.length, 22);
  if (total >= 2 ** 32)
    fail("argument", `the archive would take ${total} bytes; at most 4 GiB can be written. Use several files.`);
  const out = new Uint8Array(total);
  const view = new DataView(out.buffer);
  /** Version needed 2.0, UTF-8 names, stored, date, checksum and sizes: what both kinds of header share. */
  const writeCommon = (at: number, f: (typeof files)[number]) => {
    for (const [i, x] of [20, 0x0800, 0, 0, 0x21].entries()) view.setUint16(at + 2 * i, x, true);
    for (const [i, x] of [f.crc, f.bytes.length, f.bytes.length].entries()) view.setUint32(at + 10 + 4 * i, x, true);
    view.setUint16(at + 22, f.name.length, true);
  };
  const offsets: number[] = [];
  let at = 0;
  for (const f of files) {
    offsets.push(at);
    view.setUint32(at, localSignature, true);
    writeCommon(at + 4, f);
    out.set(f.name, at + 30);
    out.set(f.bytes, at + 30 + f.name.length);
    at += 30 + f.name.length + f.bytes.length;
  }
  const directory = at;
  for (const [i, f] of files.entries()) {
    view.setUint32(at, centralSignature, true);
    view.setUint16(at + 4, 20, true);
    writeCommon(at + 6, f);
    view.setUint32(at + 42, offsets[i], true);
    out.set(f.name, at + 46);
    at += 46 + f.name.length;
  }
  view.setUint32(at, endSignature, true);
  view.setUint16(at + 8, files.length, true);
  view.setUint16(at + 10, files.length, true);
  view.setUint32(at + 12, at - directory, true);
  view.setUint32(at + 16, directory, true);
  return out;
}

/** The entries, decompressed and checked. Throws a data error naming `source` if the archive is damaged or of an unknown kind. */
export async function readZip(bytes: Uint8Array, source = "zip archive"): Promise<ZipEntry[]> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = findEnd(view, source);
  const count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  const entries: ZipEntry[] = [];
  for (let i = 0; i < count; i++) {
    if (at + 46 > end || view.getUint32(at, true) !== centralSignature) {
      fail("data", `${source}, offset ${at}: expected entry ${i + 1} of the archive's directory. The archive is damaged.`);
    }
    const [method, crc, packed, size] = [view.getUint16(at + 10, true), ...[16, 20, 24].map((o) => view.getUint32(at + o, true))];
    const nameLength = view.getUint16(at + 28, true);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + nameLength));
    const local = view.getUint32(at + 42, true);
    if ([packed, size, local].includes(0xffffffff)) fail("data", `${source}: ${name} is of 4 GiB or more, which cannot be read.`);
    if (local + 30 > bytes.length || view.getUint32(local, true) !== localSignature) {
      fail("data", `${source}, offset ${local}: expected the header of ${name}. The archive is damaged.`);
    }
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    if (start + packed > bytes.length)
      fail("data", `${source}, offset ${start}: ${name} should take ${packed} bytes. The archive is cut short.`);
    if (method !== 0 && method !== 8)
      fail("data", `${source}: ${name} is compressed by method ${method}; stored (0) and deflated (8) can be read.`);
    const raw = bytes.subarray(start, start + packed);
    const content = method === 0 ? raw : await inflate(raw, `${source}, ${name}`, "deflate-raw");
    if (content.length !== size || crc32(content) !== crc)
      fail("data", `${source}: ${name} does not match its checksum. The archive is damaged.`);
    entries.push({ name, bytes: content });
    at += 46 + nameLength + view.getUint16(at + 30, true) + view.getUint16(at + 32, true);
  }
  return entries;
}

/** The end record is followed by a comment of up to 64 KiB. */
function findEnd(view: DataView, source: string): number {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) === endSignature) return at;
  }
  return fail("data", `${source} has no end record: it is not a zip archive, or it is cut short.`);
}

let table: Uint32Array | undefined;

/** CRC-32 (ISO 3309), as zip and gzip use it. */
export function crc32(bytes: Uint8Array): number {
  table ??= Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    return c;
  });
  let crc = 0xffffffff;
  for (const b of bytes) crc = table[(crc ^ b) & 255] ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
}
