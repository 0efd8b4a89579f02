// NumPy's array files: .npy, and .npz, a zip archive of them.
// Source: numpy.lib.format (NumPy reference, "NPY format"), versions 1.0 to 3.0.

import { allocate, type DType, type TypedArray } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { formatShape, type Shape, sizeOf, stridesOf } from "../graph/shape.ts";
import { halfToNumber } from "./half.ts";
import { readZip, writeZip } from "./zip.ts";

export interface NpyArray {
  readonly dtype: DType;
  readonly shape: Shape;
  /** Row-major. */
  readonly data: TypedArray;
}

interface Format {
  readonly bytes: number;
  readonly dtype: DType;
  read(view: DataView, at: number, little: boolean): number;
}

const formats: Readonly<Record<string, Format>> = {
  b1: { bytes: 1, dtype: "bool", read: (v, at) => (v.getUint8(at) !== 0 ? 1 : 0) },
  u1: { bytes: 1, dtype: "int32", read: (v, at) => v.getUint8(at) },
  i1: { bytes: 1, dtype: "int32", read: (v, at) => v.getInt8(at) },
  u2: { bytes: 2, dtype: "int32", read: (v, at, little) => v.getUint16(at, little) },
  i2: { bytes: 2, dtype: "int32", read: (v, at, little) => v.getInt16(at, little) },
  f2: { bytes: 2, dtype: "float32", read: (v, at, little) => halfToNumber(v.getUint16(at, little)) },
  i4: { bytes: 4, dtype: "int32", read: (v, at, little) => v.getInt32(at, little) },
  f4: { bytes: 4, dtype: "float32", read: (v, at, little) => v.getFloat32(at, little) },
  i8: { bytes: 8, dtype: "int32", read: (v, at, little) => Number(v.getBigInt64(at, little)) },
  f8: { bytes: 8, dtype: "float64", read: (v, at, little) => v.getFloat64(at, little) },
};

const descriptions: Record<DType, string> = { float64: "<f8", float32: "<f4", int32: "<i4", bool: "|b1" };
const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];

/** The array as a .npy file (version 1.0, row-major), byte for byte as numpy.save writes it. Throws an argument error if data and shape differ. */
export function encodeNpy({ dtype, shape, data }: NpyArray): Uint8Array {
  if (data.length !== sizeOf(shape)) {
    fail(
      "argument",
      `encodeNpy: ${data.length} values do not fill the shape ${formatShape(shape)}, which holds ${sizeOf(shape)}.`,
    );
  }
  const tuple = shape.length === 1 ? `(${shape[0]},)` : `(${shape.join(", ")})`;
  const text = `{'descr': '${descriptions[dtype]}', 'fortran_order': False, 'shape': ${tuple}, }`;
  // NumPy leaves room for the first dimension to grow to 21 digits in place, then pads so that the data start at a multiple of 64.
  const growth = shape.length > 0 ? 21 - String(shape[0]).length : 0;
  const start = Math.ceil((10 + text.length + growth + 1) / 64) * 64;
  const bytes = new Uint8Array(start + data.byteLength);
  bytes.set([...magic, 1, 0, (start - 10) & 255, (start - 10) >>> 8]);
  bytes.fill(0x20, 10, start - 1);
  bytes.set(new TextEncoder().encode(text), 10);
  bytes[start - 1] = 0x0a;
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return bytes;
}

/**
 * Decodes a .npy file: bool, integers up to 32 bits (and 64 where the values fit), floats, either byte order, row- or column-major. float16 becomes
 * float32, small integers int32. Throws a data error naming `source` if it is damaged, cut short, or of another type.
 */
export function decodeNpy(bytes: Uint8Array, source = "npy data"): NpyArray {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 10)
    fail("data", `${source}, offset 0: expected at least 10 bytes, found ${bytes.length}. The file is cut short.`);
  if (magic.some((b, i) => bytes[i] !== b))
    fail("data", `${source}, offset 0: expected the magic string \\x93NUMPY. It is not a .npy file.`);
  const version = bytes[6];
  if (version < 1 || version > 3)
    fail("data", `${source}, offset 6: version ${version}.${bytes[7]}; 1.0, 2.0 and 3.0 can be read.`);
  const fixed = version === 1 ? 10 : 12;
  if (bytes.length < fixed) fail("data", `${source}, offset 8: the file is cut short within the length of its header.`);
  const headerLength = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const start = fixed + headerLength;
  if (bytes.length < start) {
    fail(
      "data",
      `${source}, offset ${fixed}: expected a header of ${headerLength} bytes, found ${bytes.length - fixed}. The file is cut short.`,
    );
  }
  const header = parseHeader(new TextDecoder().decode(bytes.subarray(fixed, start)), source);
  const count = sizeOf(header.shape);
  const expected = count * header.format.bytes;
  if (bytes.length - start !== expected) {
    const found = bytes.length - start;
    const verdict = found < expected ? "The file is cut short." : "Bytes too many follow; the file is damaged.";
    fail(
      "data",
      `${source}, offset ${start}: expected ${expected} bytes for the shape ${formatShape(header.shape)}, found ${found}. ${verdict}`,
    );
  }
  const { format, shape, little } = header;
  const data = allocate(format.dtype, count);
  for (let i = 0; i < count; i++) {
    const x = format.read(view, start + i * format.bytes, little);
    data[i] = x;
    if (format.bytes === 8 && format.dtype === "int32" && data[i] !== x) {
      fail("data", `${source}: the value ${x} at position ${i} does not fit into int32. Gradus has no 64-bit integers.`);
    }
  }
  return { dtype: format.dtype, shape, data: header.columnMajor ? toRowMajor(data, shape, format.dtype) : data };
}

interface Header {
  readonly format: Format;
  readonly little: boolean;
  readonly columnMajor: boolean;
  readonly shape: Shape;
}

/** The header is a Python dictionary of three known keys, in any order. */
function parseHeader(text: string, source: string): Header {
  const description = /'descr'\s*:\s*'([<>|=])(\w+)'/.exec(text);
  const order = /'fortran_order'\s*:\s*(True|False)/.exec(text);
  const tuple = /'shape'\s*:\s*\(([\d\s,L]*)\)/.exec(text);
  if (order === null || tuple === null || !text.includes("'descr'")) {
    return fail(
      "data",
      `${source}: the header ${JSON.stringify(text.trim())} lacks descr, fortran_order or shape. The file is damaged.`,
    );
  }
  const format = description !== null && Object.hasOwn(formats, description[2]) ? formats[description[2]] : undefined;
  if (description === null || format === undefined) {
    const type = /'descr'\s*:\s*('[^']*'|\[.*?\])/.exec(text)?.[1] ?? "unknown";
    return fail(
      "data",
      `${source} holds the type ${type}; those that can be read are ${Object.keys(formats).join(", ")}. Convert it with astype.`,
    );
  }
  const shape = tuple[1]
    .split(",")
    .map((d) => d.trim().replace("L", ""))
    .filter((d) => d !== "")
    .map(Number);
  return { format, little: description[1] !== ">", columnMajor: order[1] === "True", shape };
}

function toRowMajor(from: TypedArray, shape: Shape, dtype: DType): TypedArray {
  const to = allocate(dtype, from.length);
  const strides = stridesOf(shape);
  const index = new Array<number>(shape.length).fill(0);
  let at = 0;
  for (let i = 0; i < from.length; i++) {
    to[at] = from[i];
    for (let axis = 0; axis < shape.length; axis++) {
      at += strides[axis];
      if (++index[axis] < shape[axis]) break;
      at -= strides[axis] * shape[axis];
      index[axis] = 0;
    }
  }
  return to;
}

/** An .npz archive of named arrays, not compressed. */
export function encodeNpz(arrays: ReadonlyMap<string, NpyArray> | Readonly<Record<string, NpyArray>>): Uint8Array {
  const entries = arrays instanceof Map ? [...arrays.entries()] : Object.entries(arrays);
  return writeZip(entries.map(([name, array]: [string, NpyArray]) => ({ name: `${name}.npy`, bytes: encodeNpy(array) })));
}

/** The arrays of an .npz archive, compressed or not, by name. Errors as `decodeNpy`, and for a damaged archive. */
export async function decodeNpz(bytes: Uint8Array, source = "npz data"): Promise<Map<string, NpyArray>> {
  const arrays = new Map<string, NpyArray>();
  for (const { name, bytes: content } of await readZip(bytes, source)) {
    arrays.set(name.replace(/\.npy$/, ""), decodeNpy(content, `${source}, ${name}`));
  }
  return arrays;
}
