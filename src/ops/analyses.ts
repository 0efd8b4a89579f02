// What analysis reads of each elementwise operation, by name. The claims stand beside the rooms and not in them, so that a program which
// does not analyse carries neither them nor interval arithmetic. An operation without claims does not compile here.

import type { Node } from "../graph/node.ts";
import type { Analysis, Elementwise } from "../graph/primitive.ts";
import * as ops from "./index.ts";
import type { PrimitiveName, primitives } from "./registry.ts";

type ElementwiseName = { [N in PrimitiveName]: (typeof primitives)[N] extends Elementwise ? N : never }[PrimitiveName];

const analyses: Readonly<Record<Exclude<ElementwiseName, "power">, Analysis>> = {
  add: ops.addAnalysis,
  sub: ops.subAnalysis,
  mul: ops.mulAnalysis,
  div: ops.divAnalysis,
  neg: ops.negAnalysis,
  square: ops.squareAnalysis,
  sqrt: ops.sqrtAnalysis,
  rsqrt: ops.rsqrtAnalysis,
  pow: ops.powAnalysis,
  exp: ops.expAnalysis,
  expm1: ops.expm1Analysis,
  log: ops.logAnalysis,
  log1p: ops.log1pAnalysis,
  logistic: ops.logisticAnalysis,
  sin: ops.sinAnalysis,
  cos: ops.cosAnalysis,
  tan: ops.tanAnalysis,
  asin: ops.asinAnalysis,
  acos: ops.acosAnalysis,
  atan: ops.atanAnalysis,
  atan2: ops.atan2Analysis,
  sinh: ops.sinhAnalysis,
  cosh: ops.coshAnalysis,
  tanh: ops.tanhAnalysis,
  asinh: ops.asinhAnalysis,
  acosh: ops.acoshAnalysis,
  atanh: ops.atanhAnalysis,
  erf: ops.erfAnalysis,
  normalCdf: ops.normalCdfAnalysis,
  abs: ops.absAnalysis,
  sign: ops.signAnalysis,
  floor: ops.floorAnalysis,
  ceil: ops.ceilAnalysis,
  round: ops.roundAnalysis,
  remainder: ops.remainderAnalysis,
  maximum: ops.maximumAnalysis,
  minimum: ops.minimumAnalysis,
  clip: ops.clipAnalysis,
  less: ops.lessAnalysis,
  lessEqual: ops.lessEqualAnalysis,
  greater: ops.greaterAnalysis,
  greaterEqual: ops.greaterEqualAnalysis,
  equal: ops.equalAnalysis,
  notEqual: ops.notEqualAnalysis,
  isNaN: ops.isNaNAnalysis,
  isFinite: ops.isFiniteAnalysis,
  and: ops.andAnalysis,
  or: ops.orAnalysis,
  xor: ops.xorAnalysis,
  not: ops.notAnalysis,
  where: ops.whereAnalysis,
};

/** The claims of the operation of an elementwise node; undefined for other nodes. @public */
export function analysisOf({ op, attributes }: Pick<Node, "op" | "attributes">): Analysis | undefined {
  if (op.name === "power") return ops.powerAnalysis(attributes as ops.PowerAttributes);
  return analyses[op.name as keyof typeof analyses];
}
