// Values of kernels in vectors: their C types, loading, storing and converting them. A bool is a byte in memory and a mask in a register, of
// 32-bit lanes in kernels of floats ("n"), of 64-bit lanes in those that touch float64 ("w").

import type { DType } from "../../graph/dtype.ts";
import type { ComputeDType, Reducer } from "../lowering/ir.ts";
import { type Letter, literal } from "./algebra.ts";
import type { VectorType } from "./prelude.ts";
import type { Target } from "./target.ts";
import type { Writer } from "./writer.ts";

export const bytesOf: Readonly<Record<DType, number>> = { float32: 4, float64: 8, int32: 4, bool: 1 };

const scalars: Readonly<Record<DType, string>> = { float32: "float", float64: "double", int32: "int", bool: "unsigned char" };

/** Lanes in use of a vector: a number, or a C expression. */
export type Active = number | string;

/** How a kernel's values are held. */
export interface Lanes {
  readonly letter: Letter;
  readonly width: number;
  /** Whether fma_T rounds once. */
  readonly fma: boolean;
}

export function lanesOf({ floatLanes, doubleLanes, fma }: Target, doubles: boolean): Lanes {
  return doubles ? { letter: "w", width: doubleLanes, fma } : { letter: "n", width: floatLanes, fma };
}

export function typeOfLanes({ letter }: Lanes, dtype: DType): VectorType {
  switch (dtype) {
    case "float32":
      return `${letter}f`;
    case "float64":
      return "wd";
    case "int32":
      return `${letter}i`;
    case "bool":
      return letter === "n" ? "ni" : "wl";
  }
}

const list = (n: number, item: (l: number) => string) => Array.from({ length: n }, (_, l) => item(l)).join(", ");

/** An address plus a constant number of bytes. */
export function plus(address: string, bytes: number): string {
  return bytes === 0 ? address : `${address} ${bytes < 0 ? "-" : "+"} ${Math.abs(bytes)}`;
}

/**
 * Consecutive elements, `stride` elements apart, in the lower lanes; only the `active` ones are read, but contiguous ones are read
 * up to a whole vector. What the other lanes hold is undefined.
 */
export function loadElements(w: Writer, lanes: Lanes, dtype: DType, address: string, stride: number, active: Active): string {
  const { letter, width } = lanes;
  const type = typeOfLanes(lanes, dtype);
  const scalar = scalars[dtype];
  const fresh = (expression: string) => {
    const name = w.name("x");
    w.line(`const ${type} ${name} = ${expression};`);
    return name;
  };
  const splat = (x: string) =>
    dtype === "bool" && letter === "w"
      ? `-(wl){${list(width, () => x)}}`
      : dtype === "bool"
        ? `-splat_ni(${x})`
        : `splat_${type}(${x})`;
  if (stride === 0) return fresh(splat(`*(const ${scalar} *)(${address})`));
  if (stride === 1) return fresh(dtype === "bool" ? `load_bool_${letter}(${address})` : `LOAD(${type}, ${address})`);
  const at = (l: number): string => {
    const element = `*(const ${scalar} *)(${plus(address, l * stride * bytesOf[dtype])})`;
    if (typeof active === "number") return l < active ? element : "0";
    return l === 0 ? element : `(${l} < ${active} ? ${element} : 0)`;
  };
  return fresh(`${dtype === "bool" ? "-" : ""}(${type}){${list(width, at)}}`);
}

/** Stores the lower `active` lanes, `stride` elements apart. */
export function storeElements(
  w: Writer,
  lanes: Lanes,
  dtype: DType,
  address: string,
  stride: number,
  active: Active,
  value: string,
): void {
  const { letter, width } = lanes;
  const type = typeOfLanes(lanes, dtype);
  const scalar = scalars[dtype];
  const element = (l: number | string) => (dtype === "bool" ? `${value}[${l}] & 1` : `${value}[${l}]`);
  if (stride === 1 && active === width) {
    w.line(dtype === "bool" ? `store_bool_${letter}(${address}, ${value});` : `STORE(${type}, ${address}, ${value});`);
  } else if (stride === 1 && typeof active === "number" && active > 1 && dtype !== "bool") {
    w.line(`__builtin_memcpy(${address}, &${value}, ${active * bytesOf[dtype]});`);
  } else if (typeof active === "number") {
    for (let l = 0; l < active; l++) w.line(`*(${scalar} *)(${plus(address, l * stride * bytesOf[dtype])}) = ${element(l)};`);
  } else {
    const l = w.name("l");
    w.block(`for (long ${l} = 0; ${l} < ${active}; ${l}++)`, () => {
      w.line(`*(${scalar} *)(${address} + ${l} * ${stride * bytesOf[dtype]}) = ${element(l)};`);
    });
  }
}

/** The same value in all lanes. */
export function constantElements(w: Writer, lanes: Lanes, dtype: DType, value: number): string {
  const type = typeOfLanes(lanes, dtype);
  if (dtype === "bool") return w.letFirst(type, `(${type}){} ${value === 0 ? "" : "- 1"}`.trim());
  const element = dtype === "float32" ? "f" : dtype === "float64" ? "d" : "i";
  return w.letFirst(type, `splat_${type}(${literal(element, value)})`);
}

/** A mask in the lanes of `compute`, for use in its formulas. */
export function maskFor(w: Writer, { letter }: Lanes, compute: ComputeDType, mask: string): string {
  return letter === "w" && compute !== "float64" ? w.let("wi", `__builtin_convertvector(${mask}, wi)`) : mask;
}

/** A mask made by a formula in `compute`, in the lanes that masks of the kernel have. */
export function maskFrom(w: Writer, { letter }: Lanes, compute: ComputeDType, mask: string): string {
  return letter === "w" && compute !== "float64" ? w.let("wl", `__builtin_convertvector(${mask}, wl)`) : mask;
}

/** Conversion between dtypes: float to int32 truncates and saturates (NaN becomes 0), to bool is x ≠ 0, bool is 0 or 1. */
export function castElements(w: Writer, lanes: Lanes, from: DType, to: DType, x: string): string {
  if (from === to) return x;
  const type = typeOfLanes(lanes, to);
  if (from === "bool") {
    const mask = maskFor(w, lanes, to === "bool" ? "int32" : to, x);
    if (to === "int32") return w.let(type, `${mask} & 1`);
    const one = constantElements(w, lanes, to, 1);
    return w.let(type, `(${type})(${mask} & (${to === "float64" ? "wl" : `${lanes.letter}i`})${one})`);
  }
  if (to === "bool") {
    const narrow = from === "float64" ? "wl" : `${lanes.letter}i`;
    return maskFrom(w, lanes, from, w.let(narrow, `${x} != 0`));
  }
  if (to === "int32") return w.let(type, `integers_${typeOfLanes(lanes, from)}(${x})`);
  return w.let(type, `__builtin_convertvector(${x}, ${type})`);
}

// Reductions --------------------------------------------------------------------------------------------------------------

/** What a reduction of nothing gives, in all lanes. */
export function identityOf(w: Writer, lanes: Lanes, reducer: Reducer, dtype: DType): string {
  const lowest = dtype === "int32" ? -2147483648 : Number.NEGATIVE_INFINITY;
  const highest = dtype === "int32" ? 2147483647 : Number.POSITIVE_INFINITY;
  const value = { sum: 0, prod: 1, max: lowest, min: highest, any: 0, all: 1 }[reducer];
  return constantElements(w, lanes, dtype, value);
}

/** Two partial results made one, lane by lane. */
export function combine(lanes: Lanes, reducer: Reducer, dtype: DType, a: string, b: string): string {
  switch (reducer) {
    case "sum":
      return `${a} + ${b}`;
    case "prod":
      return `${a} * ${b}`;
    case "any":
      return `${a} | ${b}`;
    case "all":
      return `${a} & ${b}`;
    default:
      return `${reducer}_${typeOfLanes(lanes, dtype)}(${a}, ${b})`;
  }
}

/** All lanes combined, by halves, in every lane. */
export function acrossLanes(w: Writer, lanes: Lanes, reducer: Reducer, dtype: DType, x: string): string {
  const type = typeOfLanes(lanes, dtype);
  let total = x;
  for (let apart = lanes.width / 2; apart >= 1; apart /= 2) {
    const turned = w.let(type, `__builtin_shufflevector(${total}, ${total}, ${list(lanes.width, (l) => String(l ^ apart))})`);
    total = w.let(type, combine(lanes, reducer, dtype, total, turned));
  }
  return total;
}

/** `x` in the lower `active` lanes, `rest` in the others. */
export function onlyActive(w: Writer, lanes: Lanes, dtype: DType, active: number, x: string, rest: string): string {
  const type = typeOfLanes(lanes, dtype);
  return w.let(
    type,
    `__builtin_shufflevector(${x}, ${rest}, ${list(lanes.width, (l) => String(l < active ? l : lanes.width + l))})`,
  );
}
