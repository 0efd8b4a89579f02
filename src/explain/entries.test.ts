// Entry by entry, the formula of every operation and of its derivative gives what the interpreter gives.

import { describe, expect, test } from "vitest";
import { evaluate as evaluateNodes } from "../engines/interpreter/evaluate.ts";
import { allocate, isFloat } from "../graph/dtype.ts";
import { type Node, typeOf } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { sizeOf } from "../graph/shape.ts";
import { parameter, picks } from "../graph/structural.ts";
import { pullback } from "../ops/autodiff.ts";
import { samples } from "../ops/samples/index.ts";
import type { Sample, SampleInput } from "../ops/samples/sample.ts";
import { uniforms } from "../transforms/check-gradients.ts";
import { scalarOperations } from "./compositions.ts";
import { entryOf } from "./entries.ts";
import { evaluate } from "./formula.ts";
import { Opaque, scopeOf } from "./scope.ts";

/** Operations without a formula entry by entry: factorizations, orders, random bits, loops. */
const opaque = new Set([
  "argmax",
  "argmin",
  "any",
  "all",
  "argsort",
  "cholesky",
  "triangularSolve",
  "lu",
  "qr",
  "eigh",
  "svd",
  "randomBits",
  "foldIn",
  "scan",
  "while",
  "cond",
  "maxPoolIndices",
]);

function valueFor({ shape, dtype = undefined, range = [-2, 2], values }: SampleInput, random: () => number): Dense {
  const type = dtype ?? "float64";
  const data = allocate(type, sizeOf(shape));
  const [low, high] = range;
  for (let i = 0; i < data.length; i++) {
    const u = low + (high - low) * ((random() + 1) / 2);
    data[i] = values ? values[i % values.length] : isFloat(type) ? u : Math.min(high, Math.max(low, Math.round(u)));
  }
  return { shape, dtype: type, data };
}

interface Outcome {
  checked: number;
  opaque: string | undefined;
}

/** Compares entries of `node` with its value; the first wrong one fails the test. */
function compare(node: Node, leaves: ReadonlyMap<Node, string>, known: ReadonlyMap<Node, Dense>, mostTerms: number): Outcome {
  const [value] = evaluateNodes([node], known);
  const operations = scalarOperations();
  const scope = scopeOf(leaves, known, operations, mostTerms);
  const outcome: Outcome = { checked: 0, opaque: undefined };
  let scale = 1e-300;
  for (const v of value.data) if (Number.isFinite(v)) scale = Math.max(scale, Math.abs(v));
  const stride = Math.max(1, Math.floor(value.data.length / 25));
  for (let flat = 0; flat < value.data.length; flat += stride) {
    try {
      const got = evaluate(entryOf(node, flat, scope), operations);
      const expected = value.data[flat];
      const close =
        Object.is(got, expected) ||
        Math.abs(got - expected) <= 1e-11 * Math.max(scale, 1e-3) ||
        (Number.isNaN(got) && Number.isNaN(expected)) ||
        got === expected;
      if (!close)
        expect.fail(
          `entry ${flat} of ${node.op.name}: ${got} instead of ${expected}: ${JSON.stringify(entryOf(node, flat, scope))}`,
        );
      outcome.checked++;
    } catch (error) {
      if (!(error instanceof Opaque)) throw error;
      outcome.opaque = error.message;
      break;
    }
  }
  return outcome;
}

function compareSample(sample: Sample, mostTerms: number): { readonly forward: Outcome[]; readonly backward: Outcome[] } {
  const random = uniforms(7);
  const values = sample.inputs.map((input) => valueFor(input, random));
  const formals = values.map((value, i) => parameter(value, `x${i}`));
  const leaves = new Map<Node, string>(formals.map((node, i) => [node, `x${i}`]));
  const known = new Map<Node, Dense>(formals.map((node, i) => [node, values[i]]));
  const results = picks(sample.build(...formals)).filter(({ dtype }) => dtype === "float64" || dtype === "bool");
  const forward = results.map((node) => compare(node, leaves, known, mostTerms));
  const differentiable = formals.filter((node) => isFloat(node.dtype));
  const outputs = results.filter((node) => isFloat(node.dtype));
  if (sample.order === 0 || differentiable.length === 0 || outputs.length === 0) return { forward, backward: [] };
  const cotangents = outputs.map((node) => parameter(typeOf(node), "g"));
  cotangents.forEach((node, i) => {
    leaves.set(node, `g${i}`);
    known.set(node, valueFor({ shape: node.shape }, random));
  });
  const pulled = pullback(outputs, cotangents, differentiable).filter((node): node is Node => node !== undefined);
  return { forward, backward: pulled.map((node) => compare(node, leaves, known, mostTerms)) };
}

describe.each(Object.entries(samples))("%s", (name, list) => {
  test.each(list.map((sample) => [sample.about, sample] as const))("%s", (_about, sample) => {
    const { forward, backward } = compareSample(sample, 1000);
    if (!opaque.has(name)) expect(forward.map((o) => o.opaque)).toEqual(forward.map(() => undefined));
    // Abbreviated sums come to the same.
    const short = compareSample(sample, 2);
    expect(short.forward.map((o) => o.checked)).toEqual(forward.map((o) => o.checked));
    expect(short.backward.map((o) => o.checked)).toEqual(backward.map((o) => o.checked));
  });
});
