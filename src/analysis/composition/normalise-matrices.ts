// Functions of matrices as they were meant, found again in the factorizations that compute them. Every replacement is an identity of real
// functions wherever the factorization exists:
//   Σ log |diag U| of A = P·L·U is log |det A|;  ±Π diag U is det A;  Σ log diag L of A = L·Lᵀ is ½·log det A;
//   Σ log λ of a symmetric A is log det A;  log |det A⁻¹| is −log |det A|;
//   the solution of A·X = I is A⁻¹;  ½(A + Aᵀ) = A for a symmetric A.

import type { Node } from "../../graph/node.ts";
import { callAttributes, composition, isCall, isPick, scalar } from "../../graph/structural.ts";
import { mul, neg } from "../../ops/arithmetic.ts";
import { determinant, inverse, logDeterminant } from "../../ops/linalg/index.ts";
import { exactValue } from "./constants.ts";
import { type FormReader, sameForm } from "./forms.ts";
import { areTransposed, factorsOf } from "./matrix-products.ts";
import { matrixOf, spectrumOf } from "./spectral.ts";

/** log |det A|. `definite`: computed in a way that only positive definite matrices have: by Cholesky's factorization, by log λ. */
const logdet = (a: Node, definite: boolean): Node =>
  isCall(a) && callAttributes(a).name === "inv"
    ? neg(logdet(a.inputs[0], definite))
    : composition("logdet", { definite }, [a], (x) => logDeterminant(x).logAbsolute);

/** The matrix [n, n] of which a node is the diagonal. */
export function diagonalOf(node: Node): Node | undefined {
  if (node.op.name !== "slice") return undefined;
  const [row] = node.inputs;
  if (row.op.name !== "reshape" || row.shape.length !== 1) return undefined;
  const [matrix] = row.inputs;
  if (matrix.shape.length !== 2 || matrix.shape[0] !== matrix.shape[1]) return undefined;
  const [n] = matrix.shape;
  const { starts, steps } = node.attributes as { readonly starts: readonly number[]; readonly steps: readonly number[] };
  return node.shape[0] === n && starts[0] === 0 && (n === 1 || steps[0] === n + 1) ? matrix : undefined;
}

/** The factorization of which a node is the diagonal. */
function pivotsOf(node: Node, name: "lu" | "cholesky"): Node | undefined {
  const factors = diagonalOf(node);
  if (!factors) return undefined;
  if (name === "cholesky") return factors.op.name === "cholesky" ? factors : undefined;
  return isPick(factors) && factors.attributes.index === 0 && factors.inputs[0].op.name === "lu" ? factors.inputs[0] : undefined;
}

function uniformValue(node: Node): number | undefined {
  const value = exactValue(node);
  return value?.every((x) => x === value[0]) ? value[0] : undefined;
}

/** Whether a constant is the identity matrix of more than one row. */
export function isIdentityMatrix(node: Node): boolean {
  const value = exactValue(node);
  const [n, m] = node.shape;
  return (
    value !== undefined && node.shape.length === 2 && n === m && n > 1 && value.every((x, i) => x === (i % (n + 1) === 0 ? 1 : 0))
  );
}

/** Whether entries (i, j) and (j, i) are the same function, by their exact coefficients. */
export function isSymmetricForm(node: Node, formsOf: FormReader): boolean {
  const [n, m] = node.shape;
  if (node.shape.length !== 2 || n !== m) return false;
  const forms = formsOf(node);
  return forms?.every((f, at) => sameForm(f, forms[(at % n) * n + Math.floor(at / n)])) ?? false;
}

/** The same, also of sums, multiples, inverses and products that read alike from both ends. */
function isSymmetricAsWritten(node: Node, formsOf: FormReader, known = new Map<Node, boolean>()): boolean {
  let found = known.get(node);
  if (found === undefined) {
    found = isSymmetricForm(node, formsOf) || readsAlike(node, formsOf, (x) => isSymmetricAsWritten(x, formsOf, known));
    known.set(node, found);
  }
  return found;
}

function readsAlike(node: Node, formsOf: FormReader, isSymmetric: (x: Node) => boolean): boolean {
  const [n, m] = node.shape;
  if (node.shape.length !== 2 || n !== m || n > 128) return false;
  const [a, b] = node.inputs;
  if (["transpose", "neg"].includes(node.op.name)) return isSymmetric(a);
  if (["add", "sub"].includes(node.op.name)) return isSymmetric(a) && isSymmetric(b);
  if (node.op.name === "mul" || node.op.name === "div")
    return [a, b].every((x) => uniformValue(x) !== undefined || isSymmetric(x));
  const factors = factorsOf(node);
  if (!factors || (factors.length === 1 && factors[0].node === node)) return false;
  const k = factors.length;
  const outer = factors.slice(0, Math.floor(k / 2));
  return (
    outer.every((f, i) => areTransposed(f, factors[k - 1 - i], isSymmetric, formsOf)) &&
    (k % 2 === 0 || isSymmetric(factors[(k - 1) / 2].node))
  );
}

/** What a node is another way of writing; undefined for any other. */
export function rewrittenMatrix(node: Node, formsOf: FormReader): Node | undefined {
  const [a, b] = node.inputs;
  switch (node.op.name) {
    case "sum": {
      if (a.op.name !== "log" || a.shape.length !== 1) return undefined;
      const [inner] = a.inputs;
      if (spectrumOf(inner) === "eigenvalues") return logdet(matrixOf(inner), true);
      const lu = inner.op.name === "abs" ? pivotsOf(inner.inputs[0], "lu") : undefined;
      if (lu) return logdet(lu.inputs[0], false);
      const cholesky = pivotsOf(inner, "cholesky");
      return cholesky && mul(logdet(cholesky.inputs[0], true), scalar(0.5, node.dtype));
    }
    case "mul": {
      for (const [product, sign] of [
        [a, b],
        [b, a],
      ]) {
        if (product.op.name !== "prod" || product.inputs[0].shape.length !== 1 || !isPick(sign)) continue;
        const lu = pivotsOf(product.inputs[0], "lu");
        if (lu && sign.inputs[0] === lu && sign.attributes.index === 2)
          return composition("det", {}, [lu.inputs[0]], (x) => determinant(x));
      }
      const [half, sum] = uniformValue(a) === 0.5 ? [a, b] : [b, a];
      if (sum.op.name !== "add" || uniformValue(half) !== 0.5) return undefined;
      const [p, q] = sum.inputs;
      for (const [x, y] of [
        [p, q],
        [q, p],
      ]) {
        const turned = y.op.name === "transpose" && y.inputs[0] === x;
        if ((turned || x === y) && x.shape.length === 2 && isSymmetricAsWritten(x, formsOf)) return x;
      }
      return undefined;
    }
    default: {
      if (!isCall(node)) return undefined;
      const { name } = callAttributes(node);
      return name === "solve" && node.shape.length === 2 && isIdentityMatrix(b)
        ? composition("inv", {}, [a], (x) => inverse(x))
        : undefined;
    }
  }
}
