// How the loss looks around and between points.

export { type Alignment, alignPermutation } from "./align.ts";
export { type DirectionOptions, randomDirection, type TrajectoryPlane, trajectoryPlane } from "./directions.ts";
export {
  type Interpolation,
  interpolate,
  type Objective,
  type PlaneSlice,
  planeSlice,
  type Slice,
  type SliceOptions,
  slice,
} from "./slices.ts";
