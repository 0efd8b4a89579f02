// safetensors: an 8-byte little-endian header length, a JSON header, and the tensors' bytes. Read strictly, because weights come
// from strangers; written as the reference implementation writes, byte for byte.
// Source: https://github.com/huggingface/safetensors (README, "Format"; safetensors/src/tensor.rs).

import { allocate, type DType, type TypedArray } from "../graph/dtype.ts";
import { fail, GradusError } from "../graph/errors.ts";
import { formatShape, type Shape, sizeOf } from "../graph/shape.ts";
import { bfloatToNumber, halfToNumber } from "./half.ts";
import { repeatedKey } from "./json.ts";

/** A tensor to store. `stored: "U8"` writes int32 values 0 … 255 as bytes. */
export interface TensorToStore {
  readonly dtype: DType;
  readonly shape: Shape;
  readonly data: TypedArray;
  readonly stored?: string | undefined;
}

/** A tensor read from a file: its type in the file, and its values in the nearest dtype of ours. */
export interface StoredTensor extends TensorToStore {
  readonly stored: string;
}

export interface Safetensors {
  readonly tensors: ReadonlyMap<string, StoredTensor>;
  readonly metadata: Readonly<Record<string, string>>;
}

interface Format {
  readonly bytes: number;
  readonly dtype: DType;
  read(view: DataView, at: number): number;
}

/** F16 and BF16 are widened to float32 and integers to int32, all exactly (an I64 that does not fit is an error). */
const formats: Readonly<Record<string, Format>> = {
  BOOL: { bytes: 1, dtype: "bool", read: (v, at) => (v.getUint8(at) !== 0 ? 1 : 0) },
  U8: { bytes: 1, dtype: "int32", read: (v, at) => v.getUint8(at) },
  I8: { bytes: 1, dtype: "int32", read: (v, at) => v.getInt8(at) },
  U16: { bytes: 2, dtype: "int32", read: (v, at) => v.getUint16(at, true) },
  I16: { bytes: 2, dtype: "int32", read: (v, at) => v.getInt16(at, true) },
  F16: { bytes: 2, dtype: "float32", read: (v, at) => halfToNumber(v.getUint16(at, true)) },
  BF16: { bytes: 2, dtype: "float32", read: (v, at) => bfloatToNumber(v.getUint16(at, true)) },
  I32: { bytes: 4, dtype: "int32", read: (v, at) => v.getInt32(at, true) },
  F32: { bytes: 4, dtype: "float32", read: (v, at) => v.getFloat32(at, true) },
  I64: { bytes: 8, dtype: "int32", read: (v, at) => Number(v.getBigInt64(at, true)) },
  F64: { bytes: 8, dtype: "float64", read: (v, at) => v.getFloat64(at, true) },
};

/** In the order in which the reference implementation writes them: widest first, so that every tensor is aligned. */
const writeOrder: readonly string[] = ["F64", "F32", "I32", "U8", "BOOL"];
const formatOf: Record<DType, string> = { float64: "F64", float32: "F32", int32: "I32", bool: "BOOL" };
const longestHeader = 100_000_000;

/**
 * Encodes tensors and textual metadata. The same contents give the same bytes, whatever the order they are given in (metadata
 * keep theirs). Throws an argument error for a tensor named "__metadata__" or data that do not fit their shape.
 */
export function encodeSafetensors(
  tensors: ReadonlyMap<string, TensorToStore> | Readonly<Record<string, TensorToStore>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const given = tensors instanceof Map ? [...tensors.entries()] : Object.entries(tensors);
  const entries = given.map(([name, tensor]) => ({ name, tensor, format: formatToWrite(name, tensor) }));
  entries.sort((a, b) => writeOrder.indexOf(a.format) - writeOrder.indexOf(b.format) || compareUtf8(a.name, b.name));
  const header: string[] = [];
  if (Object.keys(metadata).length > 0) header.push(`"__metadata__":${JSON.stringify(metadata)}`);
  let end = 0;
  for (const { name, tensor, format } of entries) {
    const begin = end;
    end += sizeOf(tensor.shape) * formats[format].bytes;
    header.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype: format, shape: tensor.shape, data_offsets: [begin, end] })}`);
  }
  const json = new TextEncoder().encode(`{${header.join(",")}}`);
  const headerLength = Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(8 + headerLength + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(headerLength), true);
  bytes.set(json, 8);
  bytes.fill(0x20, 8 + json.length, 8 + headerLength);
  let at = 8 + headerLength;
  for (const { tensor, format } of entries) {
    const { data } = tensor;
    // Every platform that runs JavaScript engines today is little-endian, as the format is.
    if (format === "U8" || format === "BOOL") bytes.set(data, at);
    else bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.length * formats[format].bytes;
  }
  return bytes;
}

function formatToWrite(name: string, { dtype, shape, data, stored }: TensorToStore): string {
  if (name === "__metadata__") fail("argument", 'encodeSafetensors: a tensor may not be named "__metadata__". Rename it.');
  if (data.length !== sizeOf(shape)) {
    fail(
      "argument",
      `encodeSafetensors: "${name}" has ${data.length} values, but its shape ${formatShape(shape)} holds ${sizeOf(shape)}.`,
    );
  }
  if (stored === "U8" && dtype === "int32") {
    const at = data.findIndex((x) => x < 0 || x > 255);
    if (at >= 0)
      fail("argument", `encodeSafetensors: "${name}" has ${data[at]} at position ${at}, which is not a byte (0 to 255).`);
    return "U8";
  }
  return formatOf[dtype];
}

/** Orders names by their UTF-8 bytes, which is the order of their code points. */
function compareUtf8(a: string, b: string): number {
  const [x, y] = [[...a], [...b]];
  for (let i = 0; i < Math.min(x.length, y.length); i++) {
    const difference = (x[i].codePointAt(0) ?? 0) - (y[i].codePointAt(0) ?? 0);
    if (difference !== 0) return difference;
  }
  return x.length - y.length;
}

/**
 * Decodes a safetensors file. Throws a data error naming `source` for a file cut short or too long, a header that is not valid
 * JSON of the right form or names a key twice, and tensors that overlap, leave holes, or do not have the bytes their shapes need.
 */
export function decodeSafetensors(bytes: Uint8Array, source = "safetensors data"): Safetensors {
  const { header, start } = readHeader(bytes, source);
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.byteLength - start);
  let metadata: Record<string, string> = {};
  const entries: TensorEntry[] = [];
  for (const [name, value] of Object.entries(header)) {
    if (name === "__metadata__") metadata = checkMetadata(value, source);
    else entries.push(checkEntry(name, value, source));
  }
  const inOrder = [...entries].sort((a, b) => a.begin - b.begin || a.end - b.end);
  let end = 0;
  for (const entry of inOrder) {
    if (entry.begin !== end) {
      const what = entry.begin < end ? "overlaps the tensor before it" : `leaves a hole of ${entry.begin - end} bytes before it`;
      fail(
        "data",
        `${source}: tensor "${entry.name}" starts at data offset ${entry.begin}, expected ${end}; it ${what}. The file is damaged.`,
      );
    }
    end = entry.end;
  }
  if (end !== view.byteLength) {
    const verdict = view.byteLength < end ? "The file is cut short." : "Bytes too many follow; the file is damaged.";
    fail("data", `${source}, offset ${start}: expected ${end} bytes of tensors, found ${view.byteLength}. ${verdict}`);
  }
  return { tensors: new Map(entries.map((entry) => [entry.name, readTensor(entry, view, source)])), metadata };
}

function readHeader(bytes: Uint8Array, source: string): { header: object; start: number } {
  if (bytes.length < 8)
    fail("data", `${source}, offset 0: expected the 8 bytes of the header length, found ${bytes.length}. The file is cut short.`);
  const length = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  if (length < 2 || length > longestHeader) {
    fail(
      "data",
      `${source}, offset 0: the header length is ${length}; expected 2 to ${longestHeader}. It is not a safetensors file, or it is damaged.`,
    );
  }
  if (bytes.length < 8 + length) {
    fail("data", `${source}, offset 8: expected a header of ${length} bytes, found ${bytes.length - 8}. The file is cut short.`);
  }
  if (bytes[8] !== 0x7b) {
    fail(
      "data",
      `${source}, offset 8: expected the header to start with "{", found byte ${bytes[8]}. It is not a safetensors file, or it is damaged.`,
    );
  }
  let text: string;
  let header: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true }).decode(bytes.subarray(8, 8 + length));
    header = JSON.parse(text);
  } catch (error) {
    throw new GradusError("data", `${source}, offset 8: the header is not valid JSON. The file is damaged.`, { cause: error });
  }
  const repeated = repeatedKey(text);
  if (repeated !== undefined)
    fail("data", `${source}: the header has the key ${JSON.stringify(repeated)} twice. Which is meant cannot be known.`);
  if (!isRecord(header)) return fail("data", `${source}, offset 8: the header is not a JSON object.`);
  return { header, start: 8 + length };
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function checkMetadata(value: unknown, source: string): Record<string, string> {
  if (!isRecord(value)) return fail("data", `${source}: "__metadata__" is not an object of strings.`);
  const entries = Object.entries(value).map(([key, text]): [string, string] => {
    if (typeof text !== "string") return fail("data", `${source}: the metadata "${key}" are not a string.`);
    return [key, text];
  });
  return Object.fromEntries(entries);
}

interface TensorEntry {
  readonly name: string;
  readonly stored: string;
  readonly shape: Shape;
  readonly begin: number;
  readonly end: number;
}

function checkEntry(name: string, value: unknown, source: string): TensorEntry {
  const where = `${source}: tensor "${name}"`;
  if (!isRecord(value)) return fail("data", `${where} is not described by an object.`);
  const { dtype: stored, shape, data_offsets: offsets } = value;
  if (typeof stored !== "string" || !Object.hasOwn(formats, stored)) {
    return fail(
      "data",
      `${where} has type ${JSON.stringify(stored)}; those that can be read are ${Object.keys(formats).join(", ")}.`,
    );
  }
  if (!isSizes(shape)) return fail("data", `${where} has the shape ${JSON.stringify(shape)}; expected whole numbers, 0 or more.`);
  if (!isSizes(offsets) || offsets.length !== 2 || offsets[1] < offsets[0]) {
    return fail("data", `${where} has the offsets ${JSON.stringify(offsets)}; expected [begin, end].`);
  }
  const expected = sizeOf(shape) * formats[stored].bytes;
  const [begin, end] = offsets;
  if (end - begin !== expected) {
    return fail(
      "data",
      `${where}: ${stored} of shape ${formatShape(shape)} takes ${expected} bytes, but the offsets span ${end - begin}. The file is damaged.`,
    );
  }
  return { name, stored, shape, begin, end };
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((x) => Number.isSafeInteger(x) && x >= 0);
}

function readTensor({ name, stored, shape, begin }: TensorEntry, view: DataView, source: string): StoredTensor {
  const format = formats[stored];
  const data = allocate(format.dtype, sizeOf(shape));
  if (stored === "F32" || stored === "F64" || stored === "I32") {
    new Uint8Array(data.buffer).set(new Uint8Array(view.buffer, view.byteOffset + begin, data.byteLength));
    return { dtype: format.dtype, shape, data, stored };
  }
  for (let i = 0; i < data.length; i++) {
    const x = format.read(view, begin + i * format.bytes);
    data[i] = x;
    if (stored === "I64" && data[i] !== x) {
      fail(
        "data",
        `${source}: tensor "${name}" has ${x} at position ${i}, which does not fit into int32. Gradus has no 64-bit integers.`,
      );
    }
  }
  return { dtype: format.dtype, shape, data, stored };
}
