// Pictures for reports: 8-bit PNG with a palette, made without a compressor (deflate's stored blocks), so that the same code
// runs in Node and in browsers. Source: PNG specification (ISO/IEC 15948), RFC 1950, RFC 1951.

/** A colour with its opacity, each 0 to 255. */
export type Colour = readonly [red: number, green: number, blue: number, alpha: number];

/** `indices` (one byte a pixel, row by row) in the colours of `palette` (at most 256) as a data URI. */
export function pngDataUri(indices: Uint8Array, width: number, height: number, palette: readonly Colour[]): string {
  return `data:image/png;base64,${toBase64(encodePng(indices, width, height, palette))}`;
}

export function encodePng(indices: Uint8Array, width: number, height: number, palette: readonly Colour[]): Uint8Array {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8; // bits a pixel
  header[9] = 3; // palette
  const rows = new Uint8Array((width + 1) * height); // each row begins with its filter, 0
  for (let y = 0; y < height; y++) rows.set(indices.subarray(y * width, (y + 1) * width), y * (width + 1) + 1);
  return concatenate([
    Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a),
    chunk("IHDR", header),
    chunk("PLTE", Uint8Array.from(palette.flatMap((colour) => colour.slice(0, 3)))),
    chunk("tRNS", Uint8Array.from(palette.map(([, , , alpha]) => alpha))),
    chunk("IDAT", zlibStored(rows)),
    chunk("IEND", new Uint8Array(0)),
  ]);
}

/** Ink on paper, the paper transparent: entry i is ink of opacity i. */
export function inkPalette(): Colour[] {
  return Array.from({ length: 256 }, (_, i) => [0, 0, 0, i] as const);
}

/** Negative to positive, transparent at zero (index 128), so that it reads on light and on dark paper. */
export function divergingPalette(): Colour[] {
  return Array.from({ length: 256 }, (_, i) => {
    const strength = Math.min(1, Math.abs(i - 128) / 127);
    const [red, green, blue] = i < 128 ? [217, 95, 2] : [37, 99, 235];
    return [red, green, blue, Math.round(255 * strength ** 0.8)] as const;
  });
}

/** Maps [−limit, limit] to palette indices 1 … 255 with 0 at 128. */
export function divergingIndex(value: number, limit: number): number {
  if (!(limit > 0) || Number.isNaN(value)) return 128;
  return 128 + Math.sign(value) * Math.round(127 * Math.min(1, Math.abs(value) / limit));
}

export function toBase64(bytes: Uint8Array): string {
  let binary = "";
  for (let at = 0; at < bytes.length; at += 0x8000) binary += String.fromCharCode(...bytes.subarray(at, at + 0x8000));
  return btoa(binary);
}

export function fromBase64(text: string): Uint8Array {
  return Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
}

/** Little-endian float32 numbers from base64. */
export function floatsFromBase64(text: string): Float32Array {
  const bytes = fromBase64(text);
  const view = new DataView(bytes.buffer);
  return Float32Array.from({ length: bytes.length >> 2 }, (_, i) => view.getFloat32(4 * i, true));
}

/** Little-endian float32 bytes of `values` in base64. */
export function floatsToBase64(values: ArrayLike<number>): string {
  const bytes = new Uint8Array(4 * values.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < values.length; i++) view.setFloat32(4 * i, values[i], true);
  return toBase64(bytes);
}

function chunk(type: string, data: Uint8Array): Uint8Array {
  const body = concatenate([Uint8Array.from(type, (character) => character.charCodeAt(0)), data]);
  const result = new Uint8Array(body.length + 8);
  const view = new DataView(result.buffer);
  view.setUint32(0, data.length);
  result.set(body, 4);
  view.setUint32(body.length + 4, crc32(body));
  return result;
}

/** A zlib stream of stored blocks of at most 65,535 bytes. */
function zlibStored(data: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [Uint8Array.of(0x78, 0x01)];
  for (let at = 0; at === 0 || at < data.length; at += 0xffff) {
    const block = data.subarray(at, at + 0xffff);
    const last = at + 0xffff >= data.length ? 1 : 0;
    const { length } = block;
    parts.push(Uint8Array.of(last, length & 255, length >> 8, ~length & 255, (~length >> 8) & 255), block);
  }
  const sum = new Uint8Array(4);
  new DataView(sum.buffer).setUint32(0, adler32(data));
  return concatenate([...parts, sum]);
}

function adler32(data: Uint8Array): number {
  let a = 1;
  let b = 0;
  for (const byte of data) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return ((b << 16) | a) >>> 0;
}

function crc32(data: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of data) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function concatenate(parts: readonly Uint8Array[]): Uint8Array {
  const result = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const part of parts) {
    result.set(part, at);
    at += part.length;
  }
  return result;
}
