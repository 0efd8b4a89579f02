// Functions of one real variable in pieces: where(condition, f(e), g(e)) with conditions on e or |e| against numbers. Between the points where a
// condition changes each piece is analysed by itself; at them the pieces must meet and slopes must not fall (for a concave function,
// not rise), which is decided in exact arithmetic.

import type { Node } from "../../graph/node.ts";
import {
  add,
  compare,
  div,
  exactly,
  isZero,
  mul,
  neg,
  one,
  power,
  type Rational,
  rational,
  round,
  sign,
  sub,
  zero,
} from "../../numeric/exact/rational.ts";
import { entire, point } from "../../numeric/interval.ts";
import { affineEntry, constantEntry, type Entries, type Entry, entry, joinEntries } from "./entries.ts";
import { callName, isFloatCast, uniform } from "./normalise.ts";
import { propagateFrom } from "./propagate.ts";

/** A value and its derivative in one direction, at a point. */
interface Jet {
  readonly value: Rational;
  readonly slope: Rational;
}

const comparisons = new Set(["less", "lessEqual", "greater", "greaterEqual"]);

/** Decides conditions on one side of a point. */
type Decide = (condition: Node) => boolean | undefined;

const scaled = (c: Rational, x: Jet): Jet => ({ value: mul(c, x.value), slope: mul(c, x.slope) });

/** The larger by value, then by slope: what wins a moment later. */
function later(a: Jet, b: Jet): Jet {
  const order = compare(a.value, b.value) || compare(a.slope, b.slope);
  return order >= 0 ? a : b;
}

/** f and its directional derivative at a rational point; undefined where it is not rational or not known. */
function jetAt(node: Node, atom: Node, at: Jet, decide: Decide): Jet | undefined {
  if (node === atom) return at;
  const constant = uniform(node);
  if (constant !== undefined) return Number.isFinite(constant) ? { value: exactly(constant), slope: zero } : undefined;
  if (!node.symbolic) return undefined;
  const of = (i: number) => jetAt(node.inputs[i], atom, at, decide);
  const name = callName(node) ?? node.op.name;
  if (name === "where") {
    const chosen = decide(node.inputs[0]);
    return chosen === undefined ? undefined : of(chosen ? 1 : 2);
  }
  const x = of(0);
  if (!x) return undefined;
  const special = (at0: number, value: Rational, slope: Rational): Jet | undefined =>
    compare(x.value, exactly(at0)) === 0 ? { value, slope: mul(slope, x.slope) } : undefined;
  switch (name) {
    case "neg":
      return scaled(neg(one), x);
    case "square":
      return { value: mul(x.value, x.value), slope: mul(mul(rational(2), x.value), x.slope) };
    case "power": {
      const p = node.attributes.exponent as number;
      if (!Number.isInteger(p) || Math.abs(p) > 64 || (p < 1 && isZero(x.value))) return undefined;
      return { value: power(x.value, p), slope: mul(mul(rational(p), power(x.value, p - 1)), x.slope) };
    }
    case "abs":
      return later(x, scaled(neg(one), x));
    case "relu":
      return later(x, { value: zero, slope: zero });
    case "exp":
      return special(0, one, one);
    case "expm1":
    case "log1p":
    case "sinh":
    case "tanh":
    case "sin":
    case "atan":
      return special(0, zero, one);
    case "log":
      return special(1, zero, one);
    case "cast":
      return isFloatCast(node) ? x : undefined;
    default:
  }
  if (node.inputs.length !== 2) return undefined;
  const y = of(1);
  if (!y) return undefined;
  switch (name) {
    case "add":
      return { value: add(x.value, y.value), slope: add(x.slope, y.slope) };
    case "sub":
      return { value: sub(x.value, y.value), slope: sub(x.slope, y.slope) };
    case "mul":
      return { value: mul(x.value, y.value), slope: add(mul(x.slope, y.value), mul(x.value, y.slope)) };
    case "div": {
      if (isZero(y.value)) return undefined;
      const value = div(x.value, y.value);
      return { value, slope: div(sub(x.slope, mul(value, y.slope)), y.value) };
    }
    case "maximum":
      return later(x, y);
    case "minimum":
      return scaled(neg(one), later(scaled(neg(one), x), scaled(neg(one), y)));
    default:
      return undefined;
  }
}

/** scale·|slope·e + shift| + offset, or slope·e + shift with scale undefined. */
interface Form {
  readonly slope: Rational;
  readonly shift: Rational;
  readonly absolute?: { readonly scale: Rational; readonly offset: Rational };
}

function formOf(node: Node, atom: Node): Form | undefined {
  if (node === atom) return { slope: one, shift: zero };
  const constant = uniform(node);
  if (constant !== undefined) return Number.isFinite(constant) ? { slope: zero, shift: exactly(constant) } : undefined;
  const parts = node.inputs.map((n) => formOf(n, atom));
  const [x, y] = parts;
  if (!x || (node.inputs.length > 1 && !y)) return undefined;
  const times = (c: Rational, f: Form): Form =>
    f.absolute
      ? { ...f, absolute: { scale: mul(c, f.absolute.scale), offset: mul(c, f.absolute.offset) } }
      : { slope: mul(c, f.slope), shift: mul(c, f.shift) };
  const plus = (f: Form, g: Form): Form | undefined => {
    if (!f.absolute && !g.absolute) return { slope: add(f.slope, g.slope), shift: add(f.shift, g.shift) };
    const [a, b] = f.absolute ? [f, g] : [g, f];
    if (b.absolute || !isZero(b.slope) || !a.absolute) return undefined;
    return { ...a, absolute: { ...a.absolute, offset: add(a.absolute.offset, b.shift) } };
  };
  switch (node.op.name) {
    case "abs":
      return x.absolute ? undefined : { ...x, absolute: { scale: one, offset: zero } };
    case "neg":
      return times(neg(one), x);
    case "add":
      return plus(x, y!);
    case "sub":
      return plus(x, times(neg(one), y!));
    case "mul":
      if (!x.absolute && isZero(x.slope)) return times(x.shift, y!);
      return !y!.absolute && isZero(y!.slope) ? times(y!.shift, x) : undefined;
    default:
      return undefined;
  }
}

/** Where a comparison may change. */
function changes(condition: Node, atom: Node): Rational[] | undefined {
  const [l, r] = condition.inputs.map((n) => formOf(n, atom));
  if (!l || !r) return undefined;
  const zerosOf = ({ slope, shift }: Form, level: Rational) => (isZero(slope) ? [] : [div(sub(level, shift), slope)]);
  if (!l.absolute && !r.absolute) return zerosOf({ slope: sub(l.slope, r.slope), shift: sub(l.shift, r.shift) }, zero);
  const [a, b] = l.absolute ? [l, r] : [r, l];
  if (b.absolute || !isZero(b.slope) || !a.absolute || isZero(a.absolute.scale)) return undefined;
  const level = div(sub(b.shift, a.absolute.offset), a.absolute.scale);
  return sign(level) < 0 ? [] : [...zerosOf(a, level), ...zerosOf(a, neg(level))];
}

function conditionsIn(node: Node, atom: Node, found: Set<Node>): void {
  if (node === atom || !node.symbolic) return;
  if (node.op.name === "where") found.add(node.inputs[0]);
  for (const n of node.inputs) conditionsIn(n, atom, found);
}

/** Truth of a condition at a point. */
function truthAt(condition: Node, atom: Node, x: Rational): boolean | undefined {
  const [a, b] = condition.inputs;
  if (comparisons.has(condition.op.name)) {
    const at: Jet = { value: x, slope: zero };
    const [l, r] = [a, b].map((n) => jetAt(n, atom, at, () => undefined));
    if (!l || !r) return undefined;
    const order = compare(l.value, r.value);
    return { less: order < 0, lessEqual: order <= 0, greater: order > 0, greaterEqual: order >= 0 }[condition.op.name];
  }
  const p = a && truthAt(a, atom, x);
  if (p === undefined) return undefined;
  if (condition.op.name === "not") return !p;
  const q = b && truthAt(b, atom, x);
  if (q === undefined) return undefined;
  return condition.op.name === "and" ? p && q : condition.op.name === "or" ? p || q : undefined;
}

function comparisonsIn(condition: Node, found: Set<Node>): boolean {
  if (comparisons.has(condition.op.name)) {
    found.add(condition);
    return true;
  }
  return ["and", "or", "not"].includes(condition.op.name) && condition.inputs.every((n) => comparisonsIn(n, found));
}

/** A point strictly between. */
function between(from: Rational | undefined, to: Rational | undefined): Rational {
  if (from && to) return div(add(from, to), rational(2));
  if (from) return add(from, one);
  return to ? sub(to, one) : zero;
}

export interface Pieces {
  /** Where conditions change, ascending, inside the range of the variable. */
  readonly joints: readonly Rational[];
  /** Truth of every condition on each of the joints.length + 1 pieces. */
  readonly truths: readonly ReadonlyMap<Node, boolean>[];
}

/**
 * The pieces of `node` as a function of `atom`; undefined where a condition is not understood, or where the value at a joint, or a bound, is
 * another than beside it (whether the bound belongs to the domain is not known here).
 */
export function piecesOf(node: Node, atom: Node, lower: number, upper: number): Pieces | undefined {
  const conditions = new Set<Node>();
  conditionsIn(node, atom, conditions);
  const all = new Set<Node>();
  for (const c of conditions) if (!comparisonsIn(c, all)) return undefined;
  const points: Rational[] = [];
  for (const c of all) {
    const at = changes(c, atom);
    if (!at) return undefined;
    points.push(...at);
  }
  const inside = points.filter(
    (p) => (lower === -Infinity || compare(p, exactly(lower)) > 0) && (upper === Infinity || compare(p, exactly(upper)) < 0),
  );
  const joints = inside.sort(compare).filter((p, i, list) => i === 0 || compare(p, list[i - 1]) !== 0);
  if (joints.length > 16) return undefined;
  const ends = [lower === -Infinity ? undefined : exactly(lower), ...joints, upper === Infinity ? undefined : exactly(upper)];
  const truths: Map<Node, boolean>[] = [];
  for (let i = 0; i <= joints.length; i++) {
    const x = between(ends[i], ends[i + 1]);
    const truth = new Map<Node, boolean>();
    for (const c of conditions) {
      const value = truthAt(c, atom, x);
      if (value === undefined) return undefined;
      truth.set(c, value);
    }
    truths.push(truth);
  }
  const ofEnds = [
    [lower, truths[0]],
    [upper, truths[joints.length]],
  ] as const;
  if (!ofEnds.every(([x, beside]) => !Number.isFinite(x) || isSameAt(node, atom, exactly(x), beside))) return undefined;
  // Where a test holds on either side of a joint, but not at it, the value there is another.
  const isJoined = joints.every((x, i) => isSameAt(node, atom, x, truths[i]) || isSameAt(node, atom, x, truths[i + 1]));
  return isJoined ? { joints, truths } : undefined;
}

/** Whether at x the value is that of the piece beside it: where(x > 0, 1, 0) has another value at x = 0. */
function isSameAt(node: Node, atom: Node, x: Rational, beside: ReadonlyMap<Node, boolean>): boolean {
  const here = new Map([...beside.keys()].map((c) => [c, truthAt(c, atom, x)] as const));
  if ([...beside].every(([c, value]) => here.get(c) === value)) return true;
  const at: Jet = { value: x, slope: zero };
  const values = [here, beside].map((truth) => jetAt(node, atom, at, (c) => truth.get(c))?.value);
  const [p, q] = values;
  return p !== undefined && q !== undefined && compare(p, q) === 0;
}

/** What holds of where(…) as a function of the affine atom, the same for every element. */
export function piecewise(node: Node, atom: Node, entries: Entries): readonly Partial<Entry>[] | undefined {
  if (entries.length === 0) return undefined;
  const { lower, upper } = entries.reduce(joinEntries).range;
  if (!(lower < upper)) return undefined;
  const pieces = piecesOf(node, atom, lower, upper);
  if (!pieces) return undefined;
  const { joints, truths } = pieces;
  const size = entries.length;
  const parts = truths.map((truth, i) => {
    const range = {
      lower: i === 0 ? lower : round(joints[i - 1], "down"),
      upper: i === joints.length ? upper : round(joints[i], "up"),
    };
    const given = new Map<Node, Entries>([[atom, new Array<Entry>(size).fill(affineEntry(range))]]);
    for (const [c, value] of truth) given.set(c, new Array<Entry>(size).fill(constantEntry(point(value ? 1 : 0))));
    return propagateFrom(given, false).entriesOf(node)[0];
  });
  let convex = parts.every((p) => p.convex);
  let concave = parts.every((p) => p.concave);
  joints.forEach((x, i) => {
    const decide =
      (k: number): Decide =>
      (c) =>
        truths[k].get(c);
    const before = jetAt(node, atom, { value: x, slope: neg(one) }, decide(i));
    const after = jetAt(node, atom, { value: x, slope: one }, decide(i + 1));
    const meets = before && after && compare(before.value, after.value) === 0;
    const turn = meets ? sign(add(before.slope, after.slope)) : 0;
    convex &&= Boolean(meets) && turn >= 0;
    concave &&= Boolean(meets) && turn <= 0;
  });
  const joined = parts.reduce(joinEntries);
  const result = entry(joined.range ?? entire, { convex, concave, positive: joined.positive });
  return new Array<Partial<Entry>>(size).fill(result);
}

/** How pieces meet: with equal slopes everywhere, with kinks, or not at all. */
export function jointsAreSmooth(node: Node, atom: Node, { joints, truths }: Pieces): "smooth" | "kink" | "jump" {
  let result: "smooth" | "kink" = "smooth";
  for (const [i, x] of joints.entries()) {
    const before = jetAt(node, atom, { value: x, slope: neg(one) }, (c) => truths[i].get(c));
    const after = jetAt(node, atom, { value: x, slope: one }, (c) => truths[i + 1].get(c));
    if (!before || !after || compare(before.value, after.value) !== 0) return "jump";
    if (!isZero(add(before.slope, after.slope))) result = "kink";
  }
  return result;
}
