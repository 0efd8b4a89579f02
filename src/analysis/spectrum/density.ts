// The spectral density of a matrix known by its products: stochastic Lanczos quadrature (Golub & Welsch 1969; Ubaru, Chen & Saad 2017).
// From one unit probe z, k steps give k nodes θ and weights w with Σ w·θᵐ = zᵀHᵐz exactly for all m ≤ 2k − 1.

import { fail } from "../../graph/errors.ts";
import { known } from "../../tensor/options.ts";
import { ritz, tridiagonalize } from "./lanczos.ts";
import { norm, type SymmetricOperator, scaled, signVector } from "./operator.ts";
import { meanWithError } from "./trace.ts";

export interface DensityOptions {
  /** Default 8. */
  readonly probes?: number;
  /** Lanczos steps from each. Default 60, at most the size. */
  readonly steps?: number;
  readonly seed?: number;
}

export interface SpectralDensity {
  /** For each probe its nodes, ascending, and weights, which sum to 1. */
  readonly rules: readonly { readonly nodes: Float64Array; readonly weights: Float64Array }[];
  /** Least and greatest node. */
  readonly range: readonly [number, number];
  /** The mean of f over the eigenvalues, (1/n)·tr f(H), with its standard error over the probes. */
  mean(f: (eigenvalue: number) => number): { readonly value: number; readonly standardError: number };
  /** The density smoothed by a Gaussian of this standard deviation, at points; it integrates to 1. Default width: 1 % of the range. */
  smoothed(points: ArrayLike<number>, width?: number): Float64Array;
  /** Products with the matrix that were made. */
  readonly products: number;
}

/** Throws an argument error for counts below 1. */
export function spectralDensity(operator: SymmetricOperator, options: DensityOptions = {}): SpectralDensity {
  const { probes = 8, steps = 60, seed = 0 } = known("spectralDensity", options, ["probes", "steps", "seed"]);
  for (const [name, value] of Object.entries({ probes, steps })) {
    if (!Number.isInteger(value) || value < 1)
      fail("argument", `spectralDensity: ${name} is ${value}; give a whole number from 1.`);
  }
  let products = 0;
  const rules = Array.from({ length: probes }, (_, i) => {
    const z = signVector(operator.size, seed, i);
    const found = tridiagonalize(operator, scaled(1 / norm(z), z), Math.min(steps, operator.size));
    products += found.diagonal.length;
    const { values, vectors } = ritz(found);
    return { nodes: values, weights: Float64Array.from(vectors, (s) => s[0] * s[0]) };
  });
  const range = [
    Math.min(...rules.map(({ nodes }) => nodes[0])),
    Math.max(...rules.map(({ nodes }) => nodes[nodes.length - 1])),
  ] as const;
  const mean = (f: (eigenvalue: number) => number) => {
    const each = rules.map(({ nodes, weights }) => nodes.reduce((sum, node, j) => sum + weights[j] * f(node), 0));
    const { trace: value, standardError } = meanWithError(each);
    return { value, standardError };
  };
  return {
    rules,
    range,
    mean,
    smoothed(points, width = Math.max(0.01 * (range[1] - range[0]), Number.MIN_VALUE)) {
      if (!(width > 0)) fail("argument", `smoothed: the width ${width} must be above 0.`);
      const peak = 1 / (width * Math.sqrt(2 * Math.PI));
      return Float64Array.from(points, (x) => mean((node) => peak * Math.exp(-0.5 * ((x - node) / width) ** 2)).value);
    },
    products,
  };
}
