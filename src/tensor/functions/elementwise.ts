// Elementwise operations as free functions over tensors and numbers, with NumPy broadcasting. The mathematics, domains and derivatives
// at kinks are documented with each operation in ops/.

import type { Node } from "../../graph/node.ts";
import * as ops from "../../ops/index.ts";
import { one } from "../lift.ts";
import { operand, operands, type TensorLike } from "../operands.ts";
import type { Tensor } from "../tensor.ts";

type Unary = (x: TensorLike) => Tensor;
type Binary = (a: TensorLike, b: TensorLike) => Tensor;

const unary =
  (name: string, op: (x: Node) => Node): Unary =>
  (x) =>
    one(op(operand(name, x)));
const binary =
  (name: string, op: (a: Node, b: Node) => Node): Binary =>
  (a, b) => {
    const [left, right] = operands(name, [a, b]);
    return one(op(left, right));
  };

export const add: Binary = binary("add", ops.add);
export const sub: Binary = binary("sub", ops.sub);
export const mul: Binary = binary("mul", ops.mul);
export const div: Binary = binary("div", ops.div);
export const neg: Unary = unary("neg", ops.neg);
export const pow: Binary = binary("pow", ops.pow);
export const remainder: Binary = binary("remainder", ops.remainder);
export const maximum: Binary = binary("maximum", ops.maximum);
export const minimum: Binary = binary("minimum", ops.minimum);
export const abs: Unary = unary("abs", ops.abs);
export const sign: Unary = unary("sign", ops.sign);
export const square: Unary = unary("square", ops.square);
export const sqrt: Unary = unary("sqrt", ops.sqrt);
export const rsqrt: Unary = unary("rsqrt", ops.rsqrt);
export const reciprocal: Unary = unary("reciprocal", ops.reciprocal);
export const exp: Unary = unary("exp", ops.exp);
export const expm1: Unary = unary("expm1", ops.expm1);
export const log: Unary = unary("log", ops.log);
export const log1p: Unary = unary("log1p", ops.log1p);
/** σ(x) = 1/(1+e⁻ˣ). */
export const logistic: Unary = unary("logistic", ops.logistic);
export const sin: Unary = unary("sin", ops.sin);
export const cos: Unary = unary("cos", ops.cos);
export const tan: Unary = unary("tan", ops.tan);
export const asin: Unary = unary("asin", ops.asin);
export const acos: Unary = unary("acos", ops.acos);
export const atan: Unary = unary("atan", ops.atan);
/** The angle of the point (x, y), in (−π, π]. */
export const atan2: (y: TensorLike, x: TensorLike) => Tensor = binary("atan2", ops.atan2);
export const sinh: Unary = unary("sinh", ops.sinh);
export const cosh: Unary = unary("cosh", ops.cosh);
export const tanh: Unary = unary("tanh", ops.tanh);
export const asinh: Unary = unary("asinh", ops.asinh);
export const acosh: Unary = unary("acosh", ops.acosh);
export const atanh: Unary = unary("atanh", ops.atanh);
/** 2/√π ∫₀ˣ e^(−t²) dt. */
export const erf: Unary = unary("erf", ops.erf);
/** Φ(x), the standard normal distribution function. */
export const normalCdf: Unary = unary("normalCdf", ops.normalCdf);
export const floor: Unary = unary("floor", ops.floor);
export const ceil: Unary = unary("ceil", ops.ceil);
export const round: Unary = unary("round", ops.round);
export const less: Binary = binary("less", ops.less);
export const lessEqual: Binary = binary("lessEqual", ops.lessEqual);
export const greater: Binary = binary("greater", ops.greater);
export const greaterEqual: Binary = binary("greaterEqual", ops.greaterEqual);
export const equal: Binary = binary("equal", ops.equal);
export const notEqual: Binary = binary("notEqual", ops.notEqual);
export const and: Binary = binary("and", ops.and);
export const or: Binary = binary("or", ops.or);
export const xor: Binary = binary("xor", ops.xor);
export const not: Unary = unary("not", ops.not);
export const isNaN: Unary = unary("isNaN", ops.isNaN);
export const isFinite: Unary = unary("isFinite", ops.isFinite);

/** x limited to [low, high]; derivative 1 inside. */
export function clip(x: TensorLike, low: TensorLike, high: TensorLike): Tensor {
  const [value, from, to] = operands("clip", [x, low, high]);
  return one(ops.clip(value, from, to));
}

/** condition ? a : b, element by element. What is not chosen influences neither value nor derivative. */
export function where(condition: TensorLike, a: TensorLike, b: TensorLike): Tensor {
  const [whenTrue, whenFalse] = operands("where", [a, b]);
  return one(ops.where(operand("where", condition, "bool"), whenTrue, whenFalse));
}
