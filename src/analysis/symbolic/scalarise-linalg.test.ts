import { describe, expect, it } from "vitest";
import * as G from "../../tensor/index.ts";
import { type Tensor, tensor } from "../../tensor/index.ts";
import { cholesky, determinant, eigh, inverse, logDeterminant, solve, svd } from "../../tensor/linalg.ts";
import { problemOf } from "../convexity/problem.ts";
import { randomNumbers } from "../convexity/search.ts";
import { everywhere } from "../domain.ts";
import { compileEnclosure, compileFloat, differentiate, print, type Scalarised, scalarise, scalariseFunction } from "./index.ts";

const f64 = (data: number[] | number[][]) => tensor(data, { dtype: "float64" });
const random = randomNumbers(5);
const entry = () => Math.round((random() * 4 - 2) * 1024) / 1024;
const rows = (m: number, n: number) => Array.from({ length: m }, () => Array.from({ length: n }, entry));

function scalarised(f: (...args: Tensor[]) => Tensor, args: readonly Tensor[]): Scalarised {
  const made = scalariseFunction(f, args);
  if (made.kind !== "scalarised") throw new Error(`${made.operation}: ${made.reason}`);
  return made;
}

/** The expression and the program agree at points; what is enclosed contains the value. */
function agrees(f: (...args: Tensor[]) => Tensor, args: readonly Tensor[]): void {
  const made = scalarised(f, args);
  const at = args.flatMap((t) => [...t.data()].map(Number));
  const wanted = f(...args).item();
  const [got] = compileFloat([made.value])(at);
  const size = Math.max(1, Math.abs(wanted));
  expect(Math.abs(got - wanted)).toBeLessThan(1e-9 * size);
  const [box] = compileEnclosure([made.value])(at.map((x) => ({ lower: x, upper: x })));
  expect(box.lower).toBeLessThanOrEqual(wanted + 1e-9 * size);
  expect(box.upper).toBeGreaterThanOrEqual(wanted - 1e-9 * size);
}

const weights = (shape: number[]) =>
  tensor(
    Float64Array.from({ length: shape.reduce((n, d) => n * d, 1) }, (_, i) => Math.sin(1 + 2 * i)),
    { shape, dtype: "float64" },
  );

describe("functions of small matrices, written by their entries,", () => {
  it("have the values of the factorizations", () => {
    for (let n = 1; n <= 4; n++) {
      for (let tries = 0; tries < 6; tries++) {
        const a = f64(rows(n, n));
        agrees((x) => determinant(x), [a]);
        agrees((x) => logDeterminant(x).logAbsolute, [a]);
        agrees((x) => logDeterminant(x).sign, [a]);
        agrees(
          (x) =>
            inverse(x)
              .mul(weights([n, n]))
              .sum(),
          [a],
        );
        agrees(
          (x, y) =>
            solve(x, y)
              .mul(weights([n, 2]))
              .sum(),
          [a, f64(rows(n, 2))],
        );
        agrees(
          (x, y) =>
            solve(x, y)
              .mul(weights([n]))
              .sum(),
          [a, tensor(Float64Array.from({ length: n }, entry))],
        );
        agrees((x) => determinant(x.add(x.transpose())), [a]);
      }
    }
    for (let tries = 0; tries < 10; tries++) {
      const [a, stack] = [f64(rows(2, 2)), tensor(Float64Array.from({ length: 8 }, entry), { shape: [2, 2, 2] })];
      agrees(
        (x) =>
          eigh(x)
            .values.mul(weights([2]))
            .sum(),
        [a],
      );
      agrees(
        (x) =>
          svd(x)
            .s.mul(weights([2]))
            .sum(),
        [a],
      );
      agrees((x) => svd(x).s.sum(), [f64(rows(1, 3))]);
      agrees(
        (x) =>
          determinant(x)
            .mul(weights([2]))
            .sum(),
        [stack],
      );
      agrees(
        (x) =>
          eigh(x)
            .values.mul(weights([2, 2]))
            .sum(),
        [stack],
      );
      agrees(
        (x) =>
          G.sum(
            cholesky(
              x.matmul(x.transpose()).add(
                f64([
                  [1, 0],
                  [0, 1],
                ]),
              ),
            ).mul(weights([2, 2])),
          ),
        [a],
      );
    }
  });

  it("have the second derivatives of their difference quotients", () => {
    const functions: readonly ((x: Tensor) => Tensor)[] = [
      (x) => determinant(x),
      (x) => logDeterminant(x).logAbsolute,
      (x) => inverse(x).sum(),
    ];
    for (const f of functions) {
      const at = [2.5, 0.3, -0.4, 0.25, 3, 0.6, 0.1, -0.7, 1.9];
      const { value } = scalarised(f, [tensor(Float64Array.from(at), { shape: [3, 3] })]);
      const whole = compileFloat([value]);
      const h = 1e-4;
      const shifted = (i: number, j: number, s: number, t: number) => {
        const x = [...at];
        x[i] += s * h;
        x[j] += t * h;
        return whole(x)[0];
      };
      for (const [i, j] of [
        [0, 0],
        [0, 4],
        [1, 3],
        [2, 7],
        [8, 8],
      ]) {
        const [exact] = compileFloat([differentiate(differentiate(value, i), j)])(at);
        const quotient =
          (shifted(i, j, 1, 1) - shifted(i, j, 1, -1) - shifted(i, j, -1, 1) + shifted(i, j, -1, -1)) / (4 * h * h);
        expect(Math.abs(exact - quotient)).toBeLessThan(1e-5);
      }
    }
  });

  it("are defined where determinants are not 0", () => {
    const conditions = (f: (x: Tensor) => Tensor) =>
      scalarised(f, [f64(rows(2, 2))]).conditions.map((c) => `${print(c.expression, ["a", "b", "c", "d"])} ${c.relation}`);
    expect(conditions((x) => inverse(x).sum())).toEqual(["a*d - b*c nonzero"]);
    expect(conditions((x) => logDeterminant(x).logAbsolute)).toEqual(["a*d - b*c nonzero"]);
    expect(conditions((x) => determinant(x))).toEqual([]);
  });

  it("have logarithms without absolute values on cones, and no conditions there", () => {
    for (const [formula, domain] of [
      ["logdet(A), A(3,3)", "A >> 0"],
      ["logdet(2*A + [[1,0,0],[0,2,1],[0,1,1]]), A(3,3)", "A >> 0"],
      ["trace(inv(A + 3*B)), A(2,2), B(2,2)", "A >> 0, B >> 0"],
    ]) {
      const problem = problemOf("test", formula, { domain });
      const made = scalarise(problem.graph, { domain: problem.domain, names: problem.names });
      if (made.kind !== "scalarised") throw new Error(made.reason);
      expect(made.conditions).toEqual([]);
      expect(print(made.value, problem.names)).not.toContain("abs");
    }
    // A − B need not be definite.
    const problem = problemOf("test", "logdet(A - B), A(2,2), B(2,2)", { domain: "A >> 0, B >> 0" });
    expect(scalarise(problem.graph, { domain: problem.domain })).toMatchObject({ conditions: [{ relation: "nonzero" }] });
  });

  it("solve equations with matrices of numbers exactly", () => {
    const hilbert = f64(Array.from({ length: 4 }, (_, i) => Array.from({ length: 4 }, (_x, j) => 1 / (i + j + 1))));
    const third = scalarised((x) => solve(f64([[3]]), x.reshape([1, 1])).sum(), [f64([1])]);
    expect(print(third.value, ["x"])).toBe("1/3*x");
    // What is multiplied out again is what it was, to the last digit.
    const back = scalarised(
      (x) =>
        hilbert
          .matmul(solve(hilbert, x.reshape([4, 1])))
          .mul(weights([4, 1]))
          .sum(),
      [f64([1, 2, 3, 4])],
    );
    const plain = scalarised(
      (x) =>
        x
          .reshape([4, 1])
          .mul(weights([4, 1]))
          .sum(),
      [f64([1, 2, 3, 4])],
    );
    expect(print(back.value, [])).toBe(print(plain.value, []));
  });

  it("stand as unknowns for larger matrices, where that is asked for, and are refused where not", () => {
    const f = (x: Tensor) => eigh(x).values.max().add(determinant(x));
    const six = [f64(rows(6, 6))];
    expect(scalariseFunction(f, six)).toMatchObject({ kind: "not scalarised" });
    const made = scalariseFunction(f, six, { opaque: true, domain: everywhere(36) });
    if (made.kind !== "scalarised") throw new Error(made.reason);
    expect(made.opaque.map(({ kind, first, count }) => [kind, first, count])).toEqual([
      ["eigenvalues", 36, 6],
      ["determinant", 42, 1],
    ]);
    expect(scalariseFunction((x: Tensor) => eigh(x).vectors.sum(), [f64(rows(3, 3))], { opaque: true })).toMatchObject({
      kind: "not scalarised",
    });
  });
});
