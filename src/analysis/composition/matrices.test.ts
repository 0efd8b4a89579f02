// Functions of matrices that composition decides, with proofs that check; and those of which it may not say anything.

import { describe, expect, it } from "vitest";
import { diagonal, diagonalMatrix, logSumExp, type Tensor, tensor, trace } from "../../tensor/index.ts";
import { cholesky, determinant, eigh, inverse, logDeterminant, solve, svd } from "../../tensor/linalg.ts";
import type { Domain } from "../domain.ts";
import { coordinatesOf, packedEntries, unpacked } from "../variables.ts";
import { checkCompositionProof, compositionFinding } from "./index.ts";
import { free, graphOf, t } from "./test-support.ts";

const size = (n: number) => coordinatesOf({ name: "A", shape: [n, n], symmetric: true });

/** Symmetric n×n matrices, positive definite or any, and a vector of k entries beside. */
const on = (n: number, definite: boolean, k = 0): Domain => ({
  ...free([size(n) + k]),
  cones: definite ? [{ entries: packedEntries(n) }] : [],
});

type F = (A: Tensor, x: Tensor) => Tensor;
interface Case {
  readonly f: F;
  readonly n: number;
  readonly definite: boolean;
  readonly k?: number;
}

function finding({ f, n, definite, k = 0 }: Case) {
  const shapes = k > 0 ? [[size(n)], [k]] : [[size(n)]];
  const graph = graphOf((v, x) => f(unpacked(v, n), x), ...shapes);
  const domain = on(n, definite, k);
  return { graph, domain, found: compositionFinding(graph, domain) };
}

const eye = (n: number) => t(Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => (i === j ? 1 : 0))));
const logdet = (A: Tensor) => logDeterminant(A).logAbsolute;
const eig = (A: Tensor) => eigh(A).values;
const B = (m: number, n: number) =>
  t(Array.from({ length: m }, (_, i) => Array.from({ length: n }, (_, j) => Math.round(8 * Math.sin(3 * i + 5 * j + 1)) / 4)));
/** A positive definite matrix of numbers. */
const S = (n: number) => B(n, n).transpose().matmul(B(n, n)).add(eye(n));
const numbers = (list: readonly number[]) => tensor([...list], { dtype: "float64" });
const nuclear = (A: Tensor) => svd(A).s.sum();

const pd = (f: F, k = 0) => ({ f, definite: true, k });
const any = (f: F, k = 0) => ({ f, definite: false, k });

const convex: Readonly<Record<string, { f: F; definite: boolean; k: number }>> = {
  "-logdet(A)": pd((A) => logdet(A).neg()),
  "-log(det(A))": pd((A) => determinant(A).log().neg()),
  "1/det(A)": pd((A) => determinant(A).reciprocal()),
  "logdet(inv(A))": pd((A) => logdet(inverse(A))),
  "-2 Σ log diag chol(A)": pd((A) => diagonal(cholesky(A)).log().sum().mul(-2)),
  "-logdet(A)+trace(S*A)": pd((A) => trace(S(A.shape[0]).matmul(A)).sub(logdet(A))),
  "-logdet(A)+sum(S.*A)": pd((A) => S(A.shape[0]).mul(A).sum().sub(logdet(A))),
  "trace(inv(A))": pd((A) => trace(inverse(A))),
  "inv(A)[0,0]": pd((A) => diagonal(inverse(A)).slice([0], [1]).sum()),
  "sum(inv(A))": pd((A) => inverse(A).sum()),
  "trace(S*inv(A))": pd((A) => trace(S(A.shape[0]).matmul(inverse(A)))),
  "trace(B'*inv(A)*B)": pd((A) => trace(B(A.shape[0], 2).transpose().matmul(inverse(A)).matmul(B(A.shape[0], 2)))),
  "-logdet(B'*A*B)": pd((A) =>
    logdet(
      eye(A.shape[0])
        .slice([0, 0], [A.shape[0], 2])
        .transpose()
        .matmul(A)
        .matmul(eye(A.shape[0]).slice([0, 0], [A.shape[0], 2])),
    ).neg(),
  ),
  "-logdet(I+A)": pd((A) => logdet(A.add(eye(A.shape[0]))).neg()),
  "-logdet(2*A+0.1*I)": pd((A) => logdet(A.mul(2).add(eye(A.shape[0]).mul(0.1))).neg()),
  "lambda_max(A)": any((A) => eig(A).max()),
  "-lambda_min(A)": any((A) => eig(A).min().neg()),
  "lambda_max(A)-lambda_min(A)": any((A) => eig(A).max().sub(eig(A).min())),
  "exp(lambda_max(A))": any((A) => eig(A).max().exp()),
  "lambda_max(A)^2": pd((A) => eig(A).max().square()),
  "log-sum-exp of eigenvalues": any((A) => logSumExp(eig(A))),
  "trace(exp(A))": any((A) => eig(A).exp().sum()),
  "von Neumann": pd((A) => eig(A).mul(eig(A).log()).sum()),
  "Σ 1/λ": pd((A) => eig(A).reciprocal().sum()),
  "Σ |λ|³ ^ (1/2)": any((A) => eig(A).abs().pow(3).sum()),
  "-Σ log λ": pd((A) => eig(A).log().sum().neg()),
  "all eigenvalues but the least": any((A) => eig(A).slice([1]).sum()),
  "rising weights": any((A) =>
    eig(A)
      .mul(numbers(Array.from({ length: A.shape[0] }, (_, i) => i - 1)))
      .sum(),
  ),
  "variance of eigenvalues": any((A) => eig(A).sub(eig(A).mean()).square().mean()),
  "lambda_max(A*A)": any((A) => eig(A.matmul(A)).max()),
  "lambda_max(inv(A))": pd((A) => eig(inverse(A)).max()),
  "1/lambda_min(A)": pd((A) => eig(A).min().reciprocal()),
  "trace(A*A)": any((A) => trace(A.matmul(A))),
  "norm(A,'nuc')": any(nuclear),
  "spectral norm": any((A) => svd(A).s.max()),
  "Schatten 3": any((A) => svd(A).s.pow(3).sum()),
  "Ky Fan n - 1": any((A) =>
    svd(A)
      .s.slice([0], [A.shape[0] - 1])
      .sum(),
  ),
  "nuclear norm squared": any((A) => nuclear(A).square()),
  "nuclear norm of A+xx'…": any((A) => nuclear(A.mul(2).sub(eye(A.shape[0])))),
  "x'*inv(A)*x": pd((A, x) => x.matmul(inverse(A)).matmul(x), 3),
  "x'*(A\\x)": pd((A, x) => x.matmul(solve(A, x)), 3),
  "Σ x∘(A⁻¹x)": pd((A, x) => x.mul(inverse(A).matmul(x)).sum(), 3),
  "Σ x∘(A\\x)": pd((A, x) => solve(A, x).mul(x).sum(), 3),
  "x'*inv(A+I)*x-logdet(A)": pd(
    (A, x) =>
      x
        .matmul(inverse(A.add(eye(3))))
        .matmul(x)
        .sub(logdet(A)),
    3,
  ),
  "x'*S*x": any((_A, x) => x.matmul(S(3)).matmul(x), 3),
  "-logdet(diag(x)+A)": pd((A, x) => logdet(diagonalMatrix(x.exp().reciprocal().mul(0).add(1)).add(A)).neg(), 3),
};

const more: typeof convex = {
  "log(trace(inv(A)))": pd((A) => trace(inverse(A)).log()),
  "log(lambda_max(inv(A)))": pd((A) => eig(inverse(A)).max().log()),
  "log Σ 1/λ": pd((A) => eig(A).reciprocal().sum().log()),
  "log of a quadratic form of the inverse": pd((A) => inverse(A).sum().log()),
  "sqrt(lambda_max(A'*A))": any((A) => eig(A.transpose().matmul(A)).max().sqrt()),
  "Σ √λ(A'*A)": any((A) => eig(A.transpose().matmul(A)).sqrt().sum()),
  "sqrt(x'*S*x)": any((_A, x) => x.matmul(S(3)).matmul(x).sqrt(), 3),
  "sqrt(trace(A*S*A))": any((A) => trace(A.matmul(S(A.shape[0])).matmul(A)).sqrt()),
};

const nothing: Readonly<Record<string, { f: F; definite: boolean; k: number }>> = {
  "logdet of any A": any((A) => logdet(A)),
  "logdet(A-I)": pd((A) => logdet(A.sub(eye(A.shape[0])))),
  "logdet(A) plus one of another sign": pd((A) => logdet(A).add(eig(A).square().sum().mul(0.01))),
  "0·logdet of any A": any((A) => logdet(A).mul(0)),
  "0·inv of any A": any((A) => trace(inverse(A)).mul(0)),
  "0·chol of any A": any((A) => cholesky(A).sum().mul(0)),
  "max(inv, …)": any((A) => inverse(A).max()),
  "inv(A)[0,1]": pd((A) => inverse(A).slice([0, 1], [1, 2]).sum()),
  "lambda_max of A∘A": any((A) => eig(A.mul(A).mul(A)).max()),
  "lambda_min(A*A)": any((A) => eig(A.matmul(A)).min()),
  "middle eigenvalue": any((A) => eig(A).slice([1], [2]).sum()),
  "weights without order": any((A) =>
    eig(A)
      .mul(numbers([1, 3, 2, 0, 1].slice(0, A.shape[0])))
      .sum(),
  ),
  "second singular value": any((A) => svd(A).s.slice([1], [2]).sum()),
  "Σ √σ": any((A) => svd(A).s.sqrt().sum()),
  "Σ √λ²…": pd((A) =>
    eig(A)
      .mul(numbers([1, 2, 1.5, 1, 1].slice(0, A.shape[0])))
      .square()
      .sum()
      .neg(),
  ),
  "Σ weighted λ²": any((A) =>
    eig(A)
      .square()
      .mul(numbers([2, 1, 3, 1, 2].slice(0, A.shape[0])))
      .sum(),
  ),
  cond: pd((A) => eig(A).max().div(eig(A).min())),
  "det(A)": pd((A) => determinant(A)),
  "Σ σ(A²)… of an indefinite square": any((A) => nuclear(A.matmul(A).sub(A))),
  "x'*A*x": pd((A, x) => x.matmul(A).matmul(x), 3),
  "x'*inv(A)*y": pd((A, x) => x.matmul(inverse(A)).matmul(x.mul(x)), 3),
  "x'*inv(A) any": any((A, x) => x.matmul(inverse(A)).matmul(x), 3),
  "x'*inv(A*A)*x": pd((A, x) => x.matmul(inverse(A.matmul(A))).matmul(x), 3),
  "trace(N*inv(A))": pd((A) => trace(B(3, 3).add(B(3, 3).transpose()).matmul(inverse(A)))),
  eigenvectors: any((A) => eigh(A).vectors.square().sum()),
};

describe("convex functions of matrices", () => {
  const cases = Object.entries({ ...convex, ...more }).flatMap(([name, c]) =>
    (c.k > 0 ? [3] : [2, 3, 5]).map((n) => [`${name}, n = ${n}`, { ...c, n }] as const),
  );
  it.each(cases)("%s", (_name, c) => {
    const { graph, domain, found } = finding(c);
    expect(found.convex?.answer).toBe("yes");
    expect(checkCompositionProof(graph, domain, found.convex!.proof!)).toBe(true);
    expect(found.concave).toBeUndefined();
    // And their mirror images.
    const mirrored = finding({ ...c, f: (A, x) => c.f(A, x).neg() });
    expect(mirrored.found.concave?.answer).toBe("yes");
    expect(checkCompositionProof(mirrored.graph, mirrored.domain, mirrored.found.concave!.proof!)).toBe(true);
  });
});

describe("nothing is said of", () => {
  it.each(Object.entries(nothing))("%s", (_name, c) => {
    const { found } = finding({ ...c, n: 3 });
    expect(found.convex).toBeUndefined();
    expect(found.concave).toBeUndefined();
  });
});

describe("a proof about a matrix that was tampered with is refused", () => {
  const c = { ...pd((A) => logdet(A.mul(2).add(eye(3))).neg()), n: 3 };
  const { graph, domain, found } = finding(c);
  const proof = found.convex!.proof!;
  const text = JSON.stringify(proof);
  const checks = (p: string, on = domain, of = graph) => {
    try {
      return checkCompositionProof(of, on, JSON.parse(p) as typeof proof);
    } catch {
      return false;
    }
  };
  it("as it stands it is accepted", () => {
    expect(checks(text)).toBe(true);
    expect(text).toContain("positive definite");
  });
  it("not where the matrix need not be positive definite", () => {
    expect(checks(text, { ...domain, cones: [] })).toBe(false);
  });
  it("not with another thing said of the matrix", () => {
    expect(checks(text.replace('"is":["positive definite"]', '"is":["negative definite"]'))).toBe(false);
    expect(
      checks(text.replace('"is":["positive definite"]', '"is":["positive definite","convex in the order of Loewner"]')),
    ).toBe(false);
    expect(checks(text.replace('"is":["positive definite"]', '"is":[]'))).toBe(false);
  });
  it("not with another conclusion, or a stronger claim", () => {
    expect(checks(text.replace('"wanted":"convex"', '"wanted":"concave"'))).toBe(false);
    expect(checks(text.replaceAll('"convex"]', '"affine"]'))).toBe(false);
  });
  it("not of another function", () => {
    const others: F[] = [
      (A) => logdet(A.mul(2).add(eye(3))),
      (A) => logdet(A.mul(2).sub(eye(3))).neg(),
      (A) => logdet(A.matmul(A).add(eye(3))).neg(),
      (A) => logdet(A.mul(-2).add(eye(3))).neg(),
      (A) => determinant(A.mul(2).add(eye(3))).neg(),
    ];
    for (const f of others) expect(checks(text, domain, finding({ ...c, f }).graph)).toBe(false);
  });
});
