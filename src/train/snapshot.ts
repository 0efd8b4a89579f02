// A training state as bytes and back: every tensor under its path, where training stands as metadata, in one safetensors file. One
// file is written atomically, so a checkpoint is either whole or not there.

import { fail, GradusError } from "../graph/errors.ts";
import { formatShape } from "../graph/shape.ts";
import { constant } from "../graph/structural.ts";
import { decodeSafetensors, encodeSafetensors, type StoredTensor, type TensorToStore } from "../io/safetensors.ts";
import { readable, Tensor } from "../tensor/tensor.ts";
import { flatten, leavesWithPaths } from "../tensor/tree.ts";
import { fromExactJson, toExactJson } from "./exact-json.ts";
import type { EpochRecord, Totals } from "./history.ts";
import type { TrainingState } from "./step.ts";

/** What decides in which order the examples come. A resumed run must have the same. */
export interface Course {
  readonly seed: number;
  readonly batchSize: number;
  readonly shuffle: boolean;
  readonly dropRemainder: boolean;
  /** Fingerprint of the training data. */
  readonly data: string;
}

/** Where a run stands: with the state, all that the rest of the run depends on. */
export interface Cursor {
  readonly course: Course;
  /** How many epochs the run was to have. */
  readonly epochs: number;
  /** Of the complete epochs. */
  readonly history: readonly EpochRecord[];
  /** Batches of the next epoch already taken; all of them when its validation is still to come. */
  readonly batch: number;
  /** Sums of the epoch under way. */
  readonly totals: Totals;
  /** Why a callback ended the run, if one did. */
  readonly stopped?: string;
  /** What callbacks keep, by name. */
  readonly callbacks: Readonly<Record<string, unknown>>;
  /** Seconds of training so far, and those when the epoch under way began. */
  readonly seconds: number;
  readonly epochBegan: number;
}

export interface Snapshot {
  readonly state: TrainingState;
  readonly cursor: Cursor;
}

const format = "gradus-checkpoint-1";
const otherModel = "it was written by another model or optimizer. Resume with the configuration the run was started with";

/** Every tensor of a tree under its path, for a file. */
export function tensorsOf(tree: unknown): Map<string, TensorToStore> {
  return new Map(leavesWithPaths(tree).map(([name, t]) => [name, { dtype: t.dtype, shape: t.shape, data: readable(t) }]));
}

/** The tree in the form of `like`, with the tensors of a file in place of its own. Throws a run error naming the first that does not fit. */
export function treeFrom<T>(tensors: ReadonlyMap<string, StoredTensor>, like: T, where: string, why: string): T {
  const { leaves, structure } = flatten(like);
  const restored = leaves.map((leaf, i) => {
    const path = structure.paths[i];
    const need = `${leaf.dtype}${formatShape(leaf.shape)}`;
    const found = tensors.get(path) ?? fail("run", `${where} lacks the tensor ${path} (${need}): ${why}.`);
    const has = `${found.dtype}${formatShape(found.shape)}`;
    if (has !== need) fail("run", `${where}: ${path} is ${has}, but the model needs ${need}: ${why}.`);
    return new Tensor(constant(found.data, leaf.shape, leaf.dtype));
  });
  const needed = new Set(structure.paths);
  for (const name of tensors.keys()) {
    if (!needed.has(name)) fail("run", `${where} holds the tensor ${name}, which the model does not have: ${why}.`);
  }
  return structure.build(restored) as T;
}

/** A snapshot as the bytes of a safetensors file, which decodeSnapshot reads. */
export function encodeSnapshot({ state, cursor }: Snapshot): Uint8Array {
  return encodeSafetensors(tensorsOf(state), { format, cursor: toExactJson(cursor) });
}

/** Where the run stands whose checkpoint these bytes are. Errors as `decodeSnapshot`. */
export function decodeCursor(bytes: Uint8Array, where: string): Cursor {
  return parse(bytes, where).cursor;
}

/**
 * The state in the form of `like` (a fresh state of the same model and optimizer). Throws a run error when the bytes are no
 * checkpoint or damaged, and one that names the first tensor that does not fit.
 */
export function decodeSnapshot(bytes: Uint8Array, like: TrainingState, where: string): Snapshot {
  const { tensors, cursor } = parse(bytes, where);
  return { state: treeFrom(tensors, like, where, otherModel), cursor };
}

function parse(bytes: Uint8Array, where: string) {
  try {
    const { tensors, metadata } = decodeSafetensors(bytes, where);
    if (metadata.format !== format) {
      fail("run", `${where} is not a checkpoint of this version (format ${metadata.format ?? "unknown"}, expected ${format}).`);
    }
    return { tensors, cursor: fromExactJson(metadata.cursor ?? "") as Cursor };
  } catch (error) {
    if (error instanceof GradusError && error.code === "run") throw error;
    const what = error instanceof GradusError ? error.message : `${where} does not say where training stands; it is damaged.`;
    throw new GradusError("run", `${what} Delete it to train again from the beginning with --resume.`, { cause: error });
  }
}

/** Throws a run error unless a run goes on over the same examples in the same order. */
export function requireSameCourse(then: Course, now: Course): void {
  if (then.data !== now.data) {
    fail(
      "run",
      `resume: the training data are not those of the checkpoint (fingerprint ${now.data}, expected ${then.data}). Give the same data.`,
    );
  }
  for (const name of ["seed", "batchSize", "shuffle", "dropRemainder"] as const) {
    if (then[name] === now[name]) continue;
    fail("run", `resume: ${name} is ${now[name]}, but the checkpoint was made with ${then[name]}. It must stay the same.`);
  }
}
