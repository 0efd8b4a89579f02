// The variables of a question and their coordinates: those of a symmetric matrix are its entries on and above the diagonal, row by row,
// A[0,0], A[0,1], A[1,1] for two rows, and the function is asked about as one of these n(n+1)/2 numbers.

import type { Node } from "../graph/node.ts";
import { sizeOf } from "../graph/shape.ts";
import { constantData, isConstant, isParameter } from "../graph/structural.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";

/** A parameter of a function, as its writer sees it: `shape` is that of the whole matrix. */
export interface Variable {
  readonly name: string;
  readonly shape: readonly number[];
  /** A symmetric matrix: the coordinates are its entries on and above the diagonal, row by row. */
  readonly symmetric?: true;
}

/** How many coordinates a variable has. */
export const coordinatesOf = ({ shape, symmetric }: Variable): number =>
  symmetric ? (shape[0] * (shape[0] + 1)) / 2 : sizeOf(shape);

/** Which of the coordinates of a symmetric n×n matrix its entry (i, j) is. */
export function packedIndex(n: number, i: number, j: number): number {
  const [row, column] = i <= j ? [i, j] : [j, i];
  return row * n - (row * (row - 1)) / 2 + (column - row);
}

/** For every entry of a symmetric n×n matrix its coordinate, the first being `offset`. */
export const packedEntries = (n: number, offset = 0): number[][] =>
  Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => offset + packedIndex(n, i, j)));

/** The symmetric matrix [n, n] of its coordinates [n(n+1)/2]. */
export function unpacked(x: Tensor, n: number): Tensor {
  return x.gather(tensor(packedEntries(n), { dtype: "int32" }));
}

/** Whether a node puts a symmetric matrix together from a parameter's coordinates: it is written by the matrix's name. */
export function isUnpacking({ op, inputs, shape }: Node): boolean {
  if (op.name !== "gather" || !isParameter(inputs[0]) || !isConstant(inputs[1])) return false;
  const [n] = shape;
  if (shape.length !== 2 || shape[1] !== n || inputs[0].shape[0] !== (n * (n + 1)) / 2) return false;
  const places = constantData(inputs[1]);
  return packedEntries(n).every((row, i) => row.every((k, j) => k === Number(places[i * n + j])));
}

/** The place of element `index` in an array of this shape, as "[0,1]"; nothing for a number. */
export function placeOf(index: number, shape: readonly number[]): string {
  if (shape.length === 0) return "";
  const place: number[] = [];
  let rest = index;
  for (const size of [...shape].reverse()) {
    place.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return `[${place.join(",")}]`;
}

/** What the coordinates of a variable are called: x, w[0], w[1], A[0,0], A[0,1]. */
export function coordinateNames({ name, shape, symmetric }: Variable): string[] {
  const all = Array.from({ length: sizeOf(shape) }, (_, k) => k);
  const own = symmetric ? all.filter((k) => k % shape[0] >= Math.floor(k / shape[0])) : all;
  return own.map((k) => `${name}${placeOf(k, shape)}`);
}

/** As it is declared: x, w(2), A(2,3). */
export const declarationOf = ({ name, shape }: Variable): string => (shape.length === 0 ? name : `${name}(${shape.join(",")})`);

/** The variables as tensors of their whole shapes, given theirs of coordinates. */
export function wholeTensors(
  variables: readonly Variable[],
  packed: Readonly<Record<string, Tensor>>,
): Readonly<Record<string, Tensor>> {
  return Object.fromEntries(
    variables.map(({ name, shape, symmetric }) => [name, symmetric ? unpacked(packed[name], shape[0]) : packed[name]]),
  );
}
