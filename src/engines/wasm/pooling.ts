// Pooling over windows, channels last: lanes run along the channels, so that what falls into the padding is decided once for all of them.

import type { Attributes } from "../../graph/primitive.ts";
import { sizeOf } from "../../graph/shape.ts";
import type { PoolingAttributes } from "../../ops/pooling.ts";
import { threeAxes } from "../../ops/windows.ts";
import type { WholeKernel } from "../lowering/ir.ts";
import {
  type Expression,
  type FunctionBuilder,
  type Local,
  load,
  op,
  scaled,
  splatConstant,
  sum,
  wordsConstant,
} from "./assembler.ts";
import { clearBytes } from "./copies.ts";
import { loadElements, storeElements, type Width } from "./lanes.ts";
import { dealer, type Part } from "./part.ts";
import type { Routine, Routines } from "./routines.ts";

/** Windows are written out element by element. */
const isSmall = ({ window }: Attributes) => sizeOf(window as readonly number[]) <= 64;

export const poolingRoutines: Routines = {
  maxPoolIndices: (kernel, a) =>
    kernel.inputs[0].dtype === "float32" && isSmall(a)
      ? { scratch: 0, divisible: true, emit: (f, _, part) => emitMaxPoolIndices(f, kernel, a, part) }
      : undefined,
  sumPool: (kernel, a) => (isSmall(a) ? sums(kernel, a, false) : undefined),
  sumPoolTranspose: (kernel, a) => (isSmall(a) ? sums(kernel, a, true) : undefined),
};

const sums = (kernel: WholeKernel, attributes: Attributes, transposed: boolean): Routine => ({
  scratch: 0,
  divisible: true,
  emit: (f, _, part) => emitSumPool(f, kernel, attributes, transposed, part),
});

interface Geometry {
  readonly examples: number;
  readonly channels: number;
  readonly size: readonly [number, number, number];
  readonly count: readonly [number, number, number];
  readonly window: readonly [number, number, number];
  readonly stride: readonly [number, number, number];
  readonly low: readonly [number, number, number];
  readonly dilation: readonly [number, number, number];
}

function geometryOf(x: readonly number[], y: readonly number[], attributes: PoolingAttributes): Geometry {
  const { window, strides, padding, dilation } = attributes;
  return {
    examples: x[0],
    channels: x[x.length - 1],
    size: threeAxes(x.slice(1, -1), 1),
    count: threeAxes(y.slice(1, -1), 1),
    window: threeAxes(window, 1),
    stride: threeAxes(strides, 1),
    low: threeAxes(
      padding.map((p) => p[0]),
      0,
    ),
    dilation: threeAxes(dilation, 1),
  };
}

/** body(element of x's image) for each element of the window at `o` that is inside. */
function eachTap(f: FunctionBuilder, g: Geometry, o: readonly Expression[], body: (position: Expression) => void): void {
  const axis = (a: number, position: Expression): void => {
    if (a === 3) {
      body(position);
      return;
    }
    // Nothing to check where no window reaches outside.
    const last = (g.count[a] - 1) * g.stride[a] - g.low[a] + (g.window[a] - 1) * g.dilation[a];
    const inside = g.low[a] <= 0 && last < g.size[a];
    for (let i = 0; i < g.window[a]; i++) {
      const p = f.let(sum(scaled(o[a], g.stride[a]), i * g.dilation[a] - g.low[a]));
      const next = () => axis(a + 1, f.let(sum(scaled(position, g.size[a]), p)));
      if (inside) next();
      else f.if(op("i32.lt_u", p, g.size[a]), next);
    }
  };
  axis(0, f.hoisted({ kind: "constant", type: "i32", value: 0 }));
}

/**
 * The loops over examples, which threads divide, and windows; body(window position, addresses of the example in x and of the window in
 * y), after begin(address of the example in x).
 */
function eachWindow(
  f: FunctionBuilder,
  g: Geometry,
  pointers: { readonly x: Expression; readonly y: Expression; readonly xBytes: number; readonly yBytes: number },
  part: Part | undefined,
  body: (o: readonly Expression[], example: Expression, x: Local, y: Local) => void,
  begin?: (x: Local) => void,
): void {
  const deal = dealer(f, part);
  const x = f.local("i32");
  const y = f.local("i32");
  const image = sizeOf(g.size) * g.channels * pointers.xBytes;
  const windows = sizeOf(g.count) * g.channels * pointers.yBytes;
  const example = (n: Expression) => {
    f.set(x, sum(pointers.x, scaled(n, image)));
    f.set(y, sum(pointers.y, scaled(n, windows)));
    begin?.(x);
    f.forLoop(0, g.count[0], 1, (a) => {
      f.forLoop(0, g.count[1], 1, (b) => {
        f.forLoop(0, g.count[2], 1, (c) => {
          f.scoped(() => body([a, b, c], n, x, y));
          f.increment(y, g.channels * pointers.yBytes);
        });
      });
    });
  };
  f.forLoop(0, g.examples, 1, (n) => deal(() => example(n)));
}

/** body(first channel, lanes in use) for the channels, `width` at a time. */
function eachVector(
  f: FunctionBuilder,
  channels: number,
  width: number,
  body: (channel: Expression, active: number) => void,
): void {
  const whole = channels - (channels % width);
  f.forLoop(0, whole, width, (c) => f.scoped(() => body(c, width)));
  if (channels > whole) f.scoped(() => body(f.let(sum(whole)), channels - whole));
}

function emitMaxPoolIndices(f: FunctionBuilder, kernel: WholeKernel, attributes: Attributes, part?: Part): void {
  const [input] = kernel.inputs;
  const [output] = kernel.outputs;
  const g = geometryOf(input.shape, output.shape, attributes as PoolingAttributes);
  const image = g.size[0] * g.size[1] * g.size[2];
  const ramp = f.hoisted(wordsConstant([0, 1, 2, 3]));
  eachWindow(f, g, { x: f.parameters[0], y: f.parameters[1], xBytes: 4, yBytes: 4 }, part, (o, n, x, y) => {
    eachVector(f, g.channels, 4, (c, active) => {
      const best = f.local("v128", splatConstant("f32x4", 0));
      const at = f.local("v128", splatConstant("i32x4", -1));
      const start = f.let(sum(scaled(n, image * g.channels), c));
      eachTap(f, g, o, (position) => {
        f.scoped(() => {
          const element = f.let(sum(scaled(position, g.channels), c));
          const value = f.let(load("v128.load", sum(x, scaled(element, 4))));
          const none = op("i32x4.lt_s", at, f.hoisted(splatConstant("i32x4", 0)));
          // Strictly larger, so that the first of equal elements stays; the first NaN stays for good.
          const beats = op("v128.andnot", op("f32x4.eq", best, best), op("f32x4.le", value, best));
          const wins = f.let(op("v128.or", none, beats));
          const index = op("i32x4.add", op("i32x4.splat", sum(start, scaled(position, g.channels))), ramp);
          f.set(best, op("v128.bitselect", value, best, wins));
          f.set(at, op("v128.bitselect", index, at, wins));
        });
      });
      storeElements(f, 4, "int32", { address: sum(y, scaled(c, 4)), offset: 0 }, 1, active, at);
    });
  });
}

/** Sums of windows, or their transpose: every window's value added to its elements. */
function emitSumPool(f: FunctionBuilder, kernel: WholeKernel, attributes: Attributes, transposed: boolean, part?: Part): void {
  const [from] = kernel.inputs;
  const [to] = kernel.outputs;
  const [image, windows] = transposed ? [to, from] : [from, to];
  const dtype = to.dtype === "float64" ? "float64" : "float32";
  const bytes = dtype === "float64" ? 8 : 4;
  const width: Width = dtype === "float64" ? 2 : 4;
  const lanes = dtype === "float64" ? "f64x2" : "f32x4";
  const g = geometryOf(image.shape, windows.shape, attributes as PoolingAttributes);
  const [first, second] = f.parameters;
  const begin = transposed ? (x: Local) => clearBytes(f, x, sizeOf(g.size) * g.channels * bytes) : undefined;
  const pointers = { x: transposed ? second : first, y: transposed ? first : second, xBytes: bytes, yBytes: bytes };
  const body = (o: readonly Expression[], _n: Expression, x: Local, y: Local) => {
    eachVector(f, g.channels, width, (c, active) => {
      const window = { address: f.let(sum(y, scaled(c, bytes))), offset: 0 };
      const elementAt = (position: Expression) => ({
        address: f.let(sum(x, scaled(sum(scaled(position, g.channels), c), bytes))),
        offset: 0,
      });
      if (transposed) {
        const value = loadElements(f, width, dtype, window, 1, active);
        eachTap(f, g, o, (position) => {
          const place = elementAt(position);
          const total = op(`${lanes}.add`, loadElements(f, width, dtype, place, 1, active), value);
          storeElements(f, width, dtype, place, 1, active, f.let(total));
        });
        return;
      }
      const total = f.local("v128", splatConstant("f32x4", 0));
      eachTap(f, g, o, (position) =>
        f.set(total, op(`${lanes}.add`, total, loadElements(f, width, dtype, elementAt(position), 1, active))),
      );
      storeElements(f, width, dtype, window, 1, active, total);
    });
  };
  eachWindow(f, g, pointers, part, body, begin);
}
