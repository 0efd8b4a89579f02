// The entry of an elementwise operation from those of its operands: the composition theorem on what each operation claims of itself
// (ops/analyses.ts), and the orders of entries.ts for powers, products, quotients, exponentials and logarithms.
//
//   f(e₁ … eₙ) is convex where f is convex on the ranges of the eᵢ and each eᵢ is affine, or convex and f nondecreasing in it, or concave
//   and f nonincreasing in it. (Boyd & Vandenberghe 3.2.4.)

import type { Node } from "../../graph/node.ts";
import type { Analysis, Curvature, Monotonicity } from "../../graph/primitive.ts";
import {
  add as addI,
  contains,
  entire,
  type Interval,
  intersect,
  isEmpty,
  max as maxI,
  point,
  reciprocal,
} from "../../numeric/interval.ts";
import { exp as expI, log1p as log1pI, pow as powI } from "../../numeric/interval-elementary.ts";
import { divDown, divUp } from "../../numeric/rounding.ts";
import { analysisOf } from "../../ops/analyses.ts";
import { quotientOf, rationalPowerName } from "../rational-power.ts";
import {
  addEntries,
  constantEntry,
  type Entry,
  entry,
  isAffine,
  isConstantEntry,
  maxEntries,
  minEntries,
  mulEntries,
  negateEntry,
  orderPower,
  orderQuotient,
  scaleEntry,
} from "./entries.ts";

/** The entry of one element, from those of the operands; undefined where the operation has no claims. */
export type Transfer = (...operands: readonly Entry[]) => Entry;

const nonNegative: Interval = { lower: 0, upper: Infinity };

/** By the composition theorem alone. */
export function composed(analysis: Pick<Analysis, "range" | "monotonicity" | "curvature">, operands: readonly Entry[]): Entry {
  const ranges = operands.map((e) => e.range);
  if (ranges.some(isEmpty)) return entry(entire);
  const value = analysis.range(...ranges);
  const range = isEmpty(value) || Number.isNaN(value.lower) || Number.isNaN(value.upper) ? entire : value;
  if (operands.every(isConstantEntry)) return constantEntry(range);
  const shape = analysis.curvature(...ranges);
  if (shape === "none") return entry(range);
  const follows = (wanted: "convex" | "concave") =>
    (shape === "affine" || shape === wanted) &&
    operands.every((e, i) => {
      if (isAffine(e)) return true;
      const m = analysis.monotonicity(i, ...ranges);
      if (m === "constant") return true;
      return m === "increasing" ? e[wanted] : m === "decreasing" ? e[wanted === "convex" ? "concave" : "convex"] : false;
    });
  return entry(range, { convex: follows("convex"), concave: follows("concave") });
}

const with_ = (e: Entry, parts: Partial<Entry>): Entry =>
  entry(e.range, {
    convex: e.convex || (parts.convex ?? false),
    concave: e.concave || (parts.concave ?? false),
    root: Math.max(e.root, parts.root ?? 0),
    power:
      e.power < 0
        ? (parts.power ?? -1)
        : parts.power !== undefined && parts.power >= 0
          ? Math.min(e.power, parts.power)
          : e.power,
    positive: e.positive || (parts.positive ?? false),
  });

/** |x|^p or xᵖ of an affine or convex nonnegative x, and of orders that are known. */
function powered(plain: Entry, x: Entry, p: number): Entry {
  const even = Number.isInteger(p) && p % 2 === 0;
  const known = orderPower(x, p);
  const affine = isAffine(x) && even && p >= 2 ? { root: p } : {};
  const result = with_(with_(plain, known), affine);
  // What needs x > 0 (or ≥ 0) is not claimed where x may be below.
  if (p < 0 && !x.positive && !(even && x.range.lower > 0)) return entry(plain.range, {});
  return result;
}

const softplusAnalysis = {
  range: (x: Interval): Interval => ({
    lower: Math.max(0, addI(maxI(point(x.lower), point(0)), log1pI(expI(point(-Math.abs(x.lower))))).lower || 0),
    upper: x.upper === Infinity ? Infinity : addI(maxI(point(x.upper), point(0)), log1pI(expI(point(-Math.abs(x.upper))))).upper,
  }),
  monotonicity: (): Monotonicity => "increasing",
  curvature: (): Curvature => "convex",
};

/** Elementwise compositions that stay calls, by name. */
export function callTransfer(name: string, parameters: Readonly<Record<string, unknown>>): Transfer | undefined {
  switch (name) {
    case rationalPowerName: {
      const { numerator, denominator } = quotientOf(parameters);
      const exponent = { lower: divDown(numerator, denominator), upper: divUp(numerator, denominator) };
      return (x) => {
        if (!(x.range.lower >= 0)) return entry(nonNegative);
        const analysis = {
          range: (r: Interval) => intersect(powI(r, exponent), nonNegative),
          monotonicity: (): Monotonicity => "increasing",
          curvature: (): Curvature => (numerator > denominator ? "convex" : "concave"),
        };
        return with_(composed(analysis, [x]), orderPower(x, numerator, denominator));
      };
    }
    case "softplus":
      return (x) => with_(composed(softplusAnalysis, [x]), { positive: true });
    case "relu":
      return (x) => maxEntries(x, constantEntry(point(0)));
    case "leakyRelu": {
      const slope = parameters.slope as number;
      return (x) => {
        const leak = scaleEntry(point(slope), x);
        return slope <= 1 ? maxEntries(x, leak) : minEntries(x, leak);
      };
    }
    case "elu": {
      const alpha = parameters.alpha as number;
      return (x) => {
        const range = {
          lower: x.range.lower >= 0 ? x.range.lower : Math.min(x.range.lower, alpha >= 0 ? -alpha : 0),
          upper: Math.max(x.range.upper, alpha < 0 ? -alpha : 0, 0),
        };
        // Slopes α eˣ below 0 and 1 above: they increase where 0 ≤ α ≤ 1.
        if (alpha >= 0 && alpha <= 1)
          return composed({ range: () => range, monotonicity: () => "increasing", curvature: () => "convex" }, [x]);
        return entry(range);
      };
    }
    case "silu":
    case "gelu":
    case "mish": {
      // x·g(x) with 0 ≤ g ≤ 1 and g increasing: minima −0.2785, −0.1700 (−0.1703 for the approximation), −0.3088.
      const least = { silu: -0.27847, gelu: -0.171, mish: -0.3089 }[name];
      return (x) =>
        entry({ lower: x.range.lower >= 0 ? 0 : least, upper: Math.max(0, x.range.upper) }, { positive: x.range.lower > 0 });
    }
    default:
      return undefined;
  }
}

/** The rule of an elementwise node. */
export function elementwiseTransfer(node: Pick<Node, "op" | "attributes">): Transfer | undefined {
  const analysis = analysisOf(node);
  if (!analysis) return undefined;
  const plain: Transfer = (...operands) => composed(analysis, operands);
  switch (node.op.name) {
    case "add":
      return addEntries;
    case "sub":
      return (a, b) => addEntries(a, negateEntry(b));
    case "neg":
      return negateEntry;
    case "mul":
      return mulEntries;
    case "div":
      return (a, b) => {
        if (isConstantEntry(b)) return b.range.lower === 0 ? entry(entire) : scaleEntry(reciprocal(b.range), a);
        if (isConstantEntry(a)) {
          if (b.range.upper <= 0) return scaleEntry(point(-a.range.lower), reciprocalEntry(negateEntry(b)));
          return scaleEntry(a.range, reciprocalEntry(b));
        }
        return with_(b.positive ? plain(a, b) : entry(plain(a, b).range), orderQuotient(a, b));
      };
    case "square":
      return (x) => powered(plain(x), x, 2);
    case "sqrt":
      return (x) => powered(plain(x), x, 0.5);
    case "rsqrt":
      return (x) => powered(plain(x), x, -0.5);
    case "power": {
      const p = (node.attributes as { readonly exponent: number }).exponent;
      return (x) => {
        // A pole inside: nothing but the range.
        if (p < 0 && !x.positive && !(x.range.upper < 0)) return entry(plain(x).range);
        if (p < 0 && x.range.upper < 0) return plain(x);
        return powered(plain(x), x, p);
      };
    }
    case "abs":
      return (x) =>
        x.range.lower >= 0 ? x : x.range.upper <= 0 ? negateEntry(x) : with_(plain(x), isAffine(x) ? { root: 1 } : {});
    case "exp":
      return (x) => with_(plain(x), { root: x.convex ? Infinity : 0, power: x.concave ? Infinity : -1, positive: true });
    case "cosh":
      return (x) => with_(plain(x), { root: isAffine(x) ? Infinity : 0, positive: true });
    case "logistic":
    case "normalCdf":
      // Log-concave and increasing.
      return (x) => with_(plain(x), { power: x.concave ? Infinity : -1, positive: true });
    case "log":
      return (x) => {
        if (!x.positive) return entry(plain(x).range);
        return with_(plain(x), { convex: x.root === Infinity, concave: x.power >= 0 });
      };
    case "log1p":
      // log(1 + x) with 1 + x log-convex where x is.
      return (x) => (x.range.lower >= -1 ? with_(plain(x), { convex: x.root === Infinity }) : entry(plain(x).range));
    case "maximum":
      return maxEntries;
    case "minimum":
      return minEntries;
    case "where":
      return (c, a, b) => {
        if (c.range.lower > 0) return a;
        if (c.range.upper < 1) return b;
        return entry(plain(c, a, b).range);
      };
    default:
      return plain;
  }
}

/** 1/x for x > 0. */
export function reciprocalEntry(x: Entry): Entry {
  if (!x.positive) return entry(x.range.lower >= 0 ? nonNegative : entire);
  const range = intersect(reciprocal(x.range), nonNegative);
  return entry(range, {
    convex: x.concave,
    ...orderPower(x, -1),
    positive: true,
  });
}

/**
 * Whether an elementwise operation has a value everywhere inside the domain, given its operands: log and 1/x not at 0 or below, and so on. What is
 * undefined must not be lost in a maximum or a product with 0.
 */
export function isDefined(node: Pick<Node, "op" | "attributes">, operands: readonly Entry[]): boolean {
  const away = (e: Entry) => e.positive || e.range.upper < 0;
  switch (node.op.name) {
    case "div":
      return away(operands[1]) || isNegative(operands[1]);
    case "log":
    case "rsqrt":
      return operands[0].positive;
    case "power": {
      const p = (node.attributes as { readonly exponent: number }).exponent;
      if (p < 0 && !(away(operands[0]) || isNegative(operands[0]))) return false;
      break;
    }
    case "pow":
      if (!operands[0].positive) return false;
      break;
    case "tan":
      return false;
    default:
  }
  const domain = analysisOf(node)?.domain;
  return operands.every((e, i) => {
    const wanted = domain?.[i];
    return wanted === undefined || contains(wanted, e.range);
  });
}

/** Below 0 inside the domain. */
const isNegative = (e: Entry) => negateEntry(e).positive || (isAffine(e) && e.range.upper <= 0 && e.range.lower < 0);
