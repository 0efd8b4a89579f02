// Activation functions composed of primitives. Each stays one call in the graph, so that it prints, exports and certifies under its
// name; where the derivative at a kink is a choice, or has a cheaper form than its parts, it is a rule of the composition.

import { promote } from "../../graph/dtype.ts";
import type { Node } from "../../graph/node.ts";
import { type CallJvp, type CallVjp, composition, scalar } from "../../graph/structural.ts";
import { add, mul, neg } from "../arithmetic.ts";
import { greater } from "../comparison.ts";
import { exp, expm1, log1p, logistic } from "../exponential.ts";
import { tanh } from "../hyperbolic.ts";
import { abs, maximum, minimum } from "../piecewise.ts";
import { power } from "../powers.ts";
import { where } from "../selection.ts";
import { cast } from "../shape.ts";
import { normalCdf } from "../special.ts";
import { toFloat } from "./helpers.ts";

const number = (value: number, like: Node) => scalar(value, like.dtype);
const positive = (x: Node) => greater(x, number(0, x));

/** The rules of an elementwise composition with derivative `slope(t, x)` = f′(x)·t. */
function slopeRules(slope: (t: Node, x: Node) => Node): { readonly vjp: CallVjp; readonly jvp: CallJvp } {
  return { vjp: ([x], _y, [g]) => [slope(g, x)], jvp: ([x], _y, [t]) => [t && slope(t, x)] };
}

/** max(x, 0). The derivative at 0 is 0. Integers stay integers. */
export function relu(x: Node): Node {
  return composition("relu", {}, [cast(x, promote(x.dtype, "int32"))], (a) => maximum(a, number(0, a)), {
    ...slopeRules((t, a) => where(positive(a), t, number(0, t))),
  });
}

/** x for x > 0, else slope·x. The derivative at 0 is `slope`. */
export function leakyRelu(x: Node, slope = 0.01): Node {
  const build = (a: Node) => {
    if (slope === 0) return maximum(a, number(0, a));
    const leak = mul(a, number(slope, a));
    return slope <= 1 ? maximum(a, leak) : minimum(a, leak);
  };
  const rules = slopeRules((t, a) => where(positive(a), t, mul(t, number(slope, t))));
  return composition("leakyRelu", { slope }, [toFloat(x)], build, rules);
}

/** x for x > 0, else α(eˣ − 1). Continuously differentiable for α = 1; the derivative at 0 is α. (Clevert et al. 2016.) */
export function elu(x: Node, alpha = 1): Node {
  return composition("elu", { alpha }, [toFloat(x)], (a) => {
    // Positive arguments are kept out of the exponential, whose overflow would spoil the derivative.
    const inside = positive(a);
    return where(inside, a, mul(expm1(where(inside, number(0, a), a)), number(alpha, a)));
  });
}

/** log(1 + eˣ) = max(x, 0) + log1p(e^−|x|), which does not overflow. The derivative is σ(x). Convex, L = ¼. */
export function softplus(x: Node): Node {
  const build = (a: Node) => add(maximum(a, number(0, a)), log1p(exp(neg(abs(a)))));
  return composition(
    "softplus",
    {},
    [toFloat(x)],
    build,
    slopeRules((t, a) => mul(t, logistic(a))),
  );
}

/** x·σ(x), also called swish. (Elfwing et al. 2018; Ramachandran et al. 2017.) */
export function silu(x: Node): Node {
  return composition("silu", {}, [toFloat(x)], (a) => mul(a, logistic(a)));
}

/**
 * x·Φ(x) with Φ the distribution function of the standard normal, ½(1 + erf(x/√2)); with approximation "tanh" the formula
 * ½x(1 + tanh(√(2/π)(x + 0.044715x³))), within 5e-4 of it. (Hendrycks & Gimpel 2016.)
 */
export function gelu(x: Node, approximation: "none" | "tanh" = "none"): Node {
  return composition("gelu", { approximation }, [toFloat(x)], (a) => {
    if (approximation === "none") return mul(a, normalCdf(a));
    const cubic = add(a, mul(power(a, 3), number(0.044715, a)));
    const gate = add(tanh(mul(cubic, number(Math.sqrt(2 / Math.PI), a))), number(1, a));
    return mul(mul(a, number(0.5, a)), gate);
  });
}

/** x·tanh(softplus(x)). (Misra 2019.) */
export function mish(x: Node): Node {
  return composition("mish", {}, [toFloat(x)], (a) => mul(a, tanh(softplus(a))));
}

/** 1 for x > 0, else 0. The derivative is 0 everywhere, so nothing is learned through it by gradient descent. */
export function hardThreshold(x: Node): Node {
  return composition("hardThreshold", {}, [toFloat(x)], (a) => cast(positive(a), a.dtype));
}
