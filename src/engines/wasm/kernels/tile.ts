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
  splatConstant,
  sum,
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
  readonly vectors: number;
  /** Address of A's element for row 0 and the first term; row r is aRows[r] bytes behind. */
  readonly a: Expression;
  readonly aRows: readonly number[];
  /** A's elements differ from lane to lane, as B's do, instead of being one for all lanes (convolution channel by channel). */
  readonly lanewise?: boolean;
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
export function multiplyAdd(format: LaneFormat, relaxed: boolean, a: Expression, b: Expression, value: Expression): Expression {
  if (relaxed) return op(`${format.shape}.relaxed_madd` as OpcodeName, a, b, value);
  return op(`${format.shape}.add` as OpcodeName, value, op(`${format.shape}.mul` as OpcodeName, a, b));
}

/**
 * tile[r][v] = initial[r][v] + Σ A[r]·B[v], the terms added in order. Returns the accumulators, row by row.
 * Per term it loads each vector of B once and broadcasts each row's element of A.
 */
export function accumulateTile(f: FunctionBuilder, tile: Tile): Local[] {
  const { format, relaxed, vectors, initial, aRows, lanewise } = tile;
  const rows = aRows.length;
  const accumulators = Array.from({ length: rows * vectors }, () => f.local("v128"));
  const bVectors = Array.from({ length: vectors }, () => f.local("v128"));
  const broadcast = f.local("v128");

  const term = (pa: Expression, pb: Expression, first: boolean) => {
    for (let v = 0; v < vectors; v++) f.set(bVectors[v], load("v128.load", pb, v * 16));
    for (let r = 0; r < rows; r++) {
      if (!lanewise) f.set(broadcast, load(format.loadSplat, pa, aRows[r]));
      for (let v = 0; v < vectors; v++) {
        if (lanewise) f.set(broadcast, load("v128.load", pa, aRows[r] + v * 16));
        const at = accumulators[r * vectors + v];
        const product = first ? op(`${format.shape}.mul` as OpcodeName, broadcast, bVectors[v]) : undefined;
        f.set(at, product ?? multiplyAdd(format, relaxed, broadcast, bVectors[v], at));
      }
    }
  };

  const reduction = merged(tile.reduction);
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

/** The same terms in the same order with fewer levels, where one level goes on where the one inside it stops. */
function merged(levels: readonly Reduction[]): Reduction[] {
  const result: Reduction[] = [];
  for (const level of levels) {
    const count = constantValue(level.count);
    const outer = result.at(-1);
    const outerCount = outer && constantValue(outer.count);
    if (count === 1 && levels.length > 1) continue;
    if (outer && outerCount !== undefined && count !== undefined) {
      if (outer.aStep === count * level.aStep && outer.bStep === count * level.bStep) {
        result[result.length - 1] = { ...level, count: outerCount * count };
        continue;
      }
    }
    result.push(level);
  }
  return result.length > 0 ? result : [{ count: 1, aStep: 0, bStep: 0 }];
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

/** base + index · stride bytes. */
export function elementAt(base: Operand, index: Operand, stride: number): Expression {
  return sum(base, scaled(index, stride));
}
