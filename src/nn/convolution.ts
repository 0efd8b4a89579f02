// Convolution over sequences and images, channels last.

import { fail } from "../graph/errors.ts";
import { formatShape, type Shape } from "../graph/shape.ts";
import type { ConvolutionOptions } from "../ops/convolution.ts";
import { convolution } from "../tensor/functions/contraction.ts";
import { integers } from "../tensor/operands.ts";
import { known } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { glorotUniform, type Initializer, zeros } from "./initializers.ts";
import { plain, requireCounts } from "./linear.ts";
import { leaf, type Module } from "./module.ts";

export interface ConvOptions extends ConvolutionOptions {
  /** Whether a bias is added to each output channel; default true. */
  readonly bias?: boolean;
  /** How the kernel starts; default glorotUniform. */
  readonly initializer?: Initializer;
  readonly biasInitializer?: Initializer;
}

/** Checks [batch, ...spatial, channels] and names the axes in the error. */
export function expectImage(call: string, x: Tensor, axes: readonly string[], channels?: number): void {
  const last = x.shape[x.rank - 1];
  if (x.rank === axes.length + 2 && (channels === undefined || last === channels)) return;
  const expected = `[batch, ${axes.join(", ")}, ${channels === undefined ? "channels" : `${channels} channels`}]`;
  const remedy =
    x.rank === axes.length + 1 && channels === 1
      ? `add an axis of one channel at the end: nn.reshape([${[...x.shape.slice(1), 1].join(", ")}])`
      : x.rank === axes.length + 1
        ? "a single example needs a leading batch axis: expandDims(0)"
        : x.rank === axes.length + 2 && x.shape[1] === channels
          ? "channels come last here; transpose from channels-first"
          : x.rank === axes.length + 2
            ? `its last axis must have ${channels} channels`
            : `it must have rank ${axes.length + 2}`;
  fail("shape", `${call} expects ${expected}, got ${formatShape(x.shape)}: ${remedy}.`);
}

function conv<I extends Shape, O extends Shape>(
  kind: string,
  axes: readonly string[],
  inputs: number,
  outputs: number,
  kernel: number | readonly number[],
  options: ConvOptions,
): Module<I, O> {
  const {
    bias = true,
    initializer = glorotUniform,
    biasInitializer = zeros,
    ...windows
  } = known(kind, options, ["strides", "padding", "dilation", "groups", "bias", "initializer", "biasInitializer"]);
  const groups = options.groups ?? 1;
  const window = typeof kernel === "number" ? axes.map(() => kernel) : integers(kind, "the kernel", kernel);
  requireCounts(kind, { inputs, outputs, groups });
  if (window.length !== axes.length || window.some((k) => !Number.isInteger(k) || k < 1)) {
    fail(
      "argument",
      `${kind}: the kernel must be ${axes.length} whole numbers ≥ 1 (${axes.join(", ")}), got ${JSON.stringify(kernel)}.`,
    );
  }
  if (inputs % groups !== 0 || outputs % groups !== 0) {
    fail("argument", `${kind}: ${inputs} input and ${outputs} output channels do not divide into ${groups} groups.`);
  }
  const call = `${kind}(${inputs}, ${outputs}, ${typeof kernel === "number" ? kernel : formatShape(window)})`;
  return leaf<I, O, "weight", "bias">({
    kind,
    options: { inputs, outputs, kernel, bias, ...plain(kind, options) },
    parameters: {
      weight: { shape: [...window, inputs / groups, outputs], initializer },
      ...(bias ? { bias: { shape: [outputs], initializer: biasInitializer } } : {}),
    },
    apply: ({ weight, bias: b }, x) => {
      expectImage(call, x, axes, inputs);
      const y = convolution(x, weight, windows);
      return b ? y.add(b) : y;
    },
  });
}

/**
 * Convolution over sequences: x [N, time, inputs], kernel [k, inputs/groups, outputs], bias [outputs] give [N, out, outputs], with out =
 * ⌊(time + padding − (k − 1)·dilation − 1)/stride⌋ + 1. padding is "valid" (none, the default), "same" or numbers.
 */
export function conv1d<I extends number, O extends number>(
  inputs: I,
  outputs: O,
  kernel: number | readonly [number],
  options: ConvOptions = {},
): Module<readonly [number, number, I], readonly [number, number, O]> {
  return conv("conv1d", ["time"], inputs, outputs, kernel, options);
}

/**
 * Convolution over images: x [N, height, width, inputs], kernel [kh, kw, inputs/groups, outputs], bias [outputs] give
 * [N, out, out, outputs]; options as for conv1d, one number for both axes or one for each. (PyTorch keeps [outputs, inputs, kh, kw].)
 */
export function conv2d<I extends number, O extends number>(
  inputs: I,
  outputs: O,
  kernel: number | readonly [number, number],
  options: ConvOptions = {},
): Module<readonly [number, number, number, I], readonly [number, number, number, O]> {
  return conv("conv2d", ["height", "width"], inputs, outputs, kernel, options);
}
