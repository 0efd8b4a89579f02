// Systems of linear equations, inverses and determinants, all through the LU factorization with partial pivoting.

import { fail } from "../../graph/errors.ts";
import { makeNode, type Node } from "../../graph/node.ts";
import { asFunction } from "../../graph/notation.ts";
import type { Structured } from "../../graph/primitive.ts";
import { formatShape } from "../../graph/shape.ts";
import { composition, picks } from "../../graph/structural.ts";
import { factorize } from "../../numeric/linalg/index.ts";
import { add, mul, neg, sub } from "../arithmetic.ts";
import { diagonal, tril, triu } from "../diagonal.ts";
import { log } from "../exponential.ts";
import { gather, scatterAdd } from "../indexing.ts";
import { matmul } from "../matmul.ts";
import { abs, sign as signOf } from "../piecewise.ts";
import { prod } from "../reduction.ts";
import { expandDims, reshape } from "../shape.ts";
import { sum } from "../sum.ts";
import { alignStacks, eachPiece, identityLike, leadOf, squareDim, stackCost, toFloat, transposed } from "./stacks.ts";
import { triangularSolve } from "./triangular.ts";

export const luOp: Structured = {
  kind: "structured",
  name: "lu",
  infer: ([a]) => {
    squareDim("lu", a);
    const lead = leadOf(a.shape);
    return [a, { shape: a.shape.slice(0, -1), dtype: "int32" }, { shape: lead, dtype: a.dtype }];
  },
  evaluate: ([a], [factors, rows, sign]) => {
    const n = a.shape[a.shape.length - 1];
    sign.data.fill(1);
    eachPiece(a, n * n, (piece, i) => {
      const result = factorize(piece, n);
      factors.data.set(result.factors, i * n * n);
      rows.data.set(result.rows, i * n);
      sign.data[i] = result.sign;
    });
  },
  derivative: {
    kind: "rules",
    // A[rows] = L·U: its cotangent is L⁻ᵀ·(strict lower part of LᵀL̄ + upper part of ŪUᵀ)·U⁻ᵀ.
    vjp: (node, [g]) => {
      if (!g) return [undefined];
      const [factors, rows] = picks(node);
      const [l, u] = [add(tril(factors, -1), identityLike(factors)), triu(factors)];
      const inner = add(tril(matmul(transposed(l), tril(g, -1)), -1), triu(matmul(triu(g), transposed(u))));
      const left = triangularSolve(factors, inner, { unitDiagonal: true, transpose: true });
      const both = transposed(triangularSolve(factors, transposed(left), { lower: false }));
      const lead = factors.shape.length - 2;
      return [scatterAdd(rows, both, factors.shape[lead], lead, lead)];
    },
    jvp: "transpose",
  },
  batch: (inputs) => makeNode(luOp, inputs, {}),
  cost: ([a]) => stackCost(a, a.shape[a.shape.length - 1] ** 3 / 3),
};

export const luNotation = asFunction("lu", "\\operatorname{LU}");

export interface LUFactors {
  /** L below the diagonal (its own diagonal is 1), U on and above: [..., n, n]. */
  readonly factors: Node;
  /** Row i of L·U is row rows[i] of the matrix: int32 [..., n]. */
  readonly rows: Node;
  /** The determinant of that permutation, 1 or −1: [...]. */
  readonly sign: Node;
}

/** LU factorization of a [..., n, n] with partial pivoting. */
export function lu(a: Node): LUFactors {
  const [factors, rows, sign] = picks(makeNode(luOp, [toFloat(a)], {}));
  return { factors, rows, sign };
}

function solveStacks(a: Node, b: Node): Node {
  const build = (m: Node, right: Node): Node => {
    const { factors, rows } = lu(m);
    const lead = m.shape.length - 2;
    const below = triangularSolve(factors, gather(right, rows, lead, lead), { unitDiagonal: true });
    return triangularSolve(factors, below, { lower: false });
  };
  return composition("solve", {}, [a, b], build, {
    // A·X = B: B̄ = A⁻ᵀ·X̄, Ā = −B̄·Xᵀ; A·X′ = B′ − A′·X.
    vjp: ([m], [x], [g]) => {
      const right = solveStacks(transposed(m), g);
      return [neg(matmul(right, transposed(x))), right];
    },
    jvp: ([m], [x], [ta, tb]) => {
      const moved = ta && matmul(ta, x);
      const right = moved ? (tb ? sub(tb, moved) : neg(moved)) : tb;
      return [right && solveStacks(m, right)];
    },
  });
}

/**
 * X with A·X = B for square matrices a [..., n, n] and b [..., n, k] (or a vector [n]); leading dimensions broadcast. A singular matrix gives
 * infinities or NaN.
 */
export function solve(a: Node, b: Node): Node {
  if (b.shape.length === 1) {
    const x = solve(a, expandDims(b, 1));
    return reshape(x, x.shape.slice(0, -1));
  }
  const n = squareDim("solve", { shape: a.shape, dtype: "float64" });
  if (b.shape.length === 0 || b.shape[b.shape.length - 2] !== n) {
    fail(
      "shape",
      `solve: the matrix ${formatShape(a.shape)} needs a right-hand side with ${n} rows, got ${formatShape(b.shape)}.`,
    );
  }
  return solveStacks(...alignStacks("solve", a, b));
}

/** A⁻¹ of a [..., n, n]. To solve equations, `solve` is faster and more accurate. A singular matrix gives infinities or NaN. */
export function inverse(a: Node): Node {
  squareDim("inverse", { shape: a.shape, dtype: "float64" });
  return solve(a, identityLike(toFloat(a)));
}

/** det A of a [..., n, n], shape [...]. Its derivative det A · A⁻ᵀ needs an invertible matrix. */
export function determinant(a: Node): Node {
  const { factors, sign } = lu(a);
  return mul(prod(diagonal(factors), -1), sign);
}

/** The sign of det A (−1, 0 or 1) and ln |det A|, which overflows later than the determinant: both [...]. */
export function logDeterminant(a: Node): { readonly sign: Node; readonly logAbsolute: Node } {
  const { factors, sign } = lu(a);
  const pivots = diagonal(factors);
  return { sign: mul(prod(signOf(pivots), -1), sign), logAbsolute: sum(log(abs(pivots)), -1) };
}
