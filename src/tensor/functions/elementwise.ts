// Elementwise operations as free functions over tensors and numbers, with NumPy broadcasting. The mathematics, domains and derivatives
// at kinks are documented with each operation in ops/.

import * as ops from "../../ops/index.ts";
import { commonDType, finish, lift, nodeOf, type TensorLike } from "../lift.ts";
import type { Tensor } from "../tensor.ts";

type Unary = (x: TensorLike) => Tensor;
type Binary = (a: TensorLike, b: TensorLike) => Tensor;

export const add: Binary = lift(ops.add);
export const sub: Binary = lift(ops.sub);
export const mul: Binary = lift(ops.mul);
export const div: Binary = lift(ops.div);
export const neg: Unary = lift(ops.neg);
export const pow: Binary = lift(ops.pow);
export const remainder: Binary = lift(ops.remainder);
export const maximum: Binary = lift(ops.maximum);
export const minimum: Binary = lift(ops.minimum);
export const abs: Unary = lift(ops.abs);
export const sign: Unary = lift(ops.sign);
export const square: Unary = lift(ops.square);
export const sqrt: Unary = lift(ops.sqrt);
export const rsqrt: Unary = lift(ops.rsqrt);
export const reciprocal: Unary = lift(ops.reciprocal);
export const exp: Unary = lift(ops.exp);
export const expm1: Unary = lift(ops.expm1);
export const log: Unary = lift(ops.log);
export const log1p: Unary = lift(ops.log1p);
/** σ(x) = 1/(1+e⁻ˣ). */
export const logistic: Unary = lift(ops.logistic);
export const sin: Unary = lift(ops.sin);
export const cos: Unary = lift(ops.cos);
export const tan: Unary = lift(ops.tan);
export const asin: Unary = lift(ops.asin);
export const acos: Unary = lift(ops.acos);
export const atan: Unary = lift(ops.atan);
/** The angle of the point (x, y), in (−π, π]. */
export const atan2: (y: TensorLike, x: TensorLike) => Tensor = lift(ops.atan2);
export const sinh: Unary = lift(ops.sinh);
export const cosh: Unary = lift(ops.cosh);
export const tanh: Unary = lift(ops.tanh);
export const asinh: Unary = lift(ops.asinh);
export const acosh: Unary = lift(ops.acosh);
export const atanh: Unary = lift(ops.atanh);
/** 2/√π ∫₀ˣ e^(−t²) dt. */
export const erf: Unary = lift(ops.erf);
/** Φ(x), the standard normal distribution function. */
export const normalCdf: Unary = lift(ops.normalCdf);
export const floor: Unary = lift(ops.floor);
export const ceil: Unary = lift(ops.ceil);
export const round: Unary = lift(ops.round);
export const less: Binary = lift(ops.less);
export const lessEqual: Binary = lift(ops.lessEqual);
export const greater: Binary = lift(ops.greater);
export const greaterEqual: Binary = lift(ops.greaterEqual);
export const equal: Binary = lift(ops.equal);
export const notEqual: Binary = lift(ops.notEqual);
export const and: Binary = lift(ops.and);
export const or: Binary = lift(ops.or);
export const xor: Binary = lift(ops.xor);
export const not: Unary = lift(ops.not);
export const isNaN: Unary = lift(ops.isNaN);
export const isFinite: Unary = lift(ops.isFinite);

/** x limited to [low, high]; derivative 1 inside. */
export const clip: (x: TensorLike, low: TensorLike, high: TensorLike) => Tensor = lift(ops.clip);

/** condition ? a : b, element by element. What is not chosen influences neither value nor derivative. */
export function where(condition: Tensor, a: TensorLike, b: TensorLike): Tensor {
  const like = commonDType([a, b]) ?? "float32";
  return finish([ops.where(condition.node, nodeOf(a, like), nodeOf(b, like))])[0];
}
