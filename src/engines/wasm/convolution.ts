// The routines of the three convolutions: what lowering asks for, in the words of the kernels.

import type { ConvolutionAttributes } from "../../ops/convolution.ts";
import type { WholeKernel } from "../lowering/ir.ts";
import { epilogueFinish } from "./epilogue.ts";
import { type ConvolutionKind, type ConvolutionSpec, convolutionScratchBytes, emitConvolution } from "./kernels/convolution.ts";
import type { Routine, Routines } from "./routines.ts";

export const convolutionRoutines: Routines = {
  convolution: (kernel, a, threads) => convolution(kernel, a as ConvolutionAttributes, "forward", threads),
  convolutionInputGradient: (kernel, a, threads) => convolution(kernel, a as ConvolutionAttributes, "inputGradient", threads),
  convolutionFilterGradient: (kernel, a, threads) => convolution(kernel, a as ConvolutionAttributes, "filterGradient", threads),
};

function convolution(kernel: WholeKernel, attributes: ConvolutionAttributes, kind: ConvolutionKind, threads: number): Routine {
  const [p, q] = kernel.inputs.map((t) => t.shape);
  const [r] = kernel.outputs.map((t) => t.shape);
  const [x, w, y] = kind === "forward" ? [p, q, r] : kind === "inputGradient" ? [r, q, p] : [p, r, q];
  const spec: ConvolutionSpec = {
    kind,
    dtype: kernel.outputs[0].dtype as "float32" | "float64",
    examples: x[0],
    input: x.slice(1, -1),
    kernel: w.slice(0, -2),
    output: y.slice(1, -1),
    inputChannels: x[x.length - 1],
    outputChannels: y[y.length - 1],
    strides: attributes.strides,
    padding: attributes.padding,
    dilation: attributes.dilation,
    groups: attributes.groups,
    threads,
    ...(kernel.epilogue && { epilogue: true }),
  };
  const scratch = convolutionScratchBytes(spec);
  return {
    scratch,
    divisible: true,
    emit: (f, _, part) => {
      const [a, b, result] = f.parameters;
      const memory = f.parameters[kernel.slots.length];
      const { epilogue } = kernel;
      emitConvolution(f, spec, {
        a,
        b,
        ...(epilogue ? { epilogue: epilogueFinish(f, spec.dtype, epilogue, f.parameters).finish } : { result }),
        ...(scratch > 0 ? { scratch: memory } : {}),
        part,
      });
    },
  };
}
