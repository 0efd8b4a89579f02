// Reductions in registers: how partial results combine, lane by lane, and how the lanes of one register become one value. The order is
// fixed by the kernel's shape, so results are the same from run to run.

import type { DType } from "../../graph/dtype.ts";
import type { Reducer } from "../lowering/ir.ts";
import { type Expression, type FunctionBuilder, type OpcodeName, op, shuffleWords, splatConstant } from "./assembler.ts";
import { constantElements, type Width } from "./lanes.ts";

const shapes = { float32: "f32x4", float64: "f64x2", int32: "i32x4", bool: "i32x4" } as const;

/** What a reduction of nothing gives, in all lanes. */
export function identityOf(f: FunctionBuilder, reducer: Reducer, dtype: DType): Expression {
  const lowest = dtype === "int32" ? -2147483648 : Number.NEGATIVE_INFINITY;
  const highest = dtype === "int32" ? 2147483647 : Number.POSITIVE_INFINITY;
  const value = { sum: 0, prod: 1, max: lowest, min: highest, any: 0, all: 1 }[reducer];
  return constantElements(f, dtype, value);
}

/** Two partial results made one, lane by lane. */
export function combine(reducer: Reducer, dtype: DType, a: Expression, b: Expression): Expression {
  const shape = shapes[dtype];
  switch (reducer) {
    case "sum":
      return op(`${shape}.add`, a, b);
    case "prod":
      return op(`${shape}.mul`, a, b);
    case "any":
      return op("v128.or", a, b);
    case "all":
      return op("v128.and", a, b);
    default:
      return op(`${shape}.${reducer}${dtype === "int32" ? "_s" : ""}` as OpcodeName, a, b);
  }
}

/** All lanes combined, pairwise, in every lane. */
export function acrossLanes(f: FunctionBuilder, width: Width, reducer: Reducer, dtype: DType, x: Expression): Expression {
  const pair = (a: Expression, b: Expression) => f.let(combine(reducer, dtype, a, b));
  if (dtype === "float64" || (dtype === "bool" && width === 2)) return pair(x, shuffleWords(x, x, [2, 3, 0, 1]));
  if (width === 2) {
    const both = pair(x, shuffleWords(x, x, [1, 0, 3, 2]));
    return f.let(shuffleWords(both, both, [0, 0, 0, 0]));
  }
  const halves = pair(x, shuffleWords(x, x, [2, 3, 0, 1]));
  return pair(halves, shuffleWords(halves, halves, [1, 0, 3, 2]));
}

/** `x` in the lower `active` lanes, `rest` in the others. */
export function onlyActive(
  f: FunctionBuilder,
  width: Width,
  dtype: DType,
  active: number,
  x: Expression,
  rest: Expression,
): Expression {
  const words = width === 2 && (dtype === "float64" || dtype === "bool") ? active * 2 : active;
  const mask = new Uint8Array(Int32Array.from({ length: 4 }, (_, i) => (i < words ? -1 : 0)).buffer);
  return f.let(op("v128.bitselect", x, rest, f.hoisted({ ...splatConstant("i32x4", 0), value: mask })));
}
