// Diagonals and triangles of matrices. A diagonal is a strided slice of the matrix read as one row, so its transpose is a padding.

import { fail } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { formatShape } from "../graph/shape.ts";
import { scalar } from "../graph/structural.ts";
import { tabulate } from "./fill.ts";
import { where } from "./selection.ts";
import { moveAxis, reshape } from "./shape.ts";
import { pad, sliceAxis } from "./slicing.ts";
import { sum } from "./sum.ts";

function matrixDims(operation: string, x: Node): [number, number] {
  if (x.shape.length < 2) fail("shape", `${operation}: takes a matrix or a stack of them, got ${formatShape(x.shape)}.`);
  return [x.shape[x.shape.length - 2], x.shape[x.shape.length - 1]];
}

/** The diagonal x[…, i, i + offset] of the matrices in the last two axes (or in axes `first`, `second`), as a last axis. */
export function diagonal(x: Node, offset = 0, first = -2, second = -1): Node {
  const rank = x.shape.length;
  if (rank < 2) matrixDims("diagonal", x);
  const [i, j] = [first < 0 ? first + rank : first, second < 0 ? second + rank : second];
  if (i === j) fail("argument", `diagonal: the axes ${first} and ${second} are one and the same.`);
  if (i !== rank - 2 || j !== rank - 1) return diagonal(moveAxis(moveAxis(x, i, -1), j > i ? j - 1 : j, -1), offset);
  const [rows, columns] = matrixDims("diagonal", x);
  const start = offset >= 0 ? offset : -offset * columns;
  const size = Math.max(0, Math.min(rows + Math.min(0, offset), columns - Math.max(0, offset)));
  const row = reshape(x, [...x.shape.slice(0, -2), rows * columns]);
  return sliceAxis(row, -1, start, size === 0 ? start : start + (size - 1) * (columns + 1) + 1, columns + 1);
}

/** Square matrices [..., n, n] with `x` [..., n] on their diagonal and zeros elsewhere. */
export function diagonalMatrix(x: Node): Node {
  const rank = x.shape.length;
  if (rank < 1) fail("shape", "diagonalMatrix: takes a vector or a stack of them, got a scalar.");
  const n = x.shape[rank - 1];
  const lead = x.shape.slice(0, -1);
  return reshape(pad(x, [...lead.map(() => [0, 0] as const), [0, 0, n]]), [...lead, n, n]);
}

/** Σᵢ x[…, i, i]. */
export function trace(x: Node): Node {
  return sum(diagonal(x), -1);
}

function triangle(operation: string, x: Node, keep: (row: number, column: number) => boolean): Node {
  const [rows, columns] = matrixDims(operation, x);
  const mask = tabulate([rows, columns], "bool", (i) => (keep(Math.floor(i / columns), i % columns) ? 1 : 0));
  return where(mask, x, scalar(0, x.dtype));
}

/** x with zeros above diagonal `offset` (0: the main one, positive: to its right). */
export function tril(x: Node, offset = 0): Node {
  return triangle("tril", x, (row, column) => column - row <= offset);
}

/** x with zeros below diagonal `offset`. */
export function triu(x: Node, offset = 0): Node {
  return triangle("triu", x, (row, column) => column - row >= offset);
}
