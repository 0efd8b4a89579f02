// Local Lipschitz constants: the Jacobian of a network enclosed on a ball or a box. What goes into the activations is bounded by intervals, and
// by linear relaxation backwards through the layers (Fast-Lin, CROWN: Weng et al. 2018, Zhang et al. 2018); so is the Jacobian, whose
// columns pass the layers like inputs, with slopes for activations (Shi et al. 2022). Coefficients are floats; what their rounding takes
// away is added to the bounds.

import { fail } from "../../graph/errors.ts";
import { spend } from "../../numeric/effort.ts";
import { type Interval, intersect, isEmpty, mul, point, sub } from "../../numeric/interval.ts";
import { addDown, addUp, mulUp, sqrtUp } from "../../numeric/rounding.ts";
import { oneOf } from "../../tensor/operands.ts";
import { known } from "../../tensor/options.ts";
import { activationConstants, type Matrix, productWithin, spectralNorm } from "./index.ts";
import { checkNetwork, type Network } from "./network.ts";
import { slopeRange, valueRange } from "./slopes.ts";
import { guessedNorm } from "./spectral-norm.ts";

export interface LocalOptions {
  readonly center: readonly number[];
  /** Of the ball ‖x − center‖₂ ≤ radius, or of the box ‖x − center‖_∞ ≤ radius. */
  readonly radius: number;
  readonly region?: "ball" | "box";
  /** "intervals" is faster, "linear relaxation" (the default) tighter. */
  readonly method?: "intervals" | "linear relaxation";
  /** Milliseconds after which bounds are relaxed no further, and norms bounded roughly; intervals take what they take. Default 10,000. */
  readonly budget?: number;
}

export interface LocalLipschitz {
  /** ‖f(x) − f(y)‖₂ ≤ L‖x − y‖₂ for all x, y of the region: proved bounds of the least such L. */
  readonly euclidean: { readonly lower: number; readonly upper: number };
  /** The same for the norms max |xᵢ|, from above. */
  readonly maximum: number;
  /** Bounds of the entries of the Jacobian [outputs, inputs] on the region. */
  readonly jacobian: readonly (readonly Interval[])[];
  /** Bounds of what goes into each layer's activations. */
  readonly preactivations: readonly (readonly Interval[])[];
  /** What the budget did not suffice for, in words. */
  readonly leftOut: readonly string[];
}

/**
 * A proved local Lipschitz constant of a network on a ball or box, by an enclosure of its Jacobian. Throws an analysis error where shapes do
 * not fit or the radius is negative.
 */
export function localLipschitz(network: Network, options: LocalOptions): LocalLipschitz {
  checkNetwork("localLipschitz", network);
  const {
    center,
    radius,
    region = "ball",
    method = "linear relaxation",
    budget = 10_000,
  } = known("localLipschitz", options, ["center", "radius", "region", "method", "budget"]);
  oneOf("localLipschitz", "region", region, ["ball", "box"]);
  oneOf("localLipschitz", "method", method, ["linear relaxation", "intervals"]);
  const inputs = network.weights[0][0].length;
  if (center.length !== inputs || !center.every(Number.isFinite) || !(radius >= 0) || radius === Infinity) {
    fail("analysis", `localLipschitz: give a center of ${inputs} finite numbers and a finite radius of 0 or more.`);
  }
  if (!(budget >= 0)) fail("analysis", `localLipschitz: the budget is a number of milliseconds, not ${budget}.`);
  const deadline = performance.now() + budget;
  const relaxation: Relaxation | undefined = method === "linear relaxation" ? { deadline, left: 0 } : undefined;
  const preactivations = preactivationBounds(network, { center, radius, ball: region === "ball" }, relaxation);
  const slopes = preactivations.map((list) => list.map((z) => slopeRange(network, z)));
  const plain = jacobianByIntervals(network, slopes);
  const jacobian = relaxation
    ? plain.map((row, i) => row.map((j, c) => relaxedWith(relaxation, j, () => relaxedEntry(network, slopes, i, c))))
    : plain;
  const { lower, upper } = normBounds(jacobian);
  const leftOut =
    relaxation && relaxation.left > 0 ? [`linear relaxation of ${relaxation.left} bounds, which are those of intervals`] : [];
  // Far from the centre intervals know less than the norms of the layers, and only there these are looked for.
  const { weights, activation = "relu" } = network;
  const guess = weights.reduce((p, w) => p * guessedNorm(w), activationConstants[activation] ** (weights.length - 1));
  if (!(guess < upper)) return { euclidean: { lower, upper }, maximum: rowSums(jacobian), jacobian, preactivations, leftOut };
  const everywhere = productWithin(deadline, weights, activation);
  if (everywhere.rough.length > 0)
    leftOut.push(`the spectral norm of layer ${everywhere.rough.join(", ")}, of which a rough bound was taken`);
  const least = Math.min(upper, everywhere.upper);
  return { euclidean: { lower, upper: least }, maximum: rowSums(jacobian), jacobian, preactivations, leftOut };
}

/** Bounds by lines, as long as there is time for them. */
interface Relaxation {
  readonly deadline: number;
  /** Bounds for which there was none. */
  left: number;
}

function relaxedWith(relaxation: Relaxation, plain: Interval, tighter: () => Interval): Interval {
  if (performance.now() <= relaxation.deadline) return both(plain, tighter());
  relaxation.left++;
  return plain;
}

/**
 * The norm of the Jacobian at a point, from below, and about the direction in which it is attained; cheaper than `localLipschitz`, and called
 * off by spend().
 */
export function jacobianAt(network: Network, at: readonly number[]): { readonly norm: number; readonly jacobian: Matrix } {
  const preactivations = preactivationBounds(network, { center: at, radius: 0, ball: true }, undefined);
  const jacobian = jacobianByIntervals(
    network,
    preactivations.map((list) => list.map((z) => slopeRange(network, z))),
  );
  return {
    norm: normBounds(jacobian).lower,
    jacobian: jacobian.map((row) => row.map(({ lower, upper }) => lower / 2 + upper / 2)),
  };
}

const both = (a: Interval, b: Interval): Interval => {
  const together = intersect(a, b);
  // Bounds that differ by rounding alone may miss one another; either holds.
  return isEmpty(together) ? a : together;
};

const unitRoundoff = 2 ** -53;
/** An upper bound of the error of a sum of n products, computed in any order, whose terms have this total size (itself rounded). */
const roundingOf = (n: number, size: number) => size * (n + 4) * unitRoundoff * 1.02 + (n + 4) * 1e-300;

interface Region {
  readonly center: readonly number[];
  readonly radius: number;
  readonly ball: boolean;
}

/** Bounds of c·x + constant over the region. */
function overRegion(c: ArrayLike<number>, constant: number, { center, radius, ball }: Region): Interval {
  let value = constant;
  let size = Math.abs(constant);
  let reach = 0;
  for (let j = 0; j < center.length; j++) {
    const p = c[j] * center[j];
    value += p;
    size += Math.abs(p);
    reach = ball ? addUp(reach, mulUp(c[j], c[j])) : addUp(reach, Math.abs(c[j]));
  }
  const room = addUp(mulUp(ball ? sqrtUp(reach) : reach, radius), roundingOf(center.length, size));
  return { lower: addDown(value, -room), upper: addUp(value, room) };
}

/** What goes into the activations after each layer but the last. */
function preactivationBounds(network: Network, region: Region, relaxation: Relaxation | undefined): Interval[][] {
  const { weights, biases } = network;
  const result: Interval[][] = [];
  let inputs: readonly Interval[] = region.center.map((c) => ({
    lower: addDown(c, -region.radius),
    upper: addUp(c, region.radius),
  }));
  for (let k = 0; k + 1 < weights.length; k++) {
    const bias = biases?.[k];
    const z = weights[k].map((row, i) => {
      if (k === 0) return overRegion(row, bias?.[i] ?? 0, region);
      const plain = rowTimes(row, inputs, bias?.[i] ?? 0);
      if (!relaxation) return plain;
      return relaxedWith(relaxation, plain, () => backwards(network, result, row, bias?.[i] ?? 0, k - 1, region));
    });
    spend((weights[k].length * inputs.length) / 30);
    result.push(z);
    inputs = z.map((x) => valueRange(network, x));
  }
  return result;
}

/** row·x + constant for x in intervals. */
function rowTimes(row: ArrayLike<number>, x: readonly Interval[], constant = 0): Interval {
  let lower = constant;
  let upper = constant;
  let size = Math.abs(constant);
  for (let j = 0; j < x.length; j++) {
    const w = row[j];
    if (w === 0) continue;
    lower += w > 0 ? w * x[j].lower : w * x[j].upper;
    upper += w > 0 ? w * x[j].upper : w * x[j].lower;
    size += Math.abs(w) * Math.max(Math.abs(x[j].lower), Math.abs(x[j].upper));
  }
  const error = roundingOf(x.length, size);
  if (Number.isNaN(lower) || Number.isNaN(upper)) return { lower: -Infinity, upper: Infinity };
  return { lower: addDown(lower, -error), upper: addUp(upper, error) };
}

/** xᵀ·W for x in intervals. */
function timesMatrix(x: readonly Interval[], w: Matrix): Interval[] {
  const n = w[0].length;
  const lower = new Float64Array(n);
  const upper = new Float64Array(n);
  const size = new Float64Array(n);
  for (let s = 0; s < x.length; s++) {
    const { lower: l, upper: u } = x[s];
    if (l === 0 && u === 0) continue;
    const most = magnitudeOf(x[s]);
    const row = w[s];
    for (let j = 0; j < n; j++) {
      const v = row[j];
      if (v === 0) continue;
      lower[j] += v > 0 ? v * l : v * u;
      upper[j] += v > 0 ? v * u : v * l;
      size[j] += Math.abs(v) * most;
    }
    spend(n / 30);
  }
  return Array.from(size, (total, j) => {
    if (Number.isNaN(lower[j]) || Number.isNaN(upper[j])) return { lower: -Infinity, upper: Infinity };
    const error = roundingOf(x.length, total);
    return { lower: addDown(lower[j], -error), upper: addUp(upper[j], error) };
  });
}

/** y between two lines over an interval of x: low·x + lowAt ≤ y ≤ high·x + highAt. */
interface Lines {
  readonly low: number;
  readonly lowAt: number;
  readonly high: number;
  readonly highAt: number;
}

/**
 * Bounds of row·h + constant, h the values after the activations of layer k, by lines instead of activations, and what these give in the
 * layer before, down to the input.
 */
function backwards(
  network: Network,
  bounds: readonly (readonly Interval[])[],
  row: readonly number[],
  constant: number,
  k: number,
  region: Region,
): Interval {
  const { weights, biases } = network;
  const side = (sign: 1 | -1): number => {
    // sign·(row·h + constant) from above.
    let c = Float64Array.from(row, (v) => sign * v);
    let total = sign * constant;
    let slack = 0;
    for (let layer = k; layer >= 0; layer--) {
      const z = bounds[layer];
      const lines = z.map((x) => activationLines(network, x));
      const onto = new Float64Array(z.length);
      for (let s = 0; s < z.length; s++) {
        const { low, lowAt, high, highAt } = lines[s];
        const [slope, offset] = c[s] >= 0 ? [high, highAt] : [low, lowAt];
        onto[s] = c[s] * slope;
        const shift = c[s] * offset;
        total += shift;
        slack += roundingOf(4, Math.abs(total) + Math.abs(shift)) + roundingOf(2, Math.abs(onto[s]) * magnitudeOf(z[s]));
      }
      const w = weights[layer];
      const width = w[0].length;
      const next = new Float64Array(width);
      const size = new Float64Array(width);
      for (let s = 0; s < z.length; s++) {
        if (onto[s] === 0) continue;
        const own = w[s];
        for (let j = 0; j < width; j++) {
          const p = onto[s] * own[j];
          next[j] += p;
          size[j] += Math.abs(p);
        }
        const shift = onto[s] * (biases?.[layer]?.[s] ?? 0);
        total += shift;
        slack += roundingOf(4, Math.abs(total) + Math.abs(shift));
      }
      for (let j = 0; j < width; j++) {
        const most =
          layer === 0 ? Math.abs(region.center[j]) + region.radius : magnitudeOf(valueRange(network, bounds[layer - 1][j]));
        slack += roundingOf(z.length, size[j]) * most * 1.01;
      }
      c = next;
    }
    const reached = overRegion(c, total, region).upper;
    return addUp(reached, slack * (1 + 1e-9));
  };
  const [upper, lower] = [side(1), 0 - side(-1)];
  return Number.isNaN(upper) || Number.isNaN(lower) ? { lower: -Infinity, upper: Infinity } : { lower, upper };
}

const magnitudeOf = ({ lower, upper }: Interval) => Math.max(Math.abs(lower), Math.abs(upper));

/** Lines around an activation: chords of relu; for the others, lines of middle slope, moved by what slopes may differ. */
function activationLines(network: Network, x: Interval): Lines {
  const { activation = "relu" } = network;
  const { lower, upper } = x;
  if (activation === "identity") return { low: 1, lowAt: 0, high: 1, highAt: 0 };
  if (activation === "relu") {
    if (lower >= 0) return { low: 1, lowAt: 0, high: 1, highAt: 0 };
    if (upper <= 0) return { low: 0, lowAt: 0, high: 0, highAt: 0 };
    // The chord, raised by the rounding of its slope; below, the line that leaves less room.
    const slope = upper / (upper - lower);
    const highAt = -lower * slope * (1 + 2 ** -48) + upper * 2 ** -48;
    return { low: upper > -lower ? 1 : 0, lowAt: 0, high: slope, highAt };
  }
  const slopes = slopeRange(network, x);
  const values = valueRange(network, x);
  const middle = Number.isFinite(lower) && Number.isFinite(upper) ? lower / 2 + upper / 2 : 0;
  if (!Number.isFinite(lower) || !Number.isFinite(upper)) return { low: 0, lowAt: values.lower, high: 0, highAt: values.upper };
  const slope = slopes.lower / 2 + slopes.upper / 2;
  const differ = addUp(slopes.upper, -slope);
  const reach = mulUp(Math.max(differ, addUp(slope, -slopes.lower)), Math.max(addUp(upper, -middle), addUp(middle, -lower)));
  const at = valueRange(network, point(middle));
  const through = mul(point(slope), point(middle));
  const room = sub(at, through);
  return { low: slope, lowAt: addDown(room.lower, -reach), high: slope, highAt: addUp(room.upper, reach) };
}

/** d·p for both in intervals. */
const times = (d: Interval, p: Interval): Interval => mul(d, p);

/** W_L·D_{L−1}·…·D₁·W₁ in interval arithmetic, from the side that has less to carry. */
function jacobianByIntervals({ weights }: Network, slopes: readonly (readonly Interval[])[]): Interval[][] {
  const last = weights.length - 1;
  if (weights[last].length < weights[0][0].length) {
    let rows: Interval[][] = weights[last].map((row) => row.map(point));
    for (let k = last; k > 0; k--) {
      const d = slopes[k - 1];
      rows = rows.map((row) =>
        timesMatrix(
          row.map((p, s) => times(d[s], p)),
          weights[k - 1],
        ),
      );
    }
    return rows;
  }
  let columns: Interval[][] = weights[0][0].map((_, j) => weights[0].map((row) => point(row[j])));
  for (let k = 1; k < weights.length; k++) {
    const d = slopes[k - 1];
    columns = columns.map((column) => {
      const bent = column.map((p, s) => times(d[s], p));
      spend((bent.length * weights[k].length) / 30);
      return weights[k].map((row) => rowTimes(row, bent));
    });
  }
  return weights[weights.length - 1].map((_, i) => columns.map((column) => column[i]));
}

const columnBounds = new WeakMap<readonly (readonly Interval[])[], Map<number, Interval[][]>>();

/** The intervals of one column after each layer: of W₁eⱼ, of W₂D₁W₁eⱼ and so on. */
function columnOf({ weights }: Network, slopes: readonly (readonly Interval[])[], column: number): Interval[][] {
  let known = columnBounds.get(slopes);
  if (!known) {
    known = new Map();
    columnBounds.set(slopes, known);
  }
  let result = known.get(column);
  if (!result) {
    result = [weights[0].map((row) => point(row[column]))];
    for (let k = 1; k + 1 < weights.length; k++) {
      const bent = result[k - 1].map((p, s) => times(slopes[k - 1][s], p));
      result.push(weights[k].map((row) => rowTimes(row, bent)));
    }
    known.set(column, result);
  }
  return result;
}

/**
 * One entry of the Jacobian by linear relaxation: d·p with d ∈ [a, b] lies between two lines in p, as the value of an activation does; these
 * are handed back through the layers to W₁eⱼ, which is known.
 */
function relaxedEntry(network: Network, slopes: readonly (readonly Interval[])[], output: number, column: number): Interval {
  const { weights } = network;
  const last = weights.length - 1;
  if (last === 0) return point(weights[0][output][column]);
  const columns = columnOf(network, slopes, column);
  const side = (sign: 1 | -1): number => {
    let c = Float64Array.from(weights[last][output], (v) => sign * v);
    let total = 0;
    let slack = 0;
    for (let k = last - 1; k >= 0; k--) {
      const p = columns[k];
      const onto = new Float64Array(p.length);
      for (let s = 0; s < p.length; s++) {
        const { low, lowAt, high, highAt } = slopeLines(slopes[k][s], p[s]);
        const [slope, offset] = c[s] >= 0 ? [high, highAt] : [low, lowAt];
        onto[s] = c[s] * slope;
        const shift = c[s] * offset;
        total += shift;
        slack += roundingOf(4, Math.abs(total) + Math.abs(shift)) + roundingOf(2, Math.abs(onto[s]) * magnitudeOf(p[s]));
      }
      if (k === 0) {
        c = onto;
        break;
      }
      const w = weights[k];
      const width = w[0].length;
      const next = new Float64Array(width);
      const size = new Float64Array(width);
      for (let s = 0; s < p.length; s++) {
        for (let j = 0; j < width; j++) {
          const q = onto[s] * w[s][j];
          next[j] += q;
          size[j] += Math.abs(q);
        }
      }
      // What rounding leaves of the coefficients meets d·p of the layer before.
      for (let j = 0; j < width; j++) {
        const most = magnitudeOf(times(slopes[k - 1][j], columns[k - 1][j]));
        slack += roundingOf(p.length, size[j]) * most * 1.01;
      }
      c = next;
    }
    const reached = rowTimes(c, columns[0], total).upper;
    return addUp(reached, slack * (1 + 1e-9));
  };
  const [upper, lower] = [side(1), 0 - side(-1)];
  return Number.isNaN(upper) || Number.isNaN(lower) ? { lower: -Infinity, upper: Infinity } : { lower, upper };
}

/** Lines around d·p over p ∈ [l, u], d ∈ [a, b]. */
function slopeLines({ lower: a, upper: b }: Interval, { lower: l, upper: u }: Interval): Lines {
  if (l >= 0) return { low: a, lowAt: 0, high: b, highAt: 0 };
  if (u <= 0) return { low: b, lowAt: 0, high: a, highAt: 0 };
  // max(ap, bp) is convex in p, so below its chord; min(ap, bp) concave, so above its own.
  const chord = (atLow: number, atHigh: number, sign: 1 | -1): readonly [number, number] => {
    const slope = (u * atHigh - l * atLow) / (u - l);
    const room = (Math.abs(slope) + Math.abs(atLow) + Math.abs(atHigh)) * (u - l) * 2 ** -48;
    const ends = [l * (atLow - slope), u * (atHigh - slope)];
    return [slope, sign > 0 ? Math.max(...ends) + room : Math.min(...ends) - room];
  };
  const [high, highAt] = chord(a, b, 1);
  const [low, lowAt] = chord(b, a, -1);
  return { low, lowAt, high, highAt };
}

/** Bounds of sup ‖J‖₂ for J within the intervals: ‖middle‖ ± ‖radius‖. */
function normBounds(jacobian: readonly (readonly Interval[])[]): { readonly lower: number; readonly upper: number } {
  if (jacobian.some((row) => row.some(({ lower, upper }) => !Number.isFinite(lower) || !Number.isFinite(upper)))) {
    return { lower: 0, upper: Infinity };
  }
  // Numbers whose squares might underflow count as 0, with as much uncertainty.
  const tiny = 1e-60;
  const seen = (x: number) => (x > 0 && x < tiny ? tiny : x);
  const middle = jacobian.map((row) =>
    row.map(({ lower, upper }) => {
      const m = lower / 2 + upper / 2;
      return Math.abs(m) < tiny ? 0 : m;
    }),
  );
  const radius: Matrix = jacobian.map((row, i) =>
    row.map(({ lower, upper }, j) => seen(Math.max(0, addUp(upper, -middle[i][j]), addUp(middle[i][j], -lower)))),
  );
  const centre = spectralNorm(middle);
  const around = spectralNorm(radius).upper;
  // Entry by entry |J| ≤ max |bound| as well.
  const most = spectralNorm(jacobian.map((row) => row.map((x) => seen(magnitudeOf(x))))).upper;
  return { lower: Math.max(0, addDown(centre.lower, -around)), upper: Math.min(addUp(centre.upper, around), most) };
}

function rowSums(jacobian: readonly (readonly Interval[])[]): number {
  return Math.max(...jacobian.map((row) => row.reduce((sum, x) => addUp(sum, magnitudeOf(x)), 0)));
}
