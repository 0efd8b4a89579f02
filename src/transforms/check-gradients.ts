// Are the derivatives right? Reverse and forward mode against central differences in float64, to second order, entry by entry or in
// random directions; and if something is wrong, which operation's rule.

import { evaluateGraph } from "../engines/interpreter/evaluate.ts";
import { isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { type Graph, type Node, topologicalOrder, typeOf } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { formatShape, sizeOf } from "../graph/shape.ts";
import { constant, parameter } from "../graph/structural.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { pullback, pushforward, zerosOf } from "../ops/autodiff.ts";
import { optimize } from "../ops/optimize.ts";
import { reshape } from "../ops/shape.ts";
import { sum } from "../ops/sum.ts";
import { callable, describe, integer, named } from "../tensor/operands.ts";
import { readable, Tensor } from "../tensor/tensor.ts";
import { flatten, mapTree } from "../tensor/tree.ts";
import { watchChoices } from "./choices.ts";
import { type Culprit, findCulprit } from "./culprit.ts";
import { centralDifference, type Difference, magnitude, nearness, neighbours, noiseOf } from "./differences.ts";
import { asTree, resultOf } from "./trace.ts";

export interface CheckOptions {
  /** Highest derivative to check; default 2. */
  readonly order?: 1 | 2;
  /** "all" entries, or a number of random directions through all tensors at once. "auto": all up to 400 entries, else 20 directions. */
  readonly directions?: "auto" | "all" | number;
  /** Largest |a−b| / (|a|+|b|) that passes; default 1e-6. */
  readonly tolerance?: number;
  readonly seed?: number;
}

/** One comparison of an analytic with a numeric derivative. */
export interface Comparison {
  readonly index: readonly number[];
  readonly analytic: number;
  readonly numeric: number;
  /** |a−b| / (|a|+|b|). */
  readonly relativeError: number;
  /** What the numeric value may be off by (truncation and rounding). */
  readonly uncertainty: number;
  readonly ok: boolean;
}

type Index = readonly number[];

export interface TensorReport {
  /** Where the tensor stands in the arguments, as "[0].layers[1].weight"; "random directions" for those, "twice" forward mode of itself. */
  readonly path: string;
  readonly mode: "reverse" | "forward";
  readonly order: 1 | 2;
  readonly checked: number;
  readonly worst: Comparison | undefined;
  /** Entries where the function has a kink, so that there is no derivative to compare. */
  readonly kinks: readonly Index[];
  /** Entries where the function is not finite nearby. */
  readonly undefined: readonly Index[];
  /** Entries where rounding in the function leaves its differences too uncertain to judge by; not counted as checked. */
  readonly inconclusive: readonly Index[];
  readonly ok: boolean;
}

export interface GradientReport {
  /** Whether no comparison failed. With `checked` 0 that says nothing. */
  readonly ok: boolean;
  /** Derivatives compared in all. */
  readonly checked: number;
  readonly tensors: readonly TensorReport[];
  /** The operation whose derivative rule disagrees with its own differences, if that explains a failure. */
  readonly culprit: Culprit | undefined;
  /** The report as text, a line for each tensor. */
  toString(): string;
}

/** Deterministic numbers in [-1, 1), for directions and weights. */
export function uniforms(seed: number): () => number {
  let state = (seed ^ 0x9e3779b9) >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 31 - 1;
  };
}

type Values = readonly Float64Array[];

interface Problem {
  readonly paths: readonly string[];
  readonly formals: readonly Node[];
  /** The point at which derivatives are checked. */
  readonly base: Values;
  /** A scalar: the function's outputs weighted by fixed random numbers, so that no error cancels. */
  readonly value: Node;
  readonly outputs: readonly Node[];
  /** Unit roundoff of the least exact arithmetic in the function. */
  readonly unit: number;
}

function setUp(f: (...args: never[]) => unknown, args: readonly unknown[], random: () => number): Problem {
  callable("checkGradients", "the first argument", f);
  if (!Array.isArray(args)) {
    fail("argument", `checkGradients: the arguments must be an array, got ${describe(args)}. Write checkGradients(f, [x]).`);
  }
  const wide = args.map((a: unknown) => mapTree((t: Tensor) => (isFloat(t.dtype) ? t.cast("float64") : t), asTree(a)));
  const { leaves, structure } = flatten(wide);
  const differentiable = leaves.map((t) => isFloat(t.dtype));
  if (!differentiable.some(Boolean))
    fail("argument", "checkGradients: no argument is a float tensor, so there is nothing to differentiate.");
  const formals = leaves.map((t, i) => (differentiable[i] ? parameter(typeOf(t.node), structure.paths[i]) : t.node));
  const standIns = structure.build(formals.map((n) => new Tensor(n))) as never[];
  const outputs = resultOf("checkGradients", f(...standIns))
    .leaves.map((t) => t.node)
    .filter((n) => isFloat(n.dtype));
  if (outputs.length === 0) fail("argument", "checkGradients: the function returns no float tensor.");
  let value: Node | undefined;
  for (const node of outputs) {
    const weights = Float64Array.from({ length: sizeOf(node.shape) }, () => 0.5 + 0.5 * Math.abs(random()));
    const part = sum(mul(node, constant(weights, node.shape, "float64")));
    value = value ? add(value, part) : part;
  }
  const keep = leaves.map((_, i) => i).filter((i) => differentiable[i]);
  const narrow = topologicalOrder(outputs).some((n) => n.symbolic && n.outputs.some((o) => o.dtype === "float32"));
  return {
    paths: keep.map((i) => structure.paths[i]),
    formals: keep.map((i) => formals[i]),
    base: keep.map((i) => Float64Array.from(readable(leaves[i]))),
    value: value!,
    outputs,
    unit: narrow ? 2 ** -24 : 2 ** -53,
  };
}

function denseOf(formals: readonly Node[], values: Values): Dense[] {
  return formals.map((n, i) => ({ shape: n.shape, dtype: n.dtype, data: values[i] }));
}

function largestIn(lists: readonly ArrayLike<number>[]): number {
  let result = 0;
  for (const list of lists)
    for (let i = 0; i < list.length; i++) if (Number.isFinite(list[i])) result = Math.max(result, Math.abs(list[i]));
  return result;
}

/** The smallest magnitude that is not 0, at most 1. */
function smallestIn(lists: Values): number {
  let result = 1;
  for (const list of lists) for (const v of list) if (v !== 0 && Math.abs(v) < result) result = Math.abs(v);
  return result;
}

/** A value, and how far rounding scatters it. */
interface Measured {
  readonly value: number;
  readonly noise: number;
}

/** Derivatives in directions, by one name per way of working them out. */
type Analytic = Readonly<Record<string, (direction: Values) => Measured>>;

const moved = (base: Values, direction: Values, t: number): Values =>
  base.map((x, i) => x.map((v, k) => v + t * direction[i][k]));

/** Compares derivatives of `value` with differences, and reports per tensor. `forward` gives those of forward mode. */
function compare(
  problem: Problem,
  value: Node,
  forward: Analytic,
  order: 1 | 2,
  options: Required<CheckOptions>,
  random: () => number,
): TensorReport[] {
  const { formals, paths, base, unit } = problem;
  const body: Graph = { parameters: formals, outputs: optimize([value]) };
  const gradients: Graph = {
    parameters: formals,
    outputs: optimize(pullback([value], [onesLike(value)], formals).map((g, i) => g ?? zerosOf(typeOf(formals[i])))),
  };
  const analytic = evaluateGraph(gradients, denseOf(formals, base)).map((v) => v.data);
  // How far rounding scatters each entry of the gradient: from its values at neighbouring points.
  const sway = base.map((b) => b.map((v) => nearness(magnitude(v), Math.abs(v), unit) * random()));
  const nearby = neighbours.map((t) => evaluateGraph(gradients, denseOf(formals, moved(base, sway, t))).map((v) => v.data));
  const noise = analytic.map((list, i) => Array.from(list, (_, k) => noiseOf(nearby.map((values) => values[i][k]))));
  const probe = (direction: Values) => (t: number) => {
    const watch = watchChoices();
    const [result] = evaluateGraph(body, denseOf(formals, moved(base, direction, t)), watch.observe);
    return { value: result.data[0], choices: watch.fingerprint() };
  };
  const resolution = () => {
    let within = 0;
    evaluateGraph(body, denseOf(formals, base), (_node, values) => {
      within = Math.max(within, largestIn(values.map((v) => v.data)));
    });
    return unit * within;
  };
  /** The largest derivative seen, by which an uncertainty is small or not. */
  let largest = 0;
  // A derivative that is exactly zero comes out as rounding of the function's own values.
  const size = largestIn(
    evaluateGraph({ parameters: formals, outputs: problem.outputs }, denseOf(formals, base)).map((v) => v.data),
  );
  const floor = 8 * unit * Math.max(size, largestIn(analytic));
  const judge = (
    { analytic: { value: a, noise }, scale, index }: Entry,
    d: Extract<Difference, { kind: "smooth" }>,
  ): Comparison => {
    const gap = Math.abs(a - d.derivative);
    const relativeError = gap === 0 ? 0 : gap / (Math.abs(a) + Math.abs(d.derivative));
    // A difference says nothing below its own uncertainty.
    const ok = Number.isFinite(a) && (relativeError <= options.tolerance || gap <= 2 * d.error + 2 * noise + floor / scale);
    return {
      index,
      analytic: a,
      numeric: d.derivative,
      relativeError: Number.isFinite(a) ? relativeError : 1,
      uncertainty: d.error,
      ok,
    };
  };
  interface Entry {
    readonly index: Index;
    readonly analytic: Measured;
    readonly difference: Difference;
    /** The size of the coordinate, where that is above 1. */
    readonly scale: number;
  }
  const collect = (path: string, mode: "reverse" | "forward", entries: readonly Entry[]): TensorReport => {
    const compared: Comparison[] = [];
    const inconclusive: Index[] = [];
    for (const entry of entries) {
      const { difference } = entry;
      if (difference.kind !== "smooth") continue;
      const comparison = judge(entry, difference);
      const own = Math.max(Math.abs(entry.analytic.value), Math.abs(difference.derivative));
      const certain =
        difference.error + entry.analytic.noise <= Math.max(1e-3 * own, 1e-6 * largest, (1e-9 * size) / entry.scale);
      if (comparison.ok && comparison.relativeError > options.tolerance && !certain) inconclusive.push(entry.index);
      else compared.push(comparison);
    }
    const rank = (c: Comparison) =>
      (c.ok ? 0 : 2) + Math.min(c.relativeError, 1) * (Math.abs(c.analytic - c.numeric) > 2 * c.uncertainty ? 1 : 1e-9);
    const worst = compared.reduce<Comparison | undefined>((w, c) => (w && rank(w) >= rank(c) ? w : c), undefined);
    const of = (kind: Difference["kind"]) => entries.filter((e) => e.difference.kind === kind).map((e) => e.index);
    return {
      path,
      mode,
      order,
      checked: compared.length,
      worst,
      kinks: of("kink"),
      undefined: of("undefined"),
      inconclusive,
      ok: compared.every((c) => c.ok),
    };
  };
  const noteSize = (d: Difference) => {
    if (d.kind === "smooth") largest = Math.max(largest, Math.abs(d.derivative));
    return d;
  };

  const total = base.reduce((n, x) => n + x.length, 0);
  const all = options.directions === "all" || (options.directions === "auto" && total <= 400);
  const perTensor = all
    ? base.map((x, i) =>
        Array.from(x, (v, k): Entry => {
          const direction = base.map((b) => new Float64Array(b.length));
          direction[i][k] = 1;
          const scale = magnitude(v);
          const difference = noteSize(centralDifference(probe(direction), { scale, position: Math.abs(v), unit, resolution }));
          return {
            index: unravel(k, formals[i].shape),
            analytic: { value: analytic[i][k], noise: noise[i][k] },
            difference,
            scale,
          };
        }),
      )
    : [];
  const count = all ? 2 : typeof options.directions === "number" ? options.directions : 20;
  // Few-digit numbers, so that steps along them are exact.
  const directions = Array.from({ length: count }, () =>
    base.map((b) => b.map((v) => (magnitude(v) * Math.round(1024 * random())) / 1024)),
  );
  const position = smallestIn(base);
  const differences = directions.map((d) => noteSize(centralDifference(probe(d), { position, unit, resolution })));
  const along = (derivative: (direction: Values) => Measured): Entry[] =>
    directions.map((d, i) => ({ index: [i], analytic: derivative(d), difference: differences[i], scale: 1 }));
  const dot = (d: Values): Measured => ({
    value: d.reduce((s, x, i) => s + x.reduce((p, v, k) => p + v * analytic[i][k], 0), 0),
    noise: Math.sqrt(d.reduce((s, x, i) => s + x.reduce((p, v, k) => p + (v * noise[i][k]) ** 2, 0), 0)),
  });
  return [
    ...perTensor.map((entries, i) => collect(paths[i], "reverse", entries)),
    ...(all ? [] : [collect("random directions", "reverse", along(dot))]),
    ...Object.entries(forward).map(([path, derivative]) => collect(path, "forward", along(derivative))),
  ];
}

/** The derivative of `value` by forward mode, as a function of the direction. */
function forwardOf({ formals, base, unit }: Problem, value: Node): (direction: Values) => Measured {
  const tangents = formals.map((n) => parameter(typeOf(n), "t"));
  const pushed = pushforward([value], formals, tangents)[0] ?? zerosOf(typeOf(value));
  const graph: Graph = { parameters: [...formals, ...tangents], outputs: optimize([pushed]) };
  return (direction) => {
    const step = nearness(1, smallestIn(base), unit);
    const values = neighbours.map((t) => {
      const at = denseOf(formals, moved(base, direction, t * step));
      return evaluateGraph(graph, [...at, ...denseOf(tangents, direction)])[0].data[0];
    });
    return { value: values[3], noise: noiseOf(values) };
  };
}

function onesLike(node: Node): Node {
  return reshape(constant(new Float64Array([1]), [], "float64"), node.shape);
}

function unravel(index: number, shape: readonly number[]): number[] {
  const result: number[] = [];
  let rest = index;
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    result.unshift(rest % shape[axis]);
    rest = Math.floor(rest / shape[axis]);
  }
  return result;
}

function checkOptions(options: CheckOptions): Required<CheckOptions> {
  const settings: Required<CheckOptions> = {
    order: 2,
    directions: "auto",
    tolerance: 1e-6,
    seed: 0,
    ...named("checkGradients", options),
  };
  const { order, directions, tolerance, seed } = settings;
  if (order !== 1 && order !== 2) fail("argument", `checkGradients: the order is 1 or 2, got ${describe(order)}.`);
  if (directions !== "all" && directions !== "auto" && integer("checkGradients", "the number of directions", directions, 1) > 1e6)
    fail("argument", `checkGradients: ${directions} directions are too many; a few dozen tell as much.`);
  if (!(typeof tolerance === "number" && tolerance > 0))
    fail("argument", `checkGradients: the tolerance must be a number above 0, got ${describe(tolerance)}.`);
  integer("checkGradients", "the seed", seed);
  return settings;
}

/**
 * Checks the derivatives of `f` at `args` (trees of tensors; floats are converted to float64), in reverse and forward mode, first and
 * second order, against central differences. Points of non-differentiability are reported as kinks, not as failures.
 * Relative error |a−b|/(|a|+|b|) as in CS231n's notes on gradient checks. Time: about 20 evaluations of f per entry or direction and order.
 */
export function checkGradients<A extends unknown[]>(
  f: (...args: A) => unknown,
  args: { readonly [K in keyof A]: A[K] | number },
  options: CheckOptions = {},
): GradientReport {
  const settings = checkOptions(options);
  const random = uniforms(settings.seed);
  const problem = setUp(f as (...args: never[]) => unknown, args, random);
  const { formals, value } = problem;
  const first = { "random directions": forwardOf(problem, value) };
  const tensors = compare(problem, value, first, 1, settings, random);
  if (settings.order === 2) {
    // d/dx ⟨∇f(x), v⟩ = ∇²f(x)·v for a fixed random v; the inner derivative by reverse mode and by forward mode.
    const v = formals.map((n) => constant(Float64Array.from({ length: sizeOf(n.shape) }, random), n.shape, "float64"));
    let slope: Node | undefined;
    pullback([value], [onesLike(value)], formals).forEach((g, i) => {
      const part = g && sum(mul(g, v[i]));
      slope = slope && part ? add(slope, part) : (part ?? slope);
    });
    const [pushed] = pushforward([value], formals, v);
    const second = {
      ...(slope ? { "random directions": forwardOf(problem, slope) } : {}),
      ...(pushed ? { twice: forwardOf(problem, pushed) } : {}),
    };
    if (slope) tensors.push(...compare(problem, slope, second, 2, settings, random));
  }
  const ok = tensors.every((t) => t.ok);
  const checked = tensors.reduce((n, t) => n + t.checked, 0);
  const culprit = ok
    ? undefined
    : findCulprit(problem.outputs, new Map(denseOf(formals, problem.base).map((d, i) => [formals[i], d])), {
        tolerance: settings.tolerance,
        unit: problem.unit,
        order: settings.order,
        random,
      });
  return { ok, checked, tensors, culprit, toString: () => render(ok, checked, tensors, culprit) };
}

function render(ok: boolean, checked: number, tensors: readonly TensorReport[], culprit: Culprit | undefined): string {
  const number = (x: number) =>
    x === 0 ? "0" : Math.abs(x) >= 1e-3 && Math.abs(x) < 1e6 ? x.toPrecision(10) : x.toExponential(6);
  const lines = [!ok ? "gradients DISAGREE" : checked > 0 ? "gradients agree" : "nothing could be compared"];
  for (const t of tensors) {
    const name = `${t.order === 1 ? "∇" : "∇²"} ${t.mode.padEnd(7)} ${t.path || "x"}`;
    const notes = [
      t.kinks.length > 0 ? `${t.kinks.length} at a kink (first at ${formatShape(t.kinks[0])})` : "",
      t.undefined.length > 0 ? `${t.undefined.length} not finite nearby` : "",
      t.inconclusive.length > 0
        ? `${t.inconclusive.length} undecided for rounding (first ${formatShape(t.inconclusive[0])})`
        : "",
    ].filter(Boolean);
    const worst = t.worst
      ? `worst at ${formatShape(t.worst.index)}: analytic ${number(t.worst.analytic)}, numeric ${number(t.worst.numeric)} ± ${t.worst.uncertainty.toExponential(0)}, relative error ${t.worst.relativeError.toExponential(1)}`
      : "nothing to compare";
    lines.push(
      `${t.ok ? "ok  " : "FAIL"} ${name}: ${t.checked} checked; ${worst}${notes.length > 0 ? `; ${notes.join("; ")}` : ""}`,
    );
  }
  if (culprit) lines.push(culprit.message);
  return lines.join("\n");
}
