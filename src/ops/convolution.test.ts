import { describe, expect, it } from "vitest";
import type { Node } from "../graph/node.ts";
import { add, mul } from "./arithmetic.ts";
import { concat } from "./assembly.ts";
import {
  type ConvolutionOptions,
  convolution,
  convolutionFilterGradient,
  convolutionInputGradient,
  transposedConvolution,
} from "./convolution.ts";
import { matmul } from "./matmul.ts";
import { reshape } from "./shape.ts";
import { type PadAxis, pad, select, slice, split } from "./slicing.ts";
import { sum } from "./sum.ts";
import { array, checkBatching, checkDerivatives, expectClose, flat, nested, random } from "./test-support.ts";
import { resolveWindows } from "./windows.ts";

/** The definition: a sum over kernel positions of shifted, strided inputs times a channel matrix; groups one by one. */
function byDefinition(x: Node, w: Node, options: ConvolutionOptions): Node {
  const { groups = 1 } = options;
  if (groups > 1) {
    const kernels = split(w, groups, -1);
    return concat(
      split(x, groups, -1).map((part, i) => byDefinition(part, kernels[i], { ...options, groups: 1 })),
      -1,
    );
  }
  const spatial = x.shape.slice(1, -1);
  const kernel = w.shape.slice(0, -2);
  const { strides, padding, dilation } = resolveWindows("test", spatial, kernel, options);
  const padded = pad(x, [[0, 0], ...padding.map(([low, high]): PadAxis => [low, high]), [0, 0]]);
  const matrices = reshape(w, [-1, ...w.shape.slice(-2)]);
  const counts = spatial.map((_, i) => Math.floor((padded.shape[i + 1] - (kernel[i] - 1) * dilation[i] - 1) / strides[i]) + 1);
  let total: Node | undefined;
  for (let k = 0; k < matrices.shape[0]; k++) {
    const at = kernel.map((size, i) => (Math.floor(k / kernel.slice(i + 1).reduce((a, b) => a * b, 1)) % size) * dilation[i]);
    const shifted = slice(
      padded,
      [0, ...at],
      [undefined, ...at.map((a, i) => a + (counts[i] - 1) * strides[i] + 1)],
      [1, ...strides],
    );
    const part = matmul(shifted, select(matrices, k));
    total = total ? add(total, part) : part;
  }
  return total!;
}

const cases: [string, number[], number[], ConvolutionOptions][] = [
  ["1-D", [2, 5, 2], [3, 2, 3], {}],
  ["2-D same, stride 2", [2, 4, 5, 2], [3, 2, 2, 2], { strides: 2, padding: "same" }],
  [
    "2-D dilated, uneven padding",
    [1, 5, 4, 2],
    [2, 2, 2, 2],
    {
      dilation: [2, 1],
      padding: [
        [1, 0],
        [0, 2],
      ],
    },
  ],
  ["2-D grouped", [2, 3, 3, 4], [2, 2, 2, 6], { groups: 2, padding: 1, strides: [2, 1] }],
  ["depthwise", [2, 4, 3], [2, 1, 3], { groups: 3 }],
  ["3-D", [1, 3, 3, 2, 2], [2, 2, 2, 2, 2], { padding: "same" }],
  ["negative padding", [1, 6, 1], [2, 1, 2], { padding: [[-1, -1]] }],
];

describe("convolution", () => {
  it("is cross-correlation", () => {
    const x = array([[[1], [2], [3], [4]]]);
    const w = array([[[1]], [[10]]]);
    expect(nested(convolution(x, w))).toEqual([[[21], [32], [43]]]);
    expect(nested(convolution(x, w, { padding: "same" }))).toEqual([[[21], [32], [43], [4]]]);
    expect(nested(convolution(x, w, { strides: 2 }))).toEqual([[[21], [43]]]);
  });

  it.each(cases)("%s: equals its definition", (_name, x, w, options) => {
    const [a, b] = [random(x, 1), random(w, 2)];
    expectClose(convolution(a, b, options), byDefinition(a, b, options));
  });

  it.each(cases)("%s: has right derivatives and batch rules", (_name, x, w, options) => {
    const f = (a: Node, b: Node) => convolution(a, b, options);
    checkDerivatives(f, [random(x, 1), random(w, 2)]);
    checkBatching(f, [random(x, 1), random(w, 2)]);
  });

  it.each(cases)("%s: the three operations are transposes of each other", (_name, xShape, wShape, options) => {
    const [x, w] = [random(xShape, 1), random(wShape, 2)];
    const y = convolution(x, w, options);
    const u = random(y.shape, 3);
    const inner = flat(sum(mul(y, u)))[0];
    expect(flat(sum(mul(x, convolutionInputGradient(u, w, xShape, options))))[0]).toBeCloseTo(inner, 10);
    expect(flat(sum(mul(w, convolutionFilterGradient(x, u, wShape, options))))[0]).toBeCloseTo(inner, 10);
  });

  it("says what does not fit", () => {
    expect(() => convolution(random([1, 4, 4, 3]), random([3, 3, 2, 5]))).toThrow(
      /input \[1, 4, 4, 3\] has 3 channels .* kernel \[3, 3, 2, 5\] expects 2/,
    );
    expect(() => convolution(random([1, 2, 2, 1]), random([3, 3, 1, 1]))).toThrow(/does not fit into \[2, 2\].*padding: "same"/);
    expect(() => convolution(random([4, 4, 3]), random([3, 3, 3, 5]))).toThrow(/expandDims/);
    expect(() => convolution(random([1, 4, 4]), random([3, 4, 3]), { groups: 2 })).toThrow(/groups/);
    expect(() => convolution(random([1, 4, 4]), random([3, 4, 3]), { strides: 0 })).toThrow(/strides \[0\]/);
  });
});

describe("transposedConvolution", () => {
  it("spreads each element over a window", () => {
    const y = array([[[1], [2]]]);
    const w = array([[[1]], [[10]], [[100]]]);
    expect(nested(transposedConvolution(y, w, { strides: 2 }))).toEqual([[[1], [10], [102], [20], [200]]]);
    expect(transposedConvolution(y, w, { strides: 2, padding: "same" }).shape).toEqual([1, 4, 1]);
    expect(transposedConvolution(y, w, { strides: 2, outputSpatial: [6] }).shape).toEqual([1, 6, 1]);
  });

  it.each(cases.filter(([, , , options]) => !options.padding || typeof options.padding === "string"))(
    "%s: has right derivatives and batch rules",
    (_name, x, w, options) => {
      const y = convolution(random(x), random(w), options);
      const f = (a: Node, b: Node) => convolutionInputGradient(a, b, x, options);
      checkDerivatives(f, [random(y.shape, 1), random(w, 2)]);
      checkBatching(f, [random(y.shape, 1), random(w, 2)]);
      const g = (a: Node, b: Node) => convolutionFilterGradient(a, b, w, options);
      checkBatching(g, [random(x, 1), random(y.shape, 2)]);
    },
  );

  it("refuses a result that the convolution would not map back", () => {
    expect(() => transposedConvolution(random([1, 2, 1]), random([3, 1, 1]), { strides: 2, outputSpatial: [9] })).toThrow(
      /has \[4\] outputs, but \[2\] were given/,
    );
  });
});
