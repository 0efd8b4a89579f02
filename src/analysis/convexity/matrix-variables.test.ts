// Questions about functions of matrices: what their coordinates are, where they are asked about, and that formulas and functions of tensors
// are treated alike. What is decided about them is tested beside the methods.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { evaluate } from "../../engines/interpreter/evaluate.ts";
import { type Tensor, tensor, trace } from "../../tensor/index.ts";
import { logDeterminant } from "../../tensor/linalg.ts";
import { isInside } from "../domain.ts";
import { parseDomain, parseExpression } from "../expression/index.ts";
import { unpacked, type Variable } from "../variables.ts";
import { certify } from "./certify.ts";
import { inFrobeniusNorm } from "./frobenius.ts";
import { printCertificate } from "./print-certificate.ts";
import { type Problem, type ProblemOptions, problemOf } from "./problem.ts";
import { verifyCertificate } from "./verify.ts";

const barrier = ({ A }: { A: Tensor }) => logDeterminant(A).logAbsolute.neg();

/** The value of a problem's graph at its coordinates. */
function valueOf({ graph }: Problem, x: readonly number[]): number {
  let from = 0;
  const known = graph.parameters.map((p) => {
    const size = p.shape.reduce((n, d) => n * d, 1);
    from += size;
    return [p, { shape: p.shape, dtype: p.dtype, data: Float64Array.from(x.slice(from - size, from)) }] as const;
  });
  return Number(evaluate(graph.outputs, new Map(known))[0].data[0]);
}

test("a symmetric matrix is put together from its entries on and above the diagonal", () => {
  const problem = problemOf("certify", "sum(A.*B) + w'*w, A(3,3), w(2), B=[[1,2,3],[4,5,6],[7,8,9]]", { domain: "A >> 0" });
  expect(problem.names).toEqual(["A[0,0]", "A[0,1]", "A[0,2]", "A[1,1]", "A[1,2]", "A[2,2]", "w[0]", "w[1]"]);
  expect(problem.variables).toEqual([
    { name: "A", shape: [3, 3], symmetric: true },
    { name: "w", shape: [2] },
  ]);
  const number = fc.double({ min: -5, max: 5, noNaN: true });
  fc.assert(
    fc.property(fc.array(number, { minLength: 8, maxLength: 8 }), (x) => {
      const [a, b, c, d, e, f, u, v] = x;
      const expected = a + 5 * d + 9 * f + 6 * b + 10 * c + 14 * e + u * u + v * v;
      expect(valueOf(problem, x)).toBeCloseTo(expected, 9);
    }),
    { numRuns: 30 },
  );
});

describe("a function of tensors is asked about as a formula is", () => {
  const cases: [string, ProblemOptions, (tree: { A: Tensor }) => Tensor][] = [
    ["-logdet(A), A(3,3)", { domain: "A >> 0" }, barrier],
    ["trace(A*A), A(2,2)", { domain: "A == A'" }, ({ A }) => trace(A.matmul(A))],
    ["sum(A) - logdet(A), A(2,2)", { domain: "A >> 0, trace(A) <= 3, A[0,1] > -1" }, (tree) => tree.A.sum().add(barrier(tree))],
  ];
  test.each(cases)("%s", (formula, options, f) => {
    const written = problemOf("certify", formula, options);
    const n = written.variables[0].shape[0];
    const traced = problemOf("certify", f, { ...options, variables: { A: [n, n] } });
    expect(traced.names).toEqual(written.names);
    expect(traced.variables).toEqual(written.variables);
    expect(traced.domain).toEqual(written.domain);
    const x = written.names.map((name, k) => (/\[(\d),\1\]/.test(name) ? 2 + k : 0.3 * k));
    expect(valueOf(traced, x)).toBeCloseTo(valueOf(written, x), 12);
    const whole = unpacked(tensor(x, { dtype: "float64" }), n);
    expect(valueOf(traced, x)).toBeCloseTo(f({ A: whole }).item(), 12);
  });

  test("as several arguments, in a tree, and by a domain that was read before", () => {
    const two = problemOf("certify", (A: Tensor, x: Tensor) => A.matmul(x).sum(), { variables: [[2, 2], [2]] });
    expect(two.coordinates).toBe(6);
    const A: Variable = { name: "layer.A", shape: [2, 2], symmetric: true };
    const nested = problemOf("certify", ({ layer }: { layer: { A: Tensor } }) => layer.A.sum(), {
      variables: { layer: { A: [2, 2] } },
      domain: { ...parseDomain("B >> 0", [{ ...A, name: "B" }]), symmetric: ["layer.A"] },
    });
    expect(nested.names).toEqual(["layer.A[0,0]", "layer.A[0,1]", "layer.A[1,1]"]);
    const read = parseDomain("A >> 0", [{ ...A, name: "A" }]);
    expect(problemOf("certify", barrier, { variables: { A: [2, 2] }, domain: read }).coordinates).toBe(3);
    expect(problemOf("certify", (X: Tensor) => X.sum(), { variables: [[2, 2]], domain: "x >> 0" }).names[1]).toBe("x[0,1]");
  });
});

describe("logdet(A) is asked about where it is defined", () => {
  test("which is added to the domain, and said", () => {
    const bare = problemOf("certify", "logdet(A), A(3,3)");
    expect(bare.domain.text).toBe("A >> 0");
    expect(bare.excluded).toEqual(["A that is not positive definite: logdet is not defined there"]);
    expect(isInside(bare.domain, [1, 0, 0, 1, 0, -1])).toBe(false);
    const more = problemOf("certify", "trace(A) - logdet(A)", { domain: "trace(A) <= 3" });
    expect(more.domain.text).toBe("trace(A) <= 3, A >> 0");
    expect(more.domain.halfSpaces).toHaveLength(1);
    for (const f of ["trinv(A)", "matrix_frac([1,2], A)", "det_rootn(A)", "von_neumann_entr(A)"])
      expect(problemOf("certify", f).domain.cones, f).toHaveLength(1);
  });

  test("and nothing is left out of a domain that says so, nor of a function of tensors", () => {
    expect(problemOf("certify", "logdet(A)", { domain: "A >> 0" }).excluded).toBeUndefined();
    const written = problemOf("certify", barrier, { variables: { A: [2, 2] } });
    expect(written.domain.cones).toEqual([]);
    expect(written.coordinates).toBe(4);
    expect(problemOf("certify", "lambda_max(A)").domain.cones).toEqual([]);
  });
});

test("certificates tell that a matrix is symmetric, and are verified from JSON", () => {
  const f = "norm(A,'fro')^2 + x^2, A(2,2)";
  const options = { domain: "A == A'" };
  const certificate = certify(f, options);
  expect(certificate.variables).toEqual([
    { name: "A", shape: [2, 2], symmetric: true },
    { name: "x", shape: [] },
  ]);
  expect(certificate.verdict).toBe("strongly convex");
  const { checks, valid } = verifyCertificate(JSON.parse(JSON.stringify(certificate)), f, options);
  expect(valid, JSON.stringify(checks)).toBe(true);
});

test("constants are those of the coordinates; in the Frobenius norm they are enclosed", () => {
  const certificate = certify("norm(A,'fro')^2, A(2,2)", { domain: "A == A'" });
  // An entry off the diagonal stands twice in the sum.
  expect(certificate.mu.upper).toBeCloseTo(2, 9);
  expect(certificate.L.upper).toBeCloseTo(4, 9);
  const frobenius = inFrobeniusNorm(certificate);
  for (const constant of [frobenius?.mu, frobenius?.L]) {
    expect(constant?.lower).toBeLessThanOrEqual(2 + 1e-12);
    expect(constant?.upper).toBeGreaterThanOrEqual(2 - 1e-12);
  }
  expect(printCertificate(certificate)).toContain(
    "in the Euclidean norm of the coordinates A[0,0], A[0,1], A[1,1]; in the Frobenius norm mu in",
  );
  // trace(A) changes by at most √2 a unit, in either norm.
  const linear = certify("trace(A), A(2,2)", { domain: "A == A'" });
  const { lower, upper } = inFrobeniusNorm(linear)?.lipschitz ?? {};
  expect(lower).toBeLessThan(Math.SQRT2);
  expect(upper).toBeGreaterThanOrEqual(Math.SQRT2);
  expect(inFrobeniusNorm(certify("norm(A,'fro')^2, A(2,2)"))).toBeUndefined();
});

test("witnesses are points of coordinates, inside the cone", () => {
  const certificate = certify("det(A), A(2,2)", { domain: "A >> 0" });
  const { witness } = certificate.convex;
  expect(certificate.convex.answer).toBe("no");
  if (!witness) throw new Error("no witness");
  const det = ([a, b, c]: readonly number[]) => a * c - b * b;
  const { a, b, t, gap } = witness;
  for (const [p, q, r] of [a, b]) {
    expect(p).toBeGreaterThan(0);
    expect(det([p, q, r])).toBeGreaterThan(0);
  }
  const middle = a.map((v, k) => (1 - t) * v + t * b[k]);
  expect(det(middle) - (1 - t) * det(a) - t * det(b)).toBeGreaterThanOrEqual(gap * (1 - 1e-9));
  expect(gap).toBeGreaterThan(0);
});

test("a domain and variables that do not fit are refused", () => {
  expect(() => certify(barrier, { variables: { A: [2, 3] }, domain: "A >> 0" })).toThrow(
    "the domain takes A for a symmetric matrix, but it is [2, 3]. A symmetric matrix is declared as A(3,3)",
  );
  expect(() => certify("sum(w), w(3)", { domain: "w >> 0" })).toThrow("takes w for a symmetric matrix, but it is [3]");
  expect(() => certify(barrier, { variables: { A: [2, 2] }, domain: "B >> 0" })).toThrow("B is no variable");
  expect(() => certify("logdet(A)", { domain: "A[0,0] < 0" })).toThrow('the domain "A[0,0] < 0" has no positive definite matrix');
  const whole = parseDomain("R", [{ name: "A", shape: [2, 2] }]);
  expect(() => certify(parseExpression("logdet(A)"), { domain: whole })).toThrow(
    "the domain has 4 coordinates, but the function takes 3 numbers (A(2,2), symmetric)",
  );
});

test("the least eigenvalue of a positive definite matrix is known to be positive", () => {
  for (const [f, side] of [
    ["log(lambda_min(A)), A(2,2)", "concave"],
    ["sum(entr(eig(A))), A(2,2)", "concave"],
  ] as const) {
    const certificate = certify(f, { domain: "A >> 0", budget: 2000 });
    expect(certificate.excluded, f).toBeUndefined();
    expect(certificate[side].answer, f).toBe("yes");
  }
  // x > √y holds for all y up to 4 only from x = 2.
  expect(certify("log(x-sqrt(y))", { domain: "x>2.1, y>=0, y<=4" }).excluded).toBeUndefined();
  expect(certify("log(x-sqrt(y))", { domain: "x>1.9, y>=0, y<=4" }).excluded?.join()).toMatch(/not proved on the whole domain/);
  expect(certify("log(x-sqrt(y))", { domain: "x<-2, y>=0, y<=4" }).excluded?.join()).toMatch(/holds nowhere|not proved/);
});
