// Are the derivatives right? Reverse and forward mode against central differences in float64, to second order, entry by entry or in
// random directions; and if something is wrong, which operation's rule.

import { evaluate } from "../engines/interpreter/evaluate.ts";
import { isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { type Node, typeOf } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { formatShape, sizeOf } from "../graph/shape.ts";
import { constant, constantData, parameter } from "../graph/structural.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { pullback, pushforward, zerosOf } from "../ops/autodiff.ts";
import { optimize } from "../ops/optimize.ts";
import { reshape } from "../ops/shape.ts";
import { sum } from "../ops/sum.ts";
import { Tensor } from "../tensor/tensor.ts";
import { flatten, mapTree } from "../tensor/tree.ts";
import { watchChoices } from "./choices.ts";
import { type Culprit, findCulprit } from "./culprit.ts";
import { centralDifference, type Difference } from "./differences.ts";
import { asTree } from "./trace.ts";

export interface CheckOptions {
  /** Highest derivative to check; default 2. */
  readonly order?: 1 | 2;
  /** "all" entries, or a number of random directions through all tensors at once. Default: "all" up to 400 entries, else 20 directions. */
  readonly directions?: "all" | number;
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

export interface TensorReport {
  /** Where the tensor stands in the arguments, as "[0].layers[1].weight"; "random directions" for those. */
  readonly path: string;
  readonly mode: "reverse" | "forward";
  readonly order: 1 | 2;
  readonly checked: number;
  readonly worst: Comparison | undefined;
  /** Entries where the function has a kink, so that there is no derivative to compare. */
  readonly kinks: readonly (readonly number[])[];
  /** Entries where the function is not finite nearby. */
  readonly undefined: readonly (readonly number[])[];
  readonly ok: boolean;
}

export interface GradientReport {
  readonly ok: boolean;
  readonly tensors: readonly TensorReport[];
  /** The operation whose derivative rule disagrees with its own differences, if that explains a failure. */
  readonly culprit: Culprit | undefined;
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

interface Problem {
  readonly leaves: readonly Tensor[];
  readonly paths: readonly string[];
  readonly formals: readonly Node[];
  /** A scalar: the function's outputs weighted by fixed random numbers, so that no error cancels. */
  readonly value: Node;
  readonly outputs: readonly Node[];
}

function setUp(f: (...args: never[]) => unknown, args: readonly unknown[], random: () => number): Problem {
  const wide = args.map((a) => mapTree((t: Tensor) => (isFloat(t.dtype) ? t.cast("float64") : t), asTree(a)));
  const { leaves, structure } = flatten(wide);
  const differentiable = leaves.map((t) => isFloat(t.dtype));
  if (!differentiable.some(Boolean))
    fail("argument", "checkGradients: no argument is a float tensor, so there is nothing to differentiate.");
  const formals = leaves.map((t, i) => (differentiable[i] ? parameter(typeOf(t.node), structure.paths[i]) : t.node));
  const result = flatten(asTree(f(...(structure.build(formals.map((n) => new Tensor(n))) as never[]))));
  const outputs = result.leaves.map((t) => t.node).filter((n) => isFloat(n.dtype));
  if (outputs.length === 0) fail("argument", "checkGradients: the function returns no float tensor.");
  let value: Node | undefined;
  for (const node of outputs) {
    const weights = Float64Array.from({ length: sizeOf(node.shape) }, () => 0.5 + 0.5 * Math.abs(random()));
    const part = sum(mul(node, constant(weights, node.shape, "float64")));
    value = value ? add(value, part) : part;
  }
  const keep = leaves.map((_, i) => i).filter((i) => differentiable[i]);
  return {
    leaves: keep.map((i) => leaves[i]),
    paths: keep.map((i) => structure.paths[i]),
    formals: keep.map((i) => formals[i]),
    value: value!,
    outputs,
  };
}

const largest = (data: ArrayLike<number>) => {
  let result = 0;
  for (let i = 0; i < data.length; i++) if (Number.isFinite(data[i])) result = Math.max(result, Math.abs(data[i]));
  return result;
};

type Values = readonly Float64Array[];

function valuesOf(leaves: readonly Tensor[]): Float64Array[] {
  return leaves.map((t) => Float64Array.from(constantData(t.node)));
}

function bind(formals: readonly Node[], values: Values): Map<Node, Dense> {
  return new Map(formals.map((n, i) => [n, { shape: n.shape, dtype: n.dtype, data: values[i] }]));
}

/** Compares the gradient of `value` with differences, and reports per tensor. */
function compare(
  problem: Problem,
  value: Node,
  order: 1 | 2,
  options: Required<CheckOptions>,
  random: () => number,
): TensorReport[] {
  const { formals, paths } = problem;
  const base = valuesOf(problem.leaves);
  const [scalarValue] = optimize([value]);
  const gradients = optimize(pullback([value], [onesLike(value)], formals).map((g, i) => g ?? zerosOf(typeOf(formals[i]))));
  const analytic = evaluate(gradients, bind(formals, base)).map((v) => v.data);
  const probe = (direction: Values) => (t: number) => {
    const moved = base.map((x, i) => x.map((v, k) => v + t * direction[i][k]));
    const watch = watchChoices();
    const [result] = evaluate([scalarValue], bind(formals, moved), watch.observe);
    return { value: result.data[0], choices: watch.fingerprint() };
  };
  // A derivative that is exactly zero comes out as rounding of the function's own values.
  const floor = 2 ** -50 * Math.max(...evaluate(optimize(problem.outputs), bind(formals, base)).map((v) => largest(v.data)));
  const judge = (a: number, d: Difference, index: readonly number[]): Comparison | undefined => {
    if (d.kind !== "smooth") return undefined;
    const gap = Math.abs(a - d.derivative);
    const relativeError = gap === 0 ? 0 : gap / (Math.abs(a) + Math.abs(d.derivative));
    // Below its own uncertainty the difference says nothing; that uncertainty has to be small beside the function to count as a check.
    const ok = relativeError <= options.tolerance || gap <= 2 * d.error + floor;
    return {
      index,
      analytic: a,
      numeric: d.derivative,
      relativeError: Number.isFinite(a) ? relativeError : 1,
      uncertainty: d.error,
      ok: ok && Number.isFinite(a),
    };
  };
  const collect = (
    path: string,
    mode: "reverse" | "forward",
    entries: readonly { index: readonly number[]; analytic: number; difference: Difference }[],
  ): TensorReport => {
    const found = entries.map((e) => judge(e.analytic, e.difference, e.index));
    const compared = found.filter((c): c is Comparison => c !== undefined);
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
      ok: compared.every((c) => c.ok),
    };
  };

  const reports: TensorReport[] = [];
  const total = base.reduce((n, x) => n + x.length, 0);
  const all = options.directions === "all" || (options.directions === -1 && total <= 400);
  if (all) {
    base.forEach((x, i) => {
      const entries = Array.from(x, (v, k) => {
        const direction = base.map((b) => new Float64Array(b.length));
        direction[i][k] = 1;
        const difference = centralDifference(probe(direction), Math.max(1, Math.abs(v)), noiseOf(problem));
        return { index: unravel(k, formals[i].shape), analytic: analytic[i][k], difference };
      });
      reports.push(collect(paths[i], "reverse", entries));
    });
  }
  const count = all ? 2 : options.directions === -1 ? 20 : Number(options.directions);
  const directions = Array.from({ length: count }, () => base.map((b) => b.map(() => random())));
  const differences = directions.map((d) => centralDifference(probe(d), 1, noiseOf(problem)));
  const dot = (a: readonly ArrayLike<number>[], b: Values) =>
    b.reduce((s, x, i) => s + x.reduce((p, v, k) => p + v * a[i][k], 0), 0);
  if (!all) {
    reports.push(
      collect(
        "random directions",
        "reverse",
        directions.map((d, i) => ({ index: [i], analytic: dot(analytic, d), difference: differences[i] })),
      ),
    );
  }
  // Forward mode: one directional derivative each.
  const tangents = formals.map((n) => parameter(typeOf(n), "t"));
  const pushed = pushforward([value], formals, tangents)[0] ?? zerosOf(typeOf(value));
  const [forward] = optimize([pushed]);
  reports.push(
    collect(
      "random directions",
      "forward",
      directions.map((d, i) => ({
        index: [i],
        analytic: evaluate([forward], new Map([...bind(formals, base), ...bind(tangents, d)]))[0].data[0],
        difference: differences[i],
      })),
    ),
  );
  return reports;
}

/** Roundings a value passes through: grows with the square root of what is summed. */
function noiseOf(problem: Problem): number {
  return 8 + Math.sqrt(problem.outputs.reduce((n, o) => n + sizeOf(o.shape), 0));
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

/**
 * Checks the derivatives of `f` at `args` (trees of tensors; floats are converted to float64), in reverse and forward mode, first and
 * second order, against central differences. Points of non-differentiability are reported as kinks, not as failures.
 * Relative error |a−b|/(|a|+|b|) as in CS231n's notes on gradient checks.
 */
export function checkGradients<A extends unknown[]>(
  f: (...args: A) => unknown,
  args: { readonly [K in keyof A]: A[K] | number },
  options: CheckOptions = {},
): GradientReport {
  const settings: Required<CheckOptions> = { order: 2, directions: -1, tolerance: 1e-6, seed: 0, ...options };
  const random = uniforms(settings.seed);
  const problem = setUp(f as (...args: never[]) => unknown, args, random);
  const tensors = compare(problem, problem.value, 1, settings, random);
  if (settings.order === 2) {
    // d/dx ⟨∇f(x), v⟩ = ∇²f(x)·v for a fixed random v.
    const pulled = pullback([problem.value], [onesLike(problem.value)], problem.formals);
    let slope: Node | undefined;
    problem.formals.forEach((n, i) => {
      const g = pulled[i];
      if (!g) return;
      const v = constant(Float64Array.from({ length: sizeOf(n.shape) }, random), n.shape, "float64");
      const part = sum(mul(g, v));
      slope = slope ? add(slope, part) : part;
    });
    if (slope) tensors.push(...compare(problem, slope, 2, settings, random));
  }
  const ok = tensors.every((t) => t.ok);
  const culprit = ok
    ? undefined
    : findCulprit(problem.outputs, bind(problem.formals, valuesOf(problem.leaves)), settings.tolerance, random);
  return { ok, tensors, culprit, toString: () => render(ok, tensors, culprit) };
}

function render(ok: boolean, tensors: readonly TensorReport[], culprit: Culprit | undefined): string {
  const number = (x: number) =>
    x === 0 ? "0" : Math.abs(x) >= 1e-3 && Math.abs(x) < 1e6 ? x.toPrecision(10) : x.toExponential(6);
  const lines = [ok ? "gradients agree" : "gradients DISAGREE"];
  for (const t of tensors) {
    const name = `${t.order === 1 ? "∇" : "∇²"} ${t.mode.padEnd(7)} ${t.path || "x"}`;
    const notes = [
      t.kinks.length > 0 ? `${t.kinks.length} at a kink (first at ${formatShape(t.kinks[0])})` : "",
      t.undefined.length > 0 ? `${t.undefined.length} not finite nearby` : "",
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
