// For the tests of operations: tensors from nested lists, values of nodes, and the three questions every operation must answer
// rightly: are its derivatives those of central differences, are forward and reverse mode each other's transposes, is its batch
// rule the same as applying it to one example after another.

import { expect } from "vitest";
import { evaluate } from "../engines/interpreter/evaluate.ts";
import { allocate, type DType, isFloat } from "../graph/dtype.ts";
import { type Node, typeOf } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { type Shape, sizeOf } from "../graph/shape.ts";
import { constant, parameter, picks } from "../graph/structural.ts";
import { add, mul } from "./arithmetic.ts";
import { pullback, pushforward } from "./autodiff.ts";
import { batchOutputs } from "./batching.ts";
import { sum } from "./sum.ts";

export type Nested = number | boolean | readonly Nested[];

/** A constant from nested lists. */
export function array(nested: Nested, dtype: DType = "float64"): Node {
  const shape: number[] = [];
  for (let level: Nested = nested; typeof level === "object"; level = level[0]) shape.push(level.length);
  const flat = [nested].flat(Number.POSITIVE_INFINITY as 1) as unknown[];
  return constant(allocateFrom(flat.map(Number), dtype), shape, dtype);
}

function allocateFrom(values: readonly number[], dtype: DType) {
  const data = allocate(dtype, values.length);
  data.set(values);
  return data;
}

/** The values of a constant expression, as nested lists. */
export function nested(node: Node): Nested {
  const [result] = evaluate([node], new Map());
  return nest(Array.from(result.data), result.shape);
}

export function flat(node: Node): number[] {
  return Array.from(evaluate([node], new Map())[0].data);
}

function nest(values: readonly number[], shape: Shape): Nested {
  if (shape.length === 0) return values[0];
  const size = sizeOf(shape.slice(1));
  return Array.from({ length: shape[0] }, (_, i) => nest(values.slice(i * size, (i + 1) * size), shape.slice(1)));
}

/** Uniform numbers in [-2, 2), the same for the same seed (xorshift; only for tests). */
export function noise(seed: number): () => number {
  let state = (seed * 2654435761 + 12345) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return ((state >>> 0) / 2 ** 32) * 4 - 2;
  };
}

/** A float64 constant of uniform numbers in [-2, 2). */
export function random(shape: Shape, seed = 1): Node {
  const next = noise(seed);
  return constant(Float64Array.from({ length: sizeOf(shape) }, next), shape, "float64");
}

type Build = (...inputs: Node[]) => Node;

const outputsOf = (node: Node) => picks(node);

/** Σ over the float outputs of ⟨output, fixed random weights⟩. */
function scalarise(build: Build, inputs: readonly Node[]): Node {
  const terms = outputsOf(build(...inputs)).flatMap((out, i) =>
    isFloat(out.dtype) ? [sum(mul(out, random(out.shape, 100 + i)))] : [],
  );
  return terms.reduce((a, b) => add(a, b));
}

const dense = (node: Node): Dense => evaluate([node], new Map())[0];

/** Central differences of the scalar `f` in every entry of every float input. */
function differences(f: Node, parameters: readonly Node[], values: readonly Dense[], step: number): number[][] {
  const at = (k: number, i: number, x: number) => {
    const data = values[k].data.slice();
    data[i] = x;
    const known = new Map(parameters.map((p, j) => [p, j === k ? { ...values[k], data } : values[j]]));
    return evaluate([f], known)[0].data[0];
  };
  return values.map((v, k) =>
    isFloat(v.dtype)
      ? Array.from(v.data, (x, i) => {
          const d = (h: number) => (at(k, i, x + h) - at(k, i, x - h)) / (2 * h);
          return (4 * d(step) - d(2 * step)) / 3;
        })
      : [],
  );
}

function closeLists(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number, what: string): void {
  expect(actual.length, what).toBe(expected.length);
  const scale = Math.max(1, ...Array.from(expected, Math.abs).filter(Number.isFinite));
  for (let i = 0; i < expected.length; i++) {
    if (Object.is(actual[i], expected[i])) continue; // infinities and NaN among them
    if (!(Math.abs(actual[i] - expected[i]) <= tolerance * scale)) {
      expect.fail(`${what}: entry ${i} is ${actual[i]}, expected ${expected[i]} (tolerance ${tolerance * scale})`);
    }
  }
}

/** Whether the values of two nodes agree to `tolerance`, relative to the largest. */
export function expectClose(actual: Node, expected: Node, tolerance = 1e-12): void {
  expect(actual.shape).toEqual(expected.shape);
  closeLists(flat(actual), flat(expected), tolerance, actual.op.name);
}

export interface CheckOptions {
  readonly order?: 1 | 2;
  readonly step?: number;
  readonly tolerance?: number;
}

/** First and second derivatives against central differences; forward mode against reverse mode (adjoint identity). */
export function checkDerivatives(build: Build, inputs: readonly Node[], options: CheckOptions = {}): void {
  const { order = 2, step = 1e-3, tolerance = 1e-7 } = options;
  const values = inputs.map(dense);
  const parameters = inputs.map((n) => parameter(typeOf(n)));
  const known = new Map(parameters.map((p, i) => [p, values[i]]));
  const check = (f: Node, name: string): Node[] => {
    const one = constant(Float64Array.of(1), [], "float64");
    const gradient = pullback([f], [one], parameters).map((g, i) => g ?? mul(parameters[i], zeroOf(parameters[i])));
    const expected = differences(f, parameters, values, step);
    const actual = evaluate(gradient, known);
    actual.forEach((a, i) => {
      expect(a.shape, `${name} of input ${i}`).toEqual(values[i].shape);
      if (isFloat(values[i].dtype)) closeLists(a.data, expected[i], tolerance, `${name} of input ${i}`);
    });
    const floats = parameters.filter((p) => isFloat(p.dtype));
    const tangents = floats.map((p, i) => random(p.shape, 50 + i));
    const [pushed] = pushforward([f], floats, tangents);
    const reversed = gradient.flatMap((g, i) =>
      isFloat(parameters[i].dtype) ? [sum(mul(g, tangents[floats.indexOf(parameters[i])]))] : [],
    );
    const total = reversed.reduce((a, b) => add(a, b));
    const forward = pushed ? evaluate([pushed], known)[0].data[0] : 0;
    closeLists([forward], [evaluate([total], known)[0].data[0]], 1e-10, `${name}: forward mode`);
    return gradient;
  };
  const gradient = check(scalarise(build, parameters), "first derivative");
  if (order === 1) return;
  const directional = gradient.flatMap((g, i) => (isFloat(g.dtype) ? [sum(mul(g, random(g.shape, 70 + i)))] : []));
  check(
    directional.reduce((a, b) => add(a, b)),
    "second derivative",
  );
}

const zeroOf = (n: Node) => constant(allocate(n.dtype, 1), [], n.dtype);

/** The batch rule, with every non-empty choice of batched inputs, against one example after another; also of the derivative. */
export function checkBatching(build: Build, inputs: readonly Node[], { derivative = true } = {}): void {
  const size = 2;
  const floats = inputs.flatMap((n, i) => (isFloat(n.dtype) ? [i] : []));
  const withGradient: (parameters: readonly Node[]) => Node[] = (parameters) => {
    const outputs = outputsOf(build(...parameters));
    if (!derivative || floats.length === 0 || !outputs.some((o) => isFloat(o.dtype))) return outputs;
    const loss = scalarise(build, parameters);
    const wrt = floats.map((i) => parameters[i]);
    const gradient = pullback([loss], [constant(Float64Array.of(1), [], "float64")], wrt);
    return [...outputs, ...gradient.filter((g): g is Node => g !== undefined)];
  };
  for (let choice = 1; choice < 1 << inputs.length; choice++) {
    const isBatched = inputs.map((_, i) => (choice & (1 << i)) !== 0);
    const formals = inputs.map((n) => parameter(typeOf(n)));
    const examples = Array.from({ length: size }, (_, e) =>
      inputs.map((n, i): Dense => (isBatched[i] ? exampleOf(dense(n), e) : dense(n))),
    );
    const stacked = inputs.map((n, i) => {
      if (!isBatched[i]) return n;
      const all = allocate(n.dtype, size * sizeOf(n.shape));
      for (const [e, example] of examples.entries()) all.set(example[i].data, e * sizeOf(n.shape));
      return constant(all, [size, ...n.shape], n.dtype);
    });
    const outputs = withGradient(formals);
    const pairs = formals.map((f, i) => [f, stacked[i]] as const);
    const batched = batchOutputs(
      outputs,
      new Map(pairs.filter((_, i) => isBatched[i])),
      new Map(pairs.filter((_, i) => !isBatched[i])),
      size,
    );
    const actual = evaluate(batched, new Map());
    const expected = examples.map((example) => evaluate(outputs, new Map(formals.map((f, i) => [f, example[i]]))));
    actual.forEach((a, k) => {
      const name = `output ${k} with batched inputs [${isBatched}]`;
      expect(a.shape, name).toEqual([size, ...outputs[k].shape]);
      closeLists(
        a.data,
        expected.flatMap((results) => Array.from(results[k].data)),
        1e-12,
        name,
      );
    });
  }
}

/** Example e of a batch made of one tensor: itself, then its elements in reverse order (of the same kind, so indices stay valid). */
function exampleOf(value: Dense, e: number): Dense {
  return e === 0 ? value : { ...value, data: value.data.slice().reverse() };
}
