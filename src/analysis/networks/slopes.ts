// What is known of activations: bounds of their values and slopes, everywhere and over an interval.

import { add, empty, hull, type Interval, intersect, mul, neg, point, square, sub } from "../../numeric/interval.ts";
import * as elementary from "../../numeric/interval-elementary.ts";
import { addUp } from "../../numeric/rounding.ts";
import type { Network } from "./network.ts";

/** [α, β] with α ≤ (σ(a) − σ(b))/(a − b) ≤ β. */
export type Slopes = readonly [lower: number, upper: number];

/**
 * Bounds of σ′, rounded outwards in their last digit. The least slope of GELU, of its approximation and of SiLU is 1 less the greatest, for
 * σ(x) − σ(−x) = x; that of Mish is attained at −2.2563764.
 */
export const activationSlopes = {
  identity: [1, 1],
  relu: [0, 1],
  elu: [0, 1],
  tanh: [0, 1],
  softplus: [0, 1],
  logistic: [0, 0.25],
  gelu: [-0.1289042, 1.1289042],
  geluTanh: [-0.1289931, 1.1289931],
  silu: [-0.0998394, 1.0998394],
  mish: [-0.1125262, 1.0884982],
} as const satisfies Readonly<Record<string, Slopes>>;

/** The slopes of a network's activation. */
export function slopesOf({ activation = "relu", negativeSlope = 0.01 }: Network): Slopes {
  return activation === "leakyRelu" ? [negativeSlope, 1] : activationSlopes[activation];
}

/** σ over an interval. */
export function valueRange({ activation = "relu", negativeSlope = 0.01 }: Network, x: Interval): Interval {
  const increasing = (f: (v: Interval) => Interval): Interval => ({
    lower: f(point(x.lower)).lower,
    upper: f(point(x.upper)).upper,
  });
  switch (activation) {
    case "identity":
      return x;
    case "relu":
      return { lower: Math.max(0, x.lower), upper: Math.max(0, x.upper) };
    case "leakyRelu": {
      const at = (v: number) => (v >= 0 ? point(v) : mul(point(v), point(negativeSlope)));
      return hull(at(x.lower), at(x.upper), x.lower < 0 && x.upper > 0 ? point(0) : empty);
    }
    case "tanh":
      return increasing(elementary.tanh);
    case "logistic":
      return increasing(elementary.logistic);
    case "elu":
      return {
        lower: x.lower >= 0 ? x.lower : elementary.expm1(point(x.lower)).lower,
        upper: x.upper >= 0 ? x.upper : elementary.expm1(point(x.upper)).upper,
      };
    case "softplus":
      return { lower: Math.max(0, x.lower), upper: addUp(Math.max(0, x.upper), 0.6931471805599454) };
    default:
      // silu, mish and both gelus lie between −0.31 and 0 below 0, and between 0 and x above it.
      return { lower: x.lower >= 0 ? 0 : -0.31, upper: Math.max(0, x.upper) };
  }
}

/** σ′ over an interval; of relu at 0 both sides. */
export function slopeRange(network: Network, x: Interval): Interval {
  const { activation = "relu", negativeSlope = 0.01 } = network;
  const kinked = (below: Interval): Interval => (x.lower > 0 ? point(1) : x.upper < 0 ? below : { lower: below.lower, upper: 1 });
  const most = Math.max(Math.abs(x.lower), Math.abs(x.upper));
  const least = x.lower > 0 ? x.lower : x.upper < 0 ? -x.upper : 0;
  const falling = (f: (v: Interval) => Interval, top: number): Interval => ({
    lower: most === Infinity ? 0 : Math.max(0, f(point(most)).lower),
    upper: Math.min(top, f(point(least)).upper),
  });
  switch (activation) {
    case "identity":
      return point(1);
    case "relu":
      return kinked(point(0));
    case "elu":
      return kinked({
        lower: x.lower === -Infinity ? 0 : elementary.exp(point(x.lower)).lower,
        upper: Math.min(1, elementary.exp(point(Math.min(0, x.upper))).upper),
      });
    case "tanh":
      return falling((v) => sub(point(1), square(elementary.tanh(v))), 1);
    case "logistic":
      return falling((v) => mul(elementary.logistic(v), elementary.logistic({ lower: -v.upper, upper: -v.lower })), 0.25);
    case "softplus":
      return { lower: elementary.logistic(point(x.lower)).lower, upper: elementary.logistic(point(x.upper)).upper };
    case "leakyRelu":
      return kinked(point(negativeSlope));
    default: {
      const [lower, upper] = slopesOf(network);
      return Number.isFinite(most) ? intersect(smoothSlope(activation, x), { lower, upper }) : { lower, upper };
    }
  }
}

const one = point(1);
/** 1/√(2π) and √(2/π) lie in these. */
const density = { lower: 0.3989422804014326, upper: 0.3989422804014328 };
const root = { lower: 0.797884560802865, upper: 0.7978845608028655 };

/** σ′ of activations that are no monotone functions of anything simple, by its formula: close to it for narrow intervals. */
function smoothSlope(activation: "gelu" | "geluTanh" | "silu" | "mish", x: Interval): Interval {
  const { logistic, tanh, exp, log1p, normcdf } = elementary;
  switch (activation) {
    case "gelu":
      return add(normcdf(x), mul(x, mul(density, exp(mul(point(-0.5), square(x))))));
    case "geluTanh": {
      const u = tanh(mul(root, add(x, mul(point(0.044715), mul(x, square(x))))));
      const inner = mul(root, add(one, mul(mul(point(3), point(0.044715)), square(x))));
      return mul(point(0.5), add(add(one, u), mul(x, mul(sub(one, square(u)), inner))));
    }
    case "silu":
      return mul(logistic(x), add(one, mul(x, logistic(neg(x)))));
    case "mish": {
      const t = tanh(log1p(exp(x)));
      return add(t, mul(x, mul(sub(one, square(t)), logistic(x))));
    }
  }
}
