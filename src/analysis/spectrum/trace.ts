// The trace of a matrix known by its products, from random probes, with the standard error of the estimate.

import { fail } from "../../graph/errors.ts";
import { oneOf } from "../../tensor/operands.ts";
import { known } from "../../tensor/options.ts";
import { addScaled, dot, norm, normalVector, orthogonalize, type SymmetricOperator, scaled, signVector } from "./operator.ts";

export interface TraceEstimate {
  readonly trace: number;
  /** Standard deviation of `trace` over the choice of probes, estimated from them; Infinity for one probe. */
  readonly standardError: number;
  /** Products with the matrix that were made. */
  readonly products: number;
}

export interface TraceOptions {
  /** Products with the matrix. Default 30. */
  readonly products?: number;
  readonly seed?: number;
}

export interface HutchinsonOptions extends TraceOptions {
  /** Entries ±1 have variance 2(‖H‖²_F − Σ H_ii²), normal ones 2‖H‖²_F. Default "rademacher". */
  readonly probes?: "rademacher" | "normal";
}

/** Hutchinson's estimator (1990): the mean of zᵀHz over random z with E zzᵀ = I. Unbiased. */
export function hutchinson(operator: SymmetricOperator, options: HutchinsonOptions = {}): TraceEstimate {
  const { products = 30, seed = 0, probes = "rademacher" } = known("hutchinson", options, ["products", "seed", "probes"]);
  oneOf("hutchinson", "probes", probes, ["rademacher", "normal"]);
  requireProducts("hutchinson", products, 1);
  const probe = probes === "normal" ? normalVector : signVector;
  const values = Array.from({ length: products }, (_, i) => {
    const z = probe(operator.size, seed, i);
    return dot(z, operator.apply(z));
  });
  return { ...meanWithError(values), products };
}

/**
 * Hutch++ (Meyer, Musco, Musco & Woodruff 2021): the trace on a sketch of the range exactly, the rest by probes. Its error falls as
 * 1/products where Hutchinson's falls as 1/√products. Unbiased; exact where the rank is at most a third of the products.
 */
export function hutchPlusPlus(operator: SymmetricOperator, options: TraceOptions = {}): TraceEstimate {
  const { products = 30, seed = 0 } = known("hutchPlusPlus", options, ["products", "seed"]);
  requireProducts("hutchPlusPlus", products, 3);
  const rank = Math.min(Math.floor(products / 3), operator.size);
  const basis: Float64Array[] = [];
  let scale = 0;
  for (let i = 0; i < rank; i++) {
    const column = operator.apply(signVector(operator.size, seed, i));
    const size = norm(column);
    scale = Math.max(scale, size);
    orthogonalize(column, basis);
    const left = norm(column);
    if (left > 1e-12 * scale) basis.push(scaled(1 / left, column));
  }
  const exact = basis.reduce((sum, q) => sum + dot(q, operator.apply(q)), 0);
  const rest = Array.from({ length: Math.max(1, products - 2 * rank) }, (_, i) => {
    const z = signVector(operator.size, seed + 1, i);
    for (const q of basis) addScaled(z, -dot(q, z), q);
    return dot(z, operator.apply(z));
  });
  const { trace, standardError } = meanWithError(rest);
  return { trace: exact + trace, standardError, products: rank + basis.length + rest.length };
}

function requireProducts(name: string, products: number, least: number): void {
  if (!Number.isInteger(products) || products < least)
    fail("argument", `${name}: products is ${products}; give a whole number from ${least}.`);
}

/** The mean with its standard error s/√n. */
export function meanWithError(values: readonly number[]): { readonly trace: number; readonly standardError: number } {
  const n = values.length;
  const mean = values.reduce((sum, x) => sum + x, 0) / n;
  const squares = values.reduce((sum, x) => sum + (x - mean) ** 2, 0);
  return { trace: mean, standardError: n > 1 ? Math.sqrt(squares / (n - 1) / n) : Infinity };
}
