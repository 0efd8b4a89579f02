// Mean, variance, standard deviation, and layer normalisation.

import { promote } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import type { Node } from "../../graph/node.ts";
import { formatShape, normalizeAxes, reducedShape } from "../../graph/shape.ts";
import { type CallVjp, composition, scalar } from "../../graph/structural.ts";
import { add, div, mul, sub } from "../arithmetic.ts";
import { rsqrt, sqrt, square } from "../powers.ts";
import { cast, reshape, sumTo } from "../shape.ts";
import { sum } from "../sum.ts";
import { fromTheBack, quotientOr0, toFloat } from "./helpers.ts";

type Axes = number | readonly number[];

/** How many elements a reduction of x over `axes` (from the back) puts together. */
const countOf = (x: Node, axes: readonly number[]) => axes.reduce((n, a) => n * (x.shape.at(a) as number), 1);

/** Σ x / n over axes, kept with size 1. */
const average = (x: Node, axes: readonly number[]) => div(sum(x, axes, true), scalar(countOf(x, axes), x.dtype));
const centred = (x: Node, axes: readonly number[]) => sub(x, average(x, axes));

/** A reduction's result or cotangent with the reduced axes put back as ones. */
const kept = (g: Node, x: Node, axes: readonly number[]) =>
  reshape(g, reducedShape(x.shape, normalizeAxes("kept", axes, x.shape.length), true));

/** A value with the reduced axes kept, in the shape asked for. */
const finished = (y: Node, x: Node, axes: readonly number[], keepDims: boolean) =>
  keepDims ? y : reshape(y, reducedShape(x.shape, normalizeAxes("finished", axes, x.shape.length)));

/** The arithmetic mean over `axes` (all when omitted). With keepDims the reduced axes stay with size 1. NaN of nothing. */
export function mean(x: Node, axes?: Axes, keepDims = false): Node {
  const list = fromTheBack("mean", axes, x.shape.length);
  return composition("mean", { axes: list, keepDims }, [toFloat(x)], (a) => finished(average(a, list), a, list, keepDims));
}

export interface VarianceOptions {
  /** Delta degrees of freedom: the sum of squares is divided by n − ddof. 0 (default) for the population, 1 for a sample. */
  readonly ddof?: number;
  readonly keepDims?: boolean;
}

/** Σ (x − mean)² / (n − ddof) over `axes` (all when omitted), in two passes, so without cancellation. */
export function variance(x: Node, axes?: Axes, { ddof = 0, keepDims = false }: VarianceOptions = {}): Node {
  const list = fromTheBack("variance", axes, x.shape.length);
  const freedom = countOf(x, list) - ddof;
  const perElement = (a: Node) => scalar(2 / freedom, a.dtype);
  return composition(
    "variance",
    { axes: list, ddof, keepDims },
    [toFloat(x)],
    (a) => finished(div(sum(square(centred(a, list)), list, true), scalar(freedom, a.dtype)), a, list, keepDims),
    {
      // The mean moves too, but Σ (x − mean) = 0 cancels its part.
      vjp: ([a], _y, [g]) => [mul(centred(a, list), mul(kept(g, a, list), perElement(a)))],
      jvp: ([a], _y, [t]) => [t && mul(sum(mul(centred(a, list), t), list, keepDims), perElement(a))],
    },
  );
}

/** √variance. Where all elements are equal it is 0, and so is its derivative. */
export function standardDeviation(x: Node, axes?: Axes, { ddof = 0, keepDims = false }: VarianceOptions = {}): Node {
  const list = fromTheBack("standardDeviation", axes, x.shape.length);
  const freedom = countOf(x, list) - ddof;
  return composition(
    "standardDeviation",
    { axes: list, ddof, keepDims },
    [toFloat(x)],
    (a) => finished(sqrt(div(sum(square(centred(a, list)), list, true), scalar(freedom, a.dtype))), a, list, keepDims),
    {
      vjp: ([a], [y], [g]) => [mul(centred(a, list), kept(div(quotientOr0(g, y), scalar(freedom, a.dtype)), a, list))],
      jvp: ([a], [y], [t]) => [t && div(quotientOr0(sum(mul(centred(a, list), t), list, keepDims), y), scalar(freedom, a.dtype))],
    },
  );
}

/** 1/√(variance + ε) and (x − mean) times it. */
function standardized(x: Node, axes: readonly number[], epsilon: number): { readonly inverse: Node; readonly unit: Node } {
  const c = centred(x, axes);
  const inverse = rsqrt(add(average(square(c), axes), scalar(epsilon, x.dtype)));
  return { inverse, unit: mul(c, inverse) };
}

/**
 * y = (x − mean) / √(variance + ε) over `axes`, times `scale`, plus `shift`, which broadcast against x (for the last axis of size d:
 * [d]). The shape is that of x. Throws a shape error when scale or shift would enlarge it. (Ba, Kiros & Hinton 2016.)
 */
export function layerNorm(x: Node, axes: Axes = -1, epsilon = 1e-5, scale?: Node, shift?: Node): Node {
  const list = fromTheBack("layerNorm", axes, x.shape.length);
  const given = [x, scale, shift].filter((n): n is Node => n !== undefined);
  const dtype = given.map((n) => n.dtype).reduce(promote, "float32");
  for (const [what, p] of [["scale", scale] as const, ["shift", shift] as const]) {
    const offset = p ? x.shape.length - p.shape.length : 0;
    if (p && (offset < 0 || p.shape.some((d, i) => d !== 1 && d !== x.shape[offset + i]))) {
      fail(
        "shape",
        `layerNorm: the ${what} ${formatShape(p.shape)} does not broadcast to ${formatShape(x.shape)}: aligned at the last axis, every ` +
          "dimension must be equal or 1. Give it the sizes of the normalised axes.",
      );
    }
  }
  const roles = (nodes: readonly Node[]) => ({
    a: nodes[0],
    scaling: scale ? nodes[1] : undefined,
    shifting: shift ? nodes[scale ? 2 : 1] : undefined,
  });
  // The statistics are built anew here; equal computations are merged, so they cost nothing where the forward pass has them.
  const vjp: CallVjp = (nodes, _y, [g]) => {
    const { a, scaling, shifting } = roles(nodes);
    const { inverse, unit } = standardized(a, list, epsilon);
    const h = scaling ? mul(g, scaling) : g;
    const along = mul(unit, average(mul(h, unit), list));
    const results: Node[] = [mul(inverse, sub(sub(h, average(h, list)), along))];
    if (scaling) results.push(sumTo(mul(g, unit), scaling.shape));
    if (shifting) results.push(sumTo(g, shifting.shape));
    return results;
  };
  return composition(
    "layerNorm",
    { axes: list, epsilon, scaled: scale !== undefined, shifted: shift !== undefined },
    given.map((n) => cast(n, dtype)),
    (...nodes) => {
      const { a, scaling, shifting } = roles(nodes);
      const { unit } = standardized(a, list, epsilon);
      const stretched = scaling ? mul(unit, scaling) : unit;
      return shifting ? add(stretched, shifting) : stretched;
    },
    { vjp },
  );
}
