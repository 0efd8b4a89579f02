// Rearrangements of lanes: transposed blocks and sums across lanes.

import { type Expression, type FunctionBuilder, type OpcodeName, op, shuffleBytes } from "../assembler.ts";
import type { LaneFormat } from "../simd.ts";

const words = (...indices: number[]) => indices.flatMap((i) => [4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3]);
const lowWords = words(0, 4, 1, 5);
const highWords = words(2, 6, 3, 7);
const lowHalves = words(0, 1, 4, 5);
const highHalves = words(2, 3, 6, 7);

/** Lane l of the result is the sum of the lanes of vectors[l]. */
export function laneSums(f: FunctionBuilder, format: LaneFormat, vectors: readonly Expression[]): Expression {
  const add = `${format.shape}.add` as OpcodeName;
  const sumOf = (a: Expression, b: Expression, low: number[], high: number[]) => {
    return f.let(op(add, shuffleBytes(a, b, low), shuffleBytes(a, b, high)));
  };
  if (format.lanes === 2) return sumOf(vectors[0], vectors[1], lowHalves, highHalves);
  const pairs = [sumOf(vectors[0], vectors[1], lowWords, highWords), sumOf(vectors[2], vectors[3], lowWords, highWords)];
  return sumOf(pairs[0], pairs[1], lowHalves, highHalves);
}

/** The square block whose rows are `rows`, transposed. */
export function transposeBlock(f: FunctionBuilder, format: LaneFormat, rows: readonly Expression[]): Expression[] {
  const mix = (a: Expression, b: Expression, indices: number[]) => f.let(shuffleBytes(a, b, indices));
  if (format.lanes === 2) return [mix(rows[0], rows[1], lowHalves), mix(rows[0], rows[1], highHalves)];
  const [a, b, c, d] = rows;
  const [ab, AB, cd, CD] = [mix(a, b, lowWords), mix(a, b, highWords), mix(c, d, lowWords), mix(c, d, highWords)];
  return [mix(ab, cd, lowHalves), mix(ab, cd, highHalves), mix(AB, CD, lowHalves), mix(AB, CD, highHalves)];
}
