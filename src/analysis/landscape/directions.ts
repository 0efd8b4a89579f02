// Directions in the space of parameters that can be compared between networks: filter-normalised random ones (Li, Xu, Taylor, Studer &
// Goldstein 2018) and the principal components of a trajectory. A vector holds all parameters, leaf by leaf, as a dataset objective
// lays them out.

import { fail } from "../../graph/errors.ts";
import { sizeOf } from "../../graph/shape.ts";
import { symmetricEigen } from "../../numeric/linalg/index.ts";
import { flatten } from "../../tensor/index.ts";
import { oneOf } from "../../tensor/operands.ts";
import { known } from "../../tensor/options.ts";
import { addScaled, dot, norm, normalVector, orthogonalize, scaled } from "../spectrum/operator.ts";

export interface DirectionOptions {
  readonly seed?: number;
  /** Which of several independent directions of this seed. Default 0. */
  readonly index?: number;
  /** "filter": each filter (all weights into one output) has the norm of the network's own. "leaf": each tensor. "none". Default "filter". */
  readonly normalize?: "filter" | "leaf" | "none";
  /** Leave biases, scales and shifts (tensors of rank one or less) where they are. Default true. */
  readonly keepVectors?: boolean;
}

/** A random direction at `parameters`, in one vector. With "filter" it is as long for (c·W₁, W₂/c) as for (W₁, W₂), layer by layer. */
export function randomDirection(parameters: unknown, options: DirectionOptions = {}): Float64Array {
  const {
    seed = 0,
    index = 0,
    normalize = "filter",
    keepVectors = true,
  } = known("randomDirection", options, ["seed", "index", "normalize", "keepVectors"]);
  oneOf("randomDirection", "normalize", normalize, ["filter", "leaf", "none"]);
  const { leaves } = flatten(parameters);
  const size = leaves.reduce((sum, { shape }) => sum + sizeOf(shape), 0);
  const direction = normalVector(size, seed, index);
  let from = 0;
  for (const leaf of leaves) {
    const { shape } = leaf;
    const values = leaf.data();
    const own = direction.subarray(from, from + values.length);
    from += values.length;
    if (keepVectors && shape.length <= 1) own.fill(0);
    else if (normalize !== "none") {
      const filters = normalize === "filter" && shape.length > 1 ? shape[shape.length - 1] : 1;
      for (let filter = 0; filter < filters; filter++) {
        let [wanted, found] = [0, 0];
        for (let i = filter; i < values.length; i += filters) {
          wanted += Number(values[i]) ** 2;
          found += own[i] ** 2;
        }
        const factor = found === 0 ? 0 : Math.sqrt(wanted / found);
        for (let i = filter; i < values.length; i += filters) own[i] *= factor;
      }
    }
  }
  return direction;
}

export interface TrajectoryPlane {
  /** The last point of the trajectory. */
  readonly origin: Float64Array;
  /** Orthonormal, the first along most of the movement. */
  readonly directions: readonly Float64Array[];
  /** Of each direction its share of the squared distances to the last point. */
  readonly explained: readonly number[];
  /** Coordinates of every point of the trajectory along the directions. */
  readonly coordinates: readonly (readonly number[])[];
}

/**
 * The principal components of the differences between the points of a trajectory and its last. Throws an argument error for fewer than
 * two points or points of different lengths.
 */
export function trajectoryPlane(points: readonly Float64Array[], count = 2): TrajectoryPlane {
  if (points.length < 2)
    fail("argument", `a trajectory has at least 2 points, here ${points.length}; record one after each epoch.`);
  const origin = points[points.length - 1];
  const odd = points.find((point) => point.length !== origin.length);
  if (odd) fail("argument", `the points of a trajectory have ${origin.length} entries each, but one has ${odd.length}.`);
  const differences = points.slice(0, -1).map((point) => point.map((x, i) => x - origin[i]));
  const n = differences.length;
  const gram = new Float64Array(n * n);
  for (let i = 0; i < n; i++)
    for (let j = 0; j <= i; j++) gram[i * n + j] = gram[j * n + i] = dot(differences[i], differences[j]);
  const { values, vectors } = symmetricEigen(gram, n);
  const total = values.reduce((sum, value) => sum + Math.max(value, 0), 0);
  const directions: Float64Array[] = [];
  const explained: number[] = [];
  for (let k = n - 1; k >= Math.max(0, n - count); k--) {
    const direction = new Float64Array(origin.length);
    for (let i = 0; i < n; i++) addScaled(direction, vectors[i * n + k], differences[i]);
    const before = norm(direction);
    orthogonalize(direction, directions);
    const size = norm(direction);
    // Of a straight line there is no second component, only rounding.
    if (!(size > 1e-7 * before) || !(values[k] > 1e-14 * total)) break;
    directions.push(scaled(1 / size, direction));
    explained.push(values[k] / total);
  }
  const coordinates = points.map((point) => {
    const difference = point.map((x, i) => x - origin[i]);
    return directions.map((direction) => dot(direction, difference));
  });
  return { origin, directions, explained, coordinates };
}
