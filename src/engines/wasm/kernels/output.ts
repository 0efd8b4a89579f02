// Where a kernel's results go: the vectors of an output tile, as the epilogue of a matrix product or convolution sees them.

import { fail } from "../../../graph/errors.ts";
import { type Expression, type FunctionBuilder, load, loadLane, type Operand, scaled, sum } from "../assembler.ts";
import type { LaneFormat } from "../simd.ts";

/** An address in two parts: an expression and a constant byte offset, as load and store take them. */
export interface Place {
  readonly address: Expression;
  readonly offset: number;
}

/**
 * Some neighbouring elements of the output matrix [rows, columns], in one v128. Lane l is element [row, column + l], or
 * [row + l, column] when lanes run along rows. Only the first `lanes` lanes are in the matrix.
 */
export interface OutputVector {
  readonly row: Expression;
  readonly column: Expression;
  readonly lanes: number;
  readonly lanesAlong: "columns" | "rows";
  /** Where lane 0's element of another array stands, given the array's strides in elements of `bytes` (the kernel's by default). */
  place(base: Operand, rowStride: number, columnStride: number, bytes?: number): Place;
  /** The corresponding elements of an array of the kernel's dtype; stride 0 repeats one. Reads a whole vector: see `readSlack`. */
  load(base: Operand, rowStride: number, columnStride: number): Expression;
  /** Writes the lanes that are in the matrix. */
  store(base: Operand, rowStride: number, columnStride: number, value: Expression): void;
}

/**
 * Called while code is written, for each vector of finished results. What it returns is stored in the output; returning
 * undefined stores nothing (the epilogue has stored what it wants). It runs once per element, so it may update in place.
 */
export type Epilogue = (value: Expression, at: OutputVector) => Expression | undefined;

/** Kernels may read, never write, up to this many bytes past the end of an operand: keep that much memory behind the last one. */
export const readSlack = 16;

/** The output vectors of one tile whose first element is [row, column]. Transposed: the tile's rows are the output's columns. */
export function outputTile(f: FunctionBuilder, format: LaneFormat, row: Operand, column: Operand, transposed: boolean) {
  // The address of the tile's first element, for each array it was asked for.
  const bases = new Map<string, Expression>();

  function tileBase(base: Operand, rowStride: number, columnStride: number, bytes: number): Expression {
    const start = typeof base === "number" ? 0 : base;
    const key = `${typeof start === "number" ? "" : start.kind === "local" ? start.index : "?"}:${rowStride}:${columnStride}:${bytes}`;
    let local = bases.get(key);
    if (local === undefined) {
      const address = sum(start, scaled(row, rowStride * bytes), scaled(column, columnStride * bytes));
      local = address.kind === "constant" ? address : f.let(address);
      if (typeof start === "number" || start.kind === "local") bases.set(key, local);
    }
    return local;
  }

  /** The vector at row `r` of the tile and its column `c`. */
  return function vectorAt(r: number, c: number, lanes: number): OutputVector {
    const place = (base: Operand, rowStride: number, columnStride: number, bytes: number = format.bytes): Place => {
      const [along, across] = transposed ? [columnStride, rowStride] : [rowStride, columnStride];
      const constantBase = typeof base === "number" ? base : 0;
      return { address: tileBase(base, along, across, bytes), offset: constantBase + (r * along + c * across) * bytes };
    };
    const laneStride = (rowStride: number, columnStride: number) => (transposed ? rowStride : columnStride);
    return {
      row: transposed ? sum(column, c) : sum(row, r),
      column: transposed ? sum(row, r) : sum(column, c),
      lanes,
      lanesAlong: transposed ? "rows" : "columns",
      place,
      load(base, rowStride, columnStride) {
        const { address, offset } = place(base, rowStride, columnStride);
        const stride = laneStride(rowStride, columnStride);
        if (stride === 1) return f.let(load("v128.load", address, offset));
        if (stride === 0) return f.let(load(format.loadSplat, address, offset));
        return gather(f, format, address, offset, stride * format.bytes, lanes);
      },
      store(base, rowStride, columnStride, value) {
        const { address, offset } = place(base, rowStride, columnStride);
        storeLanes(f, format, address, offset, laneStride(rowStride, columnStride) * format.bytes, lanes, value);
      },
    };
  };
}

/** One vector of elements `stride` bytes apart; lanes past `lanes` are 0. */
export function gather(
  f: FunctionBuilder,
  format: LaneFormat,
  address: Expression,
  offset: number,
  stride: number,
  lanes: number,
): Expression {
  const loadOne = format.bytes === 4 ? "v128.load32_lane" : "v128.load64_lane";
  let vector: Expression = load(format.loadFirst, address, offset);
  for (let l = 1; l < lanes; l++) vector = loadLane(loadOne, address, vector, l, offset + l * stride);
  return f.let(vector);
}

/** Writes the first `lanes` lanes of `value`, `stride` bytes apart. */
export function storeLanes(
  f: FunctionBuilder,
  format: LaneFormat,
  address: Expression,
  offset: number,
  stride: number,
  lanes: number,
  value: Expression,
): void {
  check: if (lanes < 1 || lanes > format.lanes) fail("engine", `A ${format.shape} vector has no ${lanes} lanes.`);
  if (stride === format.bytes && lanes === format.lanes) {
    f.store("v128.store", address, value, offset);
    return;
  }
  const vector = value.kind === "local" ? value : f.let(value);
  let l = 0;
  if (stride === format.bytes && format.bytes === 4 && lanes >= 2) {
    f.storeLane("v128.store64_lane", address, vector, 0, offset);
    l = 2;
  }
  for (; l < lanes; l++) f.storeLane(format.storeLane, address, vector, l, offset + l * stride);
}
