// Matrix products. The primitive multiplies stacks of matrices whose leading dimensions broadcast; vectors, inner and outer
// products are written with it.

import { isFloat, promote } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Notation, Structured } from "../graph/primitive.ts";
import { broadcastShapes, formatShape, type Shape, sizeOf, stridesOf } from "../graph/shape.ts";
import { mul } from "./arithmetic.ts";
import { cast, expandDims, reshape, sumTo, swapAxes } from "./shape.ts";
import { enumerate } from "./sum.ts";

function checkInner(a: Shape, b: Shape): void {
  const inner = a[a.length - 1];
  const [rows, columns] = b.slice(-2);
  if (inner === rows) return;
  const turned = (name: string, shape: Shape) => (shape.length === 2 ? `transpose(${name})` : `swapAxes(${name}, -1, -2)`);
  const advice =
    inner === columns
      ? ` The transpose of the second operand fits: matmul(a, ${turned("b", b)}).`
      : a[a.length - 2] === rows
        ? ` The transpose of the first operand fits: matmul(${turned("a", a)}, b).`
        : " Write matmul(a, b) with a: [..., rows, inner] and b: [..., inner, columns].";
  fail(
    "shape",
    `matmul: cannot multiply ${formatShape(a)} by ${formatShape(b)}: the inner dimensions, ${inner} (last axis of the first) and ${rows} ` +
      `(second-to-last axis of the second), must be equal.${advice}`,
  );
}

/** Offsets of the matrices of an operand, one per matrix of the result, as its leading dimensions broadcast to `lead`. */
function matrixOffsets(shape: Shape, lead: Shape): Int32Array {
  const strides = stridesOf(shape);
  const missing = lead.length - (shape.length - 2);
  return enumerate(
    lead,
    lead.map((_, i) => (i < missing || shape[i - missing] === 1 ? 0 : strides[i - missing])),
  );
}

export const matmulOp: Structured = {
  kind: "structured",
  name: "matmul",
  infer: ([a, b]) => {
    if (a.shape.length < 2 || b.shape.length < 2) {
      fail(
        "shape",
        `matmul: the operation takes matrices or stacks of them, got ${formatShape(a.shape)} and ${formatShape(b.shape)}.`,
      );
    }
    if (a.dtype !== b.dtype || !isFloat(a.dtype)) {
      fail("dtype", `matmul: takes two float32 or two float64 operands, got ${a.dtype} and ${b.dtype}. Convert with cast().`);
    }
    checkInner(a.shape, b.shape);
    const lead = broadcastShapes("matmul (leading dimensions)", a.shape.slice(0, -2), b.shape.slice(0, -2));
    return [{ shape: [...lead, a.shape[a.shape.length - 2], b.shape[b.shape.length - 1]], dtype: a.dtype }];
  },
  // Each entry is accumulated in float64.
  evaluate: ([a, b], [y]) => {
    const [rows, inner] = a.shape.slice(-2);
    const columns = y.shape[y.shape.length - 1];
    const lead = y.shape.slice(0, -2);
    const offsetsA = matrixOffsets(a.shape, lead);
    const offsetsB = matrixOffsets(b.shape, lead);
    const row = new Float64Array(columns);
    let at = 0;
    for (let batch = 0; batch < offsetsA.length; batch++) {
      for (let i = 0; i < rows; i++, at += columns) {
        row.fill(0);
        const startA = offsetsA[batch] + i * inner;
        for (let p = 0; p < inner; p++) {
          const factor = a.data[startA + p];
          const startB = offsetsB[batch] + p * columns;
          for (let j = 0; j < columns; j++) row[j] += factor * b.data[startB + j];
        }
        y.data.set(row, at);
      }
    }
  },
  derivative: {
    kind: "rules",
    // Y = A·B: Ā = Ȳ·Bᵀ, B̄ = Aᵀ·Ȳ, summed over the leading dimensions that were stretched.
    vjp: ({ inputs: [a, b] }, [g], needed) => [
      needed[0] && g ? sumTo(matmul(g, swapAxes(b, -1, -2)), a.shape) : undefined,
      needed[1] && g ? sumTo(matmul(swapAxes(a, -1, -2), g), b.shape) : undefined,
    ],
    jvp: "bilinear",
  },
  batch: ([a, b], [inA, inB], _attributes, size) => {
    // The new axis leads; ones between it and shorter leading dimensions keep those aligned at the right.
    const rank = Math.max(a.shape.length - Number(inA), b.shape.length - Number(inB));
    const align = (n: Node, batched: boolean) =>
      batched ? reshape(n, [size, ...new Array<number>(rank + 1 - n.shape.length).fill(1), ...n.shape.slice(1)]) : n;
    return matmul(align(a, inA), align(b, inB));
  },
  cost: ([a], [y]) => ({ multiplyAdds: sizeOf(y.shape) * a.shape[a.shape.length - 1], elementary: 0, transcendental: 0 }),
};

export const matmulNotation: Notation = { text: (a, b) => `(${a}) @ (${b})`, tex: (a, b) => String.raw`${a} \, ${b}` };

function floats(a: Node, b: Node): [Node, Node] {
  const dtype = promote(promote(a.dtype, b.dtype), "float32");
  return [cast(a, dtype), cast(b, dtype)];
}

/**
 * Matrix product a·b with a: [..., m, k], b: [..., k, n], result [..., m, n]; leading dimensions broadcast. As in NumPy, a vector
 * on the left is a row, on the right a column, and its axis is absent from the result. Integers are converted to float32.
 * Throws a shape error when the inner dimensions differ.
 */
export function matmul(a: Node, b: Node): Node {
  if (a.shape.length === 0 || b.shape.length === 0) {
    fail(
      "shape",
      `matmul: cannot multiply ${formatShape(a.shape)} by ${formatShape(b.shape)}: a scalar is not a matrix. Use mul.`,
    );
  }
  if (a.shape.length === 1 || b.shape.length === 1) {
    const [row, column] = [a.shape.length === 1, b.shape.length === 1];
    const [left, right] = [row ? expandDims(a, 0) : a, column ? expandDims(b, 1) : b];
    checkInner(left.shape, right.shape);
    const product = matmul(left, right);
    const rank = product.shape.length;
    return reshape(
      product,
      product.shape.filter((_, i) => !(row && i === rank - 2) && !(column && i === rank - 1)),
    );
  }
  const [x, y] = floats(a, b);
  if (y.shape.length === 2 && x.shape.length > 2) {
    // One matrix for the whole stack: one large product instead of many small ones.
    checkInner(x.shape, y.shape);
    const lead = x.shape.slice(0, -1);
    return reshape(matmul(reshape(x, [sizeOf(lead), y.shape[0]]), y), [...lead, y.shape[1]]);
  }
  return makeNode(matmulOp, [x, y], {});
}

/** The inner product Σ aᵢbᵢ of two vectors, and the matrix product of matrices; a scalar operand multiplies. */
export function dot(a: Node, b: Node): Node {
  if (a.shape.length === 0 || b.shape.length === 0) return mul(a, b);
  if (a.shape.length > 2 || b.shape.length > 2) {
    fail(
      "shape",
      `dot: takes vectors and matrices, got ${formatShape(a.shape)} and ${formatShape(b.shape)}. Use matmul or einsum.`,
    );
  }
  return matmul(a, b);
}

/** The outer product over the last axes: [..., m] and [..., n] give [..., m, n]. */
export function outer(a: Node, b: Node): Node {
  if (a.shape.length === 0 || b.shape.length === 0) {
    fail("shape", `outer: takes vectors or stacks of them, got ${formatShape(a.shape)} and ${formatShape(b.shape)}. Use mul.`);
  }
  return mul(expandDims(a, -1), expandDims(b, -2));
}
