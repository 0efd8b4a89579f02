// The proof of a Lipschitz constant by multipliers: whether M(T, ρ) ⪰ 0, from the weights alone. By a Cholesky factorization in floats with an
// a-priori bound of all its errors, and for small networks, where M may be singular, by exact elimination.
//
// Why it is a proof: let z, h be differences of what goes into and comes out of the units for two inputs. h = d·z with d ∈ [α, β], so that
// (h − αz)(βz − h) ≥ 0 for every unit. M(T, ρ) is ρ‖x‖² − ‖y‖² − Σ 2τ(h − αz)(βz − h) as a quadratic form in x and all h; where it is
// nowhere negative and T ≥ 0, ‖y‖² ≤ ρ‖x‖².
//
// Sources: Fazlyab, Robey, Hassani, Morari & Pappas, Efficient and accurate estimation of Lipschitz constants for deep neural networks (2019);
// Rump, Verification of positive definiteness, BIT 46 (2006).

import { add, exactly, mul, type Rational, rational, sub, zero } from "../../numeric/exact/rational.ts";
import { cholesky } from "../../numeric/linalg/index.ts";
import { exceeds } from "../convexity/eigenvalue-bounds.ts";
import { inertiaOf } from "../convexity/inertia.ts";
import { note } from "./dense.ts";
import type { Matrix } from "./index.ts";
import { checkNetwork, type Network } from "./network.ts";
import { type Slopes, slopesOf } from "./slopes.ts";

/** Multipliers that prove ‖f(x) − f(y)‖₂ ≤ √ρ·‖x − y‖₂ for all x, y. Data: it can be written to JSON and checked again. */
export interface SdpCertificate {
  readonly kind: "LipSDP";
  /** One multiplier τ ≥ 0 for each hidden unit, by layers; 0 for units that do not matter. */
  readonly multipliers: readonly (readonly number[])[];
  readonly rho: number;
}

export interface SdpVerification {
  readonly valid: boolean;
  /** What was shown, or why nothing was. */
  readonly message: string;
}

/** Beyond this many rows of M, a check would take minutes and gigabytes. */
export const mostRows = 1500;
/** Up to this many rows, elimination is exact where floats do not suffice. */
const mostExact = 40;

/**
 * Checks a certificate against the network it is said to belong to; how it was found plays no part. Biases do not matter. Throws an analysis
 * error where the network's shapes do not fit.
 */
export function verifySdpLipschitz(network: Network, { multipliers, rho }: SdpCertificate): SdpVerification {
  checkNetwork("verifySdpLipschitz", network);
  const no = (message: string): SdpVerification => ({ valid: false, message });
  const { weights } = network;
  const hidden = weights.slice(0, -1);
  if (multipliers.length !== hidden.length || multipliers.some((t, k) => t.length !== hidden[k].length)) {
    return no("there is not one multiplier for each hidden unit");
  }
  if (!multipliers.every((t) => t.every((x) => x >= 0 && x < Infinity))) return no("a multiplier is negative or no number");
  if (!(rho >= 0 && rho < Infinity)) return no("ρ is negative or no number");
  const core = coreOf(weights);
  if (!core) return { valid: true, message: "no path leads from the input to the output: the network is constant" };
  const t = multipliers.map((list, k) => list.filter((_, i) => core.alive[k][i]));
  const slopes = slopesOf(network);
  if (provedByFloats(narrowed(core.weights), slopes, t, rho)) {
    return {
      valid: true,
      message: `M(T, ρ) is positive definite: a Cholesky factorization, its errors bounded, so that ‖J‖ ≤ √${rho}`,
    };
  }
  const rows = core.weights.reduce((s, w) => s + w[0].length, 0);
  if (rows > mostExact) return no("M(T, ρ) was not shown to be positive definite");
  return provedExactly(core.weights, slopes, t, rho)
    ? { valid: true, message: `M(T, ρ) is positive semidefinite, by exact elimination, so that ‖J‖ ≤ √${rho}` }
    : no("M(T, ρ) has a negative eigenvalue, by exact elimination");
}

/**
 * The network without units that do not matter: those that no weight leads to keep their value, those that no weight leads from are not
 * seen. undefined where no unit of some layer is left.
 */
export function coreOf(
  weights: readonly Matrix[],
): { readonly weights: Matrix[]; readonly alive: readonly (readonly boolean[])[] } | undefined {
  const last = weights.length - 1;
  const alive = weights.map((w) => w.map(() => true));
  for (let k = 0; k < last; k++) {
    weights[k].forEach((row, i) => (alive[k][i] = row.some((v, j) => v !== 0 && (k === 0 || alive[k - 1][j]))));
  }
  for (let k = last - 1; k >= 0; k--) {
    alive[k].forEach((on, i) => (alive[k][i] = on && weights[k + 1].some((row, s) => row[i] !== 0 && alive[k + 1][s])));
  }
  const kept = weights.map((w, k) =>
    w.filter((_, i) => k === last || alive[k][i]).map((row) => row.filter((_, j) => k === 0 || alive[k - 1][j])),
  );
  if (kept.some((w) => w.length === 0) || kept[last].every((row) => row.every((v) => v === 0))) return undefined;
  return { weights: kept, alive: alive.slice(0, last) };
}

const unitRoundoff = 2 ** -53;
/** Numbers outside these bounds could under- or overflow in products. */
const withinReach = (x: number, power: number) => x === 0 || (Math.abs(x) > 10 ** -power && Math.abs(x) < 10 ** power);

/** Whether products of these numbers are of ordinary size. */
export const isWithinReach = (w: Matrix): boolean => w.every((row) => row.every((v) => withinReach(v, 70)));

/**
 * The same network with a first layer of fewer columns, where it has more than rows: L with LLᵀ ⪰ W₁W₁ᵀ, so that W₁ = L·K with ‖K‖ ≤ 1
 * (Douglas 1966), and whatever bounds the network with L bounds that with W₁.
 */
export function narrowed(weights: readonly Matrix[]): readonly Matrix[] {
  const first = weights[0];
  const m = first.length;
  const n = first[0].length;
  if (n <= m || !isWithinReach(first)) return weights;
  const gram = new Float64Array(m * m);
  for (let i = 0; i < m; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let q = 0; q < n; q++) sum += first[i][q] * first[j][q];
      gram[i * m + j] = sum;
    }
    note((i * n) / 100);
  }
  let trace = 0;
  for (let i = 0; i < m; i++) trace += gram[i * m + i];
  // |W||W|ᵀ is positive semidefinite, with this trace: sums of n products err by less than γₙ₊₁ of it. Shifting the diagonal rounds once
  // more; the factorization errs by γₘ₊₁ of its own trace (Higham 10.3). 1.1 is for this line's rounding and the terms of second order.
  const shift = (n + m + 8) * unitRoundoff * 1.1 * trace + 1e-280;
  for (let i = 0; i < m; i++) gram[i * m + i] += shift;
  const l = cholesky(gram, m);
  if (Number.isNaN(l[0])) return weights;
  const narrow = first.map((_, i) => Array.from({ length: m }, (_, j) => (j <= i ? l[i * m + j] : 0)));
  return [narrow, ...weights.slice(1)];
}

/** Whether M(T, ρ) ≻ 0 is proved by floats. All units matter. */
export function provedByFloats(
  weights: readonly Matrix[],
  [alpha, beta]: Slopes,
  multipliers: readonly (readonly number[])[],
  rho: number,
): boolean {
  const last = weights.length - 1;
  const sizes = weights.map((w) => w[0].length);
  const offsets = sizes.map((_, k) => sizes.slice(0, k).reduce((s, n) => s + n, 0));
  const n = sizes.reduce((s, m) => s + m, 0);
  if (n > mostRows || !withinReach(rho, 140)) return false;
  if (!weights.every(isWithinReach)) return false;
  if (!multipliers.every((t) => t.every((x) => withinReach(x, 140)))) return false;
  const m = new Float64Array(n * n);
  /** Of each row: the sum of the sizes of what its diagonal entry was added up from. */
  const sums = new Float64Array(n);
  for (let k = 0; k <= last; k++) {
    const o = offsets[k];
    for (let i = 0; i < sizes[k]; i++) m[(o + i) * n + o + i] = k === 0 ? rho : 2 * multipliers[k - 1][i];
    for (let i = 0; i < sizes[k]; i++) sums[o + i] = m[(o + i) * n + o + i];
    weights[k].forEach((row, s) => {
      const c = k === last ? -1 : 2 * (alpha * beta) * multipliers[k][s];
      if (c === 0) return;
      for (let i = 0; i < row.length; i++) {
        const v = c * row[i];
        sums[o + i] += Math.abs(v * row[i]);
        for (let j = 0; j <= i; j++) m[(o + i) * n + o + j] += v * row[j];
      }
      note((row.length * row.length) / 200);
    });
    if (k === last) continue;
    weights[k].forEach((row, s) => {
      const c = (alpha + beta) * multipliers[k][s];
      for (let j = 0; j < row.length; j++) m[(offsets[k + 1] + s) * n + o + j] = -(c * row[j]);
    });
  }
  // Scaling by powers of two is exact, and the sizes of the rows then no longer matter.
  const scale = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const d = m[i * n + i];
    if (!(d > 0 && d < Infinity)) return false;
    scale[i] = 2 ** -Math.round(Math.log2(d) / 2);
  }
  let total = 0;
  let squares = 0;
  let widest = 0;
  for (let i = 0; i < n; i++) {
    total += sums[i] * scale[i] * scale[i];
    for (let j = 0; j <= i; j++) {
      const x = m[i * n + j] * scale[i] * scale[j];
      m[i * n + j] = x;
      m[j * n + i] = x;
      if (i !== j) squares += x * x;
    }
  }
  for (const w of weights) widest = Math.max(widest, w.length, w[0].length);
  // The blocks on the diagonal: sums of at most widest + 1 terms of at most four roundings each, their sizes added up to a positive
  // semidefinite matrix with the trace `total`. Beside it: three roundings of each entry. The last term is for what underflows.
  const error = unitRoundoff * 1.1 * ((widest + 8) * total + 8 * Math.sqrt(squares)) + n * 1e-290;
  return Number.isFinite(error) && exceeds(m, n, error);
}

/** Whether M(T, ρ) ⪰ 0, exactly. */
function provedExactly(
  weights: readonly Matrix[],
  slopes: Slopes,
  multipliers: readonly (readonly number[])[],
  rho: number,
): boolean {
  const last = weights.length - 1;
  const sizes = weights.map((w) => w[0].length);
  const offsets = sizes.map((_, k) => sizes.slice(0, k).reduce((s, n) => s + n, 0));
  const n = sizes.reduce((s, m) => s + m, 0);
  const [alpha, beta] = slopes.map(exactly);
  const w = weights.map((matrix) => matrix.map((row) => row.map(exactly)));
  const t = multipliers.map((list) => list.map(exactly));
  const two = rational(2);
  const m: Rational[][] = Array.from({ length: n }, () => new Array<Rational>(n).fill(zero));
  for (let k = 0; k <= last; k++) {
    const o = offsets[k];
    for (let i = 0; i < sizes[k]; i++) {
      for (let j = 0; j < sizes[k]; j++) {
        let sum = i !== j ? zero : k === 0 ? exactly(rho) : mul(two, t[k - 1][i]);
        w[k].forEach((row, s) => {
          const c = k === last ? rational(-1) : mul(mul(two, mul(alpha, beta)), t[k][s]);
          sum = add(sum, mul(c, mul(row[i], row[j])));
        });
        m[o + i][o + j] = sum;
      }
    }
    if (k === last) continue;
    w[k].forEach((row, s) =>
      row.forEach((v, j) => {
        const entry = sub(zero, mul(mul(add(alpha, beta), t[k][s]), v));
        m[offsets[k + 1] + s][o + j] = entry;
        m[o + j][offsets[k + 1] + s] = entry;
      }),
    );
  }
  return inertiaOf(m).negative === 0;
}
