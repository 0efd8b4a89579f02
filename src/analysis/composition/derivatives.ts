// First and second derivatives of elementwise functions of one affine entry, enclosed over its range: what the constants of Σ φᵢ(aᵢᵀw + bᵢ) are
// made of.

import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { callAttributes, isIdentity } from "../../graph/structural.ts";
import { spend } from "../../numeric/effort.ts";
import { round } from "../../numeric/exact/rational.ts";
import {
  add,
  entire,
  hull,
  type Interval,
  intersect,
  isEmpty,
  isPoint,
  magnitude,
  mignitude,
  mul,
  neg,
  point,
  reciprocal,
  sqrt,
  square,
  sub,
} from "../../numeric/interval.ts";
import * as elementary from "../../numeric/interval-elementary.ts";
import { exactValue } from "./constants.ts";
import { elementwiseTransfer } from "./elementwise.ts";
import { type Entries, joinEntries } from "./entries.ts";
import { callName, uniform } from "./normalise.ts";
import { jointsAreSmooth, piecesOf } from "./piecewise.ts";

/** Enclosures of φ, φ′ and φ″ over a range. */
export interface Derivatives {
  readonly value: Interval;
  /** Of all one-sided derivatives. */
  readonly first: Interval;
  /** undefined where φ has kinks. */
  readonly second: Interval | undefined;
  /** 1: strictly convex, −1: strictly concave, 0: not known. */
  readonly strict: -1 | 0 | 1;
}

const zero = point(0);
const one = point(1);

/** φ = f(u) from f, f′, f″ on the range of u. */
function chain(u: Derivatives, value: Interval, d1: Interval, d2: Interval, strict: -1 | 0 | 1 = 0): Derivatives {
  const line = u.second !== undefined && isPoint(u.second) && u.second.lower === 0;
  const moves = line && (u.first.lower > 0 || u.first.upper < 0);
  // An increasing strictly convex function of a convex one is strictly convex where that is.
  const inherits = u.strict === 1 && d1.lower >= 0 && strict === 1;
  return {
    value,
    first: mul(d1, u.first),
    second: u.second && (line ? mul(d2, square(u.first)) : add(mul(d2, square(u.first)), mul(d1, u.second))),
    strict: moves ? strict : inherits ? 1 : 0,
  };
}

const sigma = elementary.logistic;
/** σ′ is even and falls with |x|: σ′ = σ(x)σ(−x). */
const sigmaSlope = (x: Interval): Interval => {
  const at = (v: number) => (v === Infinity ? zero : mul(sigma(point(v)), sigma(point(-v))));
  const low = at(magnitude(x));
  const high = at(mignitude(x));
  return { lower: Math.max(0, low.lower), upper: Math.min(0.25, high.upper) };
};

// sup |tanh″| = 4/(3√3), sup |σ″| = 1/(6√3), sup |atan″| = 3√3/8, rounded up.
const tanhBend = 0.76980035892;
const sigmaBend = 0.09622504486494;
const atanBend = 0.64951905283833;

const within = (bound: number, x: Interval): Interval => {
  const both = intersect(x, { lower: -bound, upper: bound });
  return isEmpty(both) ? { lower: -bound, upper: bound } : both;
};

function smooth(name: string, u: Derivatives, node: Node): Derivatives | undefined {
  const x = u.value;
  switch (name) {
    case "exp": {
      const e = elementary.exp(x);
      return chain(u, e, e, e, 1);
    }
    case "expm1": {
      const e = elementary.exp(x);
      return chain(u, elementary.expm1(x), e, e, 1);
    }
    case "log":
      return x.lower >= 0 ? chain(u, elementary.log(x), reciprocal(x), neg(reciprocal(square(x))), -1) : undefined;
    case "log1p": {
      const y = add(one, x);
      return y.lower >= 0 ? chain(u, elementary.log1p(x), reciprocal(y), neg(reciprocal(square(y))), -1) : undefined;
    }
    case "square":
      return chain(u, square(x), mul(point(2), x), point(2), 1);
    case "sqrt": {
      if (!(x.lower >= 0)) return undefined;
      const r = sqrt(x);
      const d = reciprocal(mul(point(2), r));
      return chain(u, r, isEmpty(d) ? entire : d, neg(nonEmpty(reciprocal(mul(point(4), mul(r, x))))), -1);
    }
    case "power": {
      const p = node.attributes.exponent as number;
      if (!Number.isInteger(p) && !(x.lower >= 0)) return undefined;
      if (p < 0 && !(x.lower > 0 || x.upper < 0 || x.lower === 0)) return undefined;
      const power = (c: number) => (c === 0 ? one : elementary.pow(x, point(c)));
      const second = mul(mul(point(p), sub(point(p), one)), power(p - 2));
      const strict =
        p === 1 || p === 0 ? 0 : Number.isInteger(p) && p % 2 === 0 && p > 0 ? 1 : second.lower >= 0 && !isPoint(second) ? 1 : 0;
      return chain(u, power(p), mul(point(p), power(p - 1)), second, strict);
    }
    case "sin":
      return chain(u, elementary.sin(x), elementary.cos(x), neg(elementary.sin(x)));
    case "cos":
      return chain(u, elementary.cos(x), neg(elementary.sin(x)), neg(elementary.cos(x)));
    case "tanh": {
      const y = elementary.tanh(x);
      const d = intersect(sub(one, square(y)), { lower: 0, upper: 1 });
      return chain(u, y, d, within(tanhBend, mul(point(-2), mul(y, d))));
    }
    case "logistic": {
      const y = sigma(x);
      const d = sigmaSlope(x);
      return chain(u, y, d, within(sigmaBend, mul(d, sub(one, mul(point(2), y)))));
    }
    case "atan": {
      const d = reciprocal(add(one, square(x)));
      return chain(u, elementary.atan(x), d, within(atanBend, mul(point(-2), mul(x, square(d)))));
    }
    case "cosh":
      return chain(u, elementary.cosh(x), elementary.sinh(x), elementary.cosh(x), 1);
    case "softplus": {
      const value = add({ lower: Math.max(0, x.lower), upper: Math.max(0, x.upper) }, { lower: 0, upper: 0.6931471805599454 });
      return chain(u, value, sigma(x), sigmaSlope(x), 1);
    }
    case "silu":
      return chain(u, entire, { lower: -0.0998394, upper: 1.0998394 }, { lower: -0.5, upper: 0.5 });
    case "gelu":
      if (callAttributes(node).parameters.approximation !== "none") return undefined;
      return chain(u, entire, { lower: -0.1289042, upper: 1.1289042 }, { lower: -0.107982, upper: 0.7978846 });
    case "mish":
      return chain(u, entire, { lower: -0.1129, upper: 1.0884983 }, entire);
    default:
      return undefined;
  }
}

const nonEmpty = (x: Interval): Interval => (isEmpty(x) ? entire : x);

/** max(f, g): one of them, or either with a kink. */
function larger(a: Derivatives, b: Derivatives): Derivatives {
  if (a.value.lower >= b.value.upper) return a;
  if (b.value.lower >= a.value.upper) return b;
  const value = { lower: Math.max(a.value.lower, b.value.lower), upper: Math.max(a.value.upper, b.value.upper) };
  return { value, first: hull(a.first, b.first), second: undefined, strict: a.strict === 1 && b.strict === 1 ? 1 : 0 };
}

const negated = (a: Derivatives): Derivatives => ({
  value: neg(a.value),
  first: neg(a.first),
  second: a.second && neg(a.second),
  strict: -a.strict as -1 | 0 | 1,
});

const isLine = (a: Derivatives) => a.second !== undefined && isPoint(a.second) && a.second.lower === 0;

function sum(a: Derivatives, b: Derivatives): Derivatives {
  const bend = (d: Derivatives): -1 | 0 | 1 =>
    isLine(d) || d.second === undefined ? 0 : d.second.lower >= 0 ? 1 : d.second.upper <= 0 ? -1 : 0;
  const agrees = (p: Derivatives, q: Derivatives) =>
    p.strict !== 0 && (isLine(q) || q.strict === p.strict || bend(q) === p.strict);
  return {
    value: add(a.value, b.value),
    first: add(a.first, b.first),
    second: a.second && b.second && add(a.second, b.second),
    strict: agrees(a, b) ? a.strict : agrees(b, a) ? b.strict : 0,
  };
}

function product(a: Derivatives, b: Derivatives): Derivatives {
  for (const [c, f] of [
    [a, b],
    [b, a],
  ]) {
    // At a single point the slope alone may vanish: x² at 0 is no constant.
    if (!isLine(c) || !isPoint(c.first) || c.first.lower !== 0) continue;
    const direction = c.value.lower > 0 ? 1 : c.value.upper < 0 ? -1 : 0;
    return {
      value: mul(c.value, f.value),
      first: mul(c.value, f.first),
      second: f.second && mul(c.value, f.second),
      strict: (direction * f.strict + 0) as -1 | 0 | 1,
    };
  }
  const cross = mul(point(2), mul(a.first, b.first));
  return {
    value: mul(a.value, b.value),
    first: add(mul(a.first, b.value), mul(a.value, b.first)),
    second: a.second && b.second && add(add(mul(a.second, b.value), cross), mul(a.value, b.second)),
    strict: 0,
  };
}

function combine(name: string, node: Node, list: readonly Derivatives[]): Derivatives | undefined {
  const [a, b, c] = list;
  switch (name) {
    case "neg":
      return negated(a);
    case "add":
      return sum(a, b);
    case "sub":
      return sum(a, negated(b));
    case "mul":
      return product(a, b);
    case "div": {
      const x = b.value;
      if (x.lower <= 0 && x.upper >= 0) return undefined;
      const inverse = reciprocal(x);
      const cube = mul(inverse, square(inverse));
      return product(a, chain(b, inverse, neg(square(inverse)), mul(point(2), cube), x.lower > 0 ? 1 : -1));
    }
    case "maximum":
      return larger(a, b);
    case "minimum":
      return negated(larger(negated(a), negated(b)));
    case "relu":
      return larger(a, constantDerivatives(zero));
    case "leakyRelu": {
      const slope = callAttributes(node).parameters.slope as number;
      const leak = product(a, constantDerivatives(point(slope)));
      return slope <= 1 ? larger(a, leak) : negated(larger(negated(a), negated(leak)));
    }
    case "elu": {
      const alpha = callAttributes(node).parameters.alpha as number;
      if (!(alpha > 0)) return undefined;
      const e = mul(point(alpha), elementary.exp({ lower: a.value.lower, upper: Math.min(0, a.value.upper) }));
      const first = a.value.lower >= 0 ? one : a.value.upper <= 0 ? e : hull(e, one);
      const second = a.value.lower >= 0 ? zero : a.value.upper <= 0 ? e : alpha === 1 ? hull(e, zero) : undefined;
      if (second) return chain(a, entire, first, second);
      return { value: entire, first: mul(first, a.first), second: undefined, strict: 0 };
    }
    case "abs":
      return a.value.lower >= 0 ? a : a.value.upper <= 0 ? negated(a) : larger(a, negated(a));
    case "where":
      return c && { value: hull(b.value, c.value), first: hull(b.first, c.first), second: undefined, strict: 0 };
    case "cast":
      return a;
    default:
      return isIdentity(node) ? a : smooth(name, a, node);
  }
}

export const constantDerivatives = (value: Interval): Derivatives => ({ value, first: zero, second: zero, strict: 0 });

/** Pieces of squares of kinks: max(0, u)² and u·max(0, u) have second derivatives between those of their pieces. */
function squaredKink(node: Node, of: (n: Node) => readonly Derivatives[] | undefined): readonly Derivatives[] | undefined {
  if (node.op.name !== "square") return undefined;
  const [inner] = node.inputs;
  const name = callName(inner) ?? inner.op.name;
  const positivePart = name === "relu" || (name === "maximum" && inner.inputs.some((n) => uniform(n) === 0));
  if (!positivePart) return undefined;
  const argument = name === "relu" ? inner.inputs[0] : inner.inputs.find((n) => uniform(n) !== 0);
  const list = argument && of(argument);
  return list?.map((u) => {
    const x = { lower: Math.max(0, u.value.lower), upper: Math.max(0, u.value.upper) };
    const d1 = mul(point(2), x);
    const d2 = u.value.lower > 0 ? point(2) : u.value.upper < 0 ? zero : { lower: 0, upper: 2 };
    return { ...chain(u, square(x), d1, d2), strict: 0 };
  });
}

/**
 * Derivatives of every element of `node`, an elementwise function of `atom`, whose elements range as given. undefined where an operation
 * has none.
 */
export function derivativesOf(node: Node, atom: Node, ranges: Entries): readonly Derivatives[] | undefined {
  return derivativesFrom(node, new Map([[atom, identityOf(ranges)]]), atom, ranges);
}

function identityOf(ranges: Entries): readonly Derivatives[] {
  const made = new Map<Entries[number], Derivatives>();
  return ranges.map((e) => {
    let d = made.get(e);
    if (!d) {
      d = { value: e.range, first: one, second: zero, strict: 0 };
      made.set(e, d);
    }
    return d;
  });
}

function derivativesFrom(
  node: Node,
  given: ReadonlyMap<Node, readonly Derivatives[]>,
  atom: Node,
  ranges: Entries,
): readonly Derivatives[] | undefined {
  const known = new Map<Node, readonly Derivatives[] | undefined>(given);
  const of = (n: Node): readonly Derivatives[] | undefined => {
    if (!known.has(n)) known.set(n, compute(n));
    return known.get(n);
  };
  const compute = (n: Node): readonly Derivatives[] | undefined => {
    const value = exactValue(n);
    if (value) {
      const made = new Map<number, Derivatives>();
      return Array.from(value, (x) => {
        let d = made.get(x);
        if (!d) {
          d = constantDerivatives(Number.isFinite(x) ? point(x) : entire);
          made.set(x, d);
        }
        return d;
      });
    }
    if (!n.symbolic) return undefined;
    const name = callName(n) ?? n.op.name;
    if (name === "where" && n.inputs[0].symbolic) return byPieces(n, atom, ranges);
    const kink = squaredKink(n, of);
    if (kink) return kink;
    if (name !== "cast" && !isIdentity(n) && n.op.kind !== "elementwise" && callName(n) === undefined) return undefined;
    if (n.op.kind === "elementwise" && !elementwiseTransfer(n)) return undefined;
    const inputs = n.inputs.map(of);
    if (inputs.some((l) => l === undefined)) return undefined;
    const lists = inputs as readonly (readonly Derivatives[])[];
    const size = sizeOf(n.shape);
    const result = new Array<Derivatives>(size);
    for (let i = 0; i < size; i++) {
      if (i > 0 && lists.every((l) => l[i] === l[i - 1])) {
        result[i] = result[i - 1];
        continue;
      }
      spend(10);
      const d = combine(
        name,
        n,
        lists.map((l) => l[i]),
      );
      if (!d || isEmpty(d.first) || isEmpty(d.value)) return undefined;
      result[i] = d;
    }
    return result;
  };
  return of(node);
}

/** Over the pieces of a where on the atom, where they join smoothly. */
function byPieces(node: Node, atom: Node, ranges: Entries): readonly Derivatives[] | undefined {
  if (ranges.length === 0) return [];
  const { lower, upper } = ranges.reduce(joinEntries).range;
  const pieces = piecesOf(node, atom, lower, upper);
  if (!pieces) return undefined;
  const { joints, truths } = pieces;
  const smoothly = jointsAreSmooth(node, atom, pieces);
  if (smoothly === "jump") return undefined;
  const made = new Map<Entries[number], Derivatives | undefined>();
  const one_ = (range: Interval): Derivatives | undefined => {
    let total: Derivatives | undefined;
    let count = 0;
    for (const [i, truth] of truths.entries()) {
      const from = i === 0 ? lower : round(joints[i - 1], "down");
      const to = i === joints.length ? upper : round(joints[i], "up");
      const part = intersect(range, { lower: from, upper: to });
      if (isEmpty(part)) continue;
      const d = onPiece(node, atom, part, truth);
      if (!d) return undefined;
      count++;
      total = total
        ? {
            value: hull(total.value, d.value),
            first: hull(total.first, d.first),
            second: smoothly === "smooth" && total.second && d.second ? hull(total.second, d.second) : undefined,
            strict: 0,
          }
        : d;
    }
    return count === 0 ? undefined : total;
  };
  const result = ranges.map((e) => {
    if (!made.has(e)) made.set(e, one_(e.range));
    return made.get(e);
  });
  return result.every((d) => d !== undefined) ? (result as Derivatives[]) : undefined;
}

/** One element on one piece: `where` takes the branch that holds there. */
function onPiece(node: Node, atom: Node, range: Interval, truth: ReadonlyMap<Node, boolean>): Derivatives | undefined {
  const visit = (n: Node): Derivatives | undefined => {
    if (n === atom) return { value: range, first: one, second: zero, strict: 0 };
    const c = uniform(n);
    if (c !== undefined) return constantDerivatives(Number.isFinite(c) ? point(c) : entire);
    if (!n.symbolic) return undefined;
    if (n.op.name === "where") {
      const chosen = truth.get(n.inputs[0]);
      return chosen === undefined ? undefined : visit(n.inputs[chosen ? 1 : 2]);
    }
    const inputs = n.inputs.map(visit);
    if (inputs.some((d) => d === undefined)) return undefined;
    return combine(callName(n) ?? n.op.name, n, inputs as Derivatives[]);
  };
  return visit(node);
}
