// The Lipschitz constant of a network of relu layers, by branch and bound over activation patterns: which units are switched on, layer by layer. A
// pattern counts where an open set of inputs has it, which is decided exactly; what is not looked at before the budget ends is bounded.

import { fail } from "../../graph/errors.ts";
import { spend } from "../../numeric/effort.ts";
import { add, exactly, isZero, mul, neg, one, type Rational, sign, sub, toNumber, zero } from "../../numeric/exact/rational.ts";
import { feasibility } from "../../numeric/exact/simplex.ts";
import { addUp, mulUp, sqrtUp } from "../../numeric/rounding.ts";
import { known } from "../../tensor/options.ts";
import type { Enclosure } from "../certificate.ts";
import { type Matrix, spectralNorm } from "./index.ts";
import { checkNetwork, type Network } from "./network.ts";

export interface PatternOptions {
  /** Only inputs with |xᵢ − centerᵢ| < radius. Default: all. */
  readonly within?: { readonly center: readonly number[]; readonly radius: number };
  /** Milliseconds after which the bounds are given as they are. Default 5000. */
  readonly budget?: number;
}

export interface PatternBounds extends Enclosure {
  readonly lower: number;
  readonly upper: number;
  /** Whether every pattern was decided: the bounds then differ by rounding alone. */
  readonly exact: boolean;
  readonly patterns: number;
}

/** Linear forms in (x, 1), exact: one for each unit. */
type Forms = readonly (readonly Rational[])[];

/** A part of the inputs: the units decided so far, and what they make of the network. */
interface Cell {
  /** Forms that are above 0 on it. */
  readonly sides: Forms;
  readonly layer: number;
  /** What goes into the units of this layer, on the cell. */
  readonly forms: Forms;
  readonly active: readonly boolean[];
  /** Of the layers before: D_{k−1}W_{k−1}…D₁W₁ in floats, and a bound of its error. */
  readonly before: Product;
  /** No pattern of the cell exceeds this. */
  readonly bound: number;
}

interface Product {
  readonly matrix: Matrix;
  readonly error: number;
}

/**
 * sup ‖J‖₂ of a network of relu layers, over all inputs or a box, from both sides; equal but for rounding where the budget suffices. For small
 * networks: up to some dozens of units and few inputs. Throws an analysis error for other activations.
 */
export function patternLipschitz(network: Network, options: PatternOptions = {}): PatternBounds {
  const { within, budget = 5000 } = known("patternLipschitz", options, ["within", "budget"]);
  if (within) known("patternLipschitz: within", within, ["center", "radius"]);
  checkNetwork("patternLipschitz", network);
  const { weights, biases, activation = "relu" } = network;
  if (activation !== "relu" && activation !== "identity") {
    fail(
      "analysis",
      `patternLipschitz: only relu networks are piecewise linear here, not those of ${activation}; use localLipschitz.`,
    );
  }
  const deadline = performance.now() + budget;
  const inputs = weights[0][0].length;
  const tails = tailsOf(weights);
  if (activation === "identity" || weights.length === 1) {
    const whole = weights.slice(1).reduce((p, w) => times(w, p), exactProduct(weights[0]));
    const norm = normOf(whole);
    return { ...norm, exact: true, patterns: 1 };
  }
  const last = weights.length - 1;
  const formsOf = (k: number, before: Forms): Forms =>
    weights[k].map((row, i) => {
      const form = new Array<Rational>(inputs + 1).fill(zero);
      row.forEach((w, s) => {
        if (w !== 0) before[s].forEach((c, j) => (form[j] = add(form[j], mul(exactly(w), c))));
      });
      const bias = biases?.[k]?.[i] ?? 0;
      form[inputs] = add(form[inputs], exactly(bias));
      return form;
    });
  const identity: Forms = Array.from({ length: inputs }, (_, i) =>
    Array.from({ length: inputs + 1 }, (_, j) => (i === j ? one : zero)),
  );
  const bounded = (layer: number, active: readonly boolean[], before: Product): number => {
    // Units that are not decided count as switched on.
    const here = masked(times(weights[layer], before), active);
    return Math.min(mulUp(tails[layer].norm, normOf(here).upper), normOf(absolute(tails[layer].absolute, here)).upper);
  };
  let lower = 0;
  let patterns = 0;
  let finished = 0;
  const start: Product = { matrix: identity.map((row) => row.slice(0, inputs).map(toNumber)), error: 0 };
  const queue: Cell[] = [
    {
      sides: within ? boxSides(within, inputs) : [unitForm(inputs)],
      layer: 0,
      forms: formsOf(0, identity),
      active: [],
      before: start,
      bound: bounded(0, [], start),
    },
  ];
  while (queue.length > 0) {
    // The cell that allows most is looked at first: when it allows no more than is attained, nothing does.
    let at = 0;
    for (let i = 1; i < queue.length; i++) if (queue[i].bound > queue[at].bound) at = i;
    const cell = queue[at];
    if (cell.bound <= lower || performance.now() > deadline) break;
    queue.splice(at, 1);
    const { layer, forms, active, before, sides } = cell;
    if (active.length < forms.length) {
      const form = forms[active.length];
      const moves = form.some((c) => !isZero(c));
      for (const on of moves ? [true, false] : [false]) {
        const next = [...active, on];
        const cut = moves ? [...sides, on ? form : form.map(neg)] : sides;
        if (!isOpen(cut)) continue;
        const bound = Math.min(cell.bound, bounded(layer, next, before));
        queue.push({ ...cell, sides: cut, active: next, bound });
      }
      continue;
    }
    const here = masked(times(weights[layer], before), active);
    if (layer + 1 === last) {
      const found = normOf(times(weights[last], here));
      patterns++;
      lower = Math.max(lower, found.lower);
      finished = Math.max(finished, found.upper);
      continue;
    }
    const values = forms.map((form, s) => (active[s] ? form : form.map(() => zero)));
    const bound = Math.min(cell.bound, bounded(layer + 1, [], here));
    queue.push({ sides, layer: layer + 1, forms: formsOf(layer + 1, values), active: [], before: here, bound });
  }
  const open = queue.reduce((most, c) => Math.max(most, c.bound), 0);
  const upper = Math.max(finished, open, lower);
  return { lower, upper, exact: open <= lower, patterns };
}

const unitForm = (inputs: number): readonly Rational[] =>
  Array.from({ length: inputs + 1 }, (_, j) => (j === inputs ? one : zero));

function boxSides({ center, radius }: NonNullable<PatternOptions["within"]>, inputs: number): Forms {
  if (center.length !== inputs || !center.every(Number.isFinite) || !(radius > 0)) {
    fail("analysis", `patternLipschitz: the box needs a center of ${inputs} finite numbers and a radius above 0.`);
  }
  const sides = center.flatMap((c, i) =>
    [1, -1].map((s) =>
      Array.from({ length: inputs + 1 }, (_, j) =>
        j === i ? exactly(s) : j === inputs ? sub(exactly(radius), mul(exactly(s), exactly(c))) : zero,
      ),
    ),
  );
  return [unitForm(inputs), ...sides];
}

// Products in floats, with bounds of their errors in the Frobenius norm.

const exactProduct = (matrix: Matrix): Product => ({ matrix, error: 0 });

function times(w: Matrix, { matrix, error }: Product): Product {
  let squares = 0;
  let size = 0;
  for (const row of w) for (const v of row) size = addUp(size, mulUp(v, v));
  const result = w.map((row) =>
    matrix[0].map((_, j) => {
      let sum = 0;
      let most = 0;
      row.forEach((v, k) => {
        sum += v * matrix[k][j];
        most += Math.abs(v * matrix[k][j]);
      });
      squares = addUp(squares, mulUp(most, most));
      spend(row.length / 50);
      return sum;
    }),
  );
  const integers = squares < 2 ** 100 && [...w, ...matrix].every((row) => row.every(Number.isInteger)) && error === 0;
  if (integers) return { matrix: result, error: 0 };
  const rounding = mulUp(sqrtUp(squares), (matrix.length + 4) * 2 ** -52);
  return { matrix: result, error: addUp(addUp(rounding, mulUp(sqrtUp(size), error)), 1e-290) };
}

/** Rows of units that are switched off are 0. */
const masked = ({ matrix, error }: Product, active: readonly boolean[]): Product => ({
  matrix: matrix.map((row, s) => (active[s] === false ? row.map(() => 0) : row)),
  error,
});

/** |A|·|B|, which no |A·D·B| exceeds entry by entry. */
function absolute(a: Product, { matrix, error }: Product): Product {
  const product = times(a.matrix, { matrix: matrix.map((row) => row.map(Math.abs)), error });
  const { upper } = spectralNorm(matrix.map((row) => row.map((v) => clipped(Math.abs(v)))));
  return { matrix: product.matrix, error: addUp(product.error, mulUp(a.error, addUp(upper, error))) };
}

const clipped = (x: number) => (x !== 0 && Math.abs(x) < 1e-60 ? 0 : x);

function normOf({ matrix, error }: Product): { readonly lower: number; readonly upper: number } {
  const { lower, upper } = spectralNorm(matrix.map((row) => row.map(clipped)));
  // What was clipped is below 1e-60 each.
  const slack = addUp(error, matrix.flat().some((v) => v !== clipped(v)) ? matrix.length * matrix[0].length * 1e-60 : 0);
  return { lower: Math.max(0, lower - slack * (1 + 1e-12)), upper: slack === 0 ? upper : addUp(upper, slack) };
}

interface Tail {
  /** ‖W_L‖·…·‖W_{k+1}‖. */
  readonly norm: number;
  /** |W_L|·…·|W_{k+1}|. */
  readonly absolute: Product;
}

/** What stands after the units of each layer. */
function tailsOf(weights: readonly Matrix[]): Tail[] {
  const result: Tail[] = [];
  let tail: Tail | undefined;
  for (let k = weights.length - 2; k >= 0; k--) {
    const w = weights[k + 1];
    const size = w.map((row) => row.map(Math.abs));
    tail = {
      norm: mulUp(tail?.norm ?? 1, spectralNorm(w).upper),
      absolute: tail ? times(tail.absolute.matrix, { matrix: size, error: 0 }) : exactProduct(size),
    };
    result[k] = tail;
  }
  return result;
}

// Whether forms are all above 0 at some x: Gordan's theorem says exactly where they are not.

/** Whether some (x, t) has every form above 0; t is one of them. */
function isOpen(sides: Forms): boolean {
  return foundByFloats(sides) || !combinesToZero(sides);
}

/** A point found by floats, checked exactly. */
function foundByFloats(sides: Forms): boolean {
  const rows = sides.map((form) => {
    const row = form.map(toNumber);
    const size = Math.hypot(...row) || 1;
    return row.map((v) => v / size);
  });
  const w = new Array<number>(sides[0].length).fill(0);
  for (let pass = 0; pass < 400; pass++) {
    let mistakes = 0;
    for (const row of rows) {
      const s = row.reduce((t, v, j) => t + v * w[j], 0);
      if (s > 1e-7 * Math.hypot(...w)) continue;
      mistakes++;
      row.forEach((v, j) => (w[j] += v));
    }
    if (mistakes === 0) break;
  }
  const point = w.map((v) => exactly(v));
  return sides.every((form) => sign(form.reduce((s, c, j) => add(s, mul(c, point[j])), zero)) > 0);
}

/** Whether λ ≥ 0, Σλ = 1, with Σ λᵢ·formᵢ = 0 exists. */
function combinesToZero(sides: Forms): boolean {
  const right = [...sides[0].map(() => zero), one];
  return (
    feasibility(
      sides.map((form) => [...form, one]),
      right,
    ).kind === "solution"
  );
}
