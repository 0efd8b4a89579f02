// Every claim that an elementwise room makes for analysis, put to the test of counter-examples: random intervals (whole numbers,
// multiples of π/2, zeros and infinities among their ends), random points in them; a value outside the range, a step in the wrong
// direction or a chord on the wrong side refutes the claim.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Analysis, Attributes, Elementwise } from "../graph/primitive.ts";
import { contains, type Interval, interval } from "../numeric/interval.ts";
import { float64Algebra } from "../numeric/numbers.ts";
import { analysisOf } from "./analyses.ts";
import * as arithmetic from "./arithmetic.ts";
import * as comparison from "./comparison.ts";
import * as exponential from "./exponential.ts";
import * as hyperbolic from "./hyperbolic.ts";
import * as logic from "./logic.ts";
import * as piecewise from "./piecewise.ts";
import * as powers from "./powers.ts";
import * as rounding from "./rounding.ts";
import { where } from "./selection.ts";
import * as special from "./special.ts";
import * as trigonometric from "./trigonometric.ts";

type F = (...operands: number[]) => number;

const ends = [-Infinity, -1e6, -10, -Math.PI, -2, -Math.PI / 2, -1, -0.5, -1e-300, -0, 0, 1e-300, 0.5, 1, Math.PI / 2].concat([
  2,
  Math.PI,
  1.5 * Math.PI,
  2 * Math.PI,
  3,
  10,
  1e6,
  Infinity,
]);
/** Uniform (fast-check's own doubles crowd at the subnormal numbers). */
const uniform = (low: number, high: number) =>
  fc.integer({ min: 0, max: 2 ** 30 }).map((i) => low + (i / 2 ** 30) * (high - low));
const end = fc.oneof(
  { weight: 3, arbitrary: fc.constantFrom(...ends) },
  { weight: 3, arbitrary: uniform(-2, 2) },
  { weight: 2, arbitrary: fc.integer({ min: -12, max: 12 }) },
  { weight: 2, arbitrary: uniform(-20, 20) },
);
const someInterval = fc.oneof(
  { weight: 1, arbitrary: end.filter(Number.isFinite).map((x) => interval(x, x)) },
  {
    weight: 6,
    arbitrary: fc.tuple(end, end).map(([a, b]) => (a <= b ? { lower: a + 0, upper: b + 0 } : { lower: b + 0, upper: a + 0 })),
  },
);
// An interval of no real number, [∞, ∞], is none.
const realInterval = someInterval.filter((x) => x.lower < Infinity && x.upper > -Infinity);
const truthInterval = fc.constantFrom(interval(0, 0), interval(1, 1), interval(0, 1));

/** A member of the interval, given a number in [0, 1] and which way to choose: at an end, in between, or far out. */
function member({ lower, upper }: Interval, t: number, far: boolean, whole: boolean): number {
  const reach = far ? 1e5 : 30;
  const a = Math.max(lower, upper === Infinity ? Math.max(lower, -reach) : Math.max(lower, upper - 2 * reach));
  const b = Math.min(upper, lower === -Infinity ? Math.min(upper, reach) : Math.min(upper, a + 2 * reach));
  const low = Number.isFinite(a) ? a : Math.min(b, reach) - 2 * reach;
  const high = Number.isFinite(b) ? b : low + 2 * reach;
  const x = t <= 0.1 ? low : t >= 0.9 ? high : low + ((t - 0.1) / 0.8) * (high - low);
  return Math.min(Math.max(whole ? Math.round(x) : x, lower), upper) + 0;
}

interface Counts {
  range: number;
  monotonicity: number;
  curvature: number;
}

/** Tries to refute the claims at one choice of intervals and points; says how, or undefined. Counts the claims that were tried. */
function refute(
  f: F,
  analysis: Analysis,
  box: readonly Interval[],
  p: number[],
  q: number[],
  t: number,
  counts: Counts,
): string | undefined {
  const size = Math.max(...[...p, ...q].map(Math.abs));
  const slack = (...values: number[]) =>
    1e-300 + 1e-12 * (Math.max(...values.map(Math.abs).filter(Number.isFinite), 0) + Math.min(size, 1e15));
  const inDomain = (x: readonly number[]) => x.every((v, i) => !analysis.domain?.[i] || contains(analysis.domain[i], v));
  const show = (x: readonly number[]) => `f(${x}) = ${f(...x)}`;
  const range = analysis.range(...box);
  for (const x of [p, q]) {
    const y = f(...x);
    if (!Number.isFinite(y) || !inDomain(x)) continue; // poles are not in the domain, and overflow is no value of the real function
    counts.range++;
    if (!contains(range, y)) return `range [${range.lower}, ${range.upper}], but ${show(x)}`;
  }
  for (let i = 0; i < box.length; i++) {
    const claim = analysis.monotonicity(i, ...box);
    if (claim === "none") continue;
    const r = p.with(i, q[i]);
    const [x, z] = p[i] <= q[i] ? [p, r] : [r, p];
    const [y1, y2] = [f(...x), f(...z)];
    if (Number.isNaN(y1) || Number.isNaN(y2)) {
      // A claim covers only what is defined; inside the domain a value must not be missing, but for ∞ − ∞ and the like.
      if (analysis.domain && [...x, ...z].every(Number.isFinite)) return `${claim}, but ${show(x)}, ${show(z)}`;
      continue;
    }
    counts.monotonicity++;
    const e = slack(y1, y2);
    const up = y2 >= y1 - e;
    const down = y2 <= y1 + e;
    const holds = { increasing: up, decreasing: down, constant: y1 === y2 || (up && down) }[claim];
    if (!holds) return `${claim} in operand ${i}, but ${show(x)} and ${show(z)}`;
  }
  const claim = analysis.curvature(...box);
  if (claim === "none") return undefined;
  const m = p.map((v, i) => Math.min(Math.max(t * v + (1 - t) * q[i], box[i].lower), box[i].upper));
  const [y1, y2, ym] = [f(...p), f(...q), f(...m)];
  const chord = t * y1 + (1 - t) * y2;
  if (Number.isNaN(chord) || Number.isNaN(ym)) return undefined;
  counts.curvature++;
  const e = slack(y1, y2, ym);
  const below = ym <= chord + e;
  const above = ym >= chord - e;
  const holds = { convex: below, concave: above, affine: below && above }[claim];
  return holds ? undefined : `${claim}, but ${show(m)} against the chord ${chord} from ${show(p)} to ${show(q)}`;
}

const tries = Number(process.env.TRIES ?? 1000);

/** Asserts that no counter-example is found in `runs` tries, and returns how many claims were tried. */
function falsify(f: F, analysis: Analysis, boxes: readonly fc.Arbitrary<Interval>[], runs = tries, whole = false): Counts {
  const counts = { range: 0, monotonicity: 0, curvature: 0 };
  const arity = boxes.length;
  const fractions = fc.array(uniform(0, 1), { minLength: arity, maxLength: arity });
  const inner = whole ? fc.constantFrom(0, 1) : fc.oneof(fc.constant(0.5), uniform(0.01, 0.99));
  const points = fc.array(fc.tuple(fractions, fractions, inner, fc.boolean()), { minLength: 6, maxLength: 6 });
  let refutation: string | undefined;
  fc.check(
    fc.property(fc.tuple(...boxes), points, (box, picked) => {
      for (const [s, u, t, far] of picked) {
        const p = box.map((b, i) => member(b, s[i], far, whole));
        const q = box.map((b, i) => member(b, u[i], far, whole));
        refutation = refute(f, analysis, box, p, q, t, counts);
        if (refutation) refutation = `on ${box.map((b) => `[${b.lower}, ${b.upper}]`).join(" × ")}: ${refutation}`;
        if (refutation) return false;
      }
      return true;
    }),
    { numRuns: runs, seed: Number(process.env.SEED ?? 20240), endOnFailure: true },
  );
  if (refutation) throw new Error(refutation);
  return counts;
}

const claimsOf = (op: Elementwise, attributes: Attributes = {}): Analysis => {
  const analysis = analysisOf({ op, attributes });
  if (!analysis) throw new Error(`${op.name} makes no claims`);
  return analysis;
};

const formulaOf =
  (op: Elementwise): F =>
  (...operands) =>
    op.formula(float64Algebra, operands, {});

const collect = (...modules: object[]): Elementwise[] =>
  modules.flatMap((m) => Object.values(m)).flatMap((v) => (v instanceof Function && "op" in v ? [v.op as Elementwise] : []));

const exponents = [-3, -2, -1.5, -1, -0.3, 0.3, 1.5, 2.5, 3, 4, 5, 9];
const powerRooms = exponents.map((c) => [`power ${c}`, powers.powerOp(c), { exponent: c }] as const);
const rooms = collect(arithmetic, exponential, hyperbolic, piecewise, powers, rounding, special, trigonometric).map(
  (op) => [op.name, op, {}] as const,
);
const arities: Record<string, number> = {
  add: 2,
  sub: 2,
  mul: 2,
  div: 2,
  maximum: 2,
  minimum: 2,
  pow: 2,
  remainder: 2,
  atan2: 2,
  clip: 3,
};

describe("claims about elementwise operations", () => {
  it.each([...rooms, ...powerRooms])("%s: no counter-example to range, monotonicity and curvature", (name, op, attributes) => {
    const arity = arities[name] ?? 1;
    const counts = falsify(
      formulaOf(op),
      claimsOf(op, attributes),
      Array.from({ length: arity }, () => realInterval),
    );
    expect(counts.range, "ranges tried").toBeGreaterThan(tries / 2);
    expect(counts.monotonicity, "directions tried").toBeGreaterThan(tries / 2);
    expect(counts.curvature, "chords tried").toBeGreaterThan(tries / 10);
  });

  it.each(collect(comparison).map((op) => [op.name, op] as const))("%s: no counter-example", (name, op) => {
    const arity = name.startsWith("is") ? 1 : 2;
    falsify(
      formulaOf(op),
      claimsOf(op),
      Array.from({ length: arity }, () => realInterval),
    );
  });

  it.each(collect(logic).map((op) => [op.name, op] as const))("%s: no counter-example", (name, op) => {
    falsify(
      formulaOf(op),
      claimsOf(op),
      Array.from({ length: name === "not" ? 1 : 2 }, () => truthInterval),
      500,
      true,
    );
  });

  it("where: no counter-example", () => {
    const { op } = where;
    const f: F = (c, a, b) => (Number.isInteger(c) ? op.formula(float64Algebra, [c, a, b], {}) : Number.NaN);
    falsify(f, claimsOf(op), [truthInterval, realInterval, realInterval]);
  });

  it("the search refutes false claims", () => {
    const cube: Analysis = {
      range: () => interval(-Infinity, Infinity),
      monotonicity: () => "increasing",
      curvature: () => "convex",
    };
    expect(() => falsify((x) => x ** 3, cube, [realInterval])).toThrow(/convex, but/);
    const rising: Analysis = { ...cube, curvature: () => "none" };
    expect(() => falsify(Math.sin, rising, [realInterval])).toThrow(/increasing in operand 0, but/);
    const narrow: Analysis = { ...rising, range: () => interval(-0.999, 1), monotonicity: () => "none" };
    expect(() => falsify(Math.sin, narrow, [realInterval])).toThrow(/range \[-0.999, 1\], but/);
  });
});

describe("claims that proofs rely on", () => {
  const curvature = (op: Elementwise, ...box: Interval[]) => claimsOf(op).curvature(...box);
  const monotonicity = (op: Elementwise, index: number, ...box: Interval[]) => claimsOf(op).monotonicity(index, ...box);

  it("sin is concave on [0, π] and convex on [π, 2π], cos on the half turns between", () => {
    const { sin, cos, tan } = trigonometric;
    expect(curvature(sin.op, interval(0, Math.PI))).toBe("concave");
    expect(curvature(sin.op, interval(-Math.PI, 0))).toBe("convex");
    expect(curvature(sin.op, interval(Math.PI + 1e-15, 2 * Math.PI))).toBe("convex");
    expect(curvature(sin.op, interval(-0.1, 1))).toBe("none");
    // The double below π is not π: an interval that begins there begins just inside the concave half.
    expect(curvature(sin.op, interval(Math.PI, 4))).toBe("none");
    expect(curvature(cos.op, interval(-Math.PI / 2, Math.PI / 2))).toBe("concave");
    expect(monotonicity(sin.op, 0, interval(-Math.PI / 2, Math.PI / 2))).toBe("increasing");
    expect(monotonicity(cos.op, 0, interval(0, Math.PI))).toBe("decreasing");
    expect(monotonicity(cos.op, 0, interval(0, 3.2))).toBe("none");
    expect(curvature(tan.op, interval(0, Math.PI / 2))).toBe("convex");
    expect(curvature(tan.op, interval(-1.5, 0))).toBe("concave");
    expect(monotonicity(tan.op, 0, interval(-1.5, 1.5))).toBe("increasing");
    expect(monotonicity(tan.op, 0, interval(1.5, 1.6))).toBe("none");
    expect(curvature(sin.op, interval(1e300, 1e301))).toBe("none");
  });

  it("powers: x³ is convex on x ≥ 0 only, even powers everywhere, roots concave, 1/x convex on x > 0", () => {
    const of = (exponent: number, box: Interval) => powers.powerAnalysis({ exponent }).curvature(box);
    expect(of(3, interval(0, 5))).toBe("convex");
    expect(of(3, interval(-5, 0))).toBe("concave");
    expect(of(3, interval(-1, 5))).toBe("none");
    expect(of(4, interval(-1, 5))).toBe("convex");
    expect(of(0.3, interval(0, 5))).toBe("concave");
    expect(of(1.5, interval(-1, 5))).toBe("none");
    expect(of(-1, interval(0, 5))).toBe("convex");
    expect(of(-1, interval(-5, -1))).toBe("concave");
    expect(of(-1, interval(-1, 1))).toBe("none");
    expect(curvature(powers.pow.op, interval(-3, 3), interval(2, 2))).toBe("convex");
    expect(curvature(powers.pow.op, interval(2, 2), interval(-3, 3))).toBe("convex");
    expect(curvature(powers.pow.op, interval(1, 2), interval(1, 2))).toBe("none");
  });

  it("saturating functions are convex before 0 and concave after it", () => {
    for (const { op } of [
      hyperbolic.tanh,
      exponential.logistic,
      trigonometric.atan,
      special.erf,
      hyperbolic.asinh,
      special.normalCdf,
    ]) {
      expect(curvature(op, interval(-3, 0))).toBe("convex");
      expect(curvature(op, interval(0, 3))).toBe("concave");
      expect(curvature(op, interval(-3, 3))).toBe("none");
      expect(monotonicity(op, 0, interval(-3, 3))).toBe("increasing");
    }
  });

  it("claims nothing on intervals that leave the domain", () => {
    expect(curvature(exponential.log.op, interval(0, 3))).toBe("concave");
    expect(curvature(exponential.log.op, interval(-1, 3))).toBe("none");
    expect(monotonicity(powers.sqrt.op, 0, interval(-1, 3))).toBe("none");
    expect(curvature(trigonometric.asin.op, interval(0, 1.1))).toBe("none");
    expect(claimsOf(exponential.log.op).domain).toEqual([{ lower: 0, upper: Infinity }]);
  });

  it("the larger of two is convex, and affine where one always wins", () => {
    expect(curvature(piecewise.maximum.op, interval(-1, 1), interval(0, 0))).toBe("convex");
    expect(curvature(piecewise.maximum.op, interval(1, 2), interval(0, 0))).toBe("affine");
    expect(curvature(piecewise.minimum.op, interval(-1, 1), interval(-1, 1))).toBe("concave");
    expect(curvature(piecewise.clipOp, interval(-1, 1), interval(0, 0), interval(5, 5))).toBe("convex");
    expect(curvature(piecewise.clipOp, interval(1, 7), interval(0, 0), interval(5, 5))).toBe("concave");
    expect(curvature(piecewise.clipOp, interval(1, 2), interval(0, 0), interval(5, 5))).toBe("affine");
    expect(curvature(piecewise.clipOp, interval(-1, 7), interval(0, 0), interval(5, 5))).toBe("none");
  });
});
