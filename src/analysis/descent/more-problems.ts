// More test problems with published starting points and minima: the rest of Moré, Garbow & Hillstrom (ACM TOMS 7, 1981; their numbers in
// brackets), and problems of CUTE (Bongartz, Conn, Gould & Toint, ACM TOMS 21, 1995) under their names there.

import { type Tensor, tensor } from "../../tensor/tensor.ts";
import { count, neighbours, type TestProblem, vector } from "./problems.ts";

const osborne1 = vector([
  0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.85, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603, 0.58, 0.558,
  0.538, 0.522, 0.506, 0.49, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.42, 0.414, 0.411, 0.406,
]);
const osborne2 = vector([
  1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655, 0.616, 0.606, 0.602, 0.626,
  0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.5, 0.423, 0.395, 0.375, 0.372, 0.391,
  0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559, 0.597, 0.625,
  0.739, 0.71, 0.729, 0.72, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098, 0.054,
]);

const meyer = vector([34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872]);

/** A·x for a matrix of numbers. */
const times = (rows: number, columns: number, entry: (i: number, j: number) => number, x: Tensor): Tensor =>
  tensor(
    Array.from({ length: rows }, (_, i) => count(columns, (j) => entry(i + 1, j))),
    { dtype: "float64" },
  )
    .matmul(x.reshape([columns, 1]))
    .reshape([rows]);

/** Shifted Chebyshev polynomials T₁ … Tₙ, averaged over x in [0, 1], less their integrals. */
function chebyquad(all: Tensor, n: number): Tensor[] {
  const y = all.mul(2).sub(1);
  let [before, now]: [Tensor, Tensor] = [y.mul(0).add(1), y];
  return count(n, (i) => i).map((i) => {
    const mean = now.sum().div(n);
    [before, now] = [now, y.mul(2).mul(now).sub(before)];
    return i % 2 === 0 ? mean.add(1 / (i * i - 1)) : mean;
  });
}

/** Σⱼ (j−1)·xⱼ·tʲ⁻² − (Σⱼ xⱼtʲ⁻¹)² − 1 at t = i/29, and two more. */
function watson(all: Tensor, [a, b]: readonly Tensor[], n: number): Tensor[] {
  const slope = times(29, n, (i, j) => (j === 1 ? 0 : (j - 1) * (i / 29) ** (j - 2)), all);
  const value = times(29, n, (i, j) => (i / 29) ** (j - 1), all);
  return [slope.sub(value.square()).sub(1), a, b.sub(a.square()).sub(1)];
}

const penalty1 = (n: number, minimum: number): TestProblem => ({
  name: `penalty I (23), n = ${n}`,
  start: count(n, (i) => i),
  residuals: (_x, all) => [all.sub(1).mul(Math.sqrt(1e-5)), all.square().sum().sub(0.25)],
  minima: [minimum],
});

const zeroAt = (name: string, start: readonly number[], residuals: TestProblem["residuals"]): TestProblem => ({
  name,
  start,
  residuals,
  minima: [0],
});

export const moreTestProblems: readonly TestProblem[] = [
  zeroAt("Gulf research and development (11), m = 99", [5, 2.5, 0.15], ([a, b, c]) => {
    const t = count(99, (i) => i / 100);
    const y = vector(t.map((s) => 25 + (-50 * Math.log(s)) ** (2 / 3)));
    return [y.sub(b).abs().pow(c).div(a).neg().exp().sub(vector(t))];
  }),
  // Of SciPy 1.17's methods BFGS and trust-exact get here, L-BFGS-B stops at 89.27 and Newton-CG at 5147; the minimum published has six digits.
  {
    name: "Meyer (10)",
    start: [0.02, 4000, 250],
    residuals: ([a, b, c]) => {
      const t = vector(count(16, (i) => 45 + 5 * i));
      return [a.mul(b.div(t.add(c)).exp()).sub(meyer)];
    },
    minima: [87.945855170464],
  },
  zeroAt("box three-dimensional (12)", [0, 10, 20], ([a, b, c]) => {
    const t = vector(count(10, (i) => -i / 10));
    const y = vector(count(10, (i) => Math.exp(-i / 10) - Math.exp(-i)));
    return [t.mul(a).exp().sub(t.mul(b).exp()).sub(c.mul(y))];
  }),
  {
    name: "Osborne 1 (17)",
    start: [0.5, 1.5, -1, 0.01, 0.02],
    residuals: ([a, b, c, d, e]) => {
      const t = vector(count(33, (i) => 10 * (i - 1)));
      return [osborne1.sub(a.add(b.mul(t.mul(d).neg().exp())).add(c.mul(t.mul(e).neg().exp())))];
    },
    minima: [5.464894697483e-5],
  },
  {
    name: "Osborne 2 (19)",
    start: [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5],
    residuals: (x) => {
      const t = vector(count(65, (i) => (i - 1) / 10));
      const bell = (k: number) =>
        x[k].mul(
          t
            .sub(x[k + 7])
            .square()
            .mul(x[k + 4])
            .neg()
            .exp(),
        );
      const decay = x[0].mul(t.mul(x[4]).neg().exp());
      return [osborne2.sub(decay.add(bell(1)).add(bell(2)).add(bell(3)))];
    },
    minima: [4.013773629355e-2],
  },
  { name: "Watson (20), n = 6", start: count(6, () => 0), residuals: (x, all) => watson(all, x, 6), minima: [2.287670053552e-3] },
  { name: "Watson (20), n = 9", start: count(9, () => 0), residuals: (x, all) => watson(all, x, 9), minima: [1.399760138e-6] },
  zeroAt(
    "extended Powell singular (22), n = 12",
    count(12, (i) => [1, 3, -1, 0][i % 4]),
    (x) =>
      [0, 4, 8].flatMap((i) => [
        x[i].add(x[i + 1].mul(10)),
        x[i + 2].sub(x[i + 3]).mul(Math.sqrt(5)),
        x[i + 1].sub(x[i + 2].mul(2)).square(),
        x[i]
          .sub(x[i + 3])
          .square()
          .mul(Math.sqrt(10)),
      ]),
  ),
  penalty1(4, 2.24997750089e-5),
  penalty1(10, 7.08765153e-5),
  {
    name: "penalty II (24), n = 4",
    start: count(4, () => 0.5),
    residuals: ([first], all) => {
      const a = Math.sqrt(1e-5);
      const e = all.div(10).exp();
      const y = vector(count(3, (i) => Math.exp((i + 1) / 10) + Math.exp(i / 10)));
      const [later, earlier] = [e.slice([1], [4]), e.slice([0], [3])];
      const weights = vector(count(4, (i) => 5 - i));
      return [
        first.sub(0.2),
        later.add(earlier).sub(y).mul(a),
        later.sub(Math.exp(-0.1)).mul(a),
        all.square().mul(weights).sum().sub(1),
      ];
    },
    minima: [9.37629e-6],
  },
  zeroAt(
    "discrete integral equation (29), n = 10",
    count(10, (i) => (i / 11) * (i / 11 - 1)),
    (_x, all) => {
      const h = 1 / 11;
      const t = vector(count(10, (i) => i * h));
      const cubes = all.add(t).add(1).pow(3);
      const kernel = (i: number, j: number) => (j <= i ? (1 - i * h) * j * h : i * h * (1 - j * h));
      return [all.add(times(10, 10, kernel, cubes).mul(h / 2))];
    },
  ),
  zeroAt(
    "Broyden banded (31), n = 10",
    count(10, () => -1),
    (_x, all) => {
      const own = all.square().mul(5).add(2).mul(all).add(1);
      const near = (i: number, j: number) => (j !== i && j >= i - 5 && j <= i + 1 ? 1 : 0);
      return [own.sub(times(10, 10, near, all.mul(all.add(1))))];
    },
  ),
  {
    name: "linear, full rank (32), n = 10, m = 20",
    start: count(10, () => 1),
    residuals: (_x, all) => [times(20, 10, (i, j) => (i === j ? 1 : 0) - 2 / 20, all).sub(1)],
    minima: [10],
  },
  {
    name: "linear, rank 1 (33), n = 10, m = 20",
    start: count(10, () => 1),
    residuals: (_x, all) => [times(20, 10, (i, j) => i * j, all).sub(1)],
    minima: [(20 * 19) / (2 * 41)],
  },
  {
    name: "linear, rank 1 with zero columns and rows (34), n = 10, m = 20",
    start: count(10, () => 1),
    residuals: (_x, all) => [times(20, 10, (i, j) => (i === 1 || i === 20 || j === 1 || j === 10 ? 0 : (i - 1) * j), all).sub(1)],
    minima: [(20 * 20 + 3 * 20 - 6) / (2 * 37)],
  },
  zeroAt(
    "Chebyquad (35), n = 7",
    count(7, (i) => i / 8),
    (_x, all) => chebyquad(all, 7),
  ),
  {
    name: "Chebyquad (35), n = 8",
    start: count(8, (i) => i / 9),
    residuals: (_x, all) => chebyquad(all, 8),
    minima: [3.516873725678e-3],
  },
  zeroAt("CUBE", [-1.2, 1], ([a, b]) => [a.sub(1), b.sub(a.pow(3)).mul(10)]),
  zeroAt("DENSCHNA", [1, 1], ([a, b]) => [a.square(), a.add(b), b.exp().sub(1)]),
  zeroAt("DENSCHNB", [1, 1], ([a, b]) => [a.sub(2), a.sub(2).mul(b), b.add(1)]),
  zeroAt("DENSCHNC", [2, 3], ([a, b]) => [a.square().add(b.square()).sub(2), a.sub(1).exp().add(b.pow(3)).sub(2)]),
  zeroAt("DENSCHNF", [2, 0], ([a, b]) => [
    a.add(b).square().mul(2).add(a.sub(b).square()).sub(8),
    a.square().mul(5).add(b.sub(3).square()).sub(9),
  ]),
  zeroAt("SINEVAL", [4.712389, -1], ([a, b]) => [b.sub(a.sin()).mul(100), a.div(2)]),
  zeroAt("ENGVAL2", [1, 2, 0], ([a, b, c]) => {
    const square = a.square().add(b.square());
    return [
      square.add(c.square()).sub(1),
      square.add(c.sub(2).square()).sub(1),
      a.add(b).add(c).sub(1),
      a.add(b).sub(c).add(1),
      b.square().mul(3).add(a.pow(3)).add(c.mul(5).sub(a).add(1).square()).sub(36),
    ];
  }),
  zeroAt("HIMMELBLAU", [1, 1], ([a, b]) => [a.square().add(b).sub(11), a.add(b.square()).sub(7)]),
  zeroAt("BOOTH", [0, 0], ([a, b]) => [a.add(b.mul(2)).sub(7), a.mul(2).add(b).sub(5)]),
  zeroAt(
    "TRIDIA, n = 10",
    count(10, () => 1),
    ([first], all) => {
      const [before] = neighbours(all);
      const weights = vector(count(10, (i) => (i === 1 ? 0 : Math.sqrt(i))));
      return [first.sub(1), all.mul(2).sub(before).mul(weights)];
    },
  ),
  zeroAt(
    "DIXON3DQ, n = 10",
    count(10, () => -1),
    (x, all) => [x[0].sub(1), all.slice([1], [9]).sub(all.slice([2], [10])), x[9].sub(1)],
  ),
  zeroAt(
    "DQDRTIC, n = 10",
    count(10, () => 3),
    (_x, all) => [all.slice([0], [8]), all.slice([1], [9]).mul(10), all.slice([2], [10]).mul(10)],
  ),
  zeroAt(
    "LIARWHD, n = 10",
    count(10, () => 4),
    ([first], all) => [all.square().sub(first).mul(2), all.sub(1)],
  ),
  zeroAt(
    "TQUARTIC, n = 10",
    count(10, () => 0.1),
    ([first], all) => [first.sub(1), first.square().sub(all.slice([1], [10]).square())],
  ),
  {
    name: "S308",
    start: [3, 0.1],
    residuals: ([a, b]) => [a.square().add(a.mul(b)).add(b.square()), a.sin(), b.cos()],
    minima: [0.7731990565],
  },
];
