// Test problems for minimizers with published starting points and minima: sums of squared residuals, from Moré, Garbow & Hillstrom,
// "Testing unconstrained optimization software" (ACM TOMS 7, 1981; their numbers in brackets), many of them in CUTE too.

import { atan } from "../../tensor/functions/elementwise.ts";
import { stack } from "../../tensor/functions/structure.ts";
import { type Tensor, tensor } from "../../tensor/tensor.ts";

export interface TestProblem {
  readonly name: string;
  readonly start: readonly number[];
  /** Residuals r(x), scalars or vectors; the objective is Σ r². `x` has the coordinates, `all` the whole vector. */
  readonly residuals: (x: readonly Tensor[], all: Tensor) => readonly Tensor[];
  /** Published values of local minima, the global one first. */
  readonly minima: readonly number[];
}

export const vector = (xs: readonly number[]): Tensor => tensor(xs, { dtype: "float64" });
export const count = (n: number, f: (i: number) => number): number[] => Array.from({ length: n }, (_, i) => f(i + 1));

/** The objective of a problem, x: [n] ↦ a scalar. */
export function objectiveOf({ start, residuals }: TestProblem): (x: Tensor) => Tensor {
  return (all) => {
    const x = start.map((_, i) => all.slice([i], [i + 1]).reshape([]));
    const terms = residuals(x, all).map((r) => r.square().sum());
    return stack(terms).sum();
  };
}

const bard = vector([0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.1, 4.39]);
const gaussian = vector([9, 44, 175, 540, 1295, 2420, 3521, 3989, 3521, 2420, 1295, 540, 175, 44, 9].map((y) => y / 10000));
const kowalik = vector([0.1957, 0.1947, 0.1735, 0.16, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246]);
const kowalikAt = vector([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625]);

/** x_{i−1} and x_{i+1} for every i, 0 beyond the ends. */
export function neighbours(all: Tensor): readonly [before: Tensor, after: Tensor] {
  const n = all.shape[0];
  const shift = (offset: number) =>
    all
      .reshape([1, n])
      .matmul(
        tensor(
          Array.from({ length: n }, (_, i) => count(n, (j) => (i + offset === j - 1 ? 1 : 0))),
          { dtype: "float64" },
        ),
      )
      .reshape([n]);
  return [shift(1), shift(-1)];
}

const rosenbrock = (a: Tensor, b: Tensor): Tensor[] => [b.sub(a.square()).mul(10), a.neg().add(1)];

export const testProblems: readonly TestProblem[] = [
  { name: "Rosenbrock (1)", start: [-1.2, 1], residuals: ([a, b]) => rosenbrock(a, b), minima: [0] },
  {
    name: "Freudenstein–Roth (2)",
    start: [0.5, -2],
    residuals: ([a, b]) => [a.sub(13).add(b.neg().add(5).mul(b).sub(2).mul(b)), a.sub(29).add(b.add(1).mul(b).sub(14).mul(b))],
    minima: [0, 48.98425367924],
  },
  {
    name: "Powell badly scaled (3)",
    start: [0, 1],
    residuals: ([a, b]) => [a.mul(b).mul(1e4).sub(1), a.neg().exp().add(b.neg().exp()).sub(1.0001)],
    minima: [0],
  },
  {
    name: "Brown badly scaled (4)",
    start: [1, 1],
    residuals: ([a, b]) => [a.sub(1e6), b.sub(2e-6), a.mul(b).sub(2)],
    minima: [0],
  },
  {
    name: "Beale (5)",
    start: [1, 1],
    residuals: ([a, b]) =>
      [1.5, 2.25, 2.625].map((y, i) =>
        a
          .mul(
            b
              .pow(i + 1)
              .neg()
              .add(1),
          )
          .neg()
          .add(y),
      ),
    minima: [0],
  },
  {
    name: "Jennrich–Sampson (6)",
    start: [0.3, 0.4],
    residuals: ([a, b]) => {
      const t = vector(count(10, (i) => i));
      return [t.mul(2).add(2).sub(t.mul(a).exp()).sub(t.mul(b).exp())];
    },
    minima: [124.3621823556],
  },
  {
    name: "helical valley (7)",
    start: [-1, 0, 0],
    residuals: ([a, b, c]) => {
      // atan(b/a)/2π, and half a turn more where a < 0, is the angle from the axis in turns, in (−¼, ¾).
      const r = a.square().add(b.square()).sqrt();
      const turned = atan(b.div(a))
        .div(2 * Math.PI)
        .add(a.less(0).cast("float64").mul(0.5));
      return [c.sub(turned.mul(10)).mul(10), r.sub(1).mul(10), c];
    },
    minima: [0],
  },
  {
    name: "Bard (8)",
    start: [1, 1, 1],
    residuals: ([a, b, c]) => {
      const u = vector(count(15, (i) => i));
      const v = vector(count(15, (i) => 16 - i));
      const w = vector(count(15, (i) => Math.min(i, 16 - i)));
      return [bard.sub(a.add(u.div(v.mul(b).add(w.mul(c)))))];
    },
    minima: [0.008214877306579],
  },
  {
    name: "Gaussian (9)",
    start: [0.4, 1, 0],
    residuals: ([a, b, c]) => {
      const t = vector(count(15, (i) => (8 - i) / 2));
      return [t.sub(c).square().mul(b).div(-2).exp().mul(a).sub(gaussian)];
    },
    minima: [1.127932769619e-8],
  },
  {
    name: "Powell singular (13)",
    start: [3, -1, 0, 1],
    residuals: ([a, b, c, d]) => [
      a.add(b.mul(10)),
      c.sub(d).mul(Math.sqrt(5)),
      b.sub(c.mul(2)).square(),
      a.sub(d).square().mul(Math.sqrt(10)),
    ],
    minima: [0],
  },
  {
    name: "Wood (14)",
    start: [-3, -1, -3, -1],
    residuals: ([a, b, c, d]) => [
      b.sub(a.square()).mul(10),
      a.neg().add(1),
      d.sub(c.square()).mul(Math.sqrt(90)),
      c.neg().add(1),
      b.add(d).sub(2).mul(Math.sqrt(10)),
      b.sub(d).div(Math.sqrt(10)),
    ],
    minima: [0],
  },
  {
    name: "Kowalik–Osborne (15)",
    start: [0.25, 0.39, 0.415, 0.39],
    residuals: ([a, b, c, d]) => {
      const u = kowalikAt;
      return [
        kowalik.sub(
          u
            .square()
            .add(u.mul(b))
            .mul(a)
            .div(u.square().add(u.mul(c)).add(d)),
        ),
      ];
    },
    minima: [3.075056038492e-4],
  },
  {
    name: "Brown–Dennis (16)",
    start: [25, 5, -5, -1],
    residuals: ([a, b, c, d]) => {
      const t = vector(count(20, (i) => i / 5));
      return [
        a
          .add(t.mul(b))
          .sub(t.exp())
          .square()
          .add(c.add(t.sin().mul(d)).sub(t.cos()).square()),
      ];
    },
    minima: [85822.20162635],
  },
  {
    name: "Biggs EXP6 (18)",
    start: [1, 2, 1, 1, 1, 1],
    residuals: ([a, b, c, d, e, f]) => {
      const t = vector(count(13, (i) => i / 10));
      const y = vector(count(13, (i) => Math.exp(-i / 10) - 5 * Math.exp(-i) + 3 * Math.exp((-4 * i) / 10)));
      const decay = (rate: Tensor, weight: Tensor) => t.mul(rate).neg().exp().mul(weight);
      return [decay(a, c).sub(decay(b, d)).add(decay(e, f)).sub(y)];
    },
    minima: [0, 5.65564992572e-3, 0.306366772602],
  },
  {
    name: "extended Rosenbrock (21), n = 10",
    start: count(10, (i) => (i % 2 === 1 ? -1.2 : 1)),
    residuals: (x) => count(5, (i) => 2 * i - 2).flatMap((i) => rosenbrock(x[i], x[i + 1])),
    minima: [0],
  },
  {
    name: "variably dimensioned (25), n = 10",
    start: count(10, (i) => 1 - i / 10),
    residuals: (_x, all) => {
      const sum = all
        .sub(1)
        .mul(vector(count(10, (i) => i)))
        .sum();
      return [all.sub(1), sum, sum.square()];
    },
    minima: [0],
  },
  {
    name: "trigonometric (26), n = 10",
    start: count(10, () => 0.1),
    residuals: (_x, all) => {
      const i = vector(count(10, (k) => k));
      return [all.cos().sum().neg().add(10).add(all.cos().neg().add(1).mul(i)).sub(all.sin())];
    },
    minima: [0, 2.795056121877e-5],
  },
  {
    name: "Brown almost linear (27), n = 10",
    start: count(10, () => 0.5),
    residuals: (_x, all) => [all.slice([0], [9]).add(all.sum()).sub(11), all.prod().sub(1)],
    minima: [0, 1],
  },
  {
    name: "discrete boundary value (28), n = 10",
    start: count(10, (i) => (i / 11) * (i / 11 - 1)),
    residuals: (_x, all) => {
      const t = vector(count(10, (i) => i / 11));
      const [before, after] = neighbours(all);
      return [
        all
          .mul(2)
          .sub(before)
          .sub(after)
          .add(
            all
              .add(t)
              .add(1)
              .pow(3)
              .div(2 * 11 * 11),
          ),
      ];
    },
    minima: [0],
  },
  {
    name: "Broyden tridiagonal (30), n = 10",
    start: count(10, () => -1),
    residuals: (_x, all) => {
      const [before, after] = neighbours(all);
      return [all.mul(-2).add(3).mul(all).sub(before).sub(after.mul(2)).add(1)];
    },
    minima: [0],
  },
];
