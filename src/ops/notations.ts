// How each operation is written, by name. Notation stands beside the rooms and not in them, so that a program which prints no formulas
// does not carry it. An operation without notation does not compile here.

import type { Node } from "../graph/node.ts";
import type { Attributes, Notation } from "../graph/primitive.ts";
import { structuralNotations } from "../graph/structural.ts";
import * as ops from "./index.ts";
import type { PrimitiveName } from "./registry.ts";

type Written = Notation | ((attributes: never) => Notation);

const primitiveNotations: Readonly<Record<PrimitiveName, Written>> = {
  // elementwise
  add: ops.addNotation,
  sub: ops.subNotation,
  mul: ops.mulNotation,
  div: ops.divNotation,
  neg: ops.negNotation,
  square: ops.squareNotation,
  sqrt: ops.sqrtNotation,
  rsqrt: ops.rsqrtNotation,
  power: ops.powerNotation,
  pow: ops.powNotation,
  exp: ops.expNotation,
  expm1: ops.expm1Notation,
  log: ops.logNotation,
  log1p: ops.log1pNotation,
  logistic: ops.logisticNotation,
  sin: ops.sinNotation,
  cos: ops.cosNotation,
  tan: ops.tanNotation,
  asin: ops.asinNotation,
  acos: ops.acosNotation,
  atan: ops.atanNotation,
  atan2: ops.atan2Notation,
  sinh: ops.sinhNotation,
  cosh: ops.coshNotation,
  tanh: ops.tanhNotation,
  asinh: ops.asinhNotation,
  acosh: ops.acoshNotation,
  atanh: ops.atanhNotation,
  erf: ops.erfNotation,
  normalCdf: ops.normalCdfNotation,
  abs: ops.absNotation,
  sign: ops.signNotation,
  floor: ops.floorNotation,
  ceil: ops.ceilNotation,
  round: ops.roundNotation,
  remainder: ops.remainderNotation,
  maximum: ops.maximumNotation,
  minimum: ops.minimumNotation,
  clip: ops.clipNotation,
  less: ops.lessNotation,
  lessEqual: ops.lessEqualNotation,
  greater: ops.greaterNotation,
  greaterEqual: ops.greaterEqualNotation,
  equal: ops.equalNotation,
  notEqual: ops.notEqualNotation,
  isNaN: ops.isNaNNotation,
  isFinite: ops.isFiniteNotation,
  and: ops.andNotation,
  or: ops.orNotation,
  xor: ops.xorNotation,
  not: ops.notNotation,
  where: ops.whereNotation,
  // reductions
  sum: ops.sumNotation,
  prod: ops.prodNotation,
  reduceMax: ops.reduceMaxNotation,
  reduceMin: ops.reduceMinNotation,
  argmax: ops.argmaxNotation,
  argmin: ops.argminNotation,
  any: ops.anyNotation,
  all: ops.allNotation,
  cumulativeSum: ops.cumulativeSumNotation,
  // structure
  cast: ops.castNotation,
  reshape: ops.reshapeNotation,
  transpose: ops.transposeNotation,
  broadcast: ops.broadcastNotation,
  slice: ops.sliceNotation,
  pad: ops.padNotation,
  flip: ops.flipNotation,
  concat: ops.concatNotation,
  gather: ops.gatherNotation,
  scatterAdd: ops.scatterAddNotation,
  dynamicSlice: ops.dynamicSliceNotation,
  dynamicUpdateSlice: ops.dynamicUpdateNotation,
  argsort: ops.argsortNotation,
  // contractions
  matmul: ops.matmulNotation,
  convolution: ops.convolutionNotation,
  convolutionInputGradient: ops.inputGradientNotation,
  convolutionFilterGradient: ops.filterGradientNotation,
  maxPoolIndices: ops.maxPoolIndicesNotation,
  sumPool: ops.sumPoolNotation,
  sumPoolTranspose: ops.sumPoolTransposeNotation,
  // linear algebra
  cholesky: ops.choleskyNotation,
  triangularSolve: ops.triangularSolveNotation,
  lu: ops.luNotation,
  qr: ops.qrNotation,
  eigh: ops.eighNotation,
  svd: ops.svdNotation,
  // random bits
  randomBits: ops.randomBitsNotation,
  foldIn: ops.foldInNotation,
  // control flow
  scan: ops.scanNotation,
  while: ops.whileNotation,
  cond: ops.condNotation,
};
const notations: Readonly<Record<string, Written>> = { ...primitiveNotations, ...structuralNotations };

/** How a node is written, given its written operands. @public */
export function notationOf({ op, attributes }: Pick<Node, "op" | "attributes">): Notation {
  const written = notations[op.name];
  return typeof written === "function" ? (written as (attributes: Attributes) => Notation)(attributes) : written;
}
