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

/** Terms that are written out without a loop. */
const writtenOutLimit = 12;

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

  const term = (pa: Expression, pb: Expression, first: boolean) => {
    for (let v = 0; v < vectors; v++) f.set(bVectors[v], load("v128.load", pb, v * 16));
    for (let r = 0; r < rows; r++) {
      f.set(broadcast, load(format.loadSplat, pa, r * tile.aRow));
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

  if (terms <= writtenOutLimit) {
    // The first product starts the sum: cheaper than adding to zero, and it decides whether a tiny product is worth its call.
    if (initial !== undefined) start(initial);
    writtenOut(f, tile, (pa, pb, i) => term(pa, pb, i === 0 && initial === undefined));
    return accumulators;
  }

  start(initial);
  const pa = f.local("i32", tile.a);
  const pb = f.local("i32", tile.b);
  const nest = (level: number): void => {
    const { count, aStep, bStep } = reduction[level];
    if (level === reduction.length - 1) {
      innermost(f, { pa, pb, count, aStep, bStep }, tile.unroll ?? 8, () => term(pa, pb, false));
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

/** All terms of a short reduction, one after the other. Blocks end between them for the reason given at `innermost`. */
function writtenOut(f: FunctionBuilder, tile: Tile, term: (pa: Expression, pb: Expression, i: number) => void): void {
  let places = [{ a: 0, b: 0 }];
  for (const { count, aStep, bStep } of tile.reduction) {
    const steps = Array.from({ length: constantValue(count) ?? 0 }, (_, i) => ({ a: i * aStep, b: i * bStep }));
    places = places.flatMap((outer) => steps.map((inner) => ({ a: outer.a + inner.a, b: outer.b + inner.b })));
  }
  const pa = f.local("i32", tile.a);
  const pb = f.local("i32", tile.b);
  const last = places.length - 1;
  // A test that V8 cannot decide and that never holds: the pointers grow, and the last is not tested.
  const [counter, key] = places[last].b > 0 ? ([pb, "b"] as const) : ([pa, "a"] as const);
  const end = last > 1 ? f.let(sum(counter, places[last][key])) : counter;
  f.block((exit) => {
    for (const [i, place] of places.entries()) {
      if (i > 0) {
        f.increment(pa, place.a - places[i - 1].a);
        f.increment(pb, place.b - places[i - 1].b);
        if (i < last && place[key] > places[i - 1][key] && place[key] < places[last][key])
          f.brIf(exit, op("i32.eq", counter, end));
      }
      term(pa, pb, i);
    }
  });
}

interface Innermost extends Reduction {
  readonly pa: Local;
  readonly pb: Local;
}

/**
 * `count` terms; leaves the pointers behind the last. Every term ends with the loop's own test, also inside a round: V8 puts all
 * loads of a basic block before its arithmetic, so that two terms in one block hold twice the registers, and spill.
 */
function innermost(f: FunctionBuilder, loop: Innermost, unroll: number, term: () => void): void {
  const { pa, pb, count, aStep, bStep } = loop;
  const known = constantValue(count);
  const [counter, stride] = bStep !== 0 ? [pb, bStep] : aStep !== 0 ? [pa, aStep] : [f.local("i32", 0), 1];
  const advance = () => {
    if (bStep !== 0) f.increment(pb, bStep);
    if (aStep !== 0) f.increment(pa, aStep);
    if (counter !== pb && counter !== pa) f.increment(counter, 1);
  };
  const end = f.let(op("i32.add", counter, op("i32.mul", count, stride)));
  const terms = known === undefined ? unroll : Math.min(unroll, known);
  const body = () =>
    f.block((exit) => {
      f.loop((again) => {
        for (let i = 0; i < terms; i++) {
          term();
          advance();
          if (i < terms - 1) f.brIf(exit, op("i32.eq", counter, end));
          else f.brIf(again, op("i32.ne", counter, end));
        }
      });
    });
  if (known === undefined) f.if(op("i32.ne", counter, end), body);
  else body();
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
