// Every operation on an engine against the interpreter: values in every float dtype, first and second derivatives in float64. Runs in
// Node's tests and, as it stands, in a browser.

import { allocate, type DType, isFloat, type TypedArray } from "../graph/dtype.ts";
import { type Node, typeOf } from "../graph/node.ts";
import { sizeOf } from "../graph/shape.ts";
import { constant, parameter, picks } from "../graph/structural.ts";
import { add, mul } from "../ops/arithmetic.ts";
import { pullback, zerosOf } from "../ops/autodiff.ts";
import { samples } from "../ops/samples/index.ts";
import type { Sample, SampleInput } from "../ops/samples/sample.ts";
import { sum } from "../ops/sum.ts";
import type { Engine } from "./engine.ts";
import { interpreter } from "./interpreter/index.ts";
import { useEveryRoutine } from "./wasm/every-routine.ts";

export interface SuiteResult {
  readonly passed: number;
  readonly failed: number;
  /** One line per failure: operation, sample, dtype, order, place, both values. */
  readonly failures: readonly string[];
}

/** Deterministic numbers in [0, 1). */
export function numbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let z = Math.imul(state ^ (state >>> 15), state | 1);
    z ^= z + Math.imul(z ^ (z >>> 7), z | 61);
    return ((z ^ (z >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The elements of a sample's input. */
export function inputData(input: SampleInput, float: "float32" | "float64", next: () => number): TypedArray {
  const dtype: DType = input.dtype ?? float;
  const data = allocate(dtype, sizeOf(input.shape));
  if (input.values) return Object.assign(data, input.values) as TypedArray;
  const [low, high] = input.range ?? (dtype === "bool" ? [0, 1] : [-2, 2]);
  for (let i = 0; i < data.length; i++) {
    data[i] = isFloat(dtype)
      ? low + (high - low) * next()
      : Math.floor(Math.ceil(low) + (Math.floor(high) - Math.ceil(low) + 1) * next());
  }
  return data;
}

/** A sample's graph on parameters, with values for them. */
export function instantiateSample(sample: Sample, float: "float32" | "float64", seed = 1) {
  const next = numbers(seed);
  const data = sample.inputs.map((input) => inputData(input, float, next));
  const parameters = sample.inputs.map((input, i) => parameter({ shape: input.shape, dtype: input.dtype ?? float }, `x${i}`));
  return { parameters, data, outputs: picks(sample.build(...parameters)) };
}

/** Σ weights·output over the float outputs, with fixed random weights: a scalar whose gradient shows every entry. */
export function weighted(outputs: readonly Node[], next: () => number): Node | undefined {
  let total: Node | undefined;
  for (const node of outputs) {
    if (!isFloat(node.dtype)) continue;
    const weights = allocate(node.dtype, sizeOf(node.shape));
    for (let i = 0; i < weights.length; i++) weights[i] = 0.5 + next();
    const part = sum(mul(node, constant(weights, node.shape, node.dtype)));
    total = total ? add(total, part) : part;
  }
  return total;
}

/** Gradients of a scalar, zeros where no path leads. */
export function gradients(value: Node, wrt: readonly Node[]): Node[] {
  const one = allocate(value.dtype, 1);
  one[0] = 1;
  return pullback([value], [constant(one, [], value.dtype)], wrt).map((g, i) => g ?? zerosOf(typeOf(wrt[i])));
}

function compare(expected: TypedArray, got: TypedArray, dtype: DType, tolerance: number): string | undefined {
  // Errors of sums scale with the largest entry, not with each.
  let scale = 0;
  for (const v of expected) if (Number.isFinite(v)) scale = Math.max(scale, Math.abs(v));
  for (let i = 0; i < expected.length; i++) {
    const a = expected[i];
    const b = got[i];
    if (Object.is(a, b) || a === b || (Number.isNaN(a) && Number.isNaN(b))) continue;
    if (!isFloat(dtype) || !(Math.abs(a - b) <= tolerance * Math.max(scale, Number.MIN_VALUE)))
      return `entry ${i}: expected ${a}, got ${b}`;
  }
  return undefined;
}

/** Graphs to run on two engines, and how far the results may differ. */
export interface SuiteCase {
  readonly name: string;
  readonly parameters: readonly Node[];
  readonly outputs: readonly Node[];
  readonly data: readonly TypedArray[];
  readonly tolerance: number;
}

/** Every sample of every operation (or of those whose name `only` accepts), and its derivatives. */
export function* suiteCases(only: (op: string) => boolean = () => true): Generator<SuiteCase> {
  for (const [op, list] of Object.entries(samples)) {
    if (!only(op)) continue;
    for (const sample of list as readonly Sample[]) {
      for (const dtype of ["float32", "float64"] as const) {
        const { parameters, data, outputs } = instantiateSample(sample, dtype);
        const ulp = sample.tolerance?.[dtype];
        const tolerance =
          ulp === undefined ? (dtype === "float32" ? 2e-6 : 1e-13) : ulp * (dtype === "float32" ? 2 ** -23 : 2 ** -52);
        const about = `${op} (${sample.about})`;
        yield { name: `${about} ${dtype}`, parameters, outputs, data, tolerance };
        if (dtype === "float32" || (sample.order ?? 2) === 0) continue;
        const wrt = parameters.filter((p) => isFloat(p.dtype));
        const value = weighted(outputs, numbers(2));
        if (!value || wrt.length === 0) continue;
        const first = gradients(value, wrt);
        yield { name: `${about} first derivative`, parameters, outputs: first, data, tolerance: 1e-11 };
        const slope = (sample.order ?? 2) === 2 ? weighted(first, numbers(3)) : undefined;
        if (!slope) continue;
        const outputs2 = gradients(slope, wrt);
        yield { name: `${about} second derivative`, parameters, outputs: outputs2, data, tolerance: 1e-10 };
      }
    }
  }
}

/**
 * Runs the suite. With `together`, so many cases make one program, for engines that take long to compile; a program that fails
 * fails for all of them.
 */
export function runOpSuite(engine: Engine, only?: (op: string) => boolean, together = 1): SuiteResult {
  useEveryRoutine();
  let passed = 0;
  const failures: string[] = [];
  const run = (cases: readonly SuiteCase[]) => {
    const inputs = new Map(cases.flatMap((c) => c.parameters.map((p, i) => [p, c.data[i]] as const)));
    const graph = { parameters: [...inputs.keys()], outputs: cases.flatMap((c) => c.outputs) };
    let got: TypedArray[];
    try {
      got = engine.compile(graph).run([...inputs.values()]);
    } catch (error) {
      for (const { name } of cases) failures.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      return;
    }
    let at = 0;
    for (const { name, parameters, outputs, data, tolerance } of cases) {
      const expected = interpreter.compile({ parameters, outputs }).run(data);
      const start = at;
      at += outputs.length;
      const problem = outputs
        .map((n, i) => compare(expected[i], got[start + i], n.dtype, tolerance))
        .find((p) => p !== undefined);
      if (problem === undefined) passed++;
      else failures.push(`${name}: ${problem}`);
    }
  };
  const all = [...suiteCases(only)];
  for (let i = 0; i < all.length; i += together) run(all.slice(i, i + together));
  return { passed, failed: failures.length, failures };
}
