// Eigenvalues of symmetric matrices, and singular values. Derivatives of the vectors divide by differences of the values; where two values
// coincide, those vectors are not determined and have no derivative: the term is left out, so that the result stays finite. What depends on
// the whole invariant subspace only, or on the values only, is right all the same.

import { makeNode, type Node } from "../../graph/node.ts";
import { asFunction } from "../../graph/notation.ts";
import type { Structured } from "../../graph/primitive.ts";
import { picks, scalar } from "../../graph/structural.ts";
import { svd as svdOf, symmetricEigen } from "../../numeric/linalg/index.ts";
import { add, div, mul, sub } from "../arithmetic.ts";
import { lessEqual } from "../comparison.ts";
import { diagonalMatrix } from "../diagonal.ts";
import { matmul } from "../matmul.ts";
import { abs } from "../piecewise.ts";
import { square } from "../powers.ts";
import { reduceMax } from "../reduction.ts";
import { where } from "../selection.ts";
import { expandDims } from "../shape.ts";
import {
  eachPiece,
  machineEpsilon,
  matrixDims,
  scaleColumns,
  scaleRows,
  squareDim,
  stackCost,
  symmetrized,
  toFloat,
  transposed,
} from "./stacks.ts";

/** 1 / x where |x| is above rounding error of numbers as large as `scale`, elsewhere 0. */
function maskedReciprocal(x: Node, scale: Node, n: number): Node {
  const [zero, one] = [scalar(0, x.dtype), scalar(1, x.dtype)];
  const tiny = lessEqual(abs(x), mul(scale, scalar(4 * n * machineEpsilon(x), x.dtype)));
  return where(tiny, zero, div(one, where(tiny, one, x)));
}

/** Fᵢⱼ = 1 / (wⱼ − wᵢ), 0 on the diagonal and where they coincide. */
function reciprocalGaps(w: Node): Node {
  const gaps = sub(expandDims(w, -2), expandDims(w, -1));
  const scale = expandDims(reduceMax(abs(w), -1, true), -1);
  return maskedReciprocal(gaps, scale, w.shape[w.shape.length - 1]);
}

export const eighOp: Structured = {
  kind: "structured",
  name: "eigh",
  infer: ([a]) => {
    squareDim("eigh", a);
    return [{ shape: a.shape.slice(0, -1), dtype: a.dtype }, a];
  },
  evaluate: ([a], [values, vectors]) => {
    const n = a.shape[a.shape.length - 1];
    eachPiece(a, n * n, (piece, i) => {
      const result = symmetricEigen(piece, n);
      values.data.set(result.values, i * n);
      vectors.data.set(result.vectors, i * n * n);
    });
  },
  derivative: {
    kind: "rules",
    // Ā = V·(diag(λ̄) + F∘(VᵀV̄))·Vᵀ (Giles 2008, 3.1), symmetrised.
    vjp: (node, [gw, gv]) => {
      const [w, v] = picks(node);
      const fromVectors = gv && mul(reciprocalGaps(w), matmul(transposed(v), gv));
      const fromValues = gw && diagonalMatrix(gw);
      const inner = fromVectors && fromValues ? add(fromVectors, fromValues) : (fromVectors ?? fromValues);
      return [inner && symmetrized(matmul(matmul(v, inner), transposed(v)))];
    },
    jvp: "transpose",
  },
  batch: (inputs) => makeNode(eighOp, inputs, {}),
  cost: ([a]) => stackCost(a, 9 * a.shape[a.shape.length - 1] ** 3),
};

export const eighNotation = asFunction("eigh", "\\operatorname{eig}");

export interface Eigen {
  /** Ascending: [..., n]. */
  readonly values: Node;
  /** Column j is the unit eigenvector of values[j], its entry of largest magnitude positive: [..., n, n]. */
  readonly vectors: Node;
}

/**
 * Eigenvalues and eigenvectors of symmetric matrices: A = V·diag(λ)·Vᵀ for a [..., n, n]. The symmetric part of a is taken. Derivatives of the
 * eigenvectors leave out pairs of equal eigenvalues (within rounding).
 */
export function eigh(a: Node): Eigen {
  squareDim("eigh", { shape: a.shape, dtype: "float64" });
  const [values, vectors] = picks(makeNode(eighOp, [symmetrized(toFloat(a))], {}));
  return { values, vectors };
}

export const svdOp: Structured = {
  kind: "structured",
  name: "svd",
  infer: ([a]) => {
    const [m, n] = matrixDims("svd", a);
    const k = Math.min(m, n);
    const lead = a.shape.slice(0, -2);
    return [
      [...lead, m, k],
      [...lead, k],
      [...lead, n, k],
    ].map((shape) => ({ shape, dtype: a.dtype }));
  },
  evaluate: ([a], [u, s, v]) => {
    const [m, n] = a.shape.slice(-2);
    const k = Math.min(m, n);
    eachPiece(a, m * n, (piece, i) => {
      const result = svdOf(piece, m, n);
      u.data.set(result.u, i * m * k);
      s.data.set(result.s, i * k);
      v.data.set(result.v, i * n * k);
    });
  },
  derivative: {
    kind: "rules",
    // With F as for the eigenvalues s² (Townsend 2016):
    // Ā = U·(diag(s̄) + (F∘(UᵀŪ − ŪᵀU))·S + S·(F∘(VᵀV̄ − V̄ᵀV)))·Vᵀ + (I − UUᵀ)·Ū·S⁻¹·Vᵀ + U·S⁻¹·V̄ᵀ·(I − VVᵀ).
    vjp: (node, [gu, gs, gv]) => {
      const [u, s, v] = picks(node);
      const [m, k] = u.shape.slice(-2);
      const n = v.shape[v.shape.length - 2];
      const inner: Node[] = gs ? [diagonalMatrix(gs)] : [];
      const outside: Node[] = [];
      const gaps = gu || gv ? reciprocalGaps(square(s)) : s;
      const inverse = gu || gv ? maskedReciprocal(s, reduceMax(s, -1, true), k) : s;
      // UᵀŪ serves twice: its antisymmetric part turns U within its span, what is left of Ū turns it out of it.
      const parts = (x: Node, g: Node): [Node, Node] => {
        const overlap = matmul(transposed(x), g);
        return [mul(gaps, sub(overlap, transposed(overlap))), scaleColumns(sub(g, matmul(x, overlap)), inverse)];
      };
      if (gu) {
        const [within, without] = parts(u, gu);
        inner.push(scaleColumns(within, s));
        if (m > k) outside.push(matmul(without, transposed(v)));
      }
      if (gv) {
        const [within, without] = parts(v, gv);
        inner.push(scaleRows(within, s));
        if (n > k) outside.push(matmul(u, transposed(without)));
      }
      if (inner.length === 0) return [undefined];
      return [[matmul(matmul(u, inner.reduce(add2)), transposed(v)), ...outside].reduce(add2)];
    },
    jvp: "transpose",
  },
  batch: (inputs) => makeNode(svdOp, inputs, {}),
  cost: ([a]) => {
    const [m, n] = a.shape.slice(-2);
    const [long, short] = [Math.max(m, n), Math.min(m, n)];
    return stackCost(a, 4 * long * short * short + 8 * short ** 3);
  },
};

export const svdNotation = asFunction("svd", "\\operatorname{SVD}");

const add2 = (a: Node, b: Node) => add(a, b);

export interface SingularValues {
  /** Orthonormal columns: [..., m, k], k = min(m, n). */
  readonly u: Node;
  /** Descending, nonnegative: [..., k]. */
  readonly s: Node;
  /** Orthonormal columns (not transposed), each with its entry of largest magnitude positive: [..., n, k]. */
  readonly v: Node;
}

/**
 * Reduced singular value decomposition A = U·diag(s)·Vᵀ of a [..., m, n]. Derivatives of u and v leave out pairs of equal singular values and
 * singular values of zero (within rounding).
 */
export function svd(a: Node): SingularValues {
  const [u, s, v] = picks(makeNode(svdOp, [toFloat(a)], {}));
  return { u, s, v };
}
