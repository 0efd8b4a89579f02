// What lowering produces: buffers and kernels, in an order, with places in memory. Engines render it (WebAssembly, C …);
// nothing in here is about one machine.
//
// A kernel reads and writes `slots`; each slot is bound to a buffer of the plan. Two kernels that differ only in their bindings have
// the same `key`, and an engine writes their code once.

import type { DType, TypedArray } from "../../graph/dtype.ts";
import type { Node } from "../../graph/node.ts";
import type { Attributes, Elementwise, TensorType } from "../../graph/primitive.ts";

/** A dense row-major array that lives through a part of the program. */
export interface Buffer {
  readonly id: number;
  readonly dtype: DType;
  /** Elements. */
  readonly length: number;
  readonly role: "parameter" | "constant" | "temporary";
  /** The elements of a constant. */
  readonly data?: TypedArray;
  /** What it holds, for people. */
  readonly name: string;
}

/** Element offset + Σ strides[d] · index[d], over the loop dimensions in scope: the outer ones, then those of the step. */
export interface Access {
  readonly slot: number;
  readonly offset: number;
  /** As long as the outer dimensions alone when the access does not move with the inner ones. */
  readonly strides: readonly number[];
}

/** The dtype a formula computes in; masks take the lane width of what they are used with. */
export type ComputeDType = "float32" | "float64" | "int32";

/** A value in a loop: operands are indices of earlier values of the kernel. */
export type Value =
  | { readonly kind: "load"; readonly dtype: DType; readonly access: Access }
  | { readonly kind: "constant"; readonly dtype: DType; readonly value: number }
  /** An int32 that moves with the loops. */
  | { readonly kind: "index"; readonly dtype: "int32"; readonly offset: number; readonly strides: readonly number[] }
  | {
      readonly kind: "apply";
      readonly dtype: DType;
      readonly compute: ComputeDType;
      readonly op: Elementwise;
      readonly attributes: Attributes;
      readonly operands: readonly number[];
    }
  | { readonly kind: "cast"; readonly dtype: DType; readonly operands: readonly number[] }
  /** The upper `bits` of the first Threefry-2x32 word for (key, counter, stream); operands: the key's words and the counter. */
  | {
      readonly kind: "random";
      readonly dtype: "int32";
      readonly bits: number;
      readonly stream: number;
      readonly operands: readonly number[];
    }
  /** The result of a reduction of an earlier step, at this outer index. */
  | { readonly kind: "reduced"; readonly dtype: DType; readonly reduction: number }
  /** In an epilogue: the finished element of the product at the current index. */
  | { readonly kind: "product"; readonly dtype: DType };

export type Reducer = "sum" | "prod" | "max" | "min" | "any" | "all";

export interface Reduction {
  readonly reducer: Reducer;
  readonly value: number;
  readonly dtype: DType;
}

export interface Store {
  readonly access: Access;
  readonly dtype: DType;
  readonly value: number;
}

/**
 * A part of a loop kernel's body, done for each outer index. With `inner` empty and no reductions it is done once; else the values
 * are computed at every inner index, `stores` among them, and `reductions` (indices into the kernel's list) accumulate.
 */
export interface Step {
  readonly inner: readonly number[];
  readonly reductions: readonly number[];
  readonly stores: readonly Store[];
}

export interface LoopKernel {
  readonly kind: "loop";
  readonly name: string;
  readonly key: string;
  readonly slots: readonly Slot[];
  readonly outer: readonly number[];
  readonly values: readonly Value[];
  readonly reductions: readonly Reduction[];
  readonly steps: readonly Step[];
  /** Every buffer has room up to a multiple of 64 bytes, and what is written there does not matter. */
  readonly padded: boolean;
}

export interface Slot {
  readonly dtype: DType;
  readonly length: number;
  readonly access: "read" | "write" | "both";
}

/** A stack of matrices in memory: element strides of the batch dimensions, of a row and of a column. */
export interface MatrixOperand {
  readonly slot: number;
  readonly offset: number;
  readonly batch: readonly number[];
  readonly row: number;
  readonly column: number;
}

/**
 * What is done with each element of a product when it is finished: formulas over the index space of the result. Accesses move along
 * [...batch, row, column] of a matrix product; of a convolution along [row, column], its columns being the channels of the output (the
 * last axis) and its rows everything else.
 */
export interface Epilogue {
  readonly values: readonly Value[];
  readonly stores: readonly Store[];
}

/**
 * C[b, i, j] = Σ_k A[b, i, k] · B[b, k, j]; C is dense. Either `c` or `epilogue` is present: an epilogue stores what is wanted itself, and
 * its slots follow those of A and B. Slots that an epilogue reads and writes at the same index may be the same memory.
 */
export interface MatmulKernel {
  readonly kind: "matmul";
  readonly name: string;
  readonly key: string;
  readonly slots: readonly Slot[];
  readonly dtype: "float32" | "float64";
  readonly batch: readonly number[];
  readonly m: number;
  readonly n: number;
  readonly k: number;
  readonly a: MatrixOperand;
  readonly b: MatrixOperand;
  readonly c?: MatrixOperand;
  readonly epilogue?: Epilogue;
}

/**
 * An operation computed whole on dense operands: slots are the inputs, then the outputs. Engines have a routine for it or call its room.
 * With an epilogue (of a convolution), what the epilogue touches takes the place of the output.
 */
export interface WholeKernel {
  readonly kind: "whole";
  readonly name: string;
  readonly key: string;
  readonly slots: readonly Slot[];
  readonly node: Node;
  readonly inputs: readonly TensorType[];
  readonly outputs: readonly TensorType[];
  readonly epilogue?: Epilogue;
}

/** memory of slot 1 = memory of slot 0. */
export interface CopyKernel {
  readonly kind: "copy";
  readonly name: string;
  readonly key: string;
  readonly slots: readonly Slot[];
}

/** What an external buffer of a body is: a slot of the control kernel, moved by `stride` elements each round. */
export interface Binding {
  readonly slot: number;
  readonly stride: number;
}

/** A plan run inside another; its own memory is `workspace`, the last slot of the control kernel, from byte `start` on. */
export interface Body {
  readonly plan: Plan;
  /** One for each of `plan.externals`. */
  readonly bindings: readonly Binding[];
  readonly start: number;
}

/** [from, to] slots copied before the first round: initial values of what is carried, which the body then updates in place. */
export type InitialCopies = readonly (readonly [from: number, to: number])[];

/** `length` rounds of the body, moving forwards or backwards through the sequences. */
export interface ScanKernel {
  readonly kind: "scan";
  readonly name: string;
  readonly key: string;
  readonly slots: readonly Slot[];
  readonly copies: InitialCopies;
  readonly length: number;
  readonly reverse: boolean;
  readonly body: Body;
}

/** Rounds of the body as long as the condition's output, a byte of its own memory, is not 0. */
export interface WhileKernel {
  readonly kind: "while";
  readonly name: string;
  readonly key: string;
  readonly slots: readonly Slot[];
  readonly copies: InitialCopies;
  readonly condition: Body;
  readonly body: Body;
}

/** One of two bodies, by the byte in slot 0. */
export interface CondKernel {
  readonly kind: "cond";
  readonly name: string;
  readonly key: string;
  readonly slots: readonly Slot[];
  readonly branches: readonly [Body, Body];
}

/** What runs plans of its own. */
export type ControlKernel = ScanKernel | WhileKernel | CondKernel;

/** What may have an epilogue. */
export type ProductKernel = MatmulKernel | WholeKernel;

export type Kernel = LoopKernel | MatmulKernel | WholeKernel | CopyKernel | ControlKernel;

/** One kernel of a program, with the buffers its slots are bound to. */
export interface Launch {
  readonly kernel: Kernel;
  readonly buffers: readonly number[];
  /** Work of one execution. */
  readonly flops: number;
  readonly bytes: number;
}

/** A lowered graph. */
export interface Plan {
  readonly buffers: readonly Buffer[];
  readonly launches: readonly Launch[];
  /** Buffer of each parameter and each output. */
  readonly parameters: readonly number[];
  readonly outputs: readonly number[];
  /** Buffers whose memory whoever runs the plan provides (bodies of loops): parameters, outputs, constants. */
  readonly externals: readonly number[];
  /** Byte offset of each buffer from the start of the plan's memory; undefined: external, or the stand-in of an external one. */
  readonly offsets: readonly (number | undefined)[];
  /** Buffers that use another's memory. */
  readonly standsIn: ReadonlyMap<number, number>;
  /** Bytes of the plan's memory. */
  readonly bytes: number;
}
