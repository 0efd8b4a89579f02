// Dot products: reductions whose terms are contiguous in both operands, with the lanes running along the reduction.

import { type Expression, type FunctionBuilder, load, type OpcodeName, op, splatConstant, wordsConstant } from "../assembler.ts";
import type { LaneFormat } from "../simd.ts";
import { laneSums } from "./shuffles.ts";
import { multiplyAdd, stable } from "./tile.ts";

export interface DotTile {
  readonly format: LaneFormat;
  readonly relaxed: boolean;
  readonly rows: number;
  readonly columns: number;
  /** Addresses of the first terms; row r of A and column c of B are `aRow` · r and `bColumn` · c bytes behind; terms are contiguous. */
  readonly a: Expression;
  readonly aRow: number;
  readonly b: Expression;
  readonly bColumn: number;
  readonly terms: number;
  /** Partial sums per dot product, which take its vectors in turn; several keep the adders busy where the tile is small. */
  readonly splits: number;
}

/**
 * dots[r][c] = Σ A[r]·B[c] over contiguous terms: lanes run along the reduction and are added up at the end. Returns, row by row,
 * ⌈columns / lanes⌉ vectors of dot products; lanes past the last column are undefined.
 */
export function accumulateDots(f: FunctionBuilder, tile: DotTile): Expression[] {
  const { format, relaxed, rows, columns, terms, splits } = tile;
  const { lanes } = format;
  const zero = splatConstant("f32x4", 0);
  const accumulators = Array.from({ length: rows * columns * splits }, () => f.local("v128", zero));
  const aVectors = Array.from({ length: rows }, () => f.local("v128"));
  const bVector = f.local("v128");
  const pa = f.local("i32", tile.a);
  const pb = f.local("i32", tile.b);
  const step = (offset: number, split: number, transform: (v: Expression) => Expression) => {
    for (let r = 0; r < rows; r++) f.set(aVectors[r], transform(load("v128.load", pa, offset + r * tile.aRow)));
    for (let c = 0; c < columns; c++) {
      f.set(bVector, transform(load("v128.load", pb, offset + c * tile.bColumn)));
      for (let r = 0; r < rows; r++) {
        const at = accumulators[(r * columns + c) * splits + split];
        f.set(at, multiplyAdd(format, relaxed, aVectors[r], bVector, at));
      }
    }
  };
  const same = (v: Expression) => v;
  const whole = Math.floor(terms / lanes);
  const unroll = Math.max(splits, rows * columns <= 4 ? 2 : 1);
  const rounds = (times: number, vectors: number) => {
    const pointers = [
      [pa, vectors * 16],
      [pb, vectors * 16],
    ] as const;
    f.repeat(times, pointers, () => {
      for (let i = 0; i < vectors; i++) step(i * 16, i % splits, same);
    });
  };
  rounds(Math.floor(whole / unroll), unroll);
  if (whole % unroll > 0) rounds(1, whole % unroll);
  const rest = terms % lanes;
  if (rest > 0) {
    // The last vectors reach past the terms: what they hold there may be anything, NaN included, in both operands.
    const filled = 4 * (rest / lanes);
    const mask = wordsConstant([0, 1, 2, 3].map((i) => (i < filled ? -1 : 0)));
    step(0, 0, (v) => op("v128.and", v, mask));
  }
  const add = `${format.shape}.add` as OpcodeName;
  const dots: Expression[] = [];
  for (let r = 0; r < rows; r++) {
    for (let c = 0; c < columns; c += lanes) {
      const sums = Array.from({ length: lanes }, (_, l) => {
        if (c + l >= columns) return zero;
        const at = (r * columns + c + l) * splits;
        let total: Expression = accumulators[at];
        for (let s = 1; s < splits; s++) total = op(add, total, accumulators[at + s]);
        return stable(f, total);
      });
      dots.push(f.let(laneSums(f, format, sums)));
    }
  }
  return dots;
}
