// Orders of examples: shuffles, batches and splits. Every order is a function of its seed (and epoch) alone, so a resumed run sees
// the same batches as an uninterrupted one.

import { fail } from "../graph/errors.ts";
import { type Dataset, subset } from "./dataset.ts";
import { checkSeed, purposes, type Stream, stream } from "./stream.ts";

/** A uniformly random order of 0 … n - 1 (Fisher-Yates), the same for the same (seed, epoch, n) everywhere. */
export function permutation(seed: number, epoch: number, n: number): Int32Array {
  checkSeed("permutation", seed);
  if (!Number.isSafeInteger(epoch) || epoch < 0)
    fail("argument", `permutation: epoch ${epoch} is not a whole number, 0 or more.`);
  const order = Int32Array.from({ length: n }, (_, i) => i);
  shuffle(order, stream(seed, purposes.shuffle, epoch));
  return order;
}

function shuffle(order: Int32Array, random: Stream): void {
  for (let i = order.length - 1; i > 0; i--) {
    const j = random.below(i + 1);
    const swap = order[i];
    order[i] = order[j];
    order[j] = swap;
  }
}

export interface BatchOptions {
  readonly batchSize: number;
  /** Needed to shuffle. */
  readonly seed?: number;
  readonly epoch?: number;
  /** Default true. */
  readonly shuffle?: boolean;
  /** Leave out the last batch if it is not full. Default false. */
  readonly dropRemainder?: boolean;
}

/** The batches of one epoch. Iterating yields windows into `order`, without copying. */
export interface Batches extends Iterable<Int32Array> {
  /** How many batches. */
  readonly count: number;
  /** The examples in the order in which they are visited. */
  readonly order: Int32Array;
  /** Indices of the examples of batch `i`. */
  at(i: number): Int32Array;
}

/**
 * Cuts the examples, shuffled by (seed, epoch), into batches. The last one is short when batchSize does not divide the size.
 * Throws an argument error for a batch size that is not a whole number, 1 or more, or if `dropRemainder` leaves nothing.
 */
export function batches(
  d: { readonly size: number; readonly name?: string },
  { batchSize, seed = 0, epoch = 0, shuffle: shuffled = true, dropRemainder = false }: BatchOptions,
): Batches {
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    fail("argument", `batches: batchSize is ${batchSize}; it must be a whole number, 1 or more.`);
  }
  const order = shuffled ? permutation(seed, epoch, d.size) : Int32Array.from({ length: d.size }, (_, i) => i);
  const count = dropRemainder ? Math.floor(d.size / batchSize) : Math.ceil(d.size / batchSize);
  if (count === 0) {
    fail(
      "argument",
      `batches: ${d.name ?? "the data set"} has ${d.size} examples, fewer than one batch of ${batchSize}, and dropRemainder leaves ` +
        `nothing. Use a batchSize of at most ${d.size}, or dropRemainder: false.`,
    );
  }
  const at = (i: number) => order.subarray(i * batchSize, Math.min((i + 1) * batchSize, d.size));
  return {
    count,
    order,
    at,
    *[Symbol.iterator]() {
      for (let i = 0; i < count; i++) yield at(i);
    },
  };
}

export interface SplitOptions {
  readonly seed: number;
  /** Give each part the same mixture of classes. Default: true where the data set has classes. */
  readonly stratify?: boolean;
}

/**
 * Parts of the data set at random: part i gets `fractions[i]` of the examples (to the nearest whole number; sum ≤ 1, a sum of 1
 * gives all). Throws an argument error for bad fractions or where a part would be empty.
 */
export function split(
  d: Dataset,
  fractions: readonly number[],
  { seed, stratify = d.classes !== undefined }: SplitOptions,
): Dataset[] {
  if (stratify && d.classes === undefined) {
    fail("argument", `split: ${d.name} has no classes to stratify by. Leave out stratify, or name the classes.`);
  }
  const order = Int32Array.from({ length: d.size }, (_, i) => i);
  const parts = permutedParts({ name: d.name, order, fractions, seed, ...(stratify && { labels: d.targets.data }) });
  return parts.map((part, i) => subset(d, part, `${d.name} (part ${i + 1} of ${fractions.length})`));
}

interface PartsOptions {
  readonly name: string;
  /** What is to be divided: numbers of examples. */
  readonly order: Int32Array;
  readonly fractions: readonly number[];
  readonly seed: number;
  /** By number of example, where the parts are to have the same mixture of labels. */
  readonly labels?: ArrayLike<number>;
}

/** `split`, on the numbers of examples; each part is in ascending order. */
export function permutedParts({ name, order, fractions, seed, labels }: PartsOptions): Int32Array[] {
  checkSeed("split", seed);
  const sum = fractions.reduce((a, b) => a + b, 0);
  if (fractions.length === 0 || fractions.some((f) => !(f > 0)) || sum > 1 + 1e-9) {
    const listed = fractions.join(", ");
    fail("argument", `split: fractions [${listed}] must be positive and add up to at most 1, for instance [0.8, 0.2].`);
  }
  const shuffled = order.slice();
  shuffle(shuffled, stream(seed, purposes.split, 0));
  const drawn = labels === undefined ? shuffled : proportionalOrder(shuffled, labels);
  let cumulative = 0;
  let from = 0;
  return fractions.map((fraction) => {
    cumulative += fraction;
    const to = Math.min(drawn.length, Math.round(cumulative * drawn.length));
    if (to <= from) {
      fail(
        "argument",
        `split: ${fraction} of the ${drawn.length} examples of ${name} is less than one example. Use a larger fraction.`,
      );
    }
    const part = drawn.slice(from, to).sort();
    from = to;
    return part;
  });
}

/**
 * A reordering of `order` every stretch of which holds each label in proportion, to within one example: the k-th of the n examples
 * with a label goes to position (k + ½) / n of the whole.
 */
function proportionalOrder(order: Int32Array, labels: ArrayLike<number>): Int32Array {
  const counts = new Map<number, number>();
  for (const i of order) counts.set(labels[i], (counts.get(labels[i]) ?? 0) + 1);
  const met = new Map<number, number>();
  const place = new Map<number, number>();
  for (const i of order) {
    const label = labels[i];
    const k = met.get(label) ?? 0;
    met.set(label, k + 1);
    place.set(i, (k + 0.5) / (counts.get(label) ?? 1));
  }
  return order.slice().sort((a, b) => (place.get(a) ?? 0) - (place.get(b) ?? 0) || labels[a] - labels[b]);
}
