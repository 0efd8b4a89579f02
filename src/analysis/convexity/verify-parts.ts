// Functions of several variables that are sums of functions of few: f = ℓ + Σ fₖ, ℓ affine, the fₖ of different variables, and each fₖ(x) =
// gₖ(aᵀx) for one direction a. Their Hessians and gradients are those of the gₖ, put together. That they are such is shown by multiplying out.

import {
  add as addR,
  div as divR,
  exactly,
  isZero as isZeroR,
  mul as mulR,
  type Rational,
  round,
  sign as signR,
  zero,
} from "../../numeric/exact/rational.ts";
import * as I from "../../numeric/interval.ts";
import type { JsonData } from "../certificate.ts";
import { type Expression, linear, substitute, variable } from "../symbolic/index.ts";
import { variablesOf } from "../symbolic/traverse.ts";
import { type Checked, type ConstantName, fieldsOf, orderOf, pointOf, slicesOf } from "./checked-function.ts";
import { enclosed, times } from "./interval-taylor.ts";
import { alongLine } from "./line-functions.ts";
import { boundsOnSlices, derivativeOn, type Slice, type SlicedFunction, slicedFunction } from "./verify-slices.ts";

type Interval = I.Interval;

/** Terms that share variables. */
export interface Group {
  readonly value: Expression;
  readonly variables: readonly number[];
}

interface Split {
  readonly groups: readonly Group[];
  /** The slopes of ℓ. */
  readonly slopes: ReadonlyMap<number, Rational>;
}

/** The terms of f by the variables that they share; undefined where the domain is no box. */
export function splitOf(f: Checked): Split | undefined {
  const { subject, domain } = f;
  if (!subject || domain.halfSpaces.length > 0 || domain.cones.length > 0) return undefined;
  const { value } = subject;
  const { store } = value;
  const terms = value.kind === "sum" ? value.terms.map((t) => [t.coefficient, t.term] as const) : [[exactly(1), value] as const];
  const slopes = new Map<number, Rational>();
  const groups: { parts: (readonly [Rational, Expression])[]; variables: Set<number> }[] = [];
  for (const [coefficient, term] of terms) {
    if (term.kind === "variable") {
      slopes.set(term.index, coefficient);
      continue;
    }
    const own: (typeof groups)[number] = { parts: [[coefficient, term]], variables: new Set(variablesOf(term)) };
    for (const g of groups.filter((other) => [...other.variables].some((v) => own.variables.has(v)))) {
      own.parts.push(...g.parts);
      for (const v of g.variables) own.variables.add(v);
      groups.splice(groups.indexOf(g), 1);
    }
    if (own.variables.size > 0) groups.push(own);
  }
  return {
    slopes,
    groups: groups
      .map((g) => ({ value: linear(store, zero, g.parts), variables: [...g.variables].sort((p, q) => p - q) }))
      .sort((p, q) => p.variables[0] - q.variables[0]),
  };
}

/** A group as a function of one number t, at t·a. */
export interface Ridge {
  readonly group: Group;
  readonly sliced: SlicedFunction;
  readonly direction: readonly number[];
  readonly square: Rational;
}

/** gₖ on the values that aᵀx/aᵀa takes; undefined where the group is not shown to be a function of aᵀx. */
export function ridgeOf(f: Checked, group: Group, along: readonly number[] | undefined): Ridge | undefined {
  const { value, variables } = group;
  const n = f.problem.coordinates;
  const own = along ?? (variables.length === 1 ? [1] : undefined);
  if (own?.length !== variables.length || own.some((c) => c === 0)) return undefined;
  const direction = new Array<number>(n).fill(0);
  variables.forEach((v, i) => {
    direction[v] = own[i];
  });
  const exact = direction.map(exactly);
  const square = exact.reduce((sum, c) => addR(sum, mulR(c, c)), zero);
  if (variables.length > 1 && !isConstantAcross(f, group, exact, square)) return undefined;
  let box: Interval = I.point(0);
  for (const v of variables) {
    const side = f.domain.box[v];
    const c = divR(exact[v], square);
    const ends = signR(c) > 0 ? [side.lower, side.upper] : [side.upper, side.lower];
    const [lower, upper] = ends.map((x, k) => {
      if (!Number.isFinite(x)) return k === 0 ? -Infinity : Infinity;
      return round(mulR(c, exactly(x)), k === 0 ? "down" : "up");
    });
    box = I.add(box, { lower, upper });
  }
  if (!(box.lower < box.upper)) return undefined;
  const g = alongLine(value, new Array<number>(n).fill(0), direction, { kind: "about", origin: zero });
  return { group, sliced: slicedFunction(g, box), direction, square };
}

/** Whether the group is the same at x and at (aᵀx/aᵀa)·a. */
function isConstantAcross(f: Checked, { value, variables }: Group, exact: readonly Rational[], square: Rational): boolean {
  const a = f.arithmetic();
  if (!a || variables.length > 8) return false;
  const { store } = value;
  const length = linear(
    store,
    zero,
    variables.map((v) => [divR(exact[v], square), variable(store, v)] as const),
  );
  const projected = new Map(variables.map((v) => [variable(store, v), linear(store, zero, [[exact[v], length]])]));
  return a.isSame(a.of(value), a.of(substitute(value, projected)));
}

/** All ridges, with directions as data give them: a list for each group of several variables. */
export function ridgesOf(f: Checked, directions: JsonData | undefined): readonly Ridge[] | undefined {
  const split = splitOf(f);
  const given = Array.isArray(directions) ? (directions as readonly JsonData[]) : [];
  let next = 0;
  const ridges = split?.groups.map((g) =>
    ridgeOf(f, g, g.variables.length === 1 ? undefined : pointOf(given[next++], g.variables.length)),
  );
  return ridges?.every((r) => r !== undefined) ? ridges : undefined;
}

/** The bound from slices of each gₖ. */
export function onParts(f: Checked, name: ConstantName, data: JsonData | undefined): number | undefined {
  const fields = fieldsOf(data);
  const split = splitOf(f);
  const ridges = ridgesOf(f, fields.directions);
  if (!split || !ridges || !Array.isArray(fields.parts) || fields.parts.length !== ridges.length) return undefined;
  const parts = fields.parts as readonly JsonData[];
  const bounds = ridges.map(({ sliced }, k) => slicesOf(parts[k], (slices) => boundsOnSlices(sliced, slices, orderOf(name))));
  if (!bounds.every((b) => b !== undefined)) return undefined;
  if (name === "lipschitz" ? bounds.some((b) => !b.continuous) : name === "L" && bounds.some((b) => !b.smooth)) return undefined;
  const ranges = bounds.map((b) => b.range);
  return name === "lipschitz" ? slopeOf(f, split, ridges, ranges) : curvatureOf(f, name, ridges, ranges);
}

function curvatureOf(f: Checked, name: "mu" | "L", ridges: readonly Ridge[], ranges: readonly Interval[]): number | undefined {
  const flat = ridges.some(({ group }) => group.variables.length > 1) || ridges.length < freeOf(f).length;
  const own = ridges.map(({ square }, k) => I.div(ranges[k], enclosed(square)));
  const all = own.reduce((p, q) => I.hull(p, q), flat ? I.point(0) : I.empty);
  if (I.isEmpty(all)) return undefined;
  if (name === "L") return I.magnitude(all);
  return f.bends === 1 || f.bends === -1 ? Math.max(0, f.bends < 0 ? -all.upper : all.lower) : undefined;
}

const freeOf = ({ domain }: Checked) => domain.box.flatMap(({ lower, upper }, i) => (lower < upper ? [i] : []));

/** ‖∇f‖² is the sum of those of the groups, each convex in gₖ′, so largest at an end of its range. */
function slopeOf(f: Checked, { slopes }: Split, ridges: readonly Ridge[], ranges: readonly Interval[]): number {
  let total = I.point(0);
  const seen = new Set<number>();
  const squareOf = (list: readonly Interval[]) => list.map(I.square).reduce(I.add, I.point(0));
  const affine = (v: number) => enclosed(slopes.get(v) ?? zero);
  for (const [k, { group, direction, square }] of ridges.entries()) {
    const { lower, upper } = ranges[k];
    const largest = [lower, upper].map((end) =>
      squareOf(group.variables.map((v) => I.add(affine(v), times(I.point(end), I.div(I.point(direction[v]), enclosed(square)))))),
    );
    total = I.add(total, { lower: 0, upper: Math.max(...largest.map((x) => x.upper)) });
    for (const v of group.variables) seen.add(v);
  }
  for (const [v, c] of slopes) {
    const { lower, upper } = f.domain.box[v];
    if (!seen.has(v) && !isZeroR(c) && lower < upper) total = I.add(total, I.square(enclosed(c)));
  }
  return I.sqrt(total).upper;
}

/** Whether each gₖ bends on no interval not at all, and there is one for each variable: then f is affine on no line. */
export function areStrictParts(
  f: Checked,
  data: JsonData | undefined,
  isStrict: (g: SlicedFunction, s: readonly Slice[]) => boolean,
) {
  const fields = fieldsOf(data);
  const ridges = ridgesOf(f, fields.directions);
  if (!ridges || !Array.isArray(fields.parts) || fields.parts.length !== ridges.length) return false;
  const parts = fields.parts as readonly JsonData[];
  const covered = new Set(ridges.flatMap(({ group }) => (group.variables.length === 1 ? group.variables : [])));
  if (ridges.length !== covered.size || !freeOf(f).every((v) => covered.has(v))) return false;
  return ridges.every(({ sliced }, k) => slicesOf(parts[k], (slices) => isStrict(sliced, slices)) === true);
}

/** Whether the function bends on no part of its interval not at all: analytic on each slice, with a curvature other than 0 at a point of it. */
export function isStrictOnSlices(sliced: SlicedFunction, slices: readonly Slice[]): boolean {
  return (
    boundsOnSlices(sliced, slices, 2) !== undefined &&
    slices.every(({ origin, at }) => {
      const there = at === undefined ? undefined : derivativeOn(sliced, { origin, from: at, to: at, at }, 2);
      return there !== undefined && (there.lower > 0 || there.upper < 0);
    })
  );
}
