// The semidefinite program of LipSDP (Fazlyab, Robey, Hassani, Morari & Pappas 2019), solved by following the central path: minimise ρ
// subject to M(T, ρ) ⪰ 0 and T ≥ 0. Everything here is floats and proves nothing; every point on the way is feasible but for rounding, and
// what is made of the last one is proved by lipsdp-verify.ts.

import { attempt, spend } from "../../numeric/effort.ts";
import { symmetricEigen } from "../../numeric/linalg/index.ts";
import { factor, inner, inverseOf, leastRelative, mirror, note, plus, solve, symmetric, times } from "./dense.ts";
import type { Matrix } from "./index.ts";
import type { Slopes } from "./slopes.ts";

/** The network in the variables of M: differences of the input and of what leaves the hidden layers 1 … K. */
interface Blocks {
  /** Units of the input and of each hidden layer. */
  readonly sizes: readonly number[];
  /** Where each of them begins in M. */
  readonly offsets: readonly number[];
  /** Rows and columns of M. */
  readonly total: number;
  /** Wₖ [sizes[k], sizes[k − 1]], row by row; weights[0] is W₁. */
  readonly weights: readonly Float64Array[];
  /** W_LᵀW_L of the last layer. */
  readonly output: Float64Array;
  readonly slopes: Slopes;
}

export interface SdpSearch {
  /** One multiplier for each unit, or one for each layer. */
  readonly variant: "neuron" | "layer";
  /** On the clock of performance.now(). */
  readonly deadline: number;
  /** Relative distance to the least ρ at which the search ends. */
  readonly accuracy: number;
}

/** A point that floats take for feasible: multipliers by layer, and the least ρ that goes with them. */
export interface SdpPoint {
  readonly multipliers: readonly (readonly number[])[];
  readonly rho: number;
}

/**
 * Points near the central path, the best first, each completed when it is asked for; then one that reproduces the product of norms, for want
 * of time. `weights` are those of all layers, two at least, the first one with no more columns than needed; none of the hidden units may be
 * without incoming or outgoing weights.
 */
export function* centralPath(weights: readonly Matrix[], slopes: Slopes, options: SdpSearch): Generator<SdpPoint> {
  const { scaled, multiplierScale, rhoScale } = normalised(weights);
  const blocks = blocksOf(scaled, slopes);
  const path: { readonly tau: Float64Array; readonly rho: number }[] = [];
  attempt(options.deadline, undefined, () => follow(blocks, options, (tau, rho) => path.push({ tau, rho })));
  // The last ones will do; those before help where rounding spoils these.
  const points = path.slice(-4);
  for (let room = 1e-9; room < 1; room *= 10) points.push(start(blocks, 1 + room));
  for (const { tau } of points.sort((a, b) => a.rho - b.rho)) {
    const rho = leastRho(blocks, tau);
    if (rho === undefined) continue;
    let at = 0;
    const multipliers = blocks.sizes.slice(1).map((size, k) => {
      const own = Array.from(tau.subarray(at, at + size), (t) => t * multiplierScale[k]);
      at += size;
      return own;
    });
    yield { multipliers, rho: rho * rhoScale };
  }
}

/** Layers of norm about 1: f scales with the product of the norms, and τ with the squares of those that follow. */
function normalised(weights: readonly Matrix[]) {
  const norms = weights.map(roughNorm);
  const scaled = weights.map((w, k) => w.map((row) => row.map((v) => v / norms[k])));
  const squares = norms.map((s) => s * s);
  const multiplierScale = weights.slice(1).map((_, k) => squares.slice(k + 1).reduce((p, s) => p * s, 1));
  return { scaled, multiplierScale, rhoScale: squares.reduce((p, s) => p * s, 1) };
}

/** ‖W‖₂ by power iteration. */
function roughNorm(w: Matrix): number {
  let v = Array.from(w[0], (_, j) => 1 + 0.5 * Math.sin(1 + 3 * j));
  let norm = 1;
  for (let k = 0; k < 30; k++) {
    const z = w.map((row) => row.reduce((s, a, j) => s + a * v[j], 0));
    const next = v.map(() => 0);
    w.forEach((row, i) => row.forEach((a, j) => (next[j] += a * z[i])));
    const size = Math.hypot(...next);
    if (!(size > 0)) break;
    norm = Math.sqrt(size / Math.hypot(...v));
    v = next.map((x) => x / size);
  }
  return norm;
}

function blocksOf(weights: readonly Matrix[], slopes: Slopes): Blocks {
  const hidden = weights.slice(0, -1);
  const last = weights[weights.length - 1];
  const sizes = [weights[0][0].length, ...hidden.map((w) => w.length)];
  const offsets = sizes.map((_, k) => sizes.slice(0, k).reduce((s, n) => s + n, 0));
  const n = sizes[sizes.length - 1];
  const output = new Float64Array(n * n);
  for (const row of last) {
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) output[i * n + j] += row[i] * row[j];
    note((n * n) / 100);
  }
  const total = sizes.reduce((s, m) => s + m, 0);
  return { sizes, offsets, total, weights: hidden.map((w) => Float64Array.from(w.flat())), output, slopes };
}

/**
 * The lower triangle of M(T, ρ) [total, total]: ρ‖x‖² − ‖W_L h_K‖² − Σₖ Σᵢ 2τ (h − αz)(βz − h) as a quadratic form in (x, h₁, …, h_K),
 * z = Wₖhₖ₋₁; without `constant` only what T and ρ contribute.
 */
function assemble(blocks: Blocks, tau: Float64Array, rho: number, constant = true): Float64Array {
  const { sizes, offsets, total, weights, output, slopes } = blocks;
  const [alpha, beta] = slopes;
  const m = new Float64Array(total * total);
  const both = 2 * alpha * beta;
  for (let i = 0; i < sizes[0]; i++) m[i * total + i] = rho;
  let unit = 0;
  weights.forEach((w, k) => {
    const before = offsets[k];
    const width = sizes[k];
    for (let i = 0; i < sizes[k + 1]; i++, unit++) {
      const t = tau[unit];
      const row = (offsets[k + 1] + i) * total;
      m[row + offsets[k + 1] + i] += 2 * t;
      for (let j = 0; j < width; j++) m[row + before + j] = -(alpha + beta) * t * w[i * width + j];
      if (both === 0) continue;
      for (let j = 0; j < width; j++) {
        const x = both * t * w[i * width + j];
        const at = (before + j) * total + before;
        for (let l = 0; l <= j; l++) m[at + l] += x * w[i * width + l];
      }
    }
  });
  if (!constant) return m;
  const n = sizes[sizes.length - 1];
  const o = offsets[sizes.length - 1];
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) m[(o + i) * total + o + j] -= output[i * n + j];
  return m;
}

/** The least ρ with M(T, ρ) ⪰ 0: the largest eigenvalue of what eliminating the hidden units leaves of the input's block. */
function leastRho(blocks: Blocks, tau: Float64Array): number | undefined {
  const { sizes, total } = blocks;
  const m = assemble(blocks, tau, 0);
  const inputs = sizes[0];
  const n = total - inputs;
  const hidden = new Float64Array(n * n);
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) hidden[i * n + j] = m[(inputs + i) * total + inputs + j];
  if (!factor(hidden, n)) return undefined;
  // Rows of L⁻¹·M_hx; their Gram matrix is M_xh·M_hh⁻¹·M_hx.
  const x = new Float64Array(n * inputs);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < inputs; j++) x[i * inputs + j] = m[(inputs + i) * total + j];
    for (let p = 0; p < i; p++) {
      const c = hidden[i * n + p];
      if (c !== 0) for (let j = 0; j < inputs; j++) x[i * inputs + j] -= c * x[p * inputs + j];
    }
    for (let j = 0; j < inputs; j++) x[i * inputs + j] /= hidden[i * n + i];
    note((i * inputs) / 100);
  }
  const rest = new Float64Array(inputs * inputs);
  for (let i = 0; i < inputs; i++) for (let j = 0; j <= i; j++) rest[i * inputs + j] = -m[i * total + j];
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < inputs; j++) {
      const c = x[i * inputs + j];
      for (let l = 0; l <= j; l++) rest[j * inputs + l] += c * x[i * inputs + l];
    }
    note((inputs * inputs) / 200);
  }
  note(inputs ** 3 / 20);
  const rho = symmetricEigen(rest, inputs).values[inputs - 1];
  return Number.isFinite(rho) ? Math.max(rho, 0) : undefined;
}

/** T from the product bound, with room on every side: Ψ ≺ pI makes σ's output p·g of it for τ = p(1 + s)/2. */
function start({ sizes, slopes: [alpha, beta] }: Blocks, room: number): { readonly tau: Float64Array; readonly rho: number } {
  const s = Math.max(Math.abs(alpha + beta) / (beta - alpha), 0.1);
  const t = (1 + s) / 2;
  const g = ((alpha + beta) ** 2 * t * t) / s - 2 * alpha * beta * t;
  let p = room;
  const parts: number[][] = [];
  for (let k = sizes.length - 1; k > 0; k--) {
    parts.unshift(new Array<number>(sizes[k]).fill(p * t));
    p *= g * room;
  }
  return { tau: Float64Array.from(parts.flat()), rho: p };
}

/** Which units share a multiplier. */
interface Groups {
  readonly of: Int32Array;
  readonly count: number;
}

/** What is solved for: T by groups of units, and ρ; with the slack M and the multiplier Z of M ⪰ 0. */
interface Iterate {
  readonly tau: Float64Array;
  readonly rho: number;
  readonly slack: Float64Array;
  /** L with LLᵀ = slack. */
  readonly triangle: Float64Array;
  readonly dual: Float64Array;
}

/**
 * Mehrotra's predictor and corrector in the direction of Helmberg, Rendl, Vanderbei & Wolkowicz (1996), Kojima, Shindoh & Hara (1997) and
 * Monteiro (1997). M stays positive definite throughout; Z fulfils its equations, tr(Z ∂M/∂τ) = 0 and tr(Z ∂M/∂ρ) = 1, in the end.
 * With M(T, ρ) ≻ 0 goes T > 0, layer by layer from the last, so that nothing else keeps T there.
 */
function follow(blocks: Blocks, { variant, accuracy }: SdpSearch, keep: (tau: Float64Array, rho: number) => void): void {
  const { sizes, total: n } = blocks;
  const layers = sizes.slice(1).flatMap((size, k) => new Array<number>(size).fill(k));
  const groups: Groups =
    variant === "neuron"
      ? { of: Int32Array.from(layers, (_, i) => i), count: layers.length }
      : { of: Int32Array.from(layers), count: sizes.length - 1 };
  let at = beginning(blocks, groups);
  for (let k = 0; k < mostSteps && at; k++) {
    keep(spread(groups, at.tau), at.rho);
    const mu = inner(at.slack, at.dual) / n;
    if (mu * n <= accuracy * at.rho) return;
    at = advanced(blocks, groups, at, mu);
  }
}

const mostSteps = 100;

const spread = (groups: Groups, tau: Float64Array) => Float64Array.from(groups.of, (g) => tau[g]);

/** T from the product bound, M with it, and Z on the central path but for its equations. */
function beginning(blocks: Blocks, groups: Groups): Iterate | undefined {
  const { sizes, total: n } = blocks;
  for (let room = 1.2; room < 1e6; room *= 1.5) {
    const first = start(blocks, room);
    const slack = assemble(blocks, first.tau, first.rho);
    const triangle = Float64Array.from(slack);
    if (!factor(triangle, n)) continue;
    mirror(slack, n);
    const tau = new Float64Array(groups.count);
    groups.of.forEach((g, i) => (tau[g] = first.tau[i]));
    const inverse = inverseOf(triangle, n);
    let trace = 0;
    for (let i = 0; i < sizes[0]; i++) trace += inverse[i * n + i];
    return { tau, rho: first.rho, slack, triangle, dual: inverse.map((x) => x / trace) };
  }
  return undefined;
}

/** One step with both parts. undefined where rounding lets no step be found any more. */
function advanced(blocks: Blocks, groups: Groups, at: Iterate, mu: number): Iterate | undefined {
  const n = blocks.total;
  const dualTriangle = Float64Array.from(at.dual);
  if (!factor(dualTriangle, n)) return undefined;
  const inverse = inverseOf(at.triangle, n);
  const schur = schurOf(blocks, groups, inverse, at.dual);
  if (!schur) return undefined;
  const lengthsOf = ({ dSlack, dDual }: Direction): [number, number] => [
    reach(at.triangle, dSlack, n),
    reach(dualTriangle, dDual, n),
  ];
  const predictor = direction(blocks, groups, at.dual, inverse, schur, 0);
  const [near, far] = lengthsOf(predictor);
  const ahead = inner(plus(at.slack, predictor.dSlack, near), plus(at.dual, predictor.dDual, far)) / n;
  const sigma = Math.min(1, Math.max(1e-6, (ahead / mu) ** (Math.min(near, far) > 0.5 ? 3 : 1)));
  const left = symmetric(times(inverse, times(predictor.dSlack, predictor.dDual, n), n), n);
  const step = direction(blocks, groups, at.dual, inverse, schur, sigma * mu, left);
  let [own, other] = lengthsOf(step);
  for (let tries = 0; tries < 8 && Math.max(own, other) > 1e-7; tries++, own *= 0.7, other *= 0.7) {
    const tau = plus(at.tau, step.dy.subarray(0, groups.count), own);
    const rho = at.rho + own * step.dy[groups.count];
    const slack = assemble(blocks, spread(groups, tau), rho);
    mirror(slack, n);
    const triangle = Float64Array.from(slack);
    const dual = plus(at.dual, step.dDual, other);
    if (factor(triangle, n) && factor(Float64Array.from(dual), n)) return { tau, rho, slack, triangle, dual };
  }
  return undefined;
}

interface Direction {
  /** Of T by groups, then of ρ. */
  readonly dy: Float64Array;
  readonly dSlack: Float64Array;
  readonly dDual: Float64Array;
}

/** Towards M·Z = target·I; `left` is what the first direction left of it, to second order. */
function direction(
  blocks: Blocks,
  groups: Groups,
  dual: Float64Array,
  inverse: Float64Array,
  schur: (right: Float64Array) => Float64Array,
  target: number,
  left?: Float64Array,
): Direction {
  const n = blocks.total;
  const right = tracesOf(blocks, groups, left ? plus(inverse, left, -1 / target) : inverse).map((x) => x * target);
  right[groups.count] -= 1;
  const dy = schur(right);
  const dSlack = assemble(blocks, spread(groups, dy.subarray(0, groups.count)), dy[groups.count], false);
  mirror(dSlack, n);
  const change = symmetric(times(inverse, times(dSlack, dual, n), n), n);
  const dDual = new Float64Array(n * n);
  for (let i = 0; i < n * n; i++) dDual[i] = target * inverse[i] - dual[i] - change[i];
  return { dy, dSlack, dDual: left ? plus(dDual, left, -1) : dDual };
}

/** A length at most 1 along which LLᵀ + length·D stays positive definite, with some distance kept. */
function reach(triangle: Float64Array, d: Float64Array, n: number): number {
  const least = leastRelative(triangle, d, n);
  return least < 0 ? Math.min(1, -0.96 / least) : 1;
}

/** tr(X ∂M/∂τ) of each group, then tr(X ∂M/∂ρ), for a symmetric X. ∂M/∂τᵢ = V·[[2αβ, −(α+β)], [−(α+β), 2]]·Vᵀ, V the unit's weights and place. */
function tracesOf(blocks: Blocks, groups: Groups, x: Float64Array): Float64Array {
  const { sizes, offsets, total: n, weights, slopes } = blocks;
  const [a, b, c] = [2 * slopes[0] * slopes[1], -(slopes[0] + slopes[1]), 2];
  const result = new Float64Array(groups.count + 1);
  let unit = 0;
  weights.forEach((w, k) => {
    const width = sizes[k];
    for (let i = 0; i < sizes[k + 1]; i++, unit++) {
      const e = offsets[k + 1] + i;
      let [ww, we] = [0, 0];
      for (let j = 0; j < width; j++) {
        const v = w[i * width + j];
        const row = (offsets[k] + j) * n;
        we += v * x[row + e];
        if (a === 0) continue;
        let sum = 0;
        for (let q = 0; q < width; q++) sum += x[row + offsets[k] + q] * w[i * width + q];
        ww += v * sum;
      }
      result[groups.of[unit]] += a * ww + 2 * b * we + c * x[e * n + e];
    }
    spend((width * sizes[k + 1] * (a === 0 ? 1 : width)) / 100);
  });
  for (let i = 0; i < sizes[0]; i++) result[groups.count] += x[i * n + i];
  return result;
}

/** Rows wᵢᵀX of all units. */
function weighted({ sizes, offsets, total, weights }: Blocks, x: Float64Array): Float64Array {
  const rows = new Float64Array((total - sizes[0]) * total);
  weights.forEach((w, k) => {
    const own = times(w, x, sizes[k], { columns: total, from: offsets[k] * total });
    rows.set(own, (offsets[k + 1] - sizes[0]) * total);
  });
  return rows;
}

/** A solver of Σⱼ tr(Aᵢ Z Aⱼ M⁻¹) dyⱼ = rightᵢ, A the derivatives of M by the multipliers of the groups, then by ρ. */
function schurOf(
  blocks: Blocks,
  groups: Groups,
  p: Float64Array,
  z: Float64Array,
): ((right: Float64Array) => Float64Array) | undefined {
  const { sizes, offsets, total, weights, slopes } = blocks;
  const [a, b, c] = [2 * slopes[0] * slopes[1], -(slopes[0] + slopes[1]), 2];
  const units = groups.of.length;
  const inputs = sizes[0];
  const layerOf = sizes.slice(1).flatMap((size, k) => new Array<number>(size).fill(k));
  const byP = weighted(blocks, p);
  const byZ = weighted(blocks, z);
  const n = groups.count + 1;
  const h = new Float64Array(n * n);
  for (let i = 0; i < units; i++) {
    const gi = groups.of[i];
    const ei = inputs + i;
    for (let j = 0; j <= i; j++) {
      const ej = inputs + j;
      const k = layerOf[j];
      const width = sizes[k];
      const w = weights[k];
      const own = (ej - offsets[k + 1]) * width;
      const from = i * total + offsets[k];
      let pww = 0;
      let zww = 0;
      if (a !== 0 || b !== 0) {
        for (let q = 0; q < width; q++) {
          pww += byP[from + q] * w[own + q];
          zww += byZ[from + q] * w[own + q];
        }
      }
      const pwe = byP[i * total + ej];
      const pew = byP[j * total + ei];
      const pee = p[ei * total + ej];
      const zwe = byZ[i * total + ej];
      const zew = byZ[j * total + ei];
      const zee = z[ei * total + ej];
      const entry =
        (a * zww + b * zew) * (a * pww + b * pwe) +
        (a * zwe + b * zee) * (b * pww + c * pwe) +
        (b * zww + c * zew) * (a * pew + b * pee) +
        (b * zwe + c * zee) * (b * pew + c * pee);
      const gj = groups.of[j];
      h[gi * n + gj] += entry;
      if (gi === gj && i !== j) h[gi * n + gi] += entry;
    }
    let mixed = 0;
    for (let q = 0; q < inputs; q++) {
      const [pw, zw, pe, ze] = [byP[i * total + q], byZ[i * total + q], p[ei * total + q], z[ei * total + q]];
      mixed += a * pw * zw + b * (pw * ze + pe * zw) + c * pe * ze;
    }
    h[groups.count * n + gi] += mixed;
    spend((i * units) / 60);
  }
  for (let i = 0; i < inputs; i++) for (let j = 0; j < inputs; j++) h[n * n - 1] += p[i * total + j] * z[i * total + j];
  // Rows and columns of one size: what rounding leaves then weighs the same everywhere.
  const size = Float64Array.from({ length: n }, (_, i) => 1 / Math.sqrt(h[i * n + i]));
  for (let i = 0; i < n; i++) for (let j = 0; j <= i; j++) h[i * n + j] *= size[i] * size[j];
  for (let ridge = 1e-15; ridge < 1e-3; ridge *= 100) {
    const triangle = Float64Array.from(h);
    for (let i = 0; i < n; i++) triangle[i * n + i] += ridge;
    if (!factor(triangle, n)) continue;
    return (right) =>
      solve(
        triangle,
        right.map((x, i) => x * size[i]),
        n,
      ).map((x, i) => x * size[i]);
  }
  return undefined;
}
