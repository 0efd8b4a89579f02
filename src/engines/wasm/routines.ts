// Operations that are computed whole and have code of their own. What has none is computed by its own room, called from the program.

import { bytesPerElement } from "../../graph/dtype.ts";
import type { Attributes } from "../../graph/primitive.ts";
import { sizeOf, stridesOf } from "../../graph/shape.ts";
import type { GatherAttributes } from "../../ops/indexing.ts";
import type { WholeKernel } from "../lowering/ir.ts";
import { type Expression, type FunctionBuilder, type Local, load, op, scaled, sum } from "./assembler.ts";
import { clearBytes, copyBytes } from "./copies.ts";
import type { Part } from "./part.ts";

/**
 * Writes the operation's code. The function's parameters are the addresses of the inputs, the outputs, and scratch memory if the routine asks
 * for any. `giveUp` writes a call to the operation's room, which computes it from the start: for what is an error, which the room describes.
 */
export interface Routine {
  readonly scratch: number;
  /** Whether threads can divide it; `emit` is then perhaps given the part of one. */
  readonly divisible?: boolean;
  emit(f: FunctionBuilder, giveUp: () => void, part?: Part): void;
}

/** `threads`: the most that will divide the routine, if it is divisible. */
export type RoutineMaker = (kernel: WholeKernel, attributes: Attributes, threads: number) => Routine | undefined;

/** By the name of the operation. */
export type Routines = Readonly<Record<string, RoutineMaker>>;

const known: Record<string, RoutineMaker> = {
  gather: (kernel, a) => ({ scratch: 0, emit: (f, giveUp) => emitGather(f, kernel, a as GatherAttributes, giveUp) }),
  scatterAdd: (kernel, a) => ({ scratch: 0, emit: (f, giveUp) => emitScatterAdd(f, kernel, a as GatherAttributes, giveUp) }),
  argmax: (kernel, a) => ({ scratch: 0, emit: (f) => emitPosition(f, kernel, a.axis as number, true) }),
  argmin: (kernel, a) => ({ scratch: 0, emit: (f) => emitPosition(f, kernel, a.axis as number, false) }),
};

/**
 * Makes routines known that are too large for every program to carry: those of convolution, pooling and cumulative sums. The functions
 * on tensors that build such nodes say so when they are called, so that an application that imports none of them ships no routine.
 */
export function useRoutines(routines: Routines): void {
  Object.assign(known, routines);
}

export function routineFor(kernel: WholeKernel, threads = 1): Routine | undefined {
  const make = known[kernel.node.op.name];
  return make?.(kernel, kernel.node.attributes, threads);
}

// Indexing ----------------------------------------------------------------------------------------------------------------

/** The loops of gather and scatterAdd: body(address of the block in the tensor, address of the block in the result). */
function eachBlock(
  f: FunctionBuilder,
  tensor: { readonly shape: readonly number[]; readonly address: Expression; readonly bytes: number },
  indices: { readonly shape: readonly number[]; readonly address: Expression },
  packed: Expression,
  { axis, batchDims }: GatherAttributes,
  giveUp: () => void,
  body: (inTensor: Local, inPacked: Local) => void,
): void {
  const examples = sizeOf(tensor.shape.slice(0, batchDims));
  const outer = sizeOf(tensor.shape.slice(batchDims, axis));
  const size = tensor.shape[axis];
  const block = sizeOf(tensor.shape.slice(axis + 1)) * tensor.bytes;
  const count = sizeOf(indices.shape.slice(batchDims));
  const at = f.let(packed);
  const from = f.let(tensor.address);
  const index = f.let(indices.address);
  const target = f.local("i32");
  const position = f.local("i32");
  f.repeat(examples, [[index, count * 4]], () => {
    // The innermost loop runs over the indices and is rewound for each outer position.
    f.repeat(outer, [[from, size * block]], () => {
      f.repeat(
        count,
        [
          [index, 4],
          [at, block],
        ],
        () => {
          f.set(position, load("i32.load", index));
          f.if(op("i32.ge_u", position, size), () => {
            giveUp();
            f.return();
          });
          f.set(target, sum(from, scaled(position, block)));
          body(target, at);
        },
      );
      f.increment(index, -count * 4);
    });
  });
}

function emitGather(f: FunctionBuilder, kernel: WholeKernel, attributes: GatherAttributes, giveUp: () => void): void {
  const [x, indices] = kernel.inputs;
  const bytes = bytesPerElement[x.dtype];
  const block = sizeOf(x.shape.slice(attributes.axis + 1)) * bytes;
  const [source, positions, result] = f.parameters;
  eachBlock(
    f,
    { shape: x.shape, address: source, bytes },
    { shape: indices.shape, address: positions },
    result,
    attributes,
    giveUp,
    (from, to) => copyBytes(f, to, from, block),
  );
}

function emitScatterAdd(f: FunctionBuilder, kernel: WholeKernel, attributes: GatherAttributes, giveUp: () => void): void {
  const [indices] = kernel.inputs;
  const [y] = kernel.outputs;
  const { dtype } = y;
  const bytes = bytesPerElement[dtype];
  const [positions, updates, result] = f.parameters;
  clearBytes(f, result, sizeOf(y.shape) * bytes);
  const block = sizeOf(y.shape.slice(attributes.axis + 1));
  const [scalar, shape] = {
    float32: ["f32", "f32x4"],
    float64: ["f64", "f64x2"],
    int32: ["i32", "i32x4"],
    bool: ["i32", "i32x4"],
  }[dtype] as ["f32", "f32x4"];
  const lanes = 16 / bytes;
  eachBlock(
    f,
    { shape: y.shape, address: result, bytes },
    { shape: indices.shape, address: positions },
    updates,
    attributes,
    giveUp,
    (to, from) => {
      const vector = (offset: number, a: Expression, b: Expression) =>
        f.store("v128.store", a, op(`${shape}.add`, load("v128.load", a, offset), load("v128.load", b, offset)), offset);
      const whole = Math.floor(block / lanes);
      if (whole <= 8) for (let i = 0; i < whole; i++) vector(i * 16, to, from);
      else {
        const [a, b] = [f.let(to), f.let(from)];
        f.repeat(
          whole,
          [
            [a, 16],
            [b, 16],
          ],
          () => vector(0, a, b),
        );
      }
      for (let i = whole * lanes; i < block; i++) {
        const value = op(`${scalar}.add`, load(`${scalar}.load`, to, i * bytes), load(`${scalar}.load`, from, i * bytes));
        f.store(`${scalar}.store`, to, value, i * bytes);
      }
    },
  );
}

// Along an axis -----------------------------------------------------------------------------------------------------------

/** body(address, active) for each position around `axis`: `width` neighbours at a time, the last ones fewer. */
export function around(
  f: FunctionBuilder,
  shape: readonly number[],
  axis: number,
  width: number,
  pointers: readonly { readonly base: Expression; readonly bytes: number; readonly whole: boolean }[],
  body: (at: readonly Local[], active: number) => void,
): void {
  const inner = stridesOf(shape)[axis];
  const outer = sizeOf(shape.slice(0, axis));
  const n = shape[axis];
  const at = pointers.map((p) => f.let(p.base));
  const steps = (count: number) => at.map((p, i) => [p, count * pointers[i].bytes] as const);
  const rows = pointers.map((p) => (p.whole ? n : 1) * inner * p.bytes);
  const blocks = Math.floor(inner / width);
  f.repeat(outer, [[f.local("i32", 0), 1]], () => {
    if (blocks > 0) f.repeat(blocks, steps(width), () => f.scoped(() => body(at, width)));
    if (inner % width > 0) f.scoped(() => body(at, inner % width));
    for (const [i, p] of at.entries()) f.increment(p, rows[i] - blocks * width * pointers[i].bytes);
  });
}

function emitPosition(f: FunctionBuilder, kernel: WholeKernel, axis: number, largest: boolean): void {
  const [{ shape, dtype }] = kernel.inputs;
  const [x, y] = f.parameters;
  const bytes = bytesPerElement[dtype];
  const stride = stridesOf(shape)[axis] * bytes;
  const n = shape[axis];
  if (sizeOf(shape) === 0) return;
  const scalar = dtype === "float32" ? "f32" : dtype === "float64" ? "f64" : "i32";
  const read = dtype === "bool" ? "i32.load8_u" : (`${scalar}.load` as const);
  const better = scalar === "i32" ? (largest ? "i32.gt_s" : "i32.lt_s") : (`${scalar}.${largest ? "gt" : "lt"}` as const);
  around(
    f,
    shape,
    axis,
    1,
    [
      { base: x, bytes, whole: true },
      { base: y, bytes: 4, whole: false },
    ],
    ([source, target]) => {
      const record = f.let(load(read, source));
      const best = f.local("i32", 0);
      const from = f.let(source);
      const value = f.local(scalar);
      f.forLoop(1, n, 1, (i) => {
        f.increment(from, stride);
        f.set(value, load(read, from));
        let wins: Expression = op(better, value, record);
        // The first NaN wins, as it does in the maximum itself.
        if (scalar !== "i32") {
          const isNumber = op(`${scalar}.eq`, record, record);
          wins = op("i32.and", isNumber, op("i32.or", wins, op(`${scalar}.ne`, value, value)));
        }
        f.if(wins, () => {
          f.set(best, i);
          f.set(record, value);
        });
      });
      f.store("i32.store", target, best);
    },
  );
}
