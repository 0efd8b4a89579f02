// The innermost loops of matrix products and convolutions: a tile of the output held in registers while the reduction runs.

import {
  constantValue,
  type Expression,
  type FunctionBuilder,
  type Local,
  load,
  type OpcodeName,
  type Operand,
  op,
  scaled,
  shuffleBytes,
  splatConstant,
  sum,
  wordsConstant,
} from "../assembler.ts";
import type { LaneFormat } from "../simd.ts";

/** One level of the reduction: `count` terms, each `aStep` and `bStep` bytes behind the one before. */
export interface Reduction {
  readonly count: Operand;
  readonly aStep: number;
  readonly bStep: number;
}

export interface Tile {
  readonly format: LaneFormat;
  /** Fused multiply-add, where the runtime has it. */
  readonly relaxed: boolean;
  readonly rows: number;
  readonly vectors: number;
  /** Address of A's element for row 0 and the first term; row r is `aRow` · r bytes behind. */
  readonly a: Expression;
  readonly aRow: number;
  /** Address of B's first vector for the first term; the tile's vectors are contiguous. */
  readonly b: Expression;
  /** Outermost level first. Only a lone level may have a count that is not constant. */
  readonly reduction: readonly Reduction[];
  /** Initial values of the accumulators, row by row; zero if not given. */
  readonly initial?: readonly Expression[];
  /** Terms per round of the innermost loop. */
  readonly unroll?: number;
}

/** Multiply-adds that are written out without a loop. */
const straightLineLimit = 144;

/** value += a·b, in one rounding where `relaxed`. */
function multiplyAdd(format: LaneFormat, relaxed: boolean, a: Expression, b: Expression, value: Expression): Expression {
  if (relaxed) return op(`${format.shape}.relaxed_madd` as OpcodeName, a, b, value);
  return op(`${format.shape}.add` as OpcodeName, value, op(`${format.shape}.mul` as OpcodeName, a, b));
}

/**
 * tile[r][v] = initial[r][v] + Σ A[r]·B[v], the terms added in order. Returns the accumulators, row by row.
 * Per term it loads each vector of B once and broadcasts each row's element of A.
 */
export function accumulateTile(f: FunctionBuilder, tile: Tile): Local[] {
  const { format, relaxed, rows, vectors, reduction, initial } = tile;
  const accumulators = Array.from({ length: rows * vectors }, () => f.local("v128"));
  const bVectors = Array.from({ length: vectors }, () => f.local("v128"));
  const broadcast = f.local("v128");

  const term = (pa: Expression, pb: Expression, aOffset: number, bOffset: number, first: boolean) => {
    for (let v = 0; v < vectors; v++) f.set(bVectors[v], load("v128.load", pb, bOffset + v * 16));
    for (let r = 0; r < rows; r++) {
      f.set(broadcast, load(format.loadSplat, pa, aOffset + r * tile.aRow));
      for (let v = 0; v < vectors; v++) {
        const at = accumulators[r * vectors + v];
        const product = first ? op(`${format.shape}.mul` as OpcodeName, broadcast, bVectors[v]) : undefined;
        f.set(at, product ?? multiplyAdd(format, relaxed, broadcast, bVectors[v], at));
      }
    }
  };

  const counts = reduction.map((level) => constantValue(level.count));
  const terms = counts.reduce<number>((product, count) => product * (count ?? Number.POSITIVE_INFINITY), 1);
  const start = (value: readonly Expression[] | undefined) => {
    for (let i = 0; i < accumulators.length; i++) f.set(accumulators[i], value?.[i] ?? splatConstant("f32x4", 0));
  };
  if (terms === 0) {
    start(initial);
    return accumulators;
  }

  if (terms * rows * vectors <= straightLineLimit) {
    // The first product starts the sum: cheaper than adding to zero, and it decides whether a tiny product is worth its call.
    if (initial !== undefined) start(initial);
    const pa = stable(f, tile.a);
    const pb = stable(f, tile.b);
    let first = initial === undefined;
    const unrolled = (level: number, aOffset: number, bOffset: number) => {
      if (level === reduction.length) {
        term(pa, pb, aOffset, bOffset, first);
        first = false;
        return;
      }
      const { aStep, bStep } = reduction[level];
      for (let i = 0; i < (counts[level] ?? 0); i++) unrolled(level + 1, aOffset + i * aStep, bOffset + i * bStep);
    };
    unrolled(0, 0, 0);
    return accumulators;
  }

  start(initial);
  const pa = f.local("i32", tile.a);
  const pb = f.local("i32", tile.b);
  const nest = (level: number): void => {
    const { count, aStep, bStep } = reduction[level];
    if (level === reduction.length - 1) {
      innermost(f, { pa, pb, count, aStep, bStep }, tile.unroll ?? (rows * vectors <= 4 ? 8 : 4), (aOffset, bOffset) =>
        term(pa, pb, aOffset, bOffset, false),
      );
      return;
    }
    // The level below leaves the pointers behind its last term: the difference is left to advance.
    const inner = reduction[level + 1];
    const innerCount = counts[level + 1] ?? 0;
    const counter = f.local("i32", count);
    f.loop((again) => {
      nest(level + 1);
      f.increment(pa, aStep - innerCount * inner.aStep);
      f.increment(pb, bStep - innerCount * inner.bStep);
      f.increment(counter, -1);
      f.brIf(again, counter);
    });
  };
  nest(0);
  return accumulators;
}

interface Innermost extends Reduction {
  readonly pa: Local;
  readonly pb: Local;
}

/** `count` terms, `unroll` a round; leaves the pointers behind the last. */
function innermost(f: FunctionBuilder, loop: Innermost, unroll: number, term: (aOffset: number, bOffset: number) => void): void {
  const { pa, pb, count, aStep, bStep } = loop;
  const rounds = (times: Operand, terms: number) => {
    const pointers: (readonly [Local, number])[] = [];
    if (bStep !== 0) pointers.push([pb, bStep * terms]);
    if (aStep !== 0) pointers.push([pa, aStep * terms]);
    if (pointers.length === 0) pointers.push([f.local("i32", 0), 1]);
    f.repeat(times, pointers, () => {
      for (let i = 0; i < terms; i++) term(i * aStep, i * bStep);
    });
  };
  const known = constantValue(count);
  if (known === undefined) {
    rounds(op("i32.div_u", count, unroll), unroll);
    rounds(op("i32.rem_u", count, unroll), 1);
  } else {
    rounds(Math.floor(known / unroll), unroll);
    if (known % unroll > 0) rounds(1, known % unroll);
  }
}

/** `expression` in a form that may be used several times. */
export function stable(f: FunctionBuilder, expression: Expression): Expression {
  return expression.kind === "local" || expression.kind === "constant" ? expression : f.let(expression);
}

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
}

/**
 * dots[r][c] = Σ A[r]·B[c] over contiguous terms: lanes run along the reduction and are added up at the end. Returns, row by row,
 * ⌈columns / lanes⌉ vectors of dot products; lanes past the last column are undefined.
 */
export function accumulateDots(f: FunctionBuilder, tile: DotTile): Expression[] {
  const { format, relaxed, rows, columns, terms } = tile;
  const { lanes } = format;
  // A short tile has several partial sums per dot product, to keep the adders busy.
  const splits = rows * columns >= 4 ? 1 : 4;
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
  const unroll = Math.max(splits, rows * columns <= 4 ? 4 : 2);
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
    const words = 4 * (rest / lanes);
    const mask = wordsConstant([0, 1, 2, 3].map((i) => (i < words ? -1 : 0)));
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

const words = (...indices: number[]) => indices.flatMap((i) => [4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3]);
const lowWords = words(0, 4, 1, 5);
const highWords = words(2, 6, 3, 7);
const lowHalves = words(0, 1, 4, 5);
const highHalves = words(2, 3, 6, 7);

/** Lane l of the result is the sum of the lanes of vectors[l]. */
export function laneSums(f: FunctionBuilder, format: LaneFormat, vectors: readonly Expression[]): Expression {
  const add = `${format.shape}.add` as OpcodeName;
  const sumOf = (a: Expression, b: Expression, low: number[], high: number[]) => {
    return stable(f, op(add, shuffleBytes(a, b, low), shuffleBytes(a, b, high)));
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

export interface Panel {
  readonly format: LaneFormat;
  /** Address of the element of lane 0, first term. */
  readonly source: Expression;
  /** Bytes from one lane to the next, and from one term to the next. */
  readonly laneStep: number;
  readonly termStep: number;
  /** Lanes that exist; the panel is padded to whole vectors with values that do not matter. */
  readonly width: number;
  readonly terms: Operand;
  readonly target: Expression;
}

/** Bytes of one term in a packed panel. */
export function panelStep(format: LaneFormat, width: number): number {
  return Math.ceil(width / format.lanes) * 16;
}

/** Copies a panel so that the lanes of each term are contiguous, and term follows term. */
export function packPanel(f: FunctionBuilder, panel: Panel): void {
  const { format, laneStep, termStep, width, terms } = panel;
  const { bytes, lanes } = format;
  const step = panelStep(format, width);
  const vectors = step / 16;
  const from = f.local("i32", panel.source);
  const to = f.local("i32", panel.target);
  const rounds = (times: Operand, each: number, body: () => void) => {
    const pointers: (readonly [Local, number])[] = [[to, step * each]];
    if (termStep !== 0) pointers.push([from, termStep * each]);
    f.repeat(times, pointers, body);
  };
  const split = (each: number): [Operand, Operand] => {
    const known = constantValue(terms);
    if (known !== undefined) return [Math.floor(known / each), known % each];
    return [op("i32.div_u", terms, each), op("i32.rem_u", terms, each)];
  };
  const elementwise = () => {
    const [loadOne, storeOne] = bytes === 4 ? (["f32.load", "f32.store"] as const) : (["f64.load", "f64.store"] as const);
    for (let l = 0; l < width; l++) f.store(storeOne, to, load(loadOne, from, l * laneStep), l * bytes);
  };

  if (laneStep === bytes) {
    const copy = (count: number) => {
      for (let i = 0; i < count; i++) {
        for (let v = 0; v < vectors; v++)
          f.store("v128.store", to, load("v128.load", from, i * termStep + v * 16), i * step + v * 16);
      }
    };
    const [rounds4, rest] = split(4);
    rounds(rounds4, 4, () => copy(4));
    rounds(rest, 1, () => copy(1));
    return;
  }
  if (termStep === bytes) {
    const [blocks, rest] = split(lanes);
    rounds(blocks, lanes, () =>
      f.scoped(() => {
        for (let v = 0; v < vectors; v++) {
          // Lanes that do not exist repeat the last one, so that nothing outside the operand is read.
          const rows = Array.from({ length: lanes }, (_, l) => {
            return f.let(load("v128.load", from, Math.min(v * lanes + l, width - 1) * laneStep));
          });
          const columns = transposeBlock(f, format, rows);
          for (let i = 0; i < lanes; i++) f.store("v128.store", to, columns[i], i * step + v * 16);
        }
      }),
    );
    rounds(rest, 1, elementwise);
    return;
  }
  rounds(terms, 1, elementwise);
}

/** base + index · stride bytes. */
export function elementAt(base: Operand, index: Operand, stride: number): Expression {
  return sum(base, scaled(index, stride));
}
