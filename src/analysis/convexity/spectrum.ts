// The least and the greatest eigenvalue of the Hessian over a domain: enclosed by formulas where the Hessian has a simple form, by
// Gershgorin's discs with their radii bounded as expressions, by boxes, and from within by points.

import { rational } from "../../numeric/exact/rational.ts";
import { add as addI, div, type Interval, midpoint, mul as mulI, neg as negI, point } from "../../numeric/interval.ts";
import { type Domain, isInside } from "../domain.ts";
import {
  abs,
  add,
  boundsOf,
  type Expression,
  type Extreme,
  isZero,
  mul,
  neg,
  power,
  scale,
  signOf,
  simplify,
  sqrt,
  sub,
} from "../symbolic/index.ts";
import { BudgetError } from "../symbolic/store.ts";
import type { Box } from "./boxes.ts";
import { quadraticForm, smallestOf } from "./eigenvalue-bounds.ts";
import { exactEigenvalues } from "./inertia.ts";
import { blocksOf, constantMatrix, type ExpressionMatrix, part } from "./psd.ts";
import { climb, curvatureAt, samplePoints } from "./search.ts";
import type { Subject } from "./subject.ts";

/** inf of λmin and sup of λmax over a domain. */
export interface Spectrum {
  readonly inf: Extreme;
  readonly sup: Extreme;
  /** The boxes on each of which the bound was found, where it is from boxes. */
  readonly infBoxes?: readonly Box[];
  readonly supBoxes?: readonly Box[];
}

const open: Spectrum = { inf: { lower: -Infinity, upper: Infinity }, sup: { lower: -Infinity, upper: Infinity } };

/** A convex part of the domain that is no box, as a ball. */
export interface Region {
  contains(x: readonly number[]): boolean;
  /** False only where the box and the region have no point in common. */
  meets(box: readonly Interval[]): boolean;
}

/** Both at once, for a Hessian on the domain that leaves out its bounds; on the part of it within `region`, where one is given. */
export function spectrumOf(subject: Subject, interior: Domain, deadline: number, region?: Region): Spectrum {
  const { second } = subject;
  if (!second) return open;
  const start = performance.now();
  const whole = ofMatrix(second.entries, interior, start + (deadline - start) * 0.5);
  const isConstant = constantMatrix(second.entries) !== undefined;
  const rests = region || interior.halfSpaces.length > 0 || interior.cones.length > 0;
  // What is taken somewhere in the box need not be taken within the region.
  const symbolic: Spectrum =
    rests && !isConstant
      ? { inf: { lower: whole.inf.lower, upper: Infinity }, sup: { lower: -Infinity, upper: whole.sup.upper } }
      : whole;
  const within = fromWithin(subject, symbolic, deadline, region);
  const first = meet(symbolic, within);
  if (tight(first.inf) && tight(first.sup)) return first;
  const boxed = overBoxes(subject, interior, first, deadline, region);
  return {
    ...meet(first, boxed),
    ...(boxed.inf.lower > first.inf.lower && boxed.infBoxes && { infBoxes: boxed.infBoxes }),
    ...(boxed.sup.upper < first.sup.upper && boxed.supBoxes && { supBoxes: boxed.supBoxes }),
  };
}

const tight = ({ lower, upper }: Extreme) =>
  lower === upper ||
  (Number.isFinite(lower) && Number.isFinite(upper) && upper - lower <= 0.004 * Math.max(Math.abs(lower), Math.abs(upper)));

function meetExtreme(a: Extreme, b: Extreme): Extreme {
  return { ...a, lower: Math.max(a.lower, b.lower), upper: Math.min(a.upper, b.upper) };
}

function meet(a: Spectrum, b: Spectrum): Spectrum {
  return { inf: meetExtreme(a.inf, b.inf), sup: meetExtreme(a.sup, b.sup) };
}

function ofMatrix(matrix: ExpressionMatrix, interior: Domain, deadline: number): Spectrum {
  const blocks = blocksOf(matrix);
  let inf: Extreme = { lower: Infinity, upper: Infinity };
  let sup: Extreme = { lower: -Infinity, upper: -Infinity };
  for (const [k, block] of blocks.entries()) {
    const now = performance.now();
    const until = now + (deadline - now) / (blocks.length - k);
    const s = ofBlock(part(matrix, block), interior, until);
    inf = { lower: Math.min(inf.lower, s.inf.lower), upper: Math.min(inf.upper, s.inf.upper) };
    sup = { lower: Math.max(sup.lower, s.sup.lower), upper: Math.max(sup.upper, s.sup.upper) };
  }
  return { inf, sup };
}

function ofBlock(matrix: ExpressionMatrix, interior: Domain, deadline: number): Spectrum {
  const budget = () => ({ budget: Math.max(1, deadline - performance.now()) });
  if (matrix.length === 1) return boundsOf(matrix[0][0], interior, budget());
  const numbers = constantMatrix(matrix);
  if (numbers) {
    const values = exactEigenvalues(numbers);
    return { inf: values[0], sup: values[values.length - 1] };
  }
  try {
    const late = () => performance.now() > deadline;
    if (late()) return open;
    const diagonal = ofDiagonal(matrix, interior, deadline);
    if (isRankOne(matrix)) {
      const trace = boundsOf(simplify(add(...matrix.map((row, i) => row[i]))), interior, budget());
      const low: Extreme = { lower: Math.min(0, trace.inf.lower), upper: Math.min(0, trace.inf.upper) };
      const high: Extreme = { lower: Math.max(0, trace.sup.lower), upper: Math.max(0, trace.sup.upper) };
      return { inf: low, sup: high };
    }
    if (diagonal.sup.lower === Infinity && diagonal.inf.upper === -Infinity) return diagonal;
    if (late()) return diagonal;
    const discs = ofDiscs(matrix, interior, deadline);
    const outer = meet(diagonal, discs);
    if (matrix.length !== 2 || late() || (tight(outer.inf) && tight(outer.sup))) return outer;
    return meet(outer, ofTwo(matrix, interior, deadline));
  } catch (error) {
    if (error instanceof BudgetError) return open;
    throw error;
  }
}

/** A diagonal entry is a value of the quadratic form: λmin ≤ aᵢᵢ ≤ λmax. */
function ofDiagonal(matrix: ExpressionMatrix, interior: Domain, deadline: number): Spectrum {
  let upper = Infinity;
  let lower = -Infinity;
  matrix.forEach((row, i) => {
    if (performance.now() > deadline) return;
    const budget = Math.max(1, ((deadline - performance.now()) * 0.3) / (matrix.length - i));
    const b = boundsOf(row[i], interior, { budget });
    upper = Math.min(upper, b.inf.upper);
    lower = Math.max(lower, b.sup.lower);
  });
  return { inf: { lower: -Infinity, upper }, sup: { lower, upper: Infinity } };
}

function isRankOne(matrix: ExpressionMatrix): boolean {
  const k = matrix.findIndex((row, i) => !isZero(row[i]));
  if (k < 0) return false;
  return matrix.every((row, i) =>
    row.every((e, j) => j > i || isZero(simplify(sub(mul(e, matrix[k][k]), mul(matrix[i][k], matrix[k][j]))))),
  );
}

/** λ ≤ maxᵢ (aᵢᵢ + Σⱼ|aᵢⱼ|), where the sign of aᵢⱼ is known without the bars. */
function ofDiscs(matrix: ExpressionMatrix, interior: Domain, deadline: number): Spectrum {
  let upper = -Infinity;
  let lower = Infinity;
  const n = matrix.length;
  const size = new Map<Expression, Expression>();
  const sizeOf = (e: Expression): Expression => {
    let known = size.get(e);
    if (!known) {
      const { sign } = signOf(e, interior, { budget: Math.max(1, (deadline - performance.now()) / (4 * n)) });
      known = sign === "positive" || sign === "nonnegative" ? e : sign === "negative" || sign === "nonpositive" ? neg(e) : abs(e);
      size.set(e, known);
    }
    return known;
  };
  for (const [i, row] of matrix.entries()) {
    if (performance.now() > deadline) return open;
    const radius = add(...row.flatMap((e, j) => (j === i || isZero(e) ? [] : [sizeOf(e)])), sub(row[i], row[i]));
    const budget = () => ({ budget: Math.max(1, (deadline - performance.now()) / (2 * (n - i))) });
    upper = Math.max(upper, boundsOf(simplify(add(row[i], radius)), interior, budget()).sup.upper);
    lower = Math.min(lower, boundsOf(simplify(sub(row[i], radius)), interior, budget()).inf.lower);
  }
  return { inf: { lower, upper: Infinity }, sup: { lower: -Infinity, upper } };
}

/** λ = ½(a + c ± √((a − c)² + 4b²)). */
function ofTwo([[a, b], [, c]]: ExpressionMatrix, interior: Domain, deadline: number): Spectrum {
  const root = sqrt(simplify(add(power(sub(a, c), rational(2)), scale(4, power(b, rational(2))))));
  const half = rational(1, 2);
  const budget = Math.max(1, (deadline - performance.now()) / 2);
  const top = boundsOf(scale(half, add(a, c, root)), interior, { budget }).sup;
  const bottom = boundsOf(scale(half, sub(add(a, c), root)), interior, { budget }).inf;
  return { inf: bottom, sup: top };
}

/** Points at which the form takes extreme values: λmin ≤ vᵀHv/vᵀv ≤ λmax, by intervals. */
function fromWithin(subject: Subject, known: Spectrum, deadline: number, region: Region | undefined): Spectrum {
  const { second } = subject;
  if (!second) return open;
  const inside = (x: readonly number[]) => isInside(subject.domain, x) && (region?.contains(x) ?? true);
  const points = samplePoints(subject.domain, Math.min(300, 80 + 20 * subject.problem.coordinates), 11).filter(inside);
  const far = points
    .slice(0, 40)
    .flatMap((x) => [x.map((v) => v * 30), x.map((v) => v * 1000)])
    .filter(inside);
  const found = { inf: Infinity, sup: -Infinity };
  for (const which of ["least", "greatest"] as const) {
    const sign = which === "least" ? -1 : 1;
    const goal = which === "least" ? known.inf : known.sup;
    if (tight(goal)) continue;
    const score = (x: readonly number[]) => {
      const c = inside(x) ? curvatureAt(subject, x, which) : undefined;
      return c ? sign * c.value : Number.NEGATIVE_INFINITY;
    };
    const ranked = [...points, ...far]
      .map((x) => ({ x: x as readonly number[], score: score(x) }))
      .sort((p, q) => q.score - p.score);
    const starts = ranked.slice(0, 3).map(({ x }) => climb(x, score, Math.min(deadline, performance.now() + 60), 40));
    for (const { x } of [...starts, ...ranked.slice(0, 2)]) {
      const c = curvatureAt(subject, x, which);
      if (!c || !inside(x) || !strictlyInside(subject.domain, x)) continue;
      const q = rayleigh(second.enclose(x.map(point)), c.direction);
      if (which === "least") found.inf = Math.min(found.inf, q.upper);
      else found.sup = Math.max(found.sup, q.lower);
    }
  }
  return { inf: { lower: -Infinity, upper: found.inf }, sup: { lower: found.sup, upper: Infinity } };
}

function strictlyInside(domain: Domain, x: readonly number[]): boolean {
  return isInside(domain, x) && domain.box.every(({ lower, upper }, i) => x[i] > lower && x[i] < upper);
}

function rayleigh(matrix: readonly (readonly Interval[])[], v: readonly number[]): Interval {
  if (matrix.some((row) => row.some((x) => !(x.lower <= x.upper)))) return { lower: -Infinity, upper: Infinity };
  let size = point(0);
  for (const x of v) size = addI(size, mulI(point(x), point(x)));
  return div(quadraticForm(matrix, v), size);
}

interface Part {
  readonly box: readonly Interval[];
  readonly bound: number;
}

/** Boxes, the worst split first, until the extreme is known to 0.4 % or time is up. */
function overBoxes(subject: Subject, interior: Domain, known: Spectrum, deadline: number, region: Region | undefined): Spectrum {
  const n = subject.problem.coordinates;
  if (n > 8) return open;
  const now = performance.now();
  const inf: Bounded = tight(known.inf)
    ? known.inf
    : bound(subject, interior, known.inf.upper, -1, now + (deadline - now) / 2, region);
  const sup: Bounded = tight(known.sup) ? known.sup : bound(subject, interior, known.sup.lower, 1, deadline, region);
  const { boxes: infBoxes, ...lower } = inf;
  const { boxes: supBoxes, ...upper } = sup;
  return { inf: lower, sup: upper, ...(infBoxes && { infBoxes }), ...(supBoxes && { supBoxes }) };
}

type Bounded = Extreme & { readonly boxes?: readonly Box[] };

/** More boxes than this are not kept. */
const mostKept = 5000;

function bound(
  subject: Subject,
  interior: Domain,
  reached: number,
  sign: 1 | -1,
  deadline: number,
  region: Region | undefined,
): Bounded {
  const { second } = subject;
  if (!second) return sign > 0 ? open.sup : open.inf;
  let inner = sign * reached;
  const measure = (box: readonly Interval[]): number => {
    const matrix = second.enclose(box);
    const signed = sign > 0 ? matrix.map((row) => row.map(negI)) : matrix;
    const value = -smallestOf(signed);
    return Number.isNaN(value) ? Infinity : value;
  };
  const queue: Part[] = [{ box: interior.box, bound: measure(interior.box) }];
  let settled = -Infinity;
  const kept: Box[] = [];
  for (let steps = 0; queue.length > 0 && steps < 20_000 && performance.now() < deadline; steps++) {
    let worst = 0;
    for (let i = 1; i < queue.length; i++) if (queue[i].bound > queue[worst].bound) worst = i;
    const { box, bound: most } = queue[worst];
    queue[worst] = queue[queue.length - 1];
    queue.pop();
    const halves = most <= inner + 0.004 * Math.abs(inner) ? undefined : split(box);
    if (!halves) {
      settled = Math.max(settled, most);
      kept.push(box);
      continue;
    }
    for (const half of halves) {
      if (region && !region.meets(half)) continue;
      const value = measure(half);
      if (value > settled) queue.push({ box: half, bound: value });
      else kept.push(half);
      const x = half.map(midpoint);
      if (strictlyInside(subject.domain, x) && (region?.contains(x) ?? true)) {
        const c = curvatureAt(subject, x, sign > 0 ? "greatest" : "least");
        if (c && sign * c.value > inner) {
          const q = rayleigh(second.enclose(x.map(point)), c.direction);
          inner = Math.max(inner, sign > 0 ? q.lower : -q.upper);
        }
      }
    }
    if (queue.length > 4000) break;
  }
  const outer = Math.max(settled, ...queue.map((p) => p.bound));
  const boxes = !region && kept.length + queue.length <= mostKept ? [...kept, ...queue.map((p) => p.box)] : undefined;
  return { ...(sign > 0 ? { lower: inner, upper: outer } : { lower: -outer, upper: -inner }), ...(boxes && { boxes }) };
}

/** Two halves of the box, cut across its widest side; unbounded sides are cut where they begin to be far away. */
function split(box: readonly Interval[]): [Interval[], Interval[]] | undefined {
  let side = -1;
  let widest = 0;
  box.forEach(({ lower, upper }, i) => {
    // Widths as seen on a compact scale, on which far parts are short.
    const width = compact(upper) - compact(lower);
    if (width > widest && lower < upper) [side, widest] = [i, width];
  });
  if (side < 0 || widest < 1e-12) return undefined;
  const { lower, upper } = box[side];
  const at = cut(lower, upper);
  if (!(at > lower && at < upper)) return undefined;
  const half = (x: Interval) => box.map((s, i) => (i === side ? x : s));
  return [half({ lower, upper: at }), half({ lower: at, upper })];
}

const compact = (x: number) => (x === Infinity ? 1 : x === -Infinity ? -1 : x / (1 + Math.abs(x)));

function cut(lower: number, upper: number): number {
  if (Number.isFinite(lower) && Number.isFinite(upper)) return lower / 2 + upper / 2;
  if (lower === -Infinity && upper === Infinity) return 0;
  if (upper === Infinity) return lower < 1 ? Math.max(lower + 1, 1) : lower * 2;
  return upper > -1 ? Math.min(upper - 1, -1) : upper * 2;
}
