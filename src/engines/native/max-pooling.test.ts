// Max pooling as the native engine rewrites it computes what the interpreter computes from the original, for any number of threads.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocate } from "../../graph/dtype.ts";
import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { parameter } from "../../graph/structural.ts";
import { greater } from "../../ops/comparison.ts";
import { tabulate } from "../../ops/fill.ts";
import { gather, scatterAdd } from "../../ops/indexing.ts";
import { maximum } from "../../ops/piecewise.ts";
import { maxPoolIndices } from "../../ops/pooling.ts";
import { where } from "../../ops/selection.ts";
import { broadcastTo, reshape } from "../../ops/shape.ts";
import { sum } from "../../ops/sum.ts";
import { interpreter } from "../interpreter/index.ts";
import { simplify } from "../lowering/simplify.ts";
import { findCompiler } from "./cc.ts";
import { renderProgram } from "./compiler.ts";
import { nativeEngine, nativeMissing, planFor } from "./index.ts";
import { loadProgram } from "./library.ts";
import { rewriteMaxPooling } from "./max-pooling.ts";
import { instantiate } from "./program.ts";
import { targetFor } from "./target.ts";

interface Case {
  readonly shape: readonly number[];
  readonly window: readonly number[];
  readonly strides: readonly number[];
  readonly dilation: readonly number[];
  readonly dtype: "float32" | "float64";
  readonly rectified: boolean;
}

/** Maxima and indices of x, perhaps rectified; what flows back to x from v at the maxima, and its sum for each channel. */
function graphOf({ shape, window, strides, dilation, dtype, rectified }: Case) {
  const x = parameter({ shape, dtype }, "x");
  const zeros = (like: Node) =>
    broadcastTo(
      tabulate([], dtype, () => 0),
      like.shape,
    );
  const y = rectified ? maximum(x, zeros(x)) : x;
  const indices = maxPoolIndices(y, window, { strides, dilation });
  const v = parameter({ shape: indices.shape, dtype }, "v");
  const maxima = gather(reshape(y, [sizeOf(shape)]), indices, 0);
  const back = reshape(scatterAdd(indices, v, sizeOf(shape), 0), shape);
  const gradient = rectified ? where(greater(x, zeros(x)), back, zeros(x)) : back;
  const total = sum(
    gradient,
    shape.slice(1).map((_, i) => i),
  );
  return { parameters: [x, v], outputs: [maxima, indices, gradient, total] };
}

const special = [Number.NaN, 0, -0, 1, 1, -1, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0.5];

/** Numbers with ties, NaN, infinities and both zeros; those that are added up are whole, so that any order gives the same. */
function inputsOf({ parameters }: ReturnType<typeof graphOf>, seed: number) {
  let state = seed;
  const next = (n: number) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * n);
  };
  return parameters.map(({ dtype, shape }, p) => {
    const data = allocate(dtype, sizeOf(shape));
    return data.map(() => (p === 0 ? special[next(special.length)] : [next(9) - 4, -0][next(2)]));
  });
}

const cases = fc
  .record({
    axes: fc.array(
      fc.record({
        window: fc.integer({ min: 1, max: 3 }),
        gap: fc.integer({ min: -2, max: 2 }),
        count: fc.integer({ min: 1, max: 4 }),
        rest: fc.integer({ min: 0, max: 1 }),
        dilation: fc.integer({ min: 1, max: 2 }),
      }),
      { minLength: 1, maxLength: 3 },
    ),
    examples: fc.integer({ min: 1, max: 5 }),
    channels: fc.constantFrom(1, 3, 4, 8, 11, 16, 20),
    dtype: fc.constantFrom<"float32" | "float64">("float32", "float64"),
    rectified: fc.boolean(),
  })
  .map(({ axes, examples, channels, dtype, rectified }): Case => {
    const reach = axes.map(({ window, dilation }) => (window - 1) * dilation + 1);
    const strides = axes.map(({ gap }, i) => Math.max(1, reach[i] + gap));
    const spatial = axes.map(({ count, rest }, i) => (count - 1) * strides[i] + reach[i] + rest);
    return {
      shape: [examples, ...spatial, channels],
      window: axes.map((a) => a.window),
      strides,
      dilation: axes.map((a) => a.dilation),
      dtype,
      rectified,
    };
  });

describe.skipIf(nativeMissing() !== undefined)("max pooling on the native engine", () => {
  it("gives the interpreter's bits, on any number of threads", () => {
    const target = targetFor(findCompiler().macros);
    fc.assert(
      // Several at a time: most of the time goes to the compiler.
      fc.property(fc.array(cases, { minLength: 4, maxLength: 4 }), fc.nat(), (list, seed) => {
        const graphs = list.map(graphOf);
        const graph = { parameters: graphs.flatMap((g) => g.parameters), outputs: graphs.flatMap((g) => g.outputs) };
        const inputs = graphs.flatMap((g, i) => inputsOf(g, seed + i));
        const expected = interpreter.compile(graph).run(inputs);
        const simplified = { parameters: graph.parameters, outputs: rewriteMaxPooling(simplify(graph.outputs)) };
        const rendered = renderProgram(planFor(simplified, undefined), target, { worth: 0 });
        const loaded = loadProgram("a test", rendered.source, target.flags);
        for (const threads of [1, 2, 3]) expect(instantiate({ ...rendered, loaded, threads }).run(inputs)).toEqual(expected);
      }),
      { numRuns: 6 },
    );
  });

  it("takes one kernel forwards and one back, where no window reaches outside or into another", () => {
    const operations = (c: Case) => {
      const graph = graphOf(c);
      const { launches } = planFor({ ...graph, outputs: rewriteMaxPooling(simplify(graph.outputs)) }, undefined);
      return launches.flatMap(({ kernel }) => (kernel.kind === "whole" ? [kernel.name] : []));
    };
    const usual: Case = {
      shape: [4, 8, 8, 16],
      window: [2, 2],
      strides: [2, 2],
      dilation: [1, 1],
      dtype: "float32",
      rectified: true,
    };
    expect(operations(usual)).toEqual(["maxPool", "maxPoolTranspose"]);
    expect(operations({ ...usual, window: [3, 3] })).toEqual(["maxPool", "scatterAdd"]);
    expect(operations({ ...usual, shape: [4, 64, 64, 16], window: [5, 5], strides: [5, 5] })).toEqual([
      "maxPoolIndices",
      "gather",
      "scatterAdd",
    ]);
  });

  it("is read through its own gather even where indices come from elsewhere as well", () => {
    const x = parameter({ shape: [2, 4, 4, 3], dtype: "float32" }, "x");
    const other = parameter({ shape: [2, 2, 2, 3], dtype: "int32" }, "other");
    const flat = reshape(x, [96]);
    const indices = maxPoolIndices(x, 2);
    const graph = {
      parameters: [x, other],
      outputs: [gather(flat, indices, 0), gather(flat, other, 0), scatterAdd(other, gather(flat, indices, 0), 96, 0)],
    };
    const inputs = [
      Float32Array.from({ length: 96 }, (_, i) => Math.sin(i * 7)),
      Int32Array.from({ length: 24 }, (_, i) => (i * 29) % 96),
    ];
    expect(nativeEngine.compile(graph).run(inputs)).toEqual(interpreter.compile(graph).run(inputs));
  });
});
