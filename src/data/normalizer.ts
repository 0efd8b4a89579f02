// Bringing features to a common scale. A normalizer is plain data, so that it is saved with the model it belongs to.

import { convert } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { formatShape, type Shape, sameShape, sizeOf } from "../graph/shape.ts";
import { type Column, rows } from "./dataset.ts";

/** y = (x - offset) · scale, feature by feature; one offset and scale stand for all features where `shared`. JSON-serialisable. */
export interface Normalizer {
  readonly kind: "standardize" | "range";
  /** Shape of an example. */
  readonly shape: Shape;
  readonly shared: boolean;
  readonly offset: readonly number[];
  readonly scale: readonly number[];
}

export interface NormalizerOptions {
  /** "standardize" (default): mean 0, standard deviation 1. "range": smallest 0, largest 1. */
  readonly kind?: Normalizer["kind"];
  /** One offset and scale for all features together, as for images. Default false. */
  readonly shared?: boolean;
}

/**
 * The normalizer that fits `column`, which should hold training examples only. Features that do not vary are moved to 0 and not
 * scaled. Deviations are of the population (divided by n). Throws a data error if the column is empty.
 */
export function fitNormalizer(column: Column, { kind = "standardize", shared = false }: NormalizerOptions = {}): Normalizer {
  const { data, shape } = column;
  const n = rows(column);
  if (n === 0) fail("data", "fitNormalizer: the column is empty, so it has no mean or range.");
  const features = shared ? 1 : sizeOf(shape);
  const offset = new Array<number>(features);
  const scale = new Array<number>(features);
  for (let f = 0; f < features; f++) {
    let low = Infinity;
    let high = -Infinity;
    let mean = 0;
    let squares = 0;
    let count = 0;
    // Welford's update: exact enough in one pass, whatever the offset of the data.
    for (let i = f; i < data.length; i += features) {
      const x = data[i];
      count++;
      const delta = x - mean;
      mean += delta / count;
      squares += delta * (x - mean);
      low = Math.min(low, x);
      high = Math.max(high, x);
    }
    const spread = kind === "range" ? high - low : Math.sqrt(squares / count);
    // Adding 0 turns -0 into 0, which JSON would do as well.
    offset[f] = kind === "range" ? low + 0 : mean;
    // A constant feature leaves rounding errors in `spread`, which must not be blown up to 1; a subnormal spread has no inverse.
    scale[f] = high > low && Number.isFinite(1 / spread) ? 1 / spread : 1;
  }
  return { kind, shape, shared, offset, scale };
}

/** `column` on the normalizer's scale, in float32 (float64 stays float64). Throws a shape error for other features. */
export function normalize(normalizer: Normalizer, column: Column): Column {
  return rescale("normalize", normalizer, column, (x, offset, scale) => (x - offset) * scale);
}

/** The inverse of `normalize`, to rounding. */
export function denormalize(normalizer: Normalizer, column: Column): Column {
  return rescale("denormalize", normalizer, column, (y, offset, scale) => y / scale + offset);
}

function rescale(name: string, n: Normalizer, column: Column, map: (x: number, offset: number, scale: number) => number): Column {
  if (!sameShape(n.shape, column.shape)) {
    fail(
      "shape",
      `${name}: the normalizer was fitted to examples of shape ${formatShape(n.shape)}, but these have ${formatShape(column.shape)}. ` +
        "Use the features, in the order, that it was fitted to.",
    );
  }
  const dtype = column.dtype === "float64" ? "float64" : "float32";
  const data = convert(column.data, dtype).slice();
  const features = n.offset.length;
  for (let i = 0; i < data.length; i++) data[i] = map(column.data[i], n.offset[i % features], n.scale[i % features]);
  return { data, shape: column.shape, dtype };
}
