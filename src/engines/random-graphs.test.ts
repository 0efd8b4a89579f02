// All engines against the interpreter on random graphs with their first derivatives. Tolerances are relative to the largest entry of a
// result: 1e-4 in float32, 1e-11 in float64, for sums are rounded in another order and their errors pass through what follows.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TypedArray } from "../graph/dtype.ts";
import { type Graph, topologicalOrder } from "../graph/node.ts";
import type { Program } from "./engine.ts";
import { interpreter } from "./interpreter/index.ts";
import { lowerSimplified } from "./lowering/lower.ts";
import { simplify } from "./lowering/simplify.ts";
import { findCompiler } from "./native/cc.ts";
import { renderProgram, takesEpilogue } from "./native/compiler.ts";
import { nativeMissing } from "./native/index.ts";
import { loadProgram } from "./native/library.ts";
import { instantiate } from "./native/program.ts";
import { targetFor } from "./native/target.ts";
import { type RandomGraph, randomGraph } from "./random-graph.test-support.ts";
import { useEveryRoutine } from "./wasm/every-routine.ts";
import { wasmEngine } from "./wasm/index.ts";

useEveryRoutine();

const tolerances = { float32: 1e-4, float64: 1e-11 } as const;
type Float = keyof typeof tolerances;
/** Of the same formulas in other kernels, relative to the largest entry. */
const roundings = { float32: 1e-5, float64: 1e-13 } as const;

const choices = fc.array(fc.nat(1000), { minLength: 40, maxLength: 60 });

/** What is wrong with a result, if anything is. */
function difference(expected: TypedArray, got: TypedArray, tolerance: number): string | undefined {
  if (got.length !== expected.length) return `${got.length} entries instead of ${expected.length}`;
  let scale = 1;
  for (const x of expected) if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x));
  const at = expected.findIndex((e, i) => !Object.is(got[i], e) && !(Math.abs(got[i] - e) <= tolerance * scale));
  return at < 0 ? undefined : `entry ${at}: ${got[at]} instead of ${expected[at]} (largest ${scale})`;
}

function expectClose(graph: RandomGraph, got: readonly TypedArray[], dtype: Float, about: string): void {
  const expected = interpreter.compile(graph).run(graph.data);
  expected.forEach((e, k) => {
    const wrong = difference(e, got[k], tolerances[dtype]);
    if (wrong !== undefined) expect.fail(`${about}, result ${k} (${graph.outputs[k].op.name}): ${wrong}`);
  });
}

describe.each(["float32", "float64"] as const)("random graphs in %s and their gradients", (dtype) => {
  it("are finite, and most of the gradients are not zero, so that the comparisons below compare something", () => {
    let [gradients, zeros] = [0, 0];
    for (const list of fc.sample(choices, { numRuns: 40, seed: 4 })) {
      const graph = randomGraph(dtype, list);
      const results = interpreter.compile(graph).run(graph.data);
      for (const result of results) expect(result.every(Number.isFinite)).toBe(true);
      for (const result of results.slice(-graph.parameters.length)) {
        gradients++;
        if (result.every((x) => x === 0)) zeros++;
      }
    }
    expect(zeros / gradients).toBeLessThan(0.3);
  });

  it("are those of the interpreter in WebAssembly", () => {
    fc.assert(
      fc.property(choices, (list) => {
        const graph = randomGraph(dtype, list);
        expectClose(graph, wasmEngine.compile(graph).run(graph.data), dtype, "wasm");
      }),
      { numRuns: 40 },
    );
  });

  it("are those of the interpreter where a stored reshaping lies on a stored transpose", () => {
    const list = [377, 6, 0, 0, 0, 0, 0, 377, 4, 824, 0, 328, ...new Array<number>(33).fill(0)];
    const graph = randomGraph(dtype, list);
    expectClose(graph, wasmEngine.compile(graph).run(graph.data), dtype, "wasm");
  });

  it.skipIf(nativeMissing() !== undefined)("are those of the interpreter in C, the same bits in 1, 2 and 4 threads", () => {
    // One program of many graphs, for compilers take their time.
    const lists = fc.sample(choices, { numRuns: 24, seed: dtype === "float32" ? 1 : 2 });
    const graphs = lists.map((list) => randomGraph(dtype, list));
    const inputs = graphs.flatMap(({ data }) => data);
    const all = { parameters: graphs.flatMap(({ parameters }) => parameters), outputs: graphs.flatMap(({ outputs }) => outputs) };
    const program = nativePrograms(all);
    const got = program(1).run(inputs);
    let next = 0;
    for (const [i, graph] of graphs.entries()) {
      const own = got.slice(next, next + graph.outputs.length);
      next += own.length;
      expectClose(graph, own, dtype, `randomGraph("${dtype}", ${JSON.stringify(lists[i])})`);
    }
    for (const threads of [2, 4]) expect(program(threads).run(inputs)).toEqual(got);
  });

  it.skipIf(nativeMissing() !== undefined)(
    "are the same bits in C with and without epilogues, and within rounding wherever kernels are cut",
    () => {
      const lists = fc.sample(choices, { numRuns: 10, seed: dtype === "float32" ? 3 : 4 });
      const graphs = lists.map((list) => randomGraph(dtype, list));
      const inputs = graphs.flatMap(({ data }) => data);
      const parameters = graphs.flatMap((graph) => graph.parameters);
      const outputs = graphs.flatMap((graph) => graph.outputs);
      const fused = nativePrograms({ parameters, outputs })(1).run(inputs);
      const apart = nativePrograms({ parameters, outputs }, false)(1).run(inputs);
      // Every value on the way is stored too, so that kernels are cut elsewhere: a product that was added unrounded is rounded first.
      const others = topologicalOrder(outputs).filter((node) => node.outputs.length === 1 && !outputs.includes(node));
      const watched = nativePrograms({ parameters, outputs: [...outputs, ...others] })(1).run(inputs);
      for (const [k, { op }] of outputs.entries()) {
        expect(apart[k], `result ${k} (${op.name}), without epilogues`).toEqual(fused[k]);
        const wrong = difference(fused[k], watched[k], roundings[dtype]);
        if (wrong !== undefined) expect.fail(`result ${k} (${op.name}), every value stored: ${wrong}`);
      }
    },
  );
});

/** A graph as native programs for given numbers of threads, which divide whatever can be divided. */
function nativePrograms({ parameters, outputs }: Graph, epilogues = true): (threads: number) => Program {
  const target = targetFor(findCompiler().macros);
  const graph = { parameters, outputs: simplify(outputs) };
  const plan = lowerSimplified(graph, epilogues ? { epilogues: takesEpilogue } : {});
  const rendered = renderProgram(plan, target, { worth: 0 });
  // Unoptimized: it takes half the time, and the arithmetic is the same.
  const loaded = loadProgram("a test", rendered.source, [...target.flags, "-O0"]);
  return (threads) => instantiate({ ...rendered, loaded, threads });
}
