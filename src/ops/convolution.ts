// Convolution over one to three spatial axes, channels last. Three bilinear primitives, one for each of the tensors x, w, y in
//   y[n, o, c] = Σ over k, i of x[n, o·stride + k·dilation − low, i] · w[k, i, c],
// given the other two. Their derivatives are each other, so they can be differentiated to any order. (As everywhere in the
// field the kernel is not reversed: mathematically this is cross-correlation.)

import { isFloat, promote } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { makeNode, type Node } from "../graph/node.ts";
import type { Attributes, Cost, Dense, Notation, Structured, TensorType } from "../graph/primitive.ts";
import { formatShape, type Shape, sizeOf } from "../graph/shape.ts";
import { batchFilterGradient, batchForward, batchInputGradient } from "./convolution-batching.ts";
import { cast } from "./shape.ts";
import {
  extent,
  type PaddingPair,
  resolveWindows,
  threeAxes,
  type WindowOptions,
  type Windows,
  windowCounts,
  windowIndices,
} from "./windows.ts";

export interface ConvolutionOptions extends WindowOptions {
  /** Channels are split into this many groups, each convolved with its own part of the kernel; default 1. */
  readonly groups?: number;
}

/** Fully resolved: one number (or pair) per spatial axis. */
export interface ConvolutionAttributes extends Attributes {
  readonly strides: readonly number[];
  readonly padding: readonly PaddingPair[];
  readonly dilation: readonly number[];
  readonly groups: number;
}

export interface InputGradientAttributes extends ConvolutionAttributes {
  /** Spatial shape of the result. */
  readonly spatial: Shape;
}

export interface FilterGradientAttributes extends ConvolutionAttributes {
  /** Spatial shape of the kernel that results. */
  readonly kernel: Shape;
}

const spatialOf = (shape: Shape) => shape.slice(1, -1);
const kernelOf = (shape: Shape) => shape.slice(0, -2);
const last = (shape: Shape) => shape[shape.length - 1];

function checkOperands(operation: string, [a, b]: readonly TensorType[], x: Shape, w: Shape, y: Shape, groups: number): void {
  const [inputs, perGroup, outputs] = [last(x), w[w.length - 2], last(w)];
  if (a.dtype !== b.dtype || !isFloat(a.dtype)) {
    fail("dtype", `${operation}: takes two float32 or two float64 operands, got ${a.dtype} and ${b.dtype}. Convert with cast().`);
  }
  if (inputs !== perGroup * groups) {
    fail(
      "shape",
      `${operation}: the input ${formatShape(x)} has ${inputs} channels (last axis), but the kernel ${formatShape(w)} expects ` +
        `${perGroup * groups}: ${perGroup} (its second-to-last axis)${groups > 1 ? ` in each of ${groups} groups` : ""}. ` +
        "Shapes are channels last: x [N, ...spatial, Cin], w [...kernel, Cin / groups, Cout].",
    );
  }
  if (outputs % groups !== 0) fail("shape", `${operation}: ${outputs} output channels do not divide into ${groups} groups.`);
  if (last(y) !== outputs) {
    fail(
      "shape",
      `${operation}: the output ${formatShape(y)} has ${last(y)} channels, but the kernel ${formatShape(w)} makes ${outputs}.`,
    );
  }
  if (x[0] !== y[0]) fail("shape", `${operation}: the batches of ${formatShape(x)} and ${formatShape(y)} differ.`);
}

/** Everything the loops need, for three spatial axes. */
function geometry(x: Shape, w: Shape, y: Shape, { strides, padding, dilation, groups }: ConvolutionAttributes) {
  const size = threeAxes(spatialOf(x), 1);
  const kernel = threeAxes(kernelOf(w), 1);
  const count = threeAxes(spatialOf(y), 1);
  const stride = threeAxes(strides, 1);
  const pads = threeAxes(padding, [0, 0] as PaddingPair);
  const dilate = threeAxes(dilation, 1);
  const table = (a: 0 | 1 | 2) => windowIndices(size[a], count[a], kernel[a], stride[a], pads[a][0], dilate[a]);
  return { size, kernel, count, tables: [table(0), table(1), table(2)] as const, groups, examples: x[0] };
}

/** Calls `visit(xAt, wAt, yAt)` for every pair of a window and an element of it inside the input: offsets of channel vectors of
 * x and y and of a channel matrix of w, all in units of those vectors and matrices. */
function eachTap(g: ReturnType<typeof geometry>, visit: (xAt: number, wAt: number, yAt: number) => void): void {
  const { size, kernel, count, tables, examples } = g;
  let yAt = 0;
  for (let n = 0; n < examples; n++) {
    for (let a = 0; a < count[0]; a++) {
      for (let b = 0; b < count[1]; b++) {
        for (let c = 0; c < count[2]; c++, yAt++) {
          for (let i = 0; i < kernel[0]; i++) {
            const p = tables[0][a * kernel[0] + i];
            if (p < 0) continue;
            for (let j = 0; j < kernel[1]; j++) {
              const q = tables[1][b * kernel[1] + j];
              if (q < 0) continue;
              for (let k = 0; k < kernel[2]; k++) {
                const r = tables[2][c * kernel[2] + k];
                if (r < 0) continue;
                visit(((n * size[0] + p) * size[1] + q) * size[2] + r, (i * kernel[1] + j) * kernel[2] + k, yAt);
              }
            }
          }
        }
      }
    }
  }
}

type Data = { [index: number]: number; length: number };

/** y += x · w, x += y · wᵀ or w += xᵀ · y over all taps, whichever is `target`. */
function accumulate(
  x: Data,
  w: Data,
  y: Data,
  target: "x" | "w" | "y",
  shapes: [Shape, Shape, Shape],
  attributes: ConvolutionAttributes,
) {
  const g = geometry(...shapes, attributes);
  const [inputs, outputs] = [last(shapes[0]), last(shapes[2])];
  const [perIn, perOut] = [inputs / g.groups, outputs / g.groups];
  eachTap(g, (xAt, wAt, yAt) => {
    for (let group = 0; group < g.groups; group++) {
      const [xFrom, yFrom] = [xAt * inputs + group * perIn, yAt * outputs + group * perOut];
      for (let i = 0; i < perIn; i++) {
        const wFrom = (wAt * perIn + i) * outputs + group * perOut;
        if (target === "y") {
          const value = x[xFrom + i];
          for (let o = 0; o < perOut; o++) y[yFrom + o] += value * w[wFrom + o];
        } else if (target === "x") {
          let total = 0;
          for (let o = 0; o < perOut; o++) total += y[yFrom + o] * w[wFrom + o];
          x[xFrom + i] += total;
        } else {
          const value = x[xFrom + i];
          for (let o = 0; o < perOut; o++) w[wFrom + o] += value * y[yFrom + o];
        }
      }
    }
  });
}

/** Runs `fill` on a float64 accumulator of the result's size and rounds once. */
function rounded(result: Dense, fill: (target: Float64Array) => void): void {
  const target = new Float64Array(result.data.length);
  fill(target);
  result.data.set(target);
}

/** Multiply-adds: one for each output element, kernel position and input channel of its group. */
function work(w: Shape, y: Shape): Cost {
  return { multiplyAdds: sizeOf(y) * sizeOf(w.slice(0, -1)), elementary: 0, transcendental: 0 };
}

// @__NO_SIDE_EFFECTS__
function written(name: string, tex: string): Notation {
  return { text: (a, b) => `${name}(${a}, ${b})`, tex: (a, b) => `${a} ${tex} ${b}` };
}

export const convolutionOp: Structured<ConvolutionAttributes> = {
  kind: "structured",
  name: "convolution",
  infer: ([x, w], attributes) => {
    const y = [x.shape[0], ...windowCounts("convolution", spatialOf(x.shape), kernelOf(w.shape), attributes), last(w.shape)];
    checkOperands("convolution", [x, w], x.shape, w.shape, y, attributes.groups);
    return [{ shape: y, dtype: x.dtype }];
  },
  evaluate: ([x, w], [y], attributes) =>
    rounded(y, (target) => accumulate(x.data, w.data, target, "y", [x.shape, w.shape, y.shape], attributes)),
  derivative: {
    kind: "rules",
    vjp: (node, [g], needed) => {
      const [x, w] = node.inputs;
      const attributes = base(node.attributes as ConvolutionAttributes);
      return [
        needed[0] && g ? makeNode(inputGradientOp, [g, w], { ...attributes, spatial: spatialOf(x.shape) }) : undefined,
        needed[1] && g ? makeNode(filterGradientOp, [x, g], { ...attributes, kernel: kernelOf(w.shape) }) : undefined,
      ];
    },
    jvp: "bilinear",
  },
  batch: ([x, w], batched, attributes, size) =>
    batchForward(x, w, batched, attributes.groups, size, (a, b, groups) =>
      makeNode(convolutionOp, [a, b], { ...attributes, groups }),
    ),
  cost: ([, w], [y]) => work(w.shape, y.shape),
};

export const convolutionNotation = written("convolution", "\\ast");

/** The attributes the three operations share. */
function base({ strides, padding, dilation, groups }: ConvolutionAttributes) {
  return { strides, padding, dilation, groups };
}

export const inputGradientOp: Structured<InputGradientAttributes> = {
  kind: "structured",
  name: "convolutionInputGradient",
  infer: ([y, w], attributes) => {
    const x = [y.shape[0], ...attributes.spatial, w.shape[w.shape.length - 2] * attributes.groups];
    checkOperands("convolutionInputGradient", [y, w], x, w.shape, y.shape, attributes.groups);
    checkCounts("convolutionInputGradient", attributes.spatial, kernelOf(w.shape), y.shape, attributes);
    return [{ shape: x, dtype: y.dtype }];
  },
  evaluate: ([y, w], [x], attributes) =>
    rounded(x, (target) => accumulate(target, w.data, y.data, "x", [x.shape, w.shape, y.shape], attributes)),
  derivative: {
    kind: "rules",
    vjp: (node, [g], needed) => {
      const [y, w] = node.inputs;
      const attributes = base(node.attributes as InputGradientAttributes);
      return [
        needed[0] && g ? makeNode(convolutionOp, [g, w], attributes) : undefined,
        needed[1] && g ? makeNode(filterGradientOp, [g, y], { ...attributes, kernel: kernelOf(w.shape) }) : undefined,
      ];
    },
    jvp: "bilinear",
  },
  batch: ([y, w], batched, attributes, size) =>
    batchInputGradient(y, w, batched, attributes.groups, size, (a, b, groups) =>
      makeNode(inputGradientOp, [a, b], { ...attributes, groups }),
    ),
  cost: ([y, w]) => work(w.shape, y.shape),
};

export const inputGradientNotation = written("transposedConvolution", "\\ast^{\\top}");

export const filterGradientOp: Structured<FilterGradientAttributes> = {
  kind: "structured",
  name: "convolutionFilterGradient",
  infer: ([x, y], attributes) => {
    const w = [...attributes.kernel, last(x.shape) / attributes.groups, last(y.shape)];
    checkOperands("convolutionFilterGradient", [x, y], x.shape, w, y.shape, attributes.groups);
    checkCounts("convolutionFilterGradient", spatialOf(x.shape), attributes.kernel, y.shape, attributes);
    return [{ shape: w, dtype: x.dtype }];
  },
  evaluate: ([x, y], [w], attributes) =>
    rounded(w, (target) => accumulate(x.data, target, y.data, "w", [x.shape, w.shape, y.shape], attributes)),
  derivative: {
    kind: "rules",
    vjp: (node, [g], needed) => {
      const [x, y] = node.inputs;
      const attributes = base(node.attributes as FilterGradientAttributes);
      return [
        needed[0] && g ? makeNode(inputGradientOp, [y, g], { ...attributes, spatial: spatialOf(x.shape) }) : undefined,
        needed[1] && g ? makeNode(convolutionOp, [x, g], attributes) : undefined,
      ];
    },
    jvp: "bilinear",
  },
  batch: ([x, y], batched, attributes, size) =>
    batchFilterGradient(x, y, batched, attributes.groups, size, (a, b, groups) =>
      makeNode(filterGradientOp, [a, b], { ...attributes, groups }),
    ),
  cost: ([, y], [w]) => work(w.shape, y.shape),
};

export const filterGradientNotation = written("convolutionFilterGradient", "\\star");

function checkCounts(operation: string, spatial: Shape, kernel: Shape, y: Shape, windows: Windows): void {
  const counts = windowCounts(operation, spatial, kernel, windows);
  if (counts.some((c, i) => c !== y[i + 1])) {
    fail(
      "shape",
      `${operation}: a convolution over ${formatShape(spatial)} with kernel ${formatShape(kernel)} has ${formatShape(counts)} outputs, ` +
        `but ${formatShape(spatialOf(y))} were given.`,
    );
  }
}

function prepare(operation: string, x: Node, w: Node, what: string): [Node, Node] {
  const rank = x.shape.length - 2;
  if (rank < 1 || rank > 3 || w.shape.length !== x.shape.length) {
    fail(
      "shape",
      `${operation}: takes ${what} [N, ...spatial, C] with one to three spatial axes and a kernel [...kernel, Cin / groups, Cout] of the same ` +
        `rank, got ${formatShape(x.shape)} and ${formatShape(w.shape)}.${rank === 0 || rank === 1 ? " A single example needs a leading axis: expandDims(x, 0)." : ""}`,
    );
  }
  const dtype = promote(promote(x.dtype, w.dtype), "float32");
  return [cast(x, dtype), cast(w, dtype)];
}

function checkGroups(operation: string, groups: number): number {
  if (!Number.isInteger(groups) || groups < 1)
    fail("argument", `${operation}: groups ${groups} must be an integer of at least 1.`);
  return groups;
}

/**
 * Convolution, channels last: x [N, ...spatial, Cin], w [...kernel, Cin / groups, Cout] give [N, ...out, Cout], with one to three spatial
 * axes: y[n, o, c] = Σ x[n, o·stride + k·dilation − low, i] · w[k, i, c] over k and i (the kernel is not reversed). Along each axis
 * out = ⌊(size + low + high − (kernel − 1)·dilation − 1) / stride⌋ + 1. Throws a shape error when channels or window do not fit.
 */
export function convolution(x: Node, w: Node, options: ConvolutionOptions = {}): Node {
  const [a, b] = prepare("convolution", x, w, "an input");
  const groups = checkGroups("convolution", options.groups ?? 1);
  const windows = resolveWindows("convolution", spatialOf(a.shape), kernelOf(b.shape), options);
  return makeNode(convolutionOp, [a, b], { ...windows, groups });
}

export interface TransposedConvolutionOptions extends ConvolutionOptions {
  /** Spatial shape of the result, where several would do (a stride rounds down); default: the smallest, or size · stride for "same". */
  readonly outputSpatial?: Shape;
}

/**
 * The transpose of convolution as a linear map of its input: y [N, ...spatial, Cout] and the kernel w [...kernel, Cin / groups, Cout] of the
 * convolution that it transposes give [N, ...out, Cin]. Along each axis out = (size − 1)·stride + (kernel − 1)·dilation + 1 − low − high,
 * or size · stride with padding "same".
 */
export function transposedConvolution(y: Node, w: Node, options: TransposedConvolutionOptions = {}): Node {
  const name = "transposedConvolution";
  const [a, b] = prepare(name, y, w, "an input");
  const groups = checkGroups(name, options.groups ?? 1);
  const [counts, kernel] = [spatialOf(a.shape), kernelOf(b.shape)];
  const steps = resolveWindows(name, counts, kernel, { ...options, padding: "valid" });
  const given = options.padding ?? "valid";
  const spatial =
    options.outputSpatial ??
    counts.map((count, i) => {
      if (given === "same") return count * steps.strides[i];
      const [low, high] = resolveWindows(name, counts, kernel, options).padding[i];
      return (count - 1) * steps.strides[i] + extent(kernel[i], steps.dilation[i]) - low - high;
    });
  const windows = resolveWindows(name, spatial, kernel, options);
  return makeNode(inputGradientOp, [a, b], { ...windows, groups, spatial: [...spatial] });
}

/** Cotangent of the input of convolution(x, w, options), given w and the cotangent y of its result; x has shape `inputShape`. */
export function convolutionInputGradient(y: Node, w: Node, inputShape: Shape, options: ConvolutionOptions = {}): Node {
  return transposedConvolution(y, w, { ...options, outputSpatial: spatialOf(inputShape) });
}

/** Cotangent of the kernel of convolution(x, w, options), given x and the cotangent y of its result; w has shape `kernelShape`. */
export function convolutionFilterGradient(x: Node, y: Node, kernelShape: Shape, options: ConvolutionOptions = {}): Node {
  const name = "convolutionFilterGradient";
  const [a, b] = prepare(name, x, y, "an input");
  const kernel = kernelOf(kernelShape);
  const windows = resolveWindows(name, spatialOf(a.shape), kernel, options);
  return makeNode(filterGradientOp, [a, b], { ...windows, groups: checkGroups(name, options.groups ?? 1), kernel });
}
