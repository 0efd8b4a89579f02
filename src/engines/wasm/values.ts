// The formulas of lowered values as SIMD code: what loop kernels and the epilogues of products have in common.

import type { FloatDType } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import type { Algebra } from "../../numeric/algebra.ts";
import { threefry2x32 } from "../../numeric/random.ts";
import type { Value } from "../lowering/ir.ts";
import type { Expression, FunctionBuilder } from "./assembler.ts";
import { castElements, constantElements, maskFor, maskFrom, type Width } from "./lanes.ts";
import { simdAlgebra, simdIntegers } from "./simd.ts";

/** Values that are the same function of their operands wherever they are computed. */
export type Formula = Extract<Value, { kind: "constant" | "apply" | "cast" | "random" }>;

/** Writes the code of a formula of one of `values`, given its operands'. */
export function formulaWriter(f: FunctionBuilder, width: Width, values: readonly Value[]) {
  const integers = simdIntegers(f);
  const algebras = new Map<FloatDType, Algebra<Expression>>();
  const algebraOf = (dtype: FloatDType): Algebra<Expression> => {
    let k = algebras.get(dtype);
    if (!k) {
      k = simdAlgebra(f, dtype);
      algebras.set(dtype, k);
    }
    return k;
  };
  return (v: Formula, operandAt: (operand: number) => Expression): Expression => {
    switch (v.kind) {
      case "constant":
        return constantElements(f, v.dtype, v.value);
      case "apply": {
        const operands = v.operands.map((o) => {
          const x = operandAt(o);
          return values[o].dtype === "bool" ? maskFor(f, width, v.compute, x) : x;
        });
        let result: Expression;
        if (v.compute === "int32") {
          const formula = v.op.integerFormula ?? fail("dtype", `${v.op.name}: has no formula for int32.`);
          result = formula(integers, operands, v.attributes);
        } else result = v.op.formula(algebraOf(v.compute), operands, v.attributes);
        return v.dtype === "bool" ? maskFrom(f, width, v.compute, result) : result;
      }
      case "cast":
        return castElements(f, width, values[v.operands[0]].dtype, v.dtype, operandAt(v.operands[0]));
      case "random": {
        const [key0, key1, counter] = v.operands.map(operandAt);
        const [word] = threefry2x32(integers, key0, key1, counter, integers.constant(v.stream));
        return v.bits === 32 ? word : integers.shiftRight(word, 32 - v.bits);
      }
    }
  };
}
