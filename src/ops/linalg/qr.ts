// QR factorization, and least squares through it.

import { fail } from "../../graph/errors.ts";
import { makeNode, type Node } from "../../graph/node.ts";
import { asFunction } from "../../graph/notation.ts";
import type { Structured } from "../../graph/primitive.ts";
import { formatShape } from "../../graph/shape.ts";
import { picks } from "../../graph/structural.ts";
import { qr as qrOf } from "../../numeric/linalg/index.ts";
import { add, neg, sub } from "../arithmetic.ts";
import { concat } from "../assembly.ts";
import { tril, triu } from "../diagonal.ts";
import { matmul } from "../matmul.ts";
import { expandDims, reshape } from "../shape.ts";
import { sliceAxis } from "../slicing.ts";
import { alignStacks, eachPiece, matrixDims, stackCost, toFloat, transposed } from "./stacks.ts";
import { triangularSolve } from "./triangular.ts";

export const qrOp: Structured = {
  kind: "structured",
  name: "qr",
  infer: ([a]) => {
    const [m, n] = matrixDims("qr", a);
    if (m < n)
      fail("shape", `qr: the operation takes matrices with at least as many rows as columns, got ${formatShape(a.shape)}.`);
    return [a, { shape: [...a.shape.slice(0, -2), n, n], dtype: a.dtype }];
  },
  evaluate: ([a], [q, r]) => {
    const [m, n] = a.shape.slice(-2);
    eachPiece(a, m * n, (piece, i) => {
      const result = qrOf(piece, m, n);
      q.data.set(result.q, i * m * n);
      r.data.set(result.r, i * n * n);
    });
  },
  derivative: {
    kind: "rules",
    // Ā = (Q̄ + Q·S)·R⁻ᵀ, S the symmetric matrix with the lower triangle of R·R̄ᵀ − Q̄ᵀ·Q (Walter & Lehmann 2018; Seeger et al. 2017).
    vjp: (node, [gq, gr]) => {
      const [q, r] = picks(node);
      const upper = gr && matmul(r, transposed(triu(gr)));
      const lower = gq && matmul(transposed(gq), q);
      const m = upper ? (lower ? sub(upper, lower) : upper) : lower && neg(lower);
      if (!m) return [undefined];
      const symmetric = add(tril(m), transposed(tril(m, -1)));
      const right = matmul(q, symmetric);
      const whole = gq ? add(gq, right) : right;
      return [transposed(triangularSolve(r, transposed(whole), { lower: false }))];
    },
    jvp: "transpose",
  },
  batch: (inputs) => makeNode(qrOp, inputs, {}),
  cost: ([a]) => {
    const [m, n] = a.shape.slice(-2);
    return stackCost(a, 2 * m * n * n);
  },
};

export const qrNotation = asFunction("qr", "\\operatorname{QR}");

export interface QRFactors {
  /** Orthonormal columns: [..., m, k], k = min(m, n). */
  readonly q: Node;
  /** Upper triangular with nonnegative diagonal: [..., k, n]. */
  readonly r: Node;
}

/**
 * Reduced QR factorization A = Q·R of a [..., m, n]. The nonnegative diagonal of R makes it unique where A (its first m columns, when it is
 * wide) has full rank; only there does it have a derivative.
 */
export function qr(a: Node): QRFactors {
  const x = toFloat(a);
  const [m, n] = matrixDims("qr", x);
  if (m >= n) {
    const [q, r] = picks(makeNode(qrOp, [x], {}));
    return { q, r };
  }
  const { q, r } = qr(sliceAxis(x, -1, 0, m));
  return { q, r: concat([r, matmul(transposed(q), sliceAxis(x, -1, m))], -1) };
}

/** The X that minimises |A·X − B|, for a [..., m, n] of full column rank (m ≥ n) and b [..., m, k] or [m]: R⁻¹·Qᵀ·B. */
export function leastSquares(a: Node, b: Node): Node {
  if (b.shape.length === 1) {
    const x = leastSquares(a, expandDims(b, 1));
    return reshape(x, x.shape.slice(0, -1));
  }
  const [m, n] = matrixDims("leastSquares", { shape: a.shape, dtype: "float64" });
  if (m < n || b.shape[b.shape.length - 2] !== m) {
    fail(
      "shape",
      `leastSquares: needs a [..., m, n] with m ≥ n and a right-hand side with m rows, got ${formatShape(a.shape)} and ${formatShape(b.shape)}.`,
    );
  }
  const [matrix, right] = alignStacks("leastSquares", a, b);
  const { q, r } = qr(matrix);
  return triangularSolve(r, matmul(transposed(q), right), { lower: false });
}
