// Numerical derivatives one can trust: central differences whose step is chosen by an error model with measured noise, and detection
// of kinks by watching every choice (comparison, sign, maximum …) that a function makes on the way.

/** A scalar function of one real variable, with a fingerprint of the choices it made. */
export type Probe = (t: number) => { readonly value: number; readonly choices: string };

export type Difference =
  | { readonly kind: "smooth"; readonly derivative: number; readonly error: number; readonly step: number }
  | { readonly kind: "kink" }
  | { readonly kind: "undefined" };

export interface Conditions {
  /** The size of steps that count as large; 1 unless said. A power of two keeps steps exact. */
  readonly scale?: number;
  /** The size of the coordinate that moves: steps go down to a small part of it. 0 unless said. */
  readonly position?: number;
  /** Unit roundoff of the arithmetic in the function; that of float64 unless said. */
  readonly unit?: number;
  /** The smallest change that shows in the function's values; asked for only where none does. 0 unless said. */
  readonly resolution?: () => number;
}

type Sample = ReturnType<Probe>;

/** Steps are few-digit binary numbers, so that x + h is exact, but no simple fractions, with which a periodic function could beat. */
const irregular = 677 / 1024;
const coarsest = -4;
const smallest = -40;
/** Relative error at which there is no need to look further. */
const enough = 1e-9;

/**
 * f′(0) by central differences D(h) = (f(h) − f(−h)) / 2h, Richardson-extrapolated over h, h/2, h/4 (error h⁶), from large steps to small
 * ones. Error model: truncation, estimated by the disagreement of the two extrapolations before the last, plus rounding, noise/h, where the noise of f is
 * measured from its scatter nearby. A step counts only if f makes the same choices at all its points, and
 * is believed only when a smaller one agrees with it. Where even the smallest changes them, 0 is a kink, unless the derivatives
 * from both sides agree (as in a softmax of equal scores, which subtracts a maximum).
 */
export function centralDifference(f: Probe, conditions: Conditions = {}): Difference {
  const { scale = 1, position = 0, unit = 2 ** -53, resolution = () => 0 } = conditions;
  const finest = position === 0 ? smallest : Math.min(smallest, Math.floor(Math.log2(position / scale)) - 18);
  const center = f(0);
  if (!Number.isFinite(center.value)) return { kind: "undefined" };
  const nearest = scale * 2 ** finest * irregular;
  const sides = [f(nearest), f(-nearest)];
  if (sides.some((s) => !Number.isFinite(s.value))) return { kind: "undefined" };
  if (sides.some((s) => s.choices !== center.choices)) return fromBothSides(f, center, scale, unit, nearest);
  const noise = measuredNoise(f, center, nearness(scale, position, unit));
  let best: { derivative: number; error: number; step: number } | undefined;
  let confirmed = false;
  let moves = false;
  for (let exponent = coarsest; exponent >= finest; exponent -= 3) {
    const h = scale * 2 ** exponent * irregular;
    const points = pairs(f, center, h);
    if (!points) continue;
    const [d0, d1, d2] = points.map(([a, b], i) => (a - b) / (2 * h * 2 ** -i));
    const e1 = (4 * d1 - d0) / 3;
    const e2 = (4 * d2 - d1) / 3;
    const derivative = (16 * e2 - e1) / 15;
    let largest = 0;
    for (const [a, b] of points) {
      largest = Math.max(largest, Math.abs(a), Math.abs(b));
      moves ||= a !== center.value || b !== center.value;
    }
    const rounding = (6 * Math.max(noise, 2 * unit * largest)) / h;
    // Of truncation this is generous; but noise that is larger out there than at 0 shows in it too.
    const error = Math.abs(e2 - e1) + rounding;
    const agrees = best !== undefined && Math.abs(best.derivative - derivative) <= 3 * (best.error + error);
    confirmed = agrees;
    if (!best || !agrees || error < best.error) best = { derivative, error, step: h };
    // Where rounding is all there is to the error, smaller steps make it worse.
    if (confirmed && (best.error <= enough * Math.abs(best.derivative) || error <= 2 * rounding)) break;
  }
  // Not one step stayed within one piece, or none was confirmed by a smaller one: what is known is too little to judge by.
  if (!best) return { kind: "undefined" };
  if (!moves) return { kind: "smooth", ...best, error: best.error + (6 * resolution()) / best.step };
  return { kind: "smooth", ...best, error: confirmed ? best.error : Math.max(best.error, Math.abs(best.derivative)) };
}

/** f at ±h, ±h/2, ±h/4, if it is finite there and makes the same choices as at 0. */
function pairs(f: Probe, center: Sample, h: number): (readonly [number, number])[] | undefined {
  const result: (readonly [number, number])[] = [];
  for (const step of [h, h / 2, h / 4]) {
    const up = f(step);
    if (up.choices !== center.choices || !Number.isFinite(up.value)) return undefined;
    const down = f(-step);
    if (down.choices !== center.choices || !Number.isFinite(down.value)) return undefined;
    result.push([up.value, down.value]);
  }
  return result;
}

/** A step so small that smooth changes hardly count, but not so small as to be lost. */
export function nearness(scale: number, position: number, unit: number): number {
  return (position === 0 ? scale : Math.min(scale, 64 * position)) * unit ** (2 / 3);
}

/** Where noise is sampled, in such steps: at irregular distances, since rounding errors drift evenly over even ones. */
export const neighbours = [-2.9341, -1.7183, -0.8319, 0, 1.2731, 2.1547, 2.8717] as const;

/** Noise of f, from its values nearby. 0 if f changes its choices there. */
function measuredNoise(f: Probe, center: Sample, step: number): number {
  const values: number[] = [];
  for (const j of neighbours) {
    const { value, choices } = j === 0 ? center : f(j * step);
    if (choices !== center.choices) return 0;
    values.push(value);
  }
  return noiseOf(values);
}

/** The powers 1, t, t² at the neighbours, made orthonormal. */
const smooth: readonly (readonly number[])[] = [0, 1, 2].reduce<number[][]>((basis, power) => {
  let v: number[] = neighbours.map((t) => t ** power);
  for (const b of basis) {
    const along = dot(v, b);
    v = v.map((x, i) => x - along * b[i]);
  }
  const length = Math.sqrt(dot(v, v));
  return basis.concat([v.map((x) => x / length)]);
}, []);

function dot(a: readonly number[], b: readonly number[]): number {
  return a.reduce((s, x, i) => s + x * b[i], 0);
}

/**
 * Standard deviation of the rounding errors in a function's values at the neighbours, times a margin of 3: what a parabola leaves
 * unexplained. 0 where a value is not finite.
 */
export function noiseOf(values: readonly number[]): number {
  let rest = values.map((v) => v - values[3]);
  for (const b of smooth) {
    const along = dot(rest, b);
    rest = rest.map((x, i) => x - along * b[i]);
  }
  const deviation = Math.sqrt(dot(rest, rest) / (values.length - smooth.length));
  return Number.isFinite(deviation) ? 3 * deviation : 0;
}

/** The derivative where choices change at 0: a kink unless the one-sided derivatives agree. */
function fromBothSides(f: Probe, center: Sample, scale: number, unit: number, nearest: number): Difference {
  const [right, left] = [1, -1].map((sign) => oneSided(f, center, sign * scale, unit, f(sign * nearest).choices));
  if (!right || !left) return { kind: "kink" };
  const error = right.error + left.error;
  const derivative = (right.derivative + left.derivative) / 2;
  const gap = Math.abs(right.derivative - left.derivative);
  const size = Math.max(Math.abs(right.derivative), Math.abs(left.derivative));
  // At a jump the quotients do not converge.
  const settled = error <= Math.max(1e-4 * size, 1e-7);
  if (!settled || gap > error || (gap > 1e-3 * size && gap > 1e-7)) return { kind: "kink" };
  return { kind: "smooth", derivative, error: error + gap, step: scale * 2 ** coarsest };
}

/** f′(0±) by forward differences, extrapolated four times over halved steps (error h⁴), at steps that all lie on one piece. */
function oneSided(
  f: Probe,
  center: Sample,
  scale: number,
  unit: number,
  beyond: string,
): { derivative: number; error: number } | undefined {
  let best: { derivative: number; error: number } | undefined;
  for (let exponent = coarsest; exponent >= -28; exponent -= 3) {
    const h = scale * 2 ** exponent * irregular;
    const samples = [1, 1 / 2, 1 / 4, 1 / 8].map((part) => f(h * part));
    if (samples.some((s) => s.choices !== beyond || !Number.isFinite(s.value))) continue;
    let row = samples.map((s, i) => (s.value - center.value) / (h * 2 ** -i));
    let before = row[row.length - 1];
    for (let order = 1; row.length > 1; order++) {
      before = row[row.length - 1];
      row = row.slice(1).map((d, i) => d + (d - row[i]) / (2 ** order - 1));
    }
    const largest = Math.max(Math.abs(center.value), ...samples.map((s) => Math.abs(s.value)));
    const error = Math.abs(row[0] - before) + (64 * unit * largest) / Math.abs(h);
    if (!best || error < best.error) best = { derivative: row[0], error };
  }
  return best;
}

/** The power of two at or above max(|x|, 1). */
export function magnitude(x: number): number {
  return Math.abs(x) > 1 ? 2 ** Math.ceil(Math.log2(Math.abs(x))) : 1;
}
