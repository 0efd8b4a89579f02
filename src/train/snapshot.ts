// A training state as bytes and back: every tensor under its path, where training stands as metadata, in one safetensors file. One
// file is written atomically, so a checkpoint is either whole or not there.

import { allocate, type TypedArray } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { formatShape, sizeOf } from "../graph/shape.ts";
import { constant } from "../graph/structural.ts";
import { decodeSafetensors, encodeSafetensors, type TensorToStore } from "../io/safetensors.ts";
import { readable, Tensor } from "../tensor/tensor.ts";
import { flatten, leavesWithPaths } from "../tensor/tree.ts";
import type { EpochRecord, Totals } from "./history.ts";
import type { TrainingState } from "./step.ts";

/** Where a run stands: with the state, all that the rest of the run depends on. */
export interface Cursor {
  /** Epochs completed. */
  readonly epoch: number;
  /** Batches of the next epoch already taken. */
  readonly batch: number;
  readonly seed: number;
  readonly batchSize: number;
  /** Of the training data; a resumed run must see the same. */
  readonly data: string;
  readonly history: readonly EpochRecord[];
  /** Sums of the epoch under way. */
  readonly totals: Totals;
  /** What callbacks keep, by name. */
  readonly callbacks: Readonly<Record<string, unknown>>;
  /** Seconds of training so far. */
  readonly seconds: number;
}

export interface Snapshot {
  readonly state: TrainingState;
  readonly cursor: Cursor;
}

const format = "gradus-checkpoint-1";

/** Every tensor of a tree under its path, for a file. */
export function tensorsOf(tree: unknown): Map<string, TensorToStore> {
  return new Map(leavesWithPaths(tree).map(([name, t]) => [name, { dtype: t.dtype, shape: t.shape, data: readable(t) }]));
}

export function encodeSnapshot({ state, cursor }: Snapshot): Uint8Array {
  return encodeSafetensors(tensorsOf(state), { format, cursor: JSON.stringify(cursor) });
}

/** The state in the form of `like` (a fresh state of the same model and optimizer). Throws a run error naming the first tensor that does not fit. */
export function decodeSnapshot(bytes: Uint8Array, like: TrainingState, where: string): Snapshot {
  const { tensors, metadata } = decodeSafetensors(bytes, where);
  if (metadata.format !== format) {
    fail("run", `${where} is not a checkpoint of this version (format ${metadata.format ?? "unknown"}, expected ${format}).`);
  }
  const known = new Map(tensors);
  const { leaves, structure } = flatten(like);
  const restored = leaves.map((leaf, i) => {
    const path = structure.paths[i];
    const found = known.get(path);
    if (!found)
      fail(
        "run",
        `${where} lacks the tensor ${path} (${leaf.dtype}${formatShape(leaf.shape)}): it was written by another model or optimizer.`,
      );
    if (found.dtype !== leaf.dtype || formatShape(found.shape) !== formatShape(leaf.shape)) {
      fail(
        "run",
        `${where}: ${path} is ${found.dtype}${formatShape(found.shape)}, but the model needs ${leaf.dtype}${formatShape(leaf.shape)}.`,
      );
    }
    known.delete(path);
    return new Tensor(constant(copyOf(found.data, leaf), leaf.shape, leaf.dtype));
  });
  const [extra] = known.keys();
  if (extra !== undefined)
    fail(
      "run",
      `${where} holds the tensor ${extra}, which the model does not have: it was written by another model or optimizer.`,
    );
  return { state: structure.build(restored) as TrainingState, cursor: JSON.parse(metadata.cursor) as Cursor };
}

function copyOf(data: TypedArray, like: Tensor): TypedArray {
  const copy = allocate(like.dtype, sizeOf(like.shape));
  copy.set(data);
  return copy;
}
