// Random expressions against finite differences, sampled values and each other: nothing that is claimed may be contradicted.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { div, point, sub } from "../../numeric/interval.ts";
import { boxDomain, type Domain, everywhere } from "../domain.ts";
import * as S from "./index.ts";
import { positive } from "./test-support.ts";

type Builder = (store: S.Store) => S.Expression;

const small = fc.constantFrom(-3, -2, -1, -0.5, 0.25, 0.3, 1, 2, 3);
const leaf: fc.Arbitrary<Builder> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<Builder>((s) => S.variable(s, 0)) },
  { weight: 1, arbitrary: fc.constant<Builder>((s) => S.variable(s, 1)) },
  {
    weight: 1,
    arbitrary: small.map(
      (c): Builder =>
        (s) =>
          S.constant(s, c),
    ),
  },
);

const unaries: readonly ((u: S.Expression) => S.Expression)[] = [
  S.exp,
  S.sin,
  S.cos,
  S.neg,
  (u) => S.power(u, 2),
  (u) => S.power(u, 3),
  (u) => S.power(u, -1),
  (u) => S.sqrt(S.add(S.power(u, 2), S.constant(u.store, 1))),
  (u) => S.log(S.add(S.exp(u), S.constant(u.store, 1))),
  (u) => S.log(S.add(S.power(u, 2), S.constant(u.store, 0.5))),
  (u) => S.power(S.add(S.constant(u.store, 1), S.exp(S.neg(u))), -1),
  S.normcdf,
  (u) => S.apply("atan", [u]),
  (u) => S.power(S.abs(u), 1.5),
  (u) => S.phi(1, u),
  (u) => S.max(u, S.constant(u.store, 0)),
  (u) => S.sqrt(u),
  (u) => S.log(u),
  (u) => S.log(S.power(u, 2)),
  (u) => S.exp(S.log(u)),
];

const expressions: fc.Arbitrary<Builder> = fc.letrec<{ e: Builder }>((tie) => ({
  e: fc.oneof(
    { maxDepth: 4, depthSize: "small" },
    leaf,
    fc.tuple(fc.constantFrom(...unaries), tie("e")).map(
      ([f, a]): Builder =>
        (s) =>
          f(a(s)),
    ),
    fc.tuple(tie("e"), tie("e")).map(
      ([a, b]): Builder =>
        (s) =>
          S.add(a(s), b(s)),
    ),
    fc.tuple(tie("e"), tie("e")).map(
      ([a, b]): Builder =>
        (s) =>
          S.mul(a(s), b(s)),
    ),
    fc.tuple(small, tie("e"), tie("e")).map(
      ([c, a, b]): Builder =>
        (s) =>
          S.sub(S.scale(c, a(s)), b(s)),
    ),
    fc.tuple(tie("e"), tie("e")).map(
      ([a, b]): Builder =>
        (s) =>
          S.div(a(s), b(s)),
    ),
  ),
})).e;

const domains: readonly Domain[] = [
  everywhere(2),
  positive(2, [0, 1]),
  boxDomain([
    [-2, 3],
    [0.5, 4],
  ]),
];

const coordinate = fc.oneof(fc.double({ min: -4, max: 4, noNaN: true }), fc.constantFrom(-1, 0, 0.5, 1, 2));

const inDomain = (d: Domain, x: readonly number[]) =>
  x.every((v, i) => v >= d.box[i].lower && v <= d.box[i].upper && !(d.open[i].lower && v === d.box[i].lower));

/** The expression, or undefined where it has no value anywhere, or is too large. */
function built(build: Builder, domain: Domain): S.Expression | undefined {
  try {
    return build(S.createStore(domain, 20_000));
  } catch {
    return undefined;
  }
}

const valueAt = (e: S.Expression, x: readonly number[]) => S.compileEnclosure([e])(x.map((v) => ({ lower: v, upper: v })))[0];
const isProper = ({ lower, upper }: { readonly lower: number; readonly upper: number }) =>
  Number.isFinite(lower) && Number.isFinite(upper) && lower <= upper;

describe("random expressions", () => {
  it("keep their values when they are simplified", () => {
    fc.assert(
      fc.property(
        expressions,
        fc.constantFrom(...domains),
        fc.array(fc.tuple(coordinate, coordinate), { minLength: 6, maxLength: 6 }),
        (build, domain, points) => {
          const e = built(build, domain);
          if (!e) return;
          const simple = S.simplify(e);
          for (const x of points) {
            if (!inDomain(domain, x)) continue;
            const [a, b] = [valueAt(e, x), valueAt(simple, x)];
            // Both enclose the same number, where both are defined and neither is about a pole.
            if (isProper(a) && isProper(b)) expect(Math.max(a.lower, b.lower)).toBeLessThanOrEqual(Math.min(a.upper, b.upper));
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it("have derivatives that enclose their difference quotients", () => {
    let sharp = 0;
    fc.assert(
      fc.property(expressions, fc.tuple(coordinate, coordinate), (build, x) => {
        const e = built(build, everywhere(2));
        if (!e) return;
        const d = S.differentiate(e, 0);
        const to = x[0] + 2 ** -20;
        const [slope, simple, ...kinks] = S.compileEnclosure([d, S.simplify(d), ...S.kinksOf(e)])([
          { lower: x[0], upper: to },
          point(x[1]),
        ]);
        const [here, there] = [valueAt(e, x), valueAt(e, [to, x[1]])];
        if (![slope, simple, here, there].every(isProper)) return;
        if (kinks.some((v) => !(v.lower > 0 || v.upper < 0))) return;
        // By the mean value theorem the quotient is a slope between the two.
        const quotient = div(sub(there, here), sub(point(to), point(x[0])));
        for (const { lower, upper } of [slope, simple]) {
          expect(lower).toBeLessThanOrEqual(quotient.upper);
          expect(upper).toBeGreaterThanOrEqual(quotient.lower);
        }
        if (slope.upper - slope.lower + quotient.upper - quotient.lower < 1e-2) sharp++;
      }),
      { numRuns: 400 },
    );
    expect(sharp).toBeGreaterThan(150);
  });

  it("take values in their enclosures", () => {
    fc.assert(
      fc.property(
        expressions,
        fc.tuple(coordinate, coordinate),
        fc.tuple(fc.double({ min: 0, max: 2, noNaN: true }), fc.double({ min: 0, max: 2, noNaN: true })),
        (build, x, r) => {
          const e = built(build, everywhere(2));
          if (!e) return;
          const simple = S.simplify(e);
          const box = x.map((v, i) => ({ lower: v - r[i], upper: v + r[i] }));
          const wide = S.compileEnclosure([e, simple])(box);
          for (const t of [-1, -0.4, 0, 0.7, 1]) {
            const at = x.map((v, i) => Math.min(Math.max(v + t * r[i], box[i].lower), box[i].upper));
            for (const [k, form] of [e, simple].entries()) {
              const value = valueAt(form, at);
              if (!isProper(value)) continue;
              expect(wide[k].lower).toBeLessThanOrEqual(value.upper);
              expect(wide[k].upper).toBeGreaterThanOrEqual(value.lower);
            }
          }
        },
      ),
      { numRuns: 400 },
    );
  });

  it("never contradict a claimed sign or bound", () => {
    const decided: Record<string, number> = {};
    fc.assert(
      fc.property(expressions, fc.constantFrom(...domains), fc.boolean(), (build, domain, second) => {
        const f = built(build, domain);
        if (!f) return;
        const e = second ? S.differentiate(S.differentiate(f, 0), 0) : f;
        const options = { budget: 10 };
        const { sign, negativeAt, positiveAt } = S.signOf(e, domain, options);
        const { inf, sup } = S.boundsOf(e, domain, options);
        decided[sign] = (decided[sign] ?? 0) + 1;
        expect(inf.lower).toBeLessThanOrEqual(inf.upper);
        expect(sup.lower).toBeLessThanOrEqual(sup.upper);
        if (negativeAt) expect(valueAt(e, negativeAt).lower).toBeLessThanOrEqual(0);
        if (positiveAt) expect(valueAt(e, positiveAt).upper).toBeGreaterThanOrEqual(0);
        for (const x of sampled(domain)) {
          const value = valueAt(e, x);
          if (!isProper(value)) continue;
          const where = `${S.print(e)} = [${value.lower}, ${value.upper}] at ${x} on ${domain.text}, said ${sign}, [${inf.lower}, ${sup.upper}]`;
          if (sign === "zero") expect(value.lower <= 0 && value.upper >= 0, where).toBe(true);
          if (sign === "positive") expect(value.upper > 0, where).toBe(true);
          if (sign === "nonnegative") expect(value.upper >= 0, where).toBe(true);
          if (sign === "negative") expect(value.lower < 0, where).toBe(true);
          if (sign === "nonpositive") expect(value.lower <= 0, where).toBe(true);
          expect(value.upper >= inf.lower && value.lower <= sup.upper, where).toBe(true);
          // The extreme is at least as extreme as any value.
          expect(inf.lower <= value.upper && sup.upper >= value.lower, where).toBe(true);
        }
      }),
      { numRuns: Number(process.env.GRADUS_RUNS ?? 60) },
    );
    expect((decided.positive ?? 0) + (decided.negative ?? 0)).toBeGreaterThan(0);
    expect(decided.mixed ?? 0).toBeGreaterThan(0);
  }, 300_000);
});

const marks = [-50, -7, -3, -2, -1.5, -1, -0.3, -0.01, 0, 0.01, 0.3, 0.5, 1, 1.5, 2, 3, 7, 50];

function sampled(domain: Domain): number[][] {
  return marks.flatMap((a) => marks.map((b) => [a, b])).filter((x) => inDomain(domain, x));
}
