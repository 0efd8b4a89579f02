// Values of loop kernels in vector registers: loading, storing and converting them. A kernel works on `width` elements at a time: 4,
// or 2 if it touches float64 (32-bit types then use the lower half of a register). A bool is a byte in memory and a mask in a
// register: 32-bit lanes of ones or zeros at width 4, 64-bit lanes at width 2.

import { bytesPerElement, type DType } from "../../graph/dtype.ts";
import type { ComputeDType } from "../lowering/ir.ts";
import {
  type Expression,
  type FunctionBuilder,
  lane,
  load,
  loadLane,
  op,
  shuffleWords,
  splatConstant,
  sum,
} from "./assembler.ts";

export type Width = 2 | 4;

/** An address as an expression and a constant part, which may be negative. */
export interface Place {
  readonly address: Expression;
  readonly offset: number;
}

/** The address and an immediate that may stand in an instruction. */
function usable({ address, offset }: Place): [Expression, number] {
  return offset >= 0 ? [address, offset] : [sum(address, offset), 0];
}

const zero = splatConstant("i32x4", 0);

/** Bytes 0 or 1, one per lane of 32 bits, as a mask. */
function maskOf(f: FunctionBuilder, width: Width, words: Expression): Expression {
  const mask = f.let(op("i32x4.neg", words));
  return width === 4 ? mask : f.let(op("i64x2.extend_low_i32x4_s", mask));
}

/**
 * `active` consecutive elements, `stride` elements apart, in the lower lanes. Contiguous loads may read up to 15 bytes past the last
 * active element; what the other lanes hold is undefined.
 */
export function loadElements(
  f: FunctionBuilder,
  width: Width,
  dtype: DType,
  place: Place,
  stride: number,
  active: number,
): Expression {
  const [address, offset] = usable(place);
  if (stride === 0) {
    if (dtype === "bool") return maskOf(f, width, op("i32x4.splat", load("i32.load8_u", address, offset)));
    return f.let(load(dtype === "float64" ? "v128.load64_splat" : "v128.load32_splat", address, offset));
  }
  if (stride === 1) {
    if (dtype === "float64") return f.let(load("v128.load", address, offset));
    if (dtype !== "bool") return f.let(load(width === 4 ? "v128.load" : "v128.load64_zero", address, offset));
    const bytes = load(width === 4 ? "v128.load32_zero" : "v128.load16_splat", address, offset);
    return maskOf(f, width, op("i32x4.extend_low_i16x8_u", op("i16x8.extend_low_i8x16_u", bytes)));
  }
  const at = (l: number): [Expression, number] =>
    usable({ address: place.address, offset: place.offset + l * stride * bytesPerElement[dtype] });
  if (dtype === "bool") {
    let words: Expression = op("i32x4.splat", load("i32.load8_u", ...at(0)));
    for (let l = 1; l < active; l++) words = lane("i32x4.replace_lane", l, words, load("i32.load8_u", ...at(l)));
    return maskOf(f, width, words);
  }
  let vector = f.let(load(dtype === "float64" ? "v128.load64_zero" : "v128.load32_zero", ...at(0)));
  for (let l = 1; l < active; l++) {
    const [a, o] = at(l);
    vector = f.let(loadLane(dtype === "float64" ? "v128.load64_lane" : "v128.load32_lane", a, vector, l, o));
  }
  return vector;
}

/** Stores the lower `active` lanes, `stride` elements apart. */
export function storeElements(
  f: FunctionBuilder,
  width: Width,
  dtype: DType,
  place: Place,
  stride: number,
  active: number,
  value: Expression,
): void {
  const at = (l: number): [Expression, number] =>
    usable({ address: place.address, offset: place.offset + l * stride * bytesPerElement[dtype] });
  const put = (
    name: "v128.store64_lane" | "v128.store32_lane" | "v128.store16_lane" | "v128.store8_lane",
    vector: Expression,
    index: number,
    l: number,
  ) => {
    const [address, offset] = at(l);
    f.storeLane(name, address, vector, index, offset);
  };
  if (dtype === "bool") {
    const words = width === 4 ? value : shuffleWords(value, value, [0, 2, 0, 2]);
    const bits = f.let(op("v128.and", words, f.hoisted(splatConstant("i32x4", 1))));
    if (stride === 1) {
      const halves = op("i16x8.narrow_i32x4_u", bits, bits);
      const bytes = f.let(op("i8x16.narrow_i16x8_u", halves, halves));
      if (active === 4) put("v128.store32_lane", bytes, 0, 0);
      else {
        if (active >= 2) put("v128.store16_lane", bytes, 0, 0);
        if (active % 2 === 1) put("v128.store8_lane", bytes, active - 1, active - 1);
      }
    } else for (let l = 0; l < active; l++) put("v128.store8_lane", bits, l * 4, l);
    return;
  }
  if (stride === 1) {
    const [address, offset] = usable(place);
    if (active * bytesPerElement[dtype] === 16) f.store("v128.store", address, value, offset);
    else if (dtype === "float64") put("v128.store64_lane", value, 0, 0);
    else {
      if (active >= 2) put("v128.store64_lane", value, 0, 0);
      if (active % 2 === 1) put("v128.store32_lane", value, active - 1, active - 1);
    }
    return;
  }
  for (let l = 0; l < active; l++) put(dtype === "float64" ? "v128.store64_lane" : "v128.store32_lane", value, l, l);
}

/** The same value in all lanes. */
export function constantElements(f: FunctionBuilder, dtype: DType, value: number): Expression {
  switch (dtype) {
    case "float32":
      return f.hoisted(splatConstant("f32x4", value));
    case "float64":
      return f.hoisted(splatConstant("f64x2", value));
    case "int32":
      return f.hoisted(splatConstant("i32x4", value));
    case "bool":
      return f.hoisted(splatConstant("i32x4", value === 0 ? 0 : -1));
  }
}

/** A mask in the lanes of `compute`, for use in its formulas. */
export function maskFor(f: FunctionBuilder, width: Width, compute: ComputeDType, mask: Expression): Expression {
  return width === 2 && compute !== "float64" ? f.let(shuffleWords(mask, mask, [0, 2, 0, 2])) : mask;
}

/** A mask made by a formula in `compute`, in the lanes that masks have at this width. */
export function maskFrom(f: FunctionBuilder, width: Width, compute: ComputeDType, mask: Expression): Expression {
  return width === 2 && compute !== "float64" ? f.let(op("i64x2.extend_low_i32x4_s", mask)) : mask;
}

/** Conversion between dtypes: float to int32 truncates and saturates (NaN becomes 0), to bool is x ≠ 0, bool is 0 or 1. */
export function castElements(f: FunctionBuilder, width: Width, from: DType, to: DType, x: Expression): Expression {
  if (from === to) return x;
  if (from === "bool") {
    const narrow = width === 4 || to === "float64" ? x : shuffleWords(x, x, [0, 2, 0, 2]);
    return f.let(op("v128.and", narrow, constantElements(f, to, 1)));
  }
  if (to === "bool") {
    const compare = from === "float64" ? "f64x2.ne" : from === "float32" ? "f32x4.ne" : "i32x4.ne";
    return maskFrom(f, width, from, f.let(op(compare, x, f.hoisted(zero))));
  }
  switch (`${from}>${to}`) {
    case "float32>float64":
      return f.let(op("f64x2.promote_low_f32x4", x));
    case "float64>float32":
      return f.let(op("f32x4.demote_f64x2_zero", x));
    case "int32>float32":
      return f.let(op("f32x4.convert_i32x4_s", x));
    case "int32>float64":
      return f.let(op("f64x2.convert_low_i32x4_s", x));
    case "float32>int32":
      return f.let(op("i32x4.trunc_sat_f32x4_s", x));
    default:
      return f.let(op("i32x4.trunc_sat_f64x2_s_zero", x));
  }
}
