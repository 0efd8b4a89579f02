// How fast a sequence of errors falls to zero, from the numbers alone: sublinear e_k ~ C·k^(−p), linear e_k ~ C·q^k, superlinear
// e_{k+1}/e_k → 0, quadratic e_{k+1} ~ C·e_k² (Nocedal & Wright, appendix A.2).

export type RateKind = "sublinear" | "linear" | "superlinear" | "quadratic" | "finite" | "none" | "undetermined";

/** The rate that fits a sequence best, with the number that describes it. */
export interface Rate {
  readonly kind: RateKind;
  /** Sublinear: the exponent p. Linear: the factor q. Superlinear: the order. Quadratic: the constant C. */
  readonly value?: number;
  /** The standard error of the fit or what its change between the two halves of the fitted stretch suggests, whichever is larger. */
  readonly uncertainty?: number;
  /** The iterations that were fitted, from … to, both included. */
  readonly fitted: readonly [number, number];
  /** In words: "linear with factor 0.8182 ± 0.0001". */
  readonly text: string;
}

interface Line {
  readonly slope: number;
  readonly error: number;
  readonly residual: number;
}

/** Least squares of y = a + b·x. */
function fitLine(x: readonly number[], y: readonly number[]): Line {
  const n = x.length;
  const meanX = x.reduce((a, b) => a + b, 0) / n;
  const meanY = y.reduce((a, b) => a + b, 0) / n;
  let xx = 0;
  let xy = 0;
  for (let i = 0; i < n; i++) {
    xx += (x[i] - meanX) ** 2;
    xy += (x[i] - meanX) * (y[i] - meanY);
  }
  const slope = xx > 0 ? xy / xx : 0;
  let residual = 0;
  for (let i = 0; i < n; i++) residual += (y[i] - meanY - slope * (x[i] - meanX)) ** 2;
  return { slope, error: n > 2 && xx > 0 ? Math.sqrt(residual / (n - 2) / xx) : Infinity, residual };
}

/** The line, with the larger of its standard error and `share` of the difference between the slopes of its halves. */
function fitTwice(x: readonly number[], y: readonly number[], share: number): Line {
  const line = fitLine(x, y);
  const half = x.length >> 1;
  if (half < 3) return line;
  const change = Math.abs(fitLine(x.slice(0, half), y.slice(0, half)).slope - fitLine(x.slice(half), y.slice(half)).slope);
  return { ...line, error: Math.max(line.error, share * change) };
}

const digits = (x: number, places: number) => String(Number(x.toPrecision(places)));

function inWords(label: string, value: number, uncertainty: number): string {
  if (!(uncertainty < Infinity)) return `${label} ${digits(value, 4)}`;
  // As many digits as are shown at most.
  const rounded = Math.max(1e-12, Number(uncertainty.toPrecision(1)));
  const decimals = Math.min(12, Math.max(0, -Math.floor(Math.log10(rounded || 1e-12))));
  return `${label} ${value.toFixed(decimals)} ± ${rounded.toFixed(decimals)}`;
}

/**
 * The rate of errors e₀, e₁, … ≥ 0. Errors at or below `noise` (default 1e-15 of the largest before) are rounding, and end the sequence.
 * What is fitted is the second half of the rest, where the asymptotic behaviour shows.
 */
export function convergenceRate(errors: readonly number[], noise?: number): Rate {
  const beyond = errors.findIndex((e) => !Number.isFinite(e));
  if (beyond >= 0) return { kind: "none", fitted: [0, beyond], text: "no convergence: the error grows beyond all numbers" };
  // What grows out of its own rounding is not noise at the start.
  if (errors.length > 2 && errors[errors.length - 1] > Math.max(errors[0], noise ?? 0)) {
    return { kind: "none", fitted: [0, errors.length - 1], text: "no convergence: the error does not fall" };
  }
  let largest = 0;
  let end = errors.findIndex((e) => {
    largest = Math.max(largest, e);
    return !(e > (noise ?? 1e-15 * largest));
  });
  const reached = end >= 0;
  if (end < 0) end = errors.length;
  const e = errors.slice(0, end);
  const whole: readonly [number, number] = [0, Math.max(0, end - 1)];
  if (e.length < 3) {
    return reached
      ? { kind: "finite", value: end, fitted: whole, text: `exact after ${end} iteration${end === 1 ? "" : "s"}` }
      : { kind: "undetermined", fitted: whole, text: "too few iterations to tell" };
  }
  if (!(Math.min(...e.slice(e.length >> 1)) < 0.999 * e[0])) {
    return { kind: "none", fitted: whole, text: "no convergence: the error does not fall" };
  }
  return fast(e) ?? creeping(e) ?? slow(e);
}

/** Superlinear sequences: each of the last ratios e_{k+1}/e_k is well below the one before. */
function fast(e: readonly number[]): Rate | undefined {
  const ratios = e.slice(1).map((x, i) => x / e[i]);
  const recent = ratios.slice(-3);
  const falling = recent.every((r, i) => r < 1 && (i === 0 || r < 0.7 * recent[i - 1]));
  if (!falling || !(recent[recent.length - 1] < 0.1)) return undefined;
  const last = e.length - 1;
  // log e_{k+1} against log e_k falls along lines of slope p, the order.
  const orders: number[] = [];
  for (let k = Math.max(2, last - 2); k <= last; k++) orders.push(Math.log(e[k] / e[k - 1]) / Math.log(e[k - 1] / e[k - 2]));
  const order = orders[orders.length - 1];
  const change = orders.length > 1 ? Math.abs(order - orders[orders.length - 2]) : Infinity;
  const fitted: readonly [number, number] = [Math.max(0, last - 3), last];
  if (order > 1.75 && order < 2.35) {
    const constants = e.slice(1).map((x, i) => x / e[i] ** 2);
    const value = constants[constants.length - 1];
    const uncertainty = Math.abs(value - constants[constants.length - 2]);
    return { kind: "quadratic", value, uncertainty, fitted, text: inWords("quadratic with constant", value, uncertainty) };
  }
  return { kind: "superlinear", value: order, uncertainty: change, fitted, text: inWords("superlinear of order", order, change) };
}

/** Sequences such as k^(−k), whose ratios go to zero, but only like 1/k: the line through them over 1/k ends at 0. */
function creeping(e: readonly number[]): Rate | undefined {
  const from = e.length >> 1;
  const ks = Array.from({ length: Math.max(0, e.length - 1 - from) }, (_, i) => from + i);
  const ratios = ks.map((k) => e[k + 1] / e[k]);
  const last = ratios[ratios.length - 1];
  if (ks.length < 5 || !(last < 0.3) || ratios.some((r, i) => i > 0 && !(r < ratios[i - 1]))) return undefined;
  const inverse = ks.map((k) => 1 / (k + 1));
  const { slope, error } = fitLine(inverse, ratios);
  const mean = (list: readonly number[]) => list.reduce((a, b) => a + b, 0) / list.length;
  const limit = mean(ratios) - slope * mean(inverse);
  if (Math.abs(limit) > 0.2 * last || error > 0.2 * slope) return undefined;
  const orders = [e.length - 2, e.length - 1].map((k) => Math.log(e[k] / e[k - 1]) / Math.log(e[k - 1] / e[k - 2]));
  const value = orders[1];
  const uncertainty = Math.abs(orders[1] - orders[0]);
  const fitted: readonly [number, number] = [from, e.length - 1];
  return { kind: "superlinear", value, uncertainty, fitted, text: inWords("superlinear of order", value, uncertainty) };
}

/** Linear or sublinear: whichever line fits better, log e against k or against log k. */
function slow(e: readonly number[]): Rate {
  const from = e.length >= 8 ? e.length >> 1 : e.length > 4 ? 1 : 0;
  const ks = Array.from({ length: e.length - from }, (_, i) => from + i);
  const logs = ks.map((k) => Math.log(e[k]));
  const fitted: readonly [number, number] = [from, e.length - 1];
  const linear = fitTwice(ks, logs, 0.5);
  // The exponent of C/(k + s)^p, as seen at k, is off by about s·p/k; between the halves of k = n/2 … n that changes by a third of itself.
  const power = fitTwice(
    ks.map((k) => Math.log(k + 1)),
    logs,
    3.2,
  );
  // Few points cannot tell k^(−p) from q^k; a sequence that fell to its noise within a few steps is linear.
  if (power.residual < linear.residual && ks.length >= 6) {
    const value = -power.slope;
    if (!(value > 0.05)) return { kind: "none", fitted, text: "no convergence: the error does not fall" };
    return {
      kind: "sublinear",
      value,
      uncertainty: power.error,
      fitted,
      text: inWords("sublinear with exponent", value, power.error),
    };
  }
  const value = Math.exp(linear.slope);
  const uncertainty = value * linear.error;
  if (!(value < 1)) return { kind: "none", fitted, text: "no convergence: the error does not fall" };
  if (linear.slope * ks.length > -1e-3) {
    return { kind: "undetermined", fitted, text: "too slow to tell: in the second half the error hardly falls any more" };
  }
  return { kind: "linear", value, uncertainty, fitted, text: inWords("linear with factor", value, uncertainty) };
}
