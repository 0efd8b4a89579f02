// Panels: copies of a few rows or columns of an operand in the order in which the tiles read them.

import { constantValue, type Expression, type FunctionBuilder, type Local, load, type Operand, op } from "../assembler.ts";
import type { LaneFormat } from "../simd.ts";
import { transposeBlock } from "./shuffles.ts";

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
