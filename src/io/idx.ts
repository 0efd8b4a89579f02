// IDX, the format MNIST comes in: two zero bytes, a type code, the rank, the dimensions and the values, all big-endian.
// Source: http://yann.lecun.com/exdb/mnist (section "The IDX file format").

import { fail } from "../graph/errors.ts";
import { formatShape, type Shape, sizeOf } from "../graph/shape.ts";
import { inflate, isGzip } from "./gzip.ts";

export type IdxType = "uint8" | "int8" | "int16" | "int32" | "float32" | "float64";
export type IdxData = Uint8Array | Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

export interface IdxArray {
  readonly type: IdxType;
  readonly shape: Shape;
  readonly data: IdxData;
}

const types: Readonly<Record<number, { readonly type: IdxType; readonly bytes: number }>> = {
  8: { type: "uint8", bytes: 1 },
  9: { type: "int8", bytes: 1 },
  11: { type: "int16", bytes: 2 },
  12: { type: "int32", bytes: 4 },
  13: { type: "float32", bytes: 4 },
  14: { type: "float64", bytes: 8 },
};

/** Decodes IDX, plain or gzip. `source` names the file in errors. Throws a data error as `parseIdx` does. */
export async function decodeIdx(bytes: Uint8Array, source = "IDX data"): Promise<IdxArray> {
  return parseIdx(isGzip(bytes) ? await inflate(bytes, source) : bytes, source);
}

/**
 * Decodes plain IDX. Throws a data error naming `source`, the offset, what was expected and what was found if the magic number is
 * wrong, or the file is shorter or longer than its header says.
 */
export function parseIdx(bytes: Uint8Array, source = "IDX data"): IdxArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4) {
    fail(
      "data",
      `${source}, offset 0: expected the 4 bytes of an IDX magic number, found ${bytes.length}. The file is cut short.`,
    );
  }
  const entry = types[bytes[2]];
  if (bytes[0] !== 0 || bytes[1] !== 0 || entry === undefined) {
    const found = Array.from(bytes.subarray(0, 4), (b) => b.toString(16).padStart(2, "0")).join(" ");
    fail(
      "data",
      `${source}, offset 0: expected an IDX magic number (00 00, a type code of 08, 09, 0b, 0c, 0d or 0e, the rank), found ${found}. ` +
        "It is not an IDX file, or it is damaged.",
    );
  }
  const rank = bytes[3];
  const start = 4 + 4 * rank;
  if (bytes.length < start) {
    fail(
      "data",
      `${source}, offset 4: expected ${rank} dimensions in ${4 * rank} bytes, found ${bytes.length - 4} bytes. The file is cut short.`,
    );
  }
  const shape = Array.from({ length: rank }, (_, i) => view.getUint32(4 + 4 * i));
  const count = sizeOf(shape);
  const expected = count * entry.bytes;
  const found = bytes.length - start;
  if (found !== expected) {
    const verdict =
      found < expected ? "The file is cut short." : `${found - expected} bytes too many follow; the file is damaged.`;
    fail(
      "data",
      `${source}, offset ${start}: expected ${expected} bytes of ${entry.type} of shape ${formatShape(shape)}, found ${found}. ${verdict}`,
    );
  }
  return { type: entry.type, shape, data: readValues(entry.type, view, start, count) };
}

function readValues(type: IdxType, view: DataView, start: number, count: number): IdxData {
  switch (type) {
    case "uint8":
      return new Uint8Array(view.buffer.slice(view.byteOffset + start, view.byteOffset + start + count));
    case "int8":
      return new Int8Array(view.buffer.slice(view.byteOffset + start, view.byteOffset + start + count));
    case "int16":
      return fill(new Int16Array(count), (i) => view.getInt16(start + 2 * i));
    case "int32":
      return fill(new Int32Array(count), (i) => view.getInt32(start + 4 * i));
    case "float32":
      return fill(new Float32Array(count), (i) => view.getFloat32(start + 4 * i));
    case "float64":
      return fill(new Float64Array(count), (i) => view.getFloat64(start + 8 * i));
  }
}

function fill<T extends IdxData>(data: T, value: (i: number) => number): T {
  for (let i = 0; i < data.length; i++) data[i] = value(i);
  return data;
}
