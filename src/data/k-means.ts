// Centres of data by k-means, as places for basis functions.

import { fail } from "../graph/errors.ts";
import { formatShape } from "../graph/shape.ts";
import { integer } from "../tensor/operands.ts";
import { known } from "../tensor/options.ts";
import { type Tensor, tensor } from "../tensor/tensor.ts";
import { checkSeed, purposes, stream } from "./stream.ts";

export interface KMeansOptions {
  /** Default 0. */
  readonly seed?: number;
  /** Most passes over the points; default 100. */
  readonly iterations?: number;
}

export interface Clusters {
  /** [k, d], of the dtype of the points. */
  readonly centres: Tensor;
  /** The nearest centre of each point, from 0. */
  readonly assignment: readonly number[];
  /** Σᵢ min_c ‖xᵢ − c‖² before the first pass and after each: never rises. */
  readonly inertia: readonly number[];
  /** Whether the last pass moved no point to another centre. */
  readonly settled: boolean;
}

/**
 * k centres of points [N, d] that make Σᵢ min_c ‖xᵢ − c‖² small: Lloyd's algorithm (1957), each centre the mean of the points nearest to it,
 * from a start drawn with probabilities proportional to squared distances (k-means++, Arthur & Vassilvitskii 2007). A local minimum; the
 * same for the same seed. A centre that loses all its points stays. Throws argument, shape and data errors.
 */
export function kMeans(points: Tensor, k: number, options: KMeansOptions = {}): Clusters {
  const { seed = 0, iterations = 100 } = known("kMeans", options, ["seed", "iterations"]);
  if (points.rank !== 2) fail("shape", `kMeans: the points must be [N, d], got ${formatShape(points.shape)}.`);
  const [n, d] = points.shape;
  if (integer("kMeans", "k", k, 1) > n) fail("argument", `kMeans: ${k} centres of ${n} points; ask for at most ${n}.`);
  integer("kMeans", "iterations", iterations, 0);
  checkSeed("kMeans", seed);
  const x = Float64Array.from(points.data());
  const bad = x.findIndex((v) => !Number.isFinite(v));
  if (bad >= 0) fail("data", `kMeans: point ${Math.floor(bad / d)} has ${x[bad]} as coordinate ${bad % d}.`);
  const centres = firstCentres(x, n, d, k, seed);
  const assignment = new Array<number>(n).fill(-1);
  const assign = (): { moved: boolean; inertia: number } => {
    let moved = false;
    let inertia = 0;
    for (let i = 0; i < n; i++) {
      let nearest = 0;
      let least = Infinity;
      for (let c = 0; c < k; c++) {
        const distance = squaredDistance(x, i * d, centres, c * d, d);
        if (distance >= least) continue;
        least = distance;
        nearest = c;
      }
      if (assignment[i] !== nearest) moved = true;
      assignment[i] = nearest;
      inertia += least;
    }
    return { moved, inertia };
  };
  const inertia = [assign().inertia];
  let settled = false;
  for (let pass = 0; pass < iterations && !settled; pass++) {
    moveToMeans(x, assignment, centres, d);
    const now = assign();
    inertia.push(now.inertia);
    settled = !now.moved;
  }
  const dtype = points.dtype === "float32" ? "float32" : "float64";
  return { centres: tensor(centres, { shape: [k, d], dtype }), assignment, inertia, settled };
}

function squaredDistance(x: Float64Array, i: number, y: Float64Array, j: number, d: number): number {
  let sum = 0;
  for (let f = 0; f < d; f++) sum += (x[i + f] - y[j + f]) ** 2;
  return sum;
}

/** The first centre any point, each further one a point drawn with probability proportional to its squared distance from those before. */
function firstCentres(x: Float64Array, n: number, d: number, k: number, seed: number): Float64Array {
  const random = stream(seed, purposes.centres, 0);
  const centres = new Float64Array(k * d);
  const distances = new Float64Array(n).fill(Infinity);
  let chosen = random.below(n);
  for (let c = 0; c < k; c++) {
    centres.set(x.subarray(chosen * d, (chosen + 1) * d), c * d);
    let total = 0;
    for (let i = 0; i < n; i++) {
      distances[i] = Math.min(distances[i], squaredDistance(x, i * d, centres, c * d, d));
      total += distances[i];
    }
    let rest = random.uniform() * total;
    chosen = distances.findIndex((distance) => {
      rest -= distance;
      return rest < 0;
    });
    // All points coincide with centres, or rounding left a little over.
    if (chosen < 0) chosen = random.below(n);
  }
  return centres;
}

function moveToMeans(x: Float64Array, assignment: readonly number[], centres: Float64Array, d: number): void {
  const k = centres.length / d;
  const sums = new Float64Array(k * d);
  const counts = new Float64Array(k);
  assignment.forEach((c, i) => {
    counts[c]++;
    for (let f = 0; f < d; f++) sums[c * d + f] += x[i * d + f];
  });
  for (let c = 0; c < k; c++) {
    if (counts[c] === 0) continue;
    for (let f = 0; f < d; f++) centres[c * d + f] = sums[c * d + f] / counts[c];
  }
}
