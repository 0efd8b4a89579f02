// Convolutions as WebAssembly, over one to three spatial axes, channels last: the three bilinear maps between x, w and y in
//   y[n, o, c] = Σ over k, i of x[n, o·stride + k·dilation − low, i] · w[k, i, c].
// Each is a matrix product whose left operand, the patches of an image, is never formed: with the image in a frame that holds its
// padding (frame.ts), neighbouring windows are a constant apart and the elements of a window stand at constant places in it, so
// the register tile (tile.ts) reads them where they are.

import { fail } from "../../../graph/errors.ts";
import type { FunctionBuilder } from "../assembler.ts";
import { emitFilterGradient, planFilter } from "./convolution-filter.ts";
import { emitSliding, planSliding } from "./convolution-sliding.ts";
import type { ConvolutionOperands, ConvolutionSpec } from "./convolution-spec.ts";
import { emitMatmul, type MatmulSpec, matmulScratchBytes } from "./matmul.ts";

export type { ConvolutionKind, ConvolutionOperands, ConvolutionSpec } from "./convolution-spec.ts";

/** The matrix product that a convolution is when its windows are single positions, each used once; else undefined. */
function asMatmul(spec: ConvolutionSpec): MatmulSpec | undefined {
  const single = spec.kernel.every((size, a) => {
    return size === 1 && spec.strides[a] === 1 && spec.padding[a][0] === 0 && spec.input[a] === spec.output[a];
  });
  if (!single || spec.groups !== 1) return undefined;
  const positions = spec.output.reduce((product, size) => product * size, spec.examples);
  const { inputChannels: i, outputChannels: o, dtype } = spec;
  const shared = {
    dtype,
    ...(spec.epilogue && { epilogue: true }),
    ...(spec.threads !== undefined && { threads: spec.threads }),
    ...(spec.relaxed !== undefined && { tuning: { relaxed: spec.relaxed } }),
  };
  const rowMajor = (columns: number) => ({ row: columns, column: 1 });
  switch (spec.kind) {
    case "forward":
      return { ...shared, m: positions, k: i, n: o, a: rowMajor(i), b: rowMajor(o) };
    case "inputGradient":
      // dx = dy · wᵀ
      return { ...shared, m: positions, k: o, n: i, a: rowMajor(o), b: { row: 1, column: o } };
    case "filterGradient":
      return { ...shared, m: i, k: positions, n: o, a: { row: 1, column: i }, b: rowMajor(o) };
  }
}

/** Bytes of scratch memory that the convolution needs. */
export function convolutionScratchBytes(spec: ConvolutionSpec): number {
  const product = asMatmul(spec);
  if (product !== undefined) return matmulScratchBytes(product);
  return (spec.kind === "filterGradient" ? planFilter(spec) : planSliding(spec)).scratchBytes;
}

/** Writes the convolution into `f`. Throws an engine error when an operand that it needs is missing. */
export function emitConvolution(f: FunctionBuilder, spec: ConvolutionSpec, operands: ConvolutionOperands): void {
  const needed = convolutionScratchBytes(spec);
  const { result, epilogue, scratch } = operands;
  check: if (needed > 0 && scratch === undefined)
    fail("engine", `convolution (${spec.kind}) needs ${needed} bytes of scratch memory.`);
  check: if (epilogue !== undefined && spec.epilogue !== true)
    fail("engine", "convolution: an epilogue was given but not announced in the spec.");
  check: if (result === undefined && epilogue === undefined) fail("engine", "convolution: no output was given.");
  const product = asMatmul(spec);
  f.scoped(() => {
    if (product !== undefined) {
      const { a, b } = operands;
      const rest = { ...(scratch !== undefined && { scratch }), ...(epilogue && { epilogue }), part: operands.part };
      emitMatmul(f, product, { a, b, ...(result !== undefined && { c: result }), ...rest });
    } else if (spec.kind === "filterGradient") emitFilterGradient(f, spec, planFilter(spec), operands);
    else emitSliding(f, spec, planSliding(spec), operands);
  });
}
