// In-memory data sets: an input column and a target column of equally many examples, checked once when they are made. Nothing
// here changes a data set; selections copy.

import { allocate, convert, type DType, dtypeOf, isFloat, type TypedArray } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { formatShape, type Shape, sizeOf } from "../graph/shape.ts";

/** One quantity for every example: `data` is [size, ...shape], row-major. */
export interface Column {
  readonly data: TypedArray;
  /** Of one example. */
  readonly shape: Shape;
  readonly dtype: DType;
}

export interface Dataset {
  readonly name: string;
  /** Number of examples, at least 1. */
  readonly size: number;
  readonly inputs: Column;
  /** Classes (int32, shape []) where `classes` is given, else whatever is to be predicted. */
  readonly targets: Column;
  /** Names of the classes, by number. */
  readonly classes?: readonly string[];
  /** Names of the input features, where they have names. */
  readonly features?: readonly string[];
}

export interface DatasetParts {
  readonly name?: string;
  readonly inputs: Column;
  /** Bare numbers will do: classes of shape [], or (without `classes`) real numbers of shape [1]. */
  readonly targets: Column | ArrayLike<number>;
  readonly classes?: readonly string[] | number;
  readonly features?: readonly string[];
}

/** `data` as a column of examples of `shape`; plain arrays become float32. Throws a data error if the length does not fit. */
export function column(data: ArrayLike<number>, shape: Shape = [], dtype?: DType): Column {
  const own = dtypeOf(data);
  const values = convert(data, dtype ?? own ?? "float32");
  const width = sizeOf(shape);
  if (!shape.every((d) => Number.isInteger(d) && d > 0)) {
    fail(
      "argument",
      `column: ${formatShape(shape)} is not the shape of an example; every dimension must be a whole number, 1 or more.`,
    );
  }
  if (values.length % width !== 0) {
    fail(
      "data",
      `column: ${values.length} values do not divide into examples of shape ${formatShape(shape)} (${width} values each): ` +
        `${values.length % width} are left over. Check the shape, or whether the data are complete.`,
    );
  }
  return { data: values, shape, dtype: dtype ?? own ?? "float32" };
}

/** Grey levels 0 … 255 as float32 in [0, 1]. */
export function pixels(levels: Uint8Array, shape: Shape): Column {
  const data = new Float32Array(levels.length);
  for (let i = 0; i < levels.length; i++) data[i] = levels[i] / 255;
  return column(data, shape);
}

/**
 * A checked data set. Throws a data error that names the first offender if it is empty, the columns have different numbers of
 * examples, a value is NaN or infinite, or a class is not an integer in 0 … classes - 1.
 */
export function dataset(parts: DatasetParts): Dataset {
  const { inputs, features, name = "dataset" } = parts;
  const classes = typeof parts.classes === "number" ? Array.from({ length: parts.classes }, (_, i) => String(i)) : parts.classes;
  const given = isColumn(parts.targets) ? parts.targets : bareTargets(parts.targets, classes !== undefined);
  const size = rows(inputs);
  if (size === 0) fail("data", `${name} is empty: it has no examples. Check the source, or what was filtered out.`);
  if (rows(given) !== size) {
    fail("data", `${name} has ${size} inputs but ${rows(given)} targets. There must be one target for each example.`);
  }
  checkFinite(name, "input", inputs, features);
  checkFinite(name, "target", given);
  const targets = classes === undefined ? given : checkClasses(name, given, classes);
  if (features !== undefined && features.length !== sizeOf(inputs.shape)) {
    fail("data", `${name} has ${sizeOf(inputs.shape)} input values per example but ${features.length} feature names.`);
  }
  return { name, size, inputs, targets, ...(classes && { classes }), ...(features && { features }) };
}

/** Real numbers become examples of shape [1], as a network with one output gives: [batch] against [batch, 1] would broadcast. */
function bareTargets(values: ArrayLike<number>, classes: boolean): Column {
  const dtype = dtypeOf(values);
  if (classes || dtype === "int32" || dtype === "bool") return column(values, [], dtype ?? "float64");
  return column(values, [1]);
}

function isColumn(targets: Column | ArrayLike<number>): targets is Column {
  return "data" in targets && "shape" in targets;
}

/** Number of examples in a column. */
export function rows(c: Column): number {
  return c.data.length / sizeOf(c.shape);
}

function checkFinite(name: string, role: string, c: Column, features?: readonly string[]): void {
  if (!isFloat(c.dtype)) return;
  const { data } = c;
  for (let i = 0; i < data.length; i++) {
    // x - x is 0 exactly for finite x, which is faster than Number.isFinite.
    if (data[i] - data[i] === 0) continue;
    const width = sizeOf(c.shape);
    const at = i % width;
    const place = features?.[at] !== undefined ? ` ("${features[at]}")` : "";
    fail(
      "data",
      `${name}: example ${Math.floor(i / width)} (counting from 0) has ${data[i]} as ${role} value ${at}${place}. ` +
        "Training on it would make every parameter NaN. Remove the example or fill the gap.",
    );
  }
}

function checkClasses(name: string, targets: Column, classes: readonly string[]): Column {
  const { data } = targets;
  if (targets.shape.length !== 0) {
    fail(
      "data",
      `${name}: with classes, a target is one class number, but each has shape ${formatShape(targets.shape)}. ` +
        "Pass class numbers rather than one-hot rows, or leave `classes` out.",
    );
  }
  for (let i = 0; i < data.length; i++) {
    const label = data[i];
    if (Number.isInteger(label) && label >= 0 && label < classes.length) continue;
    const why = Number.isInteger(label) ? "is out of range" : "is not a whole number";
    fail(
      "data",
      `${name}: the label of example ${i} (counting from 0) is ${label}, which ${why}; there are ${classes.length} classes, numbered ` +
        `0 to ${classes.length - 1}. ${label === classes.length ? "Labels that start at 1 must be lowered by 1." : "Check the labels or `classes`."}`,
    );
  }
  return column(data, [], "int32");
}

/** Room for a batch of up to `capacity` examples, filled by `take`. */
export interface Batch {
  readonly inputs: TypedArray;
  readonly targets: TypedArray;
  /** Examples it has room for; only as many rows as were taken last are meaningful. */
  readonly capacity: number;
}

/** Arrays for a batch of up to `capacity` examples of the dataset, to be filled again and again. */
export function allocateBatch(d: Dataset, capacity: number): Batch {
  return {
    inputs: allocate(d.inputs.dtype, capacity * sizeOf(d.inputs.shape)),
    targets: allocate(d.targets.dtype, capacity * sizeOf(d.targets.shape)),
    capacity,
  };
}

/** Copies the examples `indices` into the first rows of `out` (made when not given). Throws an argument error for a bad index or a small `out`. */
export function take(d: Dataset, indices: ArrayLike<number>, out: Batch = allocateBatch(d, indices.length)): Batch {
  if (indices.length > out.capacity) {
    fail("argument", `take: ${indices.length} examples do not fit into a batch with room for ${out.capacity}.`);
  }
  gather(d.inputs, indices, out.inputs, d.size);
  gather(d.targets, indices, out.targets, d.size);
  return out;
}

function gather(from: Column, indices: ArrayLike<number>, out: TypedArray, size: number): void {
  const { data } = from;
  const width = sizeOf(from.shape);
  for (let i = 0, at = 0; i < indices.length; i++, at += width) {
    const index = indices[i];
    if (!(index >= 0 && index < size))
      fail("argument", `take: there is no example ${index}; they are numbered 0 to ${size - 1}.`);
    const start = index * width;
    if (width >= 32) out.set(data.subarray(start, start + width), at);
    else for (let j = 0; j < width; j++) out[at + j] = data[start + j];
  }
}

/** The data set of the examples `indices`, in that order. */
export function subset(d: Dataset, indices: ArrayLike<number>, name: string = d.name): Dataset {
  if (indices.length === 0) fail("data", `${name} would be empty: no examples were selected from ${d.name}.`);
  const { inputs, targets } = take(d, indices);
  return { ...d, name, size: indices.length, inputs: { ...d.inputs, data: inputs }, targets: { ...d.targets, data: targets } };
}

/**
 * A hash of the contents (types, shapes, values, classes; not the name): 16 hexadecimal digits, the same on every machine. Two
 * data sets with different hashes differ; a resumed run checks it. Not cryptographic.
 */
export function fingerprint(d: Dataset): string {
  const state: [number, number] = [0x9e3779b9, 0x85ebca6b];
  const header = JSON.stringify([
    d.size,
    d.inputs.dtype,
    d.inputs.shape,
    d.targets.dtype,
    d.targets.shape,
    d.classes ?? null,
    d.features ?? null,
  ]);
  absorb(state, new TextEncoder().encode(header));
  for (const { data } of [d.inputs, d.targets]) absorb(state, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
  return state.map((h) => (finish(h) >>> 0).toString(16).padStart(8, "0")).join("");
}

/** Two lanes of MurmurHash3's mixing over little-endian words; the length closes each part. */
function absorb(state: [number, number], bytes: Uint8Array): void {
  let [a, b] = state;
  const words = bytes.length >>> 2;
  const aligned = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  const view = new Int32Array(aligned.buffer, aligned.byteOffset, words);
  for (let i = 0; i < words; i++) {
    a = mix(a, view[i], 15, 13);
    b = mix(b, view[i], 17, 19);
  }
  for (let i = words * 4; i < bytes.length; i++) {
    a = mix(a, bytes[i], 15, 13);
    b = mix(b, bytes[i], 17, 19);
  }
  state[0] = mix(a, bytes.length, 15, 13);
  state[1] = mix(b, bytes.length, 17, 19);
}

function mix(hash: number, word: number, turn: number, step: number): number {
  let k = Math.imul(word, 0xcc9e2d51);
  k = Math.imul((k << turn) | (k >>> (32 - turn)), 0x1b873593);
  const h = hash ^ k;
  return (Math.imul((h << step) | (h >>> (32 - step)), 5) + 0xe6546b64) | 0;
}

function finish(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
