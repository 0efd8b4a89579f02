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

/** a + b. */
export const add: Binary = binary("add", ops.add);
/** a − b. */
export const sub: Binary = binary("sub", ops.sub);
/** a · b. Affine when one factor is a constant; jointly neither convex nor concave. */
export const mul: Binary = binary("mul", ops.mul);
/** a / b, for floats; integers are converted to float32. Division by zero gives ±Inf, 0/0 NaN, as IEEE 754 says. */
export const div: Binary = binary("div", ops.div);
/** −x. */
export const neg: Unary = unary("neg", ops.neg);
/**
 * xʸ, with broadcasting; 0⁰ = 1, NaN for x < 0 and y not an integer. A constant exponent gives `power`. The derivative with
 * respect to x is y·xʸ⁻¹, and 0 where y = 0; that with respect to y is xʸ·log x, and 0 where x = 0 and y ≥ 0 (NaN where x < 0:
 * there is none).
 */
export const pow: Binary = binary("pow", ops.pow);
/**
 * a − ⌊a/b⌋·b, the remainder with the sign of the divisor, as Python's %. Exact while |a/b| < 2^24 (float32) or 2^53 (float64),
 * beyond that 0; NaN for b = 0. Integers are divided exactly, and a remainder by 0 is 0. At multiples of b, where it jumps, the
 * derivatives are those from the right: 1 with respect to a, -⌊a/b⌋ with respect to b.
 */
export const remainder: Binary = binary("remainder", ops.remainder);
/** The larger of a and b; NaN if either is. Where they are equal, each gets half of the derivative. */
export const maximum: Binary = binary("maximum", ops.maximum);
/** The smaller of a and b; NaN if either is. Where they are equal, each gets half of the derivative. */
export const minimum: Binary = binary("minimum", ops.minimum);
/** |x|. The derivative is sign(x): 0 at 0. */
export const abs: Unary = unary("abs", ops.abs);
/** -1, 0 or 1 by the sign of x; NaN and -0 as they are. The derivative is 0 everywhere. */
export const sign: Unary = unary("sign", ops.sign);
/** x². */
export const square: Unary = unary("square", ops.square);
/** √x; NaN for x < 0. The derivative at 0 is +Inf. */
export const sqrt: Unary = unary("sqrt", ops.sqrt);
/** 1/√x; +Inf at 0, NaN for x < 0. */
export const rsqrt: Unary = unary("rsqrt", ops.rsqrt);
/** 1/x; ±Inf at ±0. Convex on x > 0, concave on x < 0. */
export const reciprocal: Unary = unary("reciprocal", ops.reciprocal);
/** eˣ. */
export const exp: Unary = unary("exp", ops.exp);
/** eˣ − 1, without cancellation near 0. */
export const expm1: Unary = unary("expm1", ops.expm1);
/** log x, the natural logarithm; -Inf at 0, NaN for x < 0. */
export const log: Unary = unary("log", ops.log);
/** log(1 + x), without cancellation near 0; -Inf at -1, NaN for x < -1. */
export const log1p: Unary = unary("log1p", ops.log1p);
/** σ(x) = 1/(1+e⁻ˣ). */
export const logistic: Unary = unary("logistic", ops.logistic);
/** sin x. */
export const sin: Unary = unary("sin", ops.sin);
/** cos x. */
export const cos: Unary = unary("cos", ops.cos);
/** tan x. The derivative is 1 + tan². */
export const tan: Unary = unary("tan", ops.tan);
/** arcsin x for |x| ≤ 1, in [-π/2, π/2]; NaN outside. The derivative at ±1 is +Inf. */
export const asin: Unary = unary("asin", ops.asin);
/** arccos x for |x| ≤ 1, in [0, π]; NaN outside. The derivative at ±1 is -Inf. */
export const acos: Unary = unary("acos", ops.acos);
/** arctan x, in [-π/2, π/2]. Convex on x ≤ 0, concave on x ≥ 0. */
export const atan: Unary = unary("atan", ops.atan);
/** The angle of the point (x, y), in (−π, π]. */
export const atan2: (y: TensorLike, x: TensorLike) => Tensor = binary("atan2", ops.atan2);
/** sinh x = (eˣ − e⁻ˣ)/2. */
export const sinh: Unary = unary("sinh", ops.sinh);
/** cosh x = (eˣ + e⁻ˣ)/2. */
export const cosh: Unary = unary("cosh", ops.cosh);
/** tanh x; its derivative is 1 − tanh². */
export const tanh: Unary = unary("tanh", ops.tanh);
/** arsinh x = log(x + √(x² + 1)). */
export const asinh: Unary = unary("asinh", ops.asinh);
/** arcosh x for x ≥ 1; NaN below. The derivative at 1 is +Inf. */
export const acosh: Unary = unary("acosh", ops.acosh);
/** artanh x for |x| ≤ 1, ±Inf at ±1; NaN outside. */
export const atanh: Unary = unary("atanh", ops.atanh);
/** 2/√π ∫₀ˣ e^(−t²) dt. */
export const erf: Unary = unary("erf", ops.erf);
/** Φ(x), the standard normal distribution function. */
export const normalCdf: Unary = unary("normalCdf", ops.normalCdf);
/** ⌊x⌋, the largest integer ≤ x. The derivative is 0 everywhere. Integers stay as they are. */
export const floor: Unary = unary("floor", ops.floor);
/** ⌈x⌉, the smallest integer ≥ x. The derivative is 0 everywhere. Integers stay as they are. */
export const ceil: Unary = unary("ceil", ops.ceil);
/** The integer nearest to x, ties to even (2.5 → 2, 3.5 → 4). The derivative is 0 everywhere. Integers stay as they are. */
export const round: Unary = unary("round", ops.round);
/** a < b. */
export const less: Binary = binary("less", ops.less);
/** a ≤ b. */
export const lessEqual: Binary = binary("lessEqual", ops.lessEqual);
/** a > b. */
export const greater: Binary = binary("greater", ops.greater);
/** a ≥ b. */
export const greaterEqual: Binary = binary("greaterEqual", ops.greaterEqual);
/** a = b. */
export const equal: Binary = binary("equal", ops.equal);
/** a ≠ b; true when either is NaN. */
export const notEqual: Binary = binary("notEqual", ops.notEqual);
/** a ∧ b. */
export const and: Binary = binary("and", ops.and);
/** a ∨ b. */
export const or: Binary = binary("or", ops.or);
/** Exactly one of a and b. */
export const xor: Binary = binary("xor", ops.xor);
/** ¬a. */
export const not: Unary = unary("not", ops.not);
/** Whether x is not a number. */
export const isNaN: Unary = unary("isNaN", ops.isNaN);
/** Whether x is neither infinite nor NaN. */
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
