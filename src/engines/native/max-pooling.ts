// Max pooling whose windows lie inside of the image, as operations of this engine's own: the maxima come with their places in one pass, and
// what is added up at those places is written place by place, so that threads share out rows instead of each looking through all indices.
// A rectifier before the pooling is differentiated at the maxima, of which there are fewer than there are elements.

import { fail } from "../../graph/errors.ts";
import { makeNode, type Node } from "../../graph/node.ts";
import type { Dense, Structured, TensorType } from "../../graph/primitive.ts";
import { substitute } from "../../graph/rewrite.ts";
import { type Shape, sizeOf } from "../../graph/shape.ts";
import { constantData, isConstant, isPick, pick } from "../../graph/structural.ts";
import { greater } from "../../ops/comparison.ts";
import { tabulate } from "../../ops/fill.ts";
import type { GatherAttributes } from "../../ops/indexing.ts";
import { maxPoolIndicesOp, type PoolingAttributes } from "../../ops/pooling.ts";
import { where } from "../../ops/selection.ts";
import { broadcastTo, reshape } from "../../ops/shape.ts";
import { type ReductionAttributes, sum } from "../../ops/sum.ts";
import { threeAxes } from "../../ops/windows.ts";
import type { WholeKernel } from "../lowering/ir.ts";
import { bytesOf } from "./lanes.ts";
import type { Target } from "./target.ts";

interface TransposeAttributes extends PoolingAttributes {
  /** Spatial shape of the result. */
  readonly spatial: Shape;
}

/** More elements of a window than this are not written out. */
const mostElements = 16;

const never = () => fail("engine", "native: operations of the engine are not mapped over axes.");
const last = (shape: Shape) => shape[shape.length - 1];

/** The maxima of all windows, and their places as maxPoolIndices gives them. */
const maxPoolOp: Structured<PoolingAttributes> = {
  kind: "structured",
  name: "maxPool",
  infer: ([x], attributes) => {
    const [indices] = maxPoolIndicesOp.infer([x], attributes);
    return [{ shape: indices.shape, dtype: x.dtype }, indices];
  },
  evaluate: ([x], [maxima, indices], attributes) => {
    maxPoolIndicesOp.evaluate([x], [indices], attributes);
    indices.data.forEach((at, i) => {
      maxima.data[i] = x.data[at];
    });
  },
  derivative: { kind: "none", reason: "it is made after differentiation" },
  batch: never,
  cost: ([x], [y], attributes) => maxPoolIndicesOp.cost([x], [y], attributes),
};

/** Each value at its index in [N, ...spatial, C], all else 0: scatterAdd for indices of windows that do not overlap. */
const maxPoolTransposeOp: Structured<TransposeAttributes> = {
  kind: "structured",
  name: "maxPoolTranspose",
  infer: ([, y], { spatial }) => [{ shape: [y.shape[0], ...spatial, last(y.shape)], dtype: y.dtype }],
  evaluate: ([indices, y]: readonly Dense[], [x]: readonly Dense[]) => {
    indices.data.forEach((at, i) => {
      x.data[at] += y.data[i];
    });
  },
  derivative: { kind: "none", reason: "it is made after differentiation" },
  batch: never,
  cost: (_inputs, [x]) => ({ multiplyAdds: 0, elementary: sizeOf(x.shape), transcendental: 0 }),
};

// Rewriting ---------------------------------------------------------------------------------------------------------------

const spatialOf = (shape: Shape) => shape.slice(1, -1);

/** Whether the windows of pooling over a tensor of this shape are all inside, and few enough elements to write out. */
function isWrittenOut(shape: Shape, counts: Shape, { window, strides, padding, dilation }: PoolingAttributes): boolean {
  const inside = spatialOf(shape).every(
    (size, i) => padding[i][0] === 0 && (counts[i] - 1) * strides[i] + (window[i] - 1) * dilation[i] < size,
  );
  return inside && sizeOf(window) <= mostElements && sizeOf(shape) > 0 && sizeOf(counts) > 0;
}

/** Whether no two windows have an element in common. */
const isApart = ({ window, strides, dilation }: PoolingAttributes) =>
  window.every((size, i) => strides[i] > (size - 1) * dilation[i]);

/** The pooling whose indices a node is. */
function poolingOf(node: Node): Node | undefined {
  return isPick(node) && node.attributes.index === 1 && isNamed(node.inputs[0], "maxPool") ? node.inputs[0] : undefined;
}

const isNamed = (node: Node, name: string) => node.op.name === name;

/** Whether all elements are +0. */
function isZero(node: Node): boolean {
  let at = node;
  while (isNamed(at, "broadcast") || isNamed(at, "reshape")) at = at.inputs[0];
  return isConstant(at) && constantData(at).every((v) => Object.is(v, 0));
}

const zeros = ({ shape, dtype }: Node) =>
  broadcastTo(
    tabulate([], dtype, () => 0),
    shape,
  );

/** Whether `mask` is x > 0 for an x that is `rectified`, or that it is the larger one of with 0. */
function isPositive(mask: Node, rectified: Node): boolean {
  if (!isNamed(mask, "greater") || !isZero(mask.inputs[1])) return false;
  const [x] = mask.inputs;
  const [a, b] = rectified.inputs;
  return x === rectified || (isNamed(rectified, "maximum") && ((a === x && isZero(b)) || (b === x && isZero(a))));
}

function rewritten(node: Node): Node | undefined {
  const [first, second, third] = node.inputs;
  switch (node.op.name) {
    case "maxPoolIndices": {
      const attributes = node.attributes as PoolingAttributes;
      const isReal = first.dtype === "float32" || first.dtype === "float64";
      if (!isReal || !isWrittenOut(first.shape, spatialOf(node.shape), attributes)) return undefined;
      return pick(makeNode(maxPoolOp, [first], attributes), 1);
    }
    case "gather": {
      const pooling = poolingOf(second);
      return pooling && isNamed(first, "reshape") && first.inputs[0] === pooling.inputs[0] && first.shape.length === 1
        ? pick(pooling, 0)
        : undefined;
    }
    case "scatterAdd": {
      const pooling = poolingOf(first);
      const { batchDims } = node.attributes as GatherAttributes;
      const isReal = node.dtype === "float32" || node.dtype === "float64";
      if (!pooling || !isReal || batchDims !== 0 || node.shape.length !== 1) return undefined;
      const [x] = pooling.inputs;
      const attributes = pooling.attributes as PoolingAttributes;
      if (!isApart(attributes) || node.shape[0] !== sizeOf(x.shape)) return undefined;
      const result = makeNode(maxPoolTransposeOp, [first, second], { ...attributes, spatial: spatialOf(x.shape) });
      return reshape(result, node.shape);
    }
    case "reshape": {
      // There and back again.
      const inner = isNamed(first, "reshape") ? first.inputs[0] : first;
      return isNamed(inner, "maxPoolTranspose") && inner.shape.join() === node.shape.join() ? inner : undefined;
    }
    case "where": {
      if (!isNamed(second, "maxPoolTranspose") || !isZero(third)) return undefined;
      const [indices, values] = second.inputs;
      const pooling = poolingOf(indices)!;
      if (!isPositive(first, pooling.inputs[0])) return undefined;
      const maxima = pick(pooling, 0);
      const kept = where(greater(maxima, zeros(maxima)), values, zeros(values));
      return makeNode(second.op, [indices, kept], second.attributes);
    }
    case "sum": {
      // What lands in a channel comes from that channel.
      const { axes } = node.attributes as ReductionAttributes;
      const isPerChannel = axes.length === first.shape.length - 1 && axes.every((axis, i) => axis === i);
      return isNamed(first, "maxPoolTranspose") && isPerChannel ? sum(first.inputs[1], axes) : undefined;
    }
    default:
      return undefined;
  }
}

/** A simplified graph with max pooling as this engine computes it: the same bits, but for the order of sums. */
export function rewriteMaxPooling(outputs: readonly Node[]): Node[] {
  return substitute(outputs, new Map(), rewritten);
}

// Rendering ---------------------------------------------------------------------------------------------------------------

interface Each {
  /** Of the elements of a window, from its first one on. */
  readonly offsets: readonly number[];
  readonly isVector: boolean;
  readonly lanes: number;
  readonly dtype: "float32" | "float64";
}

/**
 * The body of a kernel's function: runs over windows, whose rows threads share out, with all extents written out as numbers. `each` gives what is
 * done at a vector of channels, or at one: channel c of the element `image` and of the window `window`, both in elements.
 */
function render(
  kernel: WholeKernel,
  [{ shape: image, dtype }, { shape: pooled }]: readonly TensorType[],
  target: Target,
  each: (e: Each) => string[],
  clear: boolean,
): string {
  const { window, strides, dilation } = kernel.node.attributes as PoolingAttributes;
  const [size, move, apart] = [window, strides, dilation].map((list) => threeAxes(list, 1));
  const [extent, count] = [image, pooled].map((shape) => threeAxes(spatialOf(shape), 1));
  const channels = last(image);
  const type = dtype === "float64" ? dtype : "float32";
  const lanes = type === "float64" ? target.doubleLanes : target.floatLanes;
  const offsets: number[] = [];
  for (let a = 0; a < size[0]; a++)
    for (let b = 0; b < size[1]; b++)
      for (let c = 0; c < size[2]; c++)
        offsets.push(((a * apart[0] * extent[1] + b * apart[1]) * extent[2] + c * apart[2]) * channels);
  const whole = Math.floor(channels / lanes) * lanes;
  const loop = (from: number, to: number, step: number) => {
    if (from >= to) return [];
    const lines = each({ offsets, isVector: step === lanes, lanes, dtype: type });
    return [`      for (long c = ${from}; c < ${to}; c += ${step}) {`, ...lines.map((line) => `        ${line}`), "      }"];
  };
  const rows = count[0] * count[1];
  const bytes = sizeOf(image.slice(1)) * bytesOf[type];
  return [
    "  long row, end;",
    // What is cleared is cleared by examples.
    `  gradus_part(${image[0] * rows}, ${clear ? rows : 1}, thread, threads, &row, &end);`,
    ...(clear ? [`  __builtin_memset(s2 + row / ${rows} * ${bytes}l, 0, (end - row) / ${rows} * ${bytes}l);`] : []),
    "  for (; row < end; row++) {",
    `    const long example = row / ${rows}, i = row / ${count[1]} % ${count[0]}, j = row % ${count[1]};`,
    `    long image = ((example * ${extent[0]} + i * ${move[0]}) * ${extent[1]} + j * ${move[1]}) * ${extent[2] * channels}l;`,
    `    long window = row * ${count[2] * channels}l;`,
    `    for (long k = 0; k < ${count[2]}; k++, image += ${move[2] * channels}, window += ${channels}) {`,
    ...loop(0, whole, lanes),
    ...loop(whole, channels, 1),
    "    }",
    "  }",
  ].join("\n");
}

const namesOf = ({ dtype, isVector }: Each) =>
  dtype === "float64"
    ? { bytes: 8, type: isVector ? "wd" : "double", mask: isVector ? "wl" : "long long" }
    : { bytes: 4, type: isVector ? "nf" : "float", mask: isVector ? "ni" : "int" };

const counting = (lanes: number) => `{${Array.from({ length: lanes }, (_, l) => l).join(", ")}}`;

/** Only something strictly larger, or the first NaN, takes the place of what was found before it. */
function maximum(e: Each): string[] {
  const { bytes, type, mask } = namesOf(e);
  const load = (offset: number) =>
    e.isVector ? `LOAD(${type}, x + ${offset * bytes}l)` : `*(const ${type} *)(x + ${offset * bytes}l)`;
  const lines = [
    `const char *x = s0 + (image + c) * ${bytes};`,
    `${type} best = ${load(0)};`,
    `${mask} at = ${e.isVector ? "{}" : "0"};`,
  ];
  for (const offset of e.offsets.slice(1)) {
    const wins = e.isVector
      ? `const ${mask} wins = (best == best) & ~(value <= best); best = SELECT(${mask}, wins, value, best); at = (wins & ${offset}) | (~wins & at);`
      : `if (best == best && !(value <= best)) { best = value; at = ${offset}; }`;
    lines.push(`{ const ${type} value = ${load(offset)}; ${wins} }`);
  }
  if (!e.isVector) {
    lines.push(`((${type} *)s1)[window + c] = best;`, "((int *)s2)[window + c] = (int)(image + c + at);");
    return lines;
  }
  lines.push(
    `STORE(${type}, s1 + (window + c) * ${bytes}, best);`,
    `at = at + (${mask})${counting(e.lanes)} + (${e.dtype === "float64" ? "long long" : "int"})(image + c);`,
    `STORE(${e.dtype === "float64" ? "wi" : "ni"}, s2 + (window + c) * 4, ${e.dtype === "float64" ? "__builtin_convertvector(at, wi)" : "at"});`,
  );
  return lines;
}

function transposed(e: Each): string[] {
  const { bytes, type, mask } = namesOf(e);
  const wide =
    e.dtype === "float64" ? "__builtin_convertvector(LOAD(wi, s0 + (window + c) * 4), wl)" : "LOAD(ni, s0 + (window + c) * 4)";
  const index = e.isVector ? wide : "((const int *)s0)[window + c]";
  const lines = [
    `char *x = s2 + (image + c) * ${bytes};`,
    // What is added to 0: −0 becomes 0.
    e.isVector
      ? `const ${type} value = LOAD(${type}, s1 + (window + c) * ${bytes}) + (${type}){};`
      : `const ${type} value = ((const ${type} *)s1)[window + c] + (${type})0;`,
    e.isVector
      ? `const ${mask} at = ${index} - (${mask})${counting(e.lanes)} - (${e.dtype === "float64" ? "long long" : "int"})(image + c);`
      : `const long at = ${index} - (image + c);`,
  ];
  for (const offset of e.offsets) {
    lines.push(
      e.isVector
        ? `STORE(${type}, x + ${offset * bytes}l, (${type})((${mask})value & (at == ${offset})));`
        : `*(${type} *)(x + ${offset * bytes}l) = at == ${offset} ? value : 0;`,
    );
  }
  return lines;
}

export function renderMaxPool(kernel: WholeKernel, target: Target): string {
  return render(kernel, [kernel.inputs[0], kernel.outputs[0]], target, maximum, false);
}

export function renderMaxPoolTranspose(kernel: WholeKernel, target: Target): string {
  const [result, pooled] = [kernel.outputs[0], kernel.inputs[0]];
  const { strides, window } = kernel.node.attributes as PoolingAttributes;
  // Between windows and behind the last there may be elements that no window has.
  const covers = spatialOf(result.shape).every((n, i) => strides[i] === window[i] && pooled.shape[i + 1] * strides[i] === n);
  return render(kernel, [result, pooled], target, transposed, !covers);
}
