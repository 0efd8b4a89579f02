// The checker's own table of elementwise operations: range, sign and curvature of f(u) from those of u. Nothing is read here of the table that
// certificates are found with (ops/analyses.ts), nor of the rules of composition/.

import * as I from "../../numeric/interval.ts";
import * as F from "../../numeric/interval-elementary.ts";

type Interval = I.Interval;

/** What is shown of an element as a function of all coordinates, in the interior of the domain. */
export interface Shown {
  readonly range: Interval;
  readonly convex: boolean;
  readonly concave: boolean;
  /** Above 0. */
  readonly positive: boolean;
  /** u ≥ 0 and u^(1/root) is convex, for a root ≥ 1; ∞: log u is convex; 0: not known. */
  readonly root: number;
  /** u ≥ 0 and u^(1/power) is concave; ∞: log u is concave, 0: u is a number ≥ 0; −1: not known. */
  readonly power: number;
}

export const isAffine = (u: Shown) => u.convex && u.concave;
export const isNumber = ({ range }: Shown) => range.lower === range.upper && Number.isFinite(range.lower);

/** With what follows: a convex function ≥ 0 has the root 1, a concave one the power 1, and the other way about. */
export function shown(range: Interval, parts: Partial<Omit<Shown, "range">> = {}): Shown {
  if (!(range.lower <= range.upper)) return shown(I.entire);
  const { convex = false, concave = false, positive = false, root = 0, power = -1 } = parts;
  const nonnegative = range.lower >= 0;
  return {
    range,
    convex: convex || root >= 1,
    concave: concave || (power >= 0 && power <= 1),
    positive: positive || range.lower > 0,
    root: nonnegative && convex ? Math.max(root, 1) : root,
    power: nonnegative && concave && !(power >= 0 && power <= 1) ? 1 : power,
  };
}

export function number(range: Interval): Shown {
  const nonnegative = range.lower >= 0;
  return {
    range,
    convex: true,
    concave: true,
    positive: range.lower > 0,
    root: nonnegative ? Infinity : 0,
    power: nonnegative ? 0 : -1,
  };
}

/** An affine function that is not constant vanishes inside only where it changes its sign. */
export const affine = (range: Interval): Shown =>
  shown(range, { convex: true, concave: true, positive: range.lower >= 0 && range.upper > 0 });

export const negative = (u: Shown): Shown => shown(I.neg(u.range), { convex: u.concave, concave: u.convex });

export function plus(u: Shown, v: Shown): Shown {
  const range = I.add(u.range, v.range);
  const [p, q] = [u.range.lower >= 0, v.range.lower >= 0];
  return shown(range, {
    convex: u.convex && v.convex,
    concave: u.concave && v.concave,
    positive: (u.positive && q) || (v.positive && p) || (isAffine(u) && isAffine(v) && range.lower >= 0 && range.upper > 0),
    // Minkowski: the p-norm of functions whose p-th powers these are.
    root: p && q ? Math.min(u.root, v.root) : 0,
  });
}

export function times(c: Interval, u: Shown): Shown {
  const range = I.mul(c, u.range);
  if (c.lower === 0 && c.upper === 0) return number(I.point(0));
  if (c.lower >= 0) return shown(range, { ...u, positive: u.positive && c.lower > 0 });
  if (c.upper <= 0) return shown(range, { convex: u.concave, concave: u.convex, positive: u.range.upper < 0 && c.upper < 0 });
  return shown(range, { convex: isAffine(u), concave: isAffine(u) });
}

export function product(u: Shown, v: Shown): Shown {
  if (isNumber(u) || u.power === 0) return times(u.range, v);
  if (isNumber(v) || v.power === 0) return times(v.range, u);
  return shown(I.mul(u.range, v.range), {
    positive: u.positive && v.positive,
    // log u + log v.
    root: u.root === Infinity && v.root === Infinity ? Infinity : 0,
    // Geometric means of concave functions are concave.
    power: u.power >= 0 && v.power >= 0 ? u.power + v.power : -1,
  });
}

/** u/v; undefined where v may vanish. */
export function quotient(u: Shown, v: Shown): Shown | undefined {
  if (v.range.upper < 0) return quotient(negative(u), negative(v));
  if (!v.positive) return undefined;
  if (isNumber(v)) return times(I.reciprocal(v.range), u);
  if (isNumber(u)) return times(u.range, powerOf(v, -1) ?? shown(I.entire));
  const range = I.div(u.range, { lower: Math.max(0, v.range.lower), upper: v.range.upper });
  const whole = Number.isNaN(range.lower) || Number.isNaN(range.upper) ? I.entire : range;
  const nonnegative = u.range.lower >= 0;
  const safe =
    nonnegative && v.range.lower === 0
      ? { lower: Math.max(0, Number.isNaN(range.lower) ? 0 : range.lower), upper: Infinity }
      : whole;
  if (!nonnegative) return shown(v.range.lower > 0 ? whole : I.entire);
  // u^r/v^s with r − s ≥ 1 is a perspective of a power.
  const root = u.root > 0 && v.power >= 0 ? (u.root === Infinity ? Infinity : u.root - v.power) : 0;
  return shown(safe, {
    positive: u.positive,
    root: root >= 1 ? root : 0,
    power: u.power >= 0 && v.root === Infinity ? Infinity : -1,
  });
}

/** u^p; undefined where it may have no value. */
export function powerOf(u: Shown, p: number): Shown | undefined {
  const { range } = u;
  const whole = Number.isInteger(p);
  if (p === 0) return number(I.point(1));
  if (p === 1) return u;
  const nonnegative = range.lower >= 0;
  if (p < 0 && !(u.positive || (whole && negative(u).positive))) return undefined;
  if (!whole && !nonnegative) return undefined;
  const clipped = u.positive ? { lower: Math.max(0, range.lower), upper: range.upper } : range;
  let value = p < 0 && clipped.lower <= 0 && clipped.upper >= 0 ? { lower: 0, upper: Infinity } : raised(clipped, p);
  if (nonnegative && value.lower < 0) value = { lower: 0, upper: value.upper };
  if (p > 0 && nonnegative) {
    return shown(value, {
      positive: u.positive,
      root: u.root * p >= 1 && u.root > 0 ? u.root * p : 0,
      power: u.power >= 0 ? u.power * p : -1,
      convex: p >= 1 && u.convex,
      concave: p <= 1 && u.concave,
    });
  }
  if (p < 0 && u.positive) {
    return shown(value, {
      positive: true,
      root: u.power >= 0 ? Infinity : 0,
      power: u.root === Infinity ? Infinity : -1,
      convex: u.concave,
    });
  }
  const even = p % 2 === 0;
  // Of what is ≤ 0: |u|^p, or its negative.
  if (range.upper <= 0) {
    const size = powerOf(negative(u), p);
    return size && (even ? size : negative(size));
  }
  return even && p > 0 && isAffine(u) ? shown(value, { root: p }) : shown(value);
}

function raised(x: Interval, p: number): Interval {
  if (Number.isInteger(p)) return I.powInteger(x, p);
  if (p === 0.5) return I.sqrt(x);
  return F.pow(x, I.point(p));
}

export const largest = (u: Shown, v: Shown): Shown =>
  u.range.lower >= v.range.upper
    ? u
    : v.range.lower >= u.range.upper
      ? v
      : shown(I.max(u.range, v.range), {
          convex: u.convex && v.convex,
          positive: u.positive || v.positive,
          root: u.range.lower >= 0 && v.range.lower >= 0 ? Math.min(u.root, v.root) : 0,
        });

export const smallest = (u: Shown, v: Shown): Shown =>
  u.range.upper <= v.range.lower
    ? u
    : v.range.upper <= u.range.lower
      ? v
      : shown(I.min(u.range, v.range), {
          concave: u.concave && v.concave,
          positive: u.positive && v.positive,
          power: u.power >= 0 && v.power >= 0 ? Math.max(u.power, v.power) : -1,
        });

export function absolute(u: Shown): Shown {
  if (u.range.lower >= 0) return u;
  if (u.range.upper <= 0) return negative(u);
  return shown(I.abs(u.range), { root: isAffine(u) ? 1 : 0 });
}

/** u·log u; undefined where u may be ≤ 0. */
export function entropy(u: Shown): Shown | undefined {
  if (!u.positive) return undefined;
  const plain = I.mul(u.range, F.log({ lower: Math.max(0, u.range.lower), upper: u.range.upper }));
  // −1/e and above.
  const range = {
    lower: Number.isNaN(plain.lower) ? leastEntropy : Math.max(plain.lower, leastEntropy),
    upper: Number.isNaN(plain.upper) ? Infinity : plain.upper,
  };
  return shown(range.lower <= range.upper ? range : I.entire, { convex: isAffine(u) });
}
const leastEntropy = -0.36787944117144239;

/** u where u > 0, α(eᵘ − 1) elsewhere. */
export function elu(u: Shown, alpha: number): Shown | undefined {
  if (!(alpha >= 0 && alpha <= 1)) return undefined;
  const below = I.mul(I.point(alpha), F.expm1({ lower: Math.min(0, u.range.lower), upper: Math.min(0, u.range.upper) }));
  const range = {
    lower: u.range.lower >= 0 ? u.range.lower : below.lower,
    upper: u.range.upper > 0 ? u.range.upper : below.upper,
  };
  return shown(range, { convex: u.convex });
}

/** An increasing function that is convex up to 0 and concave from there on (side 1), or the other way about (−1). */
const bentAtZero = (u: Shown, value: Interval, side: 1 | -1): Shown => {
  const [below, above] = [u.range.upper <= 0, u.range.lower >= 0];
  const [convex, concave] = side > 0 ? [below, above] : [above, below];
  return shown(value, { convex: convex && u.convex, concave: concave && u.concave });
};

/** max(u, 0) + log(1 + e^(−|u|)). */
function softplus({ lower, upper }: Interval): Interval {
  const at = (x: number) => I.add(I.max(I.point(x), I.point(0)), F.log1p(F.exp(I.point(-Math.abs(x)))));
  return {
    lower: lower === -Infinity ? 0 : Math.max(0, at(lower).lower),
    upper: upper === Infinity ? Infinity : at(upper).upper,
  };
}

/** f(u) by its name; undefined for a function that is not in the table, or may have no value. */
export function functionOf(name: string, u: Shown): Shown | undefined {
  const { range } = u;
  switch (name) {
    case "exp":
      return shown(F.exp(range), {
        positive: true,
        root: u.convex ? Infinity : 0,
        power: u.concave ? Infinity : -1,
        convex: u.convex,
      });
    case "expm1":
      return shown(F.expm1(range), { convex: u.convex });
    case "log":
      if (!u.positive) return undefined;
      return shown(F.log({ lower: Math.max(0, range.lower), upper: range.upper }), {
        convex: u.root === Infinity,
        concave: u.power >= 0 || u.concave,
      });
    case "log1p":
      return range.lower > -1 ? shown(F.log1p(range), { concave: u.concave }) : undefined;
    case "sqrt":
      return powerOf(u, 0.5);
    case "rsqrt":
      return powerOf(u, -0.5);
    case "square":
      return powerOf(u, 2);
    case "abs":
      return absolute(u);
    case "neg":
      return negative(u);
    case "relu":
      return largest(u, number(I.point(0)));
    case "softplus":
      return shown(softplus(range), { convex: u.convex, positive: true });
    case "cosh":
      return shown(F.cosh(range), {
        positive: true,
        root: isAffine(u) ? Infinity : 0,
        convex: (range.lower >= 0 && u.convex) || (range.upper <= 0 && u.concave),
      });
    case "logistic":
    case "normalCdf": {
      const value = name === "logistic" ? F.logistic(range) : F.normcdf(range);
      const bent = bentAtZero(u, value, 1);
      return shown(value, { ...bent, positive: true, power: bent.power === 1 ? 1 : u.concave ? Infinity : -1 });
    }
    case "tanh":
      return bentAtZero(u, F.tanh(range), 1);
    case "atan":
      return bentAtZero(u, F.atan(range), 1);
    case "asinh":
      return bentAtZero(u, F.asinh(range), 1);
    case "erf":
      return bentAtZero(u, F.erf(range), 1);
    case "sinh":
      return bentAtZero(u, F.sinh(range), -1);
    case "sin":
      return shown(F.sin(range));
    case "cos":
      return shown(F.cos(range));
    default:
      return undefined;
  }
}
