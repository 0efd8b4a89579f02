// The inverse of erf on (−1, 1), for sampling: Giles' polynomial ("Approximating the erfinv function", GPU Computing Gems 2, 2011; relative
// error 3.5e-7) and, for float64, two steps of Halley's method on erf(z) = y. Its derivative is exact: √π/2 · exp(z²).

import { isFloat } from "../graph/dtype.ts";
import type { Node } from "../graph/node.ts";
import { composition, scalar } from "../graph/structural.ts";
import { add, div, mul, neg, sub } from "./arithmetic.ts";
import { less } from "./comparison.ts";
import { exp, log } from "./exponential.ts";
import { sqrt, square } from "./powers.ts";
import { where } from "./selection.ts";
import { cast } from "./shape.ts";
import { erf } from "./special.ts";

const central = [
  2.81022636e-8, 3.43273939e-7, -3.5233877e-6, -4.39150654e-6, 0.00021858087, -0.00125372503, -0.00417768164, 0.246640727,
  1.50140941,
];
const tail = [
  -0.000200214257, 0.000100950558, 0.00134934322, -0.00367342844, 0.00573950773, -0.0076224613, 0.00943887047, 1.00167406,
  2.83297682,
];

export function erfInverse(y: Node): Node {
  const x = isFloat(y.dtype) ? y : cast(y, "float32");
  const { dtype } = x;
  const number = (value: number) => scalar(value, dtype);
  const horner = (coefficients: readonly number[], w: Node) =>
    coefficients.slice(1).reduce((total, c) => add(mul(total, w), number(c)), number(coefficients[0]));
  const build = (v: Node): Node => {
    const w = neg(log(mul(sub(number(1), v), add(number(1), v))));
    const factor = where(less(w, number(5)), horner(central, sub(w, number(2.5))), horner(tail, sub(sqrt(w), number(3))));
    let z = mul(factor, v);
    if (dtype === "float32") return z;
    for (let step = 0; step < 2; step++) {
      // Newton's step d = (erf(z) − y) / erf′(z); Halley's divides it by 1 + z·d, as erf″ = −2z·erf′.
      const d = mul(sub(erf(z), v), mul(exp(square(z)), number(Math.sqrt(Math.PI) / 2)));
      z = sub(z, div(d, add(mul(z, d), number(1))));
    }
    return z;
  };
  const slope = (z: Node) => mul(exp(square(z)), number(Math.sqrt(Math.PI) / 2));
  return composition("erfInverse", {}, [x], build, {
    vjp: (_inputs, [z], [g]) => [mul(g, slope(z))],
    jvp: (_inputs, [z], [t]) => [t && mul(t, slope(z))],
  });
}
