// Points at which a training objective shows that it is not convex: parameters with two hidden units exchanged, or a direction in which the
// loss is curved downwards. Both are searched for along a descent, in floats, and what is found is proved in intervals.

import type { Graph } from "../graph/node.ts";
import type { Parameters } from "../nn/index.ts";
import { point } from "../numeric/interval.ts";
import { addDown, addUp } from "../numeric/rounding.ts";
import { flatten, type Structure, type Tensor, tensor } from "../tensor/index.ts";
import { compile, hvp, valueAndGrad } from "../transforms/index.ts";
import type { Witness } from "./certificate.ts";
import { coordinateRanges } from "./composition/index.ts";
import { extremeEigenvalues } from "./spectrum/index.ts";

export interface Setting {
  readonly structure: Structure;
  readonly leaves: readonly Tensor[];
  readonly f: (parameters: Parameters) => Tensor;
  readonly sizes: readonly number[];
}

/** Two dense layers with only an activation between them: the leaves that hold their units. */
export interface Pair {
  readonly first: string;
  readonly units: number;
  readonly columns: number;
  readonly bias: number | undefined;
  readonly rows: number;
}

/** The parameters with units p and q exchanged. */
function exchanged(values: Values, { units, columns, bias, rows }: Pair, p: number, q: number): Float64Array[] {
  const result = values.map((v) => v.slice());
  const swap = (a: Float64Array, i: number, j: number) => {
    [a[i], a[j]] = [a[j], a[i]];
  };
  for (let i = 0; i < result[columns].length / units; i++) swap(result[columns], i * units + p, i * units + q);
  if (bias !== undefined) swap(result[bias], p, q);
  const width = result[rows].length / units;
  for (let k = 0; k < width; k++) swap(result[rows], p * width + k, q * width + k);
  return result;
}

type Values = readonly Float64Array[];

export interface ObjectiveWitness extends Witness {
  /** The hidden units that were exchanged, where that is how b comes from a. */
  readonly units?: readonly [number, number];
}

/**
 * A chord below the graph of the objective, or undefined where none was found and proved. Hidden units are exchanged where a pair of layers
 * is given; else, and where that shows nothing, the direction of least curvature is followed to both sides.
 */
export function objectiveWitness(
  setting: Setting,
  graph: Graph,
  pair: Pair | undefined,
  steps: number,
): ObjectiveWitness | undefined {
  const step = compile(valueAndGrad(setting.f));
  const valueAt = (values: Values) => step(built(setting, values)).value.item();
  if (pair) {
    for (const values of descent(setting, step, steps)) {
      const found = tryPairs(values.map(single), graph, pair, valueAt);
      if (found) return found;
    }
  }
  let visited = 0;
  for (const values of descent(setting, step, steps)) {
    if (visited++ % 4 > 0) continue;
    const found = tryCurvature(values.map(single), setting, graph, valueAt);
    if (found) return found;
  }
  return undefined;
}

const built = ({ structure, leaves }: Setting, values: Values) =>
  structure.build(values.map((v, i) => tensor(v, { shape: leaves[i].shape, dtype: "float64" }))) as Parameters;

/** Parameters on the way down from those given, every 50 steps. */
function* descent(
  setting: Setting,
  step: (parameters: Parameters) => { readonly gradient: Parameters },
  steps: number,
): Generator<Values> {
  let values = setting.leaves.map((l) => Float64Array.from(l.data()));
  const [m, s] = [values.map((v) => new Float64Array(v.length)), values.map((v) => new Float64Array(v.length))];
  for (let k = 0; k <= steps; k++) {
    if (k % 50 === 0) yield values;
    // Adam (Kingma & Ba 2015), which needs no step size for the scale of the data.
    const gradient = flatten(step(built(setting, values)).gradient).leaves.map((g) => g.data());
    values = values.map((v, i) =>
      v.map((x, j) => {
        const g = gradient[i][j];
        m[i][j] = 0.9 * m[i][j] + 0.1 * g;
        s[i][j] = 0.999 * s[i][j] + 0.001 * g * g;
        return x - (0.03 * (m[i][j] / (1 - 0.9 ** (k + 1)))) / (Math.sqrt(s[i][j] / (1 - 0.999 ** (k + 1))) + 1e-9);
      }),
    );
  }
}

/** Rounded to 24 bits, so that middles are exact. */
const single = (v: Float64Array) => Float64Array.from(v, Math.fround);

function tryPairs(values: Values, graph: Graph, pair: Pair, valueAt: (values: Values) => number): ObjectiveWitness | undefined {
  const here = valueAt(values);
  let best: { gap: number; p: number; q: number } | undefined;
  const most = Math.min(pair.units, 12);
  for (let p = 0; p < most; p++) {
    for (let q = p + 1; q < most; q++) {
      const other = exchanged(values, pair, p, q);
      const middle = values.map((v, i) => v.map((x, j) => (x + other[i][j]) / 2));
      const gap = valueAt(middle) - here;
      if (gap > (best?.gap ?? 1e-9 * Math.max(1, Math.abs(here)))) best = { gap, p, q };
    }
  }
  if (!best) return undefined;
  const a = values.flatMap((v) => [...v]);
  const b = exchanged(values, pair, best.p, best.q).flatMap((v) => [...v]);
  const gap = provedGap(graph, a, b);
  return gap > 0 ? { a, b, t: 0.5, gap, units: [best.p, best.q] } : undefined;
}

/** Half-widths tried along the direction, relative to its entries' scale. */
const widths = Array.from({ length: 12 }, (_, k) => 2 ** (1 - k));

/** To both sides along the direction in which the loss is curved downwards most. */
function tryCurvature(
  values: Values,
  setting: Setting,
  graph: Graph,
  valueAt: (values: Values) => number,
): ObjectiveWitness | undefined {
  const here = valueAt(values);
  const size = values.reduce((n, v) => n + v.length, 0);
  if (size < 2) return undefined;
  const at = built(setting, values);
  const product = compile((x: Parameters, v: Parameters) => hvp(setting.f, x, v));
  const operator = {
    size,
    apply: (v: Float64Array) =>
      Float64Array.from(flatten(product(at, built(setting, parts(v, values)))).leaves.flatMap((g) => [...g.data()])),
  };
  const [{ value, vector }] = extremeEigenvalues(operator, { end: "smallest", tolerance: 1e-2, products: 60 }).smallest;
  if (!(value < 0)) return undefined;
  let best: { gap: number; a: Values; b: Values } | undefined;
  for (const width of widths) {
    const direction = parts(
      vector.map((x) => Math.fround(width * x)),
      values,
    );
    const [a, b] = [1, -1].map((sign) => values.map((v, i) => v.map((x, j) => Math.fround(x + sign * direction[i][j]))));
    const middle = a.map((v, i) => v.map((x, j) => (x + b[i][j]) / 2));
    const gap = valueAt(middle) - (valueAt(a) + valueAt(b)) / 2;
    if (gap > (best?.gap ?? 1e-9 * Math.max(1, Math.abs(here)))) best = { gap, a, b };
  }
  if (!best) return undefined;
  const [a, b] = [best.a, best.b].map((list) => list.flatMap((v) => [...v]));
  const gap = provedGap(graph, a, b);
  return gap > 0 ? { a, b, t: 0.5, gap } : undefined;
}

/** A vector cut into pieces as long as those of `like`. */
function parts(v: Float64Array, like: Values): Float64Array[] {
  let from = 0;
  return like.map(({ length }) => {
    from += length;
    return v.slice(from - length, from);
  });
}

/** A lower bound of f((a + b)/2) − (f(a) + f(b))/2, in interval arithmetic; −∞ where there is none. */
function provedGap(graph: Graph, a: readonly number[], b: readonly number[]): number {
  if (a.some((x, i) => addDown(x, b[i]) !== addUp(x, b[i]))) return -Infinity;
  const at = (x: readonly number[]) => coordinateRanges(graph, x.map(point));
  const middle = at(a.map((x, i) => (x + b[i]) / 2));
  const gap = addDown(middle.lower, -addUp(at(a).upper / 2, at(b).upper / 2));
  return Number.isNaN(gap) ? -Infinity : gap;
}
