import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { tensor } from "../../tensor/index.ts";
import { isInside } from "../domain.ts";
import { coordinateNames, coordinatesOf, packedIndex, unpacked, type Variable } from "../variables.ts";
import { parseDomain, parseExpression } from "./index.ts";

type Value = number | number[] | number[][];
const float64 = (value: Value) => tensor(value, { dtype: "float64" });

/** The value of a formula, its variables given in order, matrices as a whole. */
function value(text: string, ...parameters: Value[]): number {
  const { f, variables } = parseExpression(text);
  return f(Object.fromEntries(variables.map(({ name }, i) => [name, float64(parameters[i])]))).item();
}

describe("functions of matrices are what linear algebra calls so", () => {
  const [a, b, c] = [3, 0.7, 1.2];
  const A = [
    [a, b],
    [b, c],
  ];
  const root = Math.hypot((a - c) / 2, b);
  const [high, low] = [(a + c) / 2 + root, (a + c) / 2 - root];
  const det = a * c - b * b;
  const symmetric: [string, number][] = [
    ["logdet(A)", Math.log(det)],
    ["log_det(A)", Math.log(det)],
    ["det(A)", det],
    ["det_rootn(A)", Math.sqrt(det)],
    ["trace(A)", a + c],
    ["trace(A'*A)", a * a + 2 * b * b + c * c],
    ["trace(inv(A))", (a + c) / det],
    ["tr_inv(A)", (a + c) / det],
    ["lambda_max(A)", high],
    ["lambda_min(A)", low],
    ["lambda_sum_largest(A, 1)", high],
    ["lambda_sum_largest(A, 2)", a + c],
    ["lambda_sum_smallest(A, 1)", low],
    ["condition_number(A)", high / low],
    ["von_neumann_entr(A)", -high * Math.log(high) - low * Math.log(low)],
    ["sum(exp(eig(A)))", Math.exp(high) + Math.exp(low)],
    ["max(eigvals(A)) - min(eigvals(A))", high - low],
    ["A[0,1] - 2*A[1,1], A(2,2)", b - 2 * c],
    ["matrix_frac([1,2], A)", (c - 4 * b + 4 * a) / det],
    ["quad_form([1,2], A)", a + 4 * b + 4 * c],
  ];
  test.each(symmetric)("%s", (text, expected) => expect(value(text, A)).toBeCloseTo(expected, 12));

  // The singular values of [[3, 0], [4, 5]] are √45 and √5.
  const B = [
    [3, 0],
    [4, 5],
  ];
  const general: [string, number][] = [
    ["norm(B, 'fro')", Math.sqrt(50)],
    ['norm(B, "nuc")', Math.sqrt(45) + Math.sqrt(5)],
    ["norm_nuc(B)", Math.sqrt(45) + Math.sqrt(5)],
    ["sum(svdvals(B))", Math.sqrt(45) + Math.sqrt(5)],
    ["norm(B, 2) + norm(B), B(2,2)", 2 * Math.sqrt(45)],
    ["sigma_max(B)", Math.sqrt(45)],
    ["norm(B, 1), B(2,2)", 7],
    ["norm(B, inf), B(2,2)", 9],
    ["norm(B, 'inf'), B(2,2)", 9],
    ["norm1(B), B(2,2)", 12],
    ["||B||, B(2,2)", Math.sqrt(50)],
    ["||B||_2, B(2,2)", Math.sqrt(45)],
    ["||B||_F, B(2,2)", Math.sqrt(50)],
    ["||B||_*", Math.sqrt(45) + Math.sqrt(5)],
    ["norm(B*[1,2]), B(2,2)", Math.hypot(3, 14)],
    ["mixed_norm(B)", 3 + Math.hypot(4, 5)],
    ["mixed_norm(B, 1, inf)", 9],
    ["sum(kron(B, [[1,2]])), B(2,2)", 36],
    ["kron(B, [[1,2],[3,4]])[2,1], B(2,2)", 8],
    ["vec(B)[1] + 10*vec(B)[2], B(2,2)", 4],
    ["hstack(B, [1,2])[1,2] + vstack(B, [7,8])[2,0], B(2,2)", 9],
    ["diff(vec(B))[0], B(2,2)", 1],
  ];
  test.each(general)("%s", (text, expected) => expect(value(text, B)).toBeCloseTo(expected, 12));
});

test("sums of the largest entries are those of the sorted list", () => {
  fc.assert(
    fc.property(
      fc.array(fc.double({ min: -9, max: 9, noNaN: true }), { minLength: 2, maxLength: 7 }),
      fc.integer({ min: 1, max: 6 }),
      (x, k) => {
        fc.pre(k <= x.length);
        const sorted = [...x].sort((p, q) => q - p);
        const sum = (list: readonly number[]) => list.reduce((s, v) => s + v, 0);
        const n = x.length;
        expect(value(`sum_largest(x, ${k}), x(${n})`, x)).toBeCloseTo(sum(sorted.slice(0, k)), 10);
        expect(value(`sum_smallest(x, ${k}), x(${n})`, x)).toBeCloseTo(sum(sorted.slice(n - k)), 10);
        expect(value(`sum_largest(x, ${k - 0.5}), x(${n})`, x)).toBeCloseTo(sum(sorted.slice(0, k - 1)) + sorted[k - 1] / 2, 10);
        expect(value(`cvar(x, ${1 - k / n}), x(${n})`, x)).toBeCloseTo(sum(sorted.slice(0, k)) / k, 6);
      },
    ),
    { numRuns: 40 },
  );
});

test("names are matrices where functions of matrices take them, of a size that is told or said to be assumed", () => {
  const variables = (text: string, domain?: string) =>
    parseExpression(text, domain === undefined ? {} : { domain }).variables.map(
      ({ name, shape, symmetric }) => `${name}(${shape.join(",")})${symmetric ? " symmetric" : ""}`,
    );
  expect(variables("-logdet(A), A(3,3)")).toEqual(["A(3,3) symmetric"]);
  expect(variables("logdet(A)")).toEqual(["A(2,2) symmetric"]);
  expect(parseExpression("logdet(A)").assumed).toEqual([
    'A is taken to be a symmetric 2×2 matrix; for another size write ", A(3,3)" after the formula',
  ]);
  expect(parseExpression("logdet(A), A(3,3)").assumed).toEqual(["A is taken to be symmetric"]);
  expect(parseExpression("logdet(A), A(3,3)", { domain: "A >> 0" }).assumed).toEqual([]);
  expect(variables("matrix_frac(x, P), x(3)")).toEqual(["P(3,3) symmetric", "x(3)"]);
  expect(variables("quad_form(x, P), P(4,4)")).toEqual(["P(4,4) symmetric", "x(4)"]);
  expect(variables("logdet(I + 2*A/3 - B), B=[[1,0,0],[0,1,0],[0,0,1]]")).toEqual(["A(3,3) symmetric"]);
  expect(variables("logdet(B*diag(w)*B'), B=[[1,0,1],[0,1,1]]")).toEqual(["w(3)"]);
  expect(variables("logdet(diag(exp(w)))")).toEqual(["w(2)"]);
  expect(variables("logdet(B'*A*B), B=[[1,0],[0,1],[2,3]]")).toEqual(["A(3,3) symmetric"]);
  expect(variables("logdet(A')")).toEqual(["A(2,2) symmetric"]);
  expect(variables("logdet(A + A')")).toEqual(["A(2,2)"]);
  expect(variables("trace(A'*A)")).toEqual(["A(2,2)"]);
  expect(variables("trace(A)", "A >> 0")).toEqual(["A(2,2) symmetric"]);
  expect(variables("sum(A), A(3,3)", "A == A'")).toEqual(["A(3,3) symmetric"]);
  expect(variables("norm(A, 'fro'), A(2,3)")).toEqual(["A(2,3)"]);
  expect(variables("norm(A*x - b), A(3,2)")).toEqual(["A(3,2)", "b(3)", "x(2)"]);
  expect(variables("x'*A*x - logdet(A), x(3)")).toEqual(["A(3,3) symmetric", "x(3)"]);
  expect(variables("logdet([[x,y],[y,z]])")).toEqual(["x()", "y()", "z()"]);
  expect(() => parseExpression("trace(X'*diag(w)*X)")).toThrow("X has no value");
  expect(() => parseExpression("sum((X*w-y)^2)")).toThrow(/X has no value\. Give it one .*, or declare the variable/);
});

test("the coordinates of a symmetric matrix are the entries on and above its diagonal", () => {
  const A: Variable = { name: "A", shape: [3, 3], symmetric: true };
  expect(coordinateNames(A)).toEqual(["A[0,0]", "A[0,1]", "A[0,2]", "A[1,1]", "A[1,2]", "A[2,2]"]);
  expect(coordinateNames({ name: "w", shape: [2] })).toEqual(["w[0]", "w[1]"]);
  for (const n of [1, 2, 3, 5]) {
    const size = coordinatesOf({ name: "A", shape: [n, n], symmetric: true });
    const whole = unpacked(tensor(Float64Array.from({ length: size }, (_, k) => k + 1)), n).toArray() as number[][];
    const seen = new Set(whole.flat());
    expect(seen.size).toBe(size);
    for (let i = 0; i < n; i++)
      for (let j = 0; j < n; j++) {
        expect(whole[i][j]).toBe(whole[j][i]);
        expect(whole[i][j]).toBe(packedIndex(n, i, j) + 1);
      }
  }
});

const A3: Variable = { name: "A", shape: [3, 3], symmetric: true };

test("A >> 0 holds for positive definite matrices and for no others", () => {
  for (const text of ["A >> 0", "A ≻ 0", "A ⪰ 0", "0 << A", "A>>0"]) {
    const domain = parseDomain(text, [A3]);
    expect(domain.cones, text).toHaveLength(1);
    expect(domain.symmetric).toEqual(["A"]);
    expect(domain.text).not.toMatch(/[≻⪰]/);
  }
  const domain = parseDomain("A >> 0", [{ name: "x", shape: [2] }, A3]);
  const pack = (A: readonly (readonly number[])[]) => A.flatMap((row, i) => row.slice(i));
  const entry = fc.double({ min: -3, max: 3, noNaN: true });
  const root = fc.array(fc.array(entry, { minLength: 3, maxLength: 3 }), { minLength: 3, maxLength: 3 });
  fc.assert(
    fc.property(root, fc.double({ min: 0.01, max: 5, noNaN: true }), entry, (R, shift, lift) => {
      const gram = (i: number, j: number) => R[i].reduce((s, v, k) => s + v * R[j][k], 0);
      const made = (c: number) => [0, 1, 2].map((i) => [0, 1, 2].map((j) => gram(i, j) + (i === j ? c : 0)));
      expect(isInside(domain, [lift, lift, ...pack(made(shift))])).toBe(true);
      // Less a multiple of I greater than the trace no eigenvalue is positive.
      const trace = gram(0, 0) + gram(1, 1) + gram(2, 2);
      expect(isInside(domain, [lift, lift, ...pack(made(-trace - shift))])).toBe(false);
    }),
    { numRuns: 60 },
  );
});

test("domains name entries, traces and sums of matrices", () => {
  const domain = parseDomain("A >> 0, trace(A) <= 2, A[0,1] > -1, sum(A) >= 1", [A3]);
  expect(domain.halfSpaces).toEqual([
    { normal: [1, 0, 0, 1, 0, 1], offset: 2, strict: false },
    { normal: [-1, -2, -2, -1, -2, -1], offset: -1, strict: false },
  ]);
  expect(domain.box[1]).toEqual({ lower: -1, upper: Infinity });
  expect(domain.open[1].lower).toBe(true);
  expect(parseDomain("w[2] <= 3", [{ name: "w", shape: [3] }]).box.map(({ upper }) => upper)).toEqual([Infinity, Infinity, 3]);
  expect(parseDomain("A[1,0] >= 2", [{ name: "A", shape: [2, 2] }]).box.map(({ lower }) => lower)).toEqual([
    -Infinity,
    -Infinity,
    2,
    -Infinity,
  ]);
  expect(parseDomain("A > 0", [A3]).box.map(({ lower }) => lower)).toEqual([0, 0, 0, 0, 0, 0]);
});

test("what is no matrix, or no square one, is refused with what to write", () => {
  const formulas: [string, RegExp][] = [
    ["logdet(w), w(3)", /logdet takes a symmetric matrix.*; w is a vector of 3 entries\. Declare it as w\(3,3\)/],
    ["logdet(A), A(2,3)", /\n {7}\^\nlogdet takes a symmetric matrix, as many rows as columns; A is of shape \[2, 3\]/],
    ["trace(A), A(2,3)", /trace takes a square matrix/],
    ["norm(x, 'nux'), x(2)", /the words for norms are 'fro', 'nuc' and 'inf'/],
    ["norm(A, 3), A(2,2)", /Entry by entry: pnorm\(A, 3\)/],
    ["sum(x, 'fro')", /sum takes no word in quotes/],
    ["A >> 0", /belongs to the domain: --domain "A >> 0"/],
    ["A[0,2], A(2,2)", /there is no entry \[0,2\]/],
    ["A[i], A(2,2)", /counted from 0/],
    ["lambda_sum_largest(A, 3)", /whole number from 1 to 2/],
    ["sum_larges(x, 2)", /there is no function "sum_larges"\. Did you mean "sumlargest"/],
  ];
  for (const [text, message] of formulas)
    expect(() => {
      const { f, variables } = parseExpression(text);
      f(
        Object.fromEntries(
          variables.map(({ name, shape }) => [name, tensor(new Float64Array(shape.reduce((p, n) => p * n, 1)), { shape })]),
        ),
      );
    }, text).toThrow(message);
  const domains: [string, Variable, RegExp][] = [
    ["w >> 0", { name: "w", shape: [3] }, /w is declared as w\(3\)\. Declare it as w\(3,3\)/],
    ["A >> 0", { name: "A", shape: [2, 3] }, /as many rows as columns; A is declared as A\(2,3\)/],
    ["A << 0", A3, /write -A for A in the formula, and A >> 0/],
    ["A >> I", A3, /of matrices only A >> 0 is known/],
    ["B >> 0", A3, /B is no variable of the formula, which has A/],
    ["A[0,3] > 0", A3, /A is declared as A\(3,3\); places of its entries count from 0/],
    ["A >> 0, A[1,1] <= 0", A3, /is empty: it bounds A\[1,1\] by 0 below and 0 above/],
    ["A >> 0, trace(A) <= -1", A3, /is empty: a sum that has to be at most -1 is at least 0/],
    ["x + A > 0", A3, /x is no variable/],
    ["A == 3", A3, /a domain is given by </],
    ["trace(w) < 1", { name: "w", shape: [3] }, /trace needs a square matrix/],
  ];
  for (const [text, variable, message] of domains) expect(() => parseDomain(text, [variable]), text).toThrow(message);
});
