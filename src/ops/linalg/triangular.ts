// Triangular systems and the Cholesky factorization.

import { fail } from "../../graph/errors.ts";
import { makeNode, type Node } from "../../graph/node.ts";
import { asFunction } from "../../graph/notation.ts";
import type { Attributes, Notation, Structured } from "../../graph/primitive.ts";
import { formatShape, sameShape } from "../../graph/shape.ts";
import { cholesky as choleskyOf, solveTriangular } from "../../numeric/linalg/index.ts";
import { mul, neg, sub } from "../arithmetic.ts";
import { tril, triu } from "../diagonal.ts";
import { tabulate } from "../fill.ts";
import { everyLeading } from "../leading.ts";
import { matmul } from "../matmul.ts";
import { expandDims, reshape } from "../shape.ts";
import { alignStacks, eachPiece, leadOf, matrixDims, squareDim, stackCost, symmetrized, toFloat, transposed } from "./stacks.ts";

export interface TriangularAttributes extends Attributes {
  /** Which triangle is read. */
  readonly lower: boolean;
  /** Solve with the transposed matrix. */
  readonly transpose: boolean;
  /** Take the diagonal as ones. */
  readonly unitDiagonal: boolean;
}

/** The part of `x` that a triangular solve reads. */
function triangle(x: Node, { lower, unitDiagonal }: TriangularAttributes): Node {
  return lower ? tril(x, unitDiagonal ? -1 : 0) : triu(x, unitDiagonal ? 1 : 0);
}

export const triangularSolveOp: Structured<TriangularAttributes> = {
  kind: "structured",
  name: "triangularSolve",
  infer: ([a, b]) => {
    const n = squareDim("triangularSolve", a);
    const [rows] = matrixDims("triangularSolve", b);
    if (rows !== n || a.dtype !== b.dtype || !sameShape(leadOf(a.shape), leadOf(b.shape))) {
      fail(
        "shape",
        `triangularSolve: the matrix ${a.dtype}${formatShape(a.shape)} and the right-hand side ${b.dtype}${formatShape(b.shape)} do not fit: the ` +
          `right-hand side needs ${n} rows.`,
      );
    }
    return [b];
  },
  evaluate: ([a, b], [x], { lower, transpose, unitDiagonal }) => {
    const [n, columns] = b.shape.slice(-2);
    const pieces: Float64Array[] = [];
    eachPiece(a, n * n, (piece) => pieces.push(piece));
    eachPiece(b, n * columns, (right, i) => {
      x.data.set(
        solveTriangular(pieces[i], right, n, columns, { lower, transposed: transpose, unit: unitDiagonal }),
        i * n * columns,
      );
    });
  },
  derivative: {
    kind: "rules",
    // op(A)·X = B: B̄ = op(A)⁻ᵀ·X̄ and Ā = −B̄·Xᵀ (transposed for op(A) = Aᵀ), within the triangle that is read.
    vjp: (node, [g], needed) => {
      const [a] = node.inputs;
      const attributes = node.attributes as TriangularAttributes;
      if (!g) return [undefined, undefined];
      const right = makeNode(triangularSolveOp, [a, g], { ...attributes, transpose: !attributes.transpose });
      const left = attributes.transpose ? matmul(node, transposed(right)) : matmul(right, transposed(node));
      return [needed[0] ? triangle(neg(left), attributes) : undefined, right];
    },
    // op(A)·X′ = B′ − op(A′)·X.
    jvp: (node, [ta, tb]) => {
      const attributes = node.attributes as TriangularAttributes;
      const part = ta && triangle(ta, attributes);
      const moved = part && matmul(attributes.transpose ? transposed(part) : part, node);
      const right = moved ? (tb ? sub(tb, moved) : neg(moved)) : tb;
      return [right && makeNode(triangularSolveOp, [node.inputs[0], right], attributes)];
    },
  },
  batch: (inputs, batched, attributes, size) => makeNode(triangularSolveOp, everyLeading(inputs, batched, size), attributes),
  cost: ([a, b]) => stackCost(b, (a.shape[a.shape.length - 1] * b.shape[b.shape.length - 2] * b.shape[b.shape.length - 1]) / 2),
};

export const triangularSolveNotation = ({ transpose }: TriangularAttributes): Notation => ({
  text: (a, b) => `triangularSolve(${a}, ${b}${transpose ? ", transpose" : ""})`,
  tex: (a, b) => `{${a}}^{-${transpose ? String.raw`\top` : "1"}} ${b}`,
});

export interface TriangularSolveOptions {
  /** Read the lower triangle (default) or the upper; the other may hold anything. */
  readonly lower?: boolean;
  /** Solve with the transposed matrix; default false. */
  readonly transpose?: boolean;
  /** Take the diagonal as ones, whatever it holds; default false. */
  readonly unitDiagonal?: boolean;
}

/**
 * X with A·X = B for triangular matrices a [..., n, n] and b [..., n, k] (or a vector [n]); leading dimensions broadcast. A zero on the diagonal
 * gives infinities or NaN.
 */
export function triangularSolve(a: Node, b: Node, options: TriangularSolveOptions = {}): Node {
  const { lower = true, transpose = false, unitDiagonal = false } = options;
  if (b.shape.length === 1) {
    const x = triangularSolve(a, expandDims(b, 1), options);
    return reshape(x, x.shape.slice(0, -1));
  }
  squareDim("triangularSolve", { shape: a.shape, dtype: "float64" });
  const [matrix, right] = alignStacks("triangularSolve", a, b);
  return makeNode(triangularSolveOp, [matrix, right], { lower, transpose, unitDiagonal });
}

export const choleskyOp: Structured = {
  kind: "structured",
  name: "cholesky",
  infer: ([a]) => {
    squareDim("cholesky", a);
    return [a];
  },
  evaluate: ([a], [l]) => {
    const n = a.shape[a.shape.length - 1];
    eachPiece(a, n * n, (piece, i) => l.data.set(choleskyOf(piece, n), i * n * n));
  },
  derivative: {
    kind: "rules",
    // A = L·Lᵀ: Ā = sym(L⁻ᵀ·Φ(Lᵀ·L̄)·L⁻¹), Φ keeping the lower triangle and half the diagonal (Murray 2016; Giles 2008).
    vjp: (l, [g]) => {
      if (!g) return [undefined];
      const n = l.shape[l.shape.length - 1];
      const half = tabulate([n, n], l.dtype, (i) => {
        const [row, column] = [Math.floor(i / n), i % n];
        return row > column ? 1 : row === column ? 0.5 : 0;
      });
      const inner = mul(matmul(transposed(l), tril(g)), half);
      const left = triangularSolve(l, inner, { transpose: true });
      return [symmetrized(transposed(triangularSolve(l, transposed(left), { transpose: true })))];
    },
    jvp: "transpose",
  },
  batch: (inputs) => makeNode(choleskyOp, inputs, {}),
  cost: ([a]) => stackCost(a, a.shape[a.shape.length - 1] ** 3 / 6),
};

export const choleskyNotation = asFunction("cholesky", "\\operatorname{chol}");

/**
 * The lower-triangular L with A = L·Lᵀ for symmetric positive definite a [..., n, n]. The symmetric part of a is taken, so that derivatives
 * with respect to all entries are meaningful. A matrix that is not positive definite gives NaN.
 */
export function cholesky(a: Node): Node {
  squareDim("cholesky", { shape: a.shape, dtype: "float64" });
  return makeNode(choleskyOp, [symmetrized(toFloat(a))], {});
}
