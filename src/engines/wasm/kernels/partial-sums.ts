// An output tile from its first term to its store, where the reduction may be cut into blocks: all but the last block leave their
// sums in memory, and all but the first go on from there.

import { type Expression, type FunctionBuilder, type Operand, splatConstant } from "../assembler.ts";
import type { OutputVector } from "./output.ts";
import { accumulateTile, type Tile } from "./tile.ts";

/** A vector of the tile: its place in the tile, and how many of its lanes are in the output. */
export interface TileVector {
  readonly row: number;
  readonly column: number;
  readonly lanes: number;
}

/** Where a reduction in several blocks keeps its sums meanwhile. Strides are in elements of the output's rows and columns. */
export interface Blocks {
  readonly isFirst: Expression;
  readonly isLast: Expression;
  readonly sums: Operand;
  readonly rowStride: number;
  readonly columnStride: number;
}

export interface OutputJob {
  readonly tile: Omit<Tile, "initial">;
  /** The tile's vectors, row by row. */
  readonly vectors: readonly TileVector[];
  /** Begins a pass over the output's vectors: see `outputTile`. */
  readonly output: () => (row: number, column: number, lanes: number) => OutputVector;
  /** Undefined: the tile sees the whole reduction. */
  readonly blocks?: Blocks | undefined;
  /** What the sums start from; undefined: zero. */
  readonly start?: ((at: OutputVector) => Expression) | undefined;
  readonly finish: (value: Expression, at: OutputVector) => void;
}

export function emitOutputTile(f: FunctionBuilder, { tile, vectors, output, blocks, start, finish }: OutputJob): void {
  const eachVector = (body: (at: OutputVector, i: number) => void) => {
    const vectorAt = output();
    for (const [i, v] of vectors.entries()) body(vectorAt(v.row, v.column, v.lanes), i);
  };
  const initial = vectors.map(() => f.local("v128"));
  const load = (value: (at: OutputVector) => Expression) => () => eachVector((at, i) => f.set(initial[i], value(at)));
  if (blocks !== undefined) {
    const { sums, rowStride, columnStride } = blocks;
    f.if(
      blocks.isFirst,
      load((at) => start?.(at) ?? splatConstant("f32x4", 0)),
      load((at) => at.load(sums, rowStride, columnStride)),
    );
  } else if (start !== undefined) load(start)();
  const results = accumulateTile(f, blocks !== undefined || start !== undefined ? { ...tile, initial } : tile);
  const store = () => eachVector((at, i) => finish(results[i], at));
  if (blocks === undefined) store();
  else {
    f.if(blocks.isLast, store, () =>
      eachVector((at, i) => at.store(blocks.sums, blocks.rowStride, blocks.columnStride, results[i])),
    );
  }
}

/** The vectors of a tile of `rows` rows (their places in the output relative to the first) and `columns` columns. */
export function tileVectors(rows: readonly number[], columns: number, lanes: number): TileVector[] {
  const starts = Array.from({ length: Math.ceil(columns / lanes) }, (_, v) => v * lanes);
  return rows.flatMap((row) => starts.map((column) => ({ row, column, lanes: Math.min(lanes, columns - column) })));
}

/** 0, step, 2·step … */
export function multiples(count: number, step: number): number[] {
  return Array.from({ length: count }, (_, i) => i * step);
}
