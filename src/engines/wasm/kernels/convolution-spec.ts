// What the three convolutions have in common: how one is described, and the parts from which their code is put together.

import { fail } from "../../../graph/errors.ts";
import type { Expression, FunctionBuilder, Operand } from "../assembler.ts";
import type { Part } from "../part.ts";
import type { LaneFormat } from "../simd.ts";
import { type Axes, axes, type Frame } from "./frame.ts";
import type { Epilogue } from "./output.ts";

/** Which of the three tensors is computed from the other two. */
export type ConvolutionKind = "forward" | "inputGradient" | "filterGradient";

/**
 * x [examples, ...input, inputChannels], w [...kernel, inputChannels / groups, outputChannels],
 * y [examples, ...output, outputChannels]; one entry per spatial axis, one to three of them.
 */
export interface ConvolutionSpec {
  readonly kind: ConvolutionKind;
  readonly dtype: "float32" | "float64";
  readonly examples: number;
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  readonly output: readonly number[];
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly strides: readonly number[];
  /** Zeros before and after each axis; negative: cut off. */
  readonly padding: readonly (readonly [low: number, high: number])[];
  readonly dilation: readonly number[];
  readonly groups: number;
  /** Whether an epilogue will be given. */
  readonly epilogue?: boolean;
  readonly relaxed?: boolean;
  /** Most threads among which the convolution is divided, when each of them runs the code as its part; default 1. */
  readonly threads?: number;
}

/** Addresses of the operands, in the order of the graph's operations: x and w, y and w (input gradient), x and y (filter gradient). */
export interface ConvolutionOperands {
  readonly a: Operand;
  readonly b: Operand;
  /** The tensor that is computed. */
  /** May be left out when the epilogue stores everything itself. */
  readonly result?: Operand;
  /** `convolutionScratchBytes(spec)` bytes, 16-byte aligned. */
  readonly scratch?: Operand;
  /**
   * Sees the result as a matrix with the channels (for the filter: outputChannels) as columns and everything else, flattened, as
   * rows.
   */
  readonly epilogue?: Epilogue;
  /** The running thread's, where the specification has several. */
  readonly part?: Part | undefined;
}

/** What every plan knows. */
export interface Shared {
  readonly format: LaneFormat;
  readonly relaxed: boolean;
  readonly kernel: Axes;
  readonly groups: number;
  /** Channel by channel: one input and one output channel in each of several groups. */
  readonly depthwise: boolean;
}

/** Register tile: columns in vectors, and rows. */
export const maximumVectors = 2;
export const tileRows = 4;
/** One entry for each of three axes, with `filler` for those that are missing. */
export function three(values: readonly number[], filler: number): Axes {
  const missing = 3 - values.length;
  return axes((a) => (a < missing ? filler : values[a - missing]));
}

/** Stores a finished vector, through the epilogue if there is one. */
export function finisher({ result, epilogue }: ConvolutionOperands, columns: number) {
  return (value: Expression, at: Parameters<Epilogue>[1]): void => {
    const final = epilogue === undefined ? value : epilogue(value, at);
    if (final === undefined) return;
    check: if (result === undefined) fail("engine", "convolution: the epilogue returned a value, but no output was given.");
    at.store(result, columns, 1, final);
  };
}

/** Scratch memory of each thread, of `bytes` bytes; those of several stand on cache lines of their own. */
export function perThread(spec: ConvolutionSpec, bytes: number): number {
  return (spec.threads ?? 1) === 1 ? bytes : Math.ceil(bytes / 64) * 64;
}

/** Elements of one image where it comes from. */
export function imageElements({ image, channels }: Frame): number {
  return image[0] * image[1] * image[2] * channels;
}

/** body(i, size) for the parts of 0 … length of the given size, and the rest. */
export function inBlocks(f: FunctionBuilder, length: number, size: number, body: (from: Operand, size: number) => void): void {
  const rest = length % size;
  f.forLoop(0, length - rest, size, (i) => body(i, size));
  if (rest > 0) body(length - rest, rest);
}
