// Products with epilogues against the reference, and against the same program without them, bit by bit.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TypedArray } from "../../graph/dtype.ts";
import type { Graph, Node } from "../../graph/node.ts";
import { parameter, scalar } from "../../graph/structural.ts";
import { add, div, mul, sub } from "../../ops/arithmetic.ts";
import { scan } from "../../ops/control.ts";
import { convolution } from "../../ops/convolution.ts";
import { matmul } from "../../ops/matmul.ts";
import { maximum } from "../../ops/piecewise.ts";
import { sqrt } from "../../ops/powers.ts";
import { bernoulli, randomKey } from "../../ops/random.ts";
import { where } from "../../ops/selection.ts";
import { broadcastTo, reshape, transpose } from "../../ops/shape.ts";
import type { CompileOptions, Program } from "../engine.ts";
import { interpreter } from "../interpreter/index.ts";
import { lower } from "../lowering/lower.ts";
import { randomInputs, randomProducts } from "../lowering/random-program.ts";
import { compilePlan, scratchBytes } from "./compiler.ts";
import { useControl } from "./control.ts";
import { convolutionRoutines } from "./convolution.ts";
import { takesEpilogue } from "./epilogue.ts";
import { instantiate } from "./program.ts";
import { useRoutines } from "./routines.ts";

useRoutines(convolutionRoutines);
useControl();

type FloatDType = "float32" | "float64";

/** The graph compiled with and without epilogues. */
function programs(graph: Graph, { donate }: CompileOptions = {}): { fused: Program; plain: Program; kernels: string[] } {
  const options = { scratch: scratchBytes, ...(donate && { donate }) };
  const plan = lower(graph, { ...options, epilogues: takesEpilogue });
  return {
    fused: instantiate(compilePlan(plan)),
    plain: instantiate(compilePlan(lower(graph, options))),
    kernels: plan.launches.map((l) => l.kernel.name),
  };
}

/** Executes, by default twice, on what is left in place; outputs, then the parameters that have given their memory. */
function results(
  program: Program,
  graph: Graph,
  inputs: readonly TypedArray[],
  options: CompileOptions,
  times = 2,
): TypedArray[] {
  inputs.forEach((data, i) => {
    program.write(i, data);
  });
  for (let t = 0; t < times; t++) program.execute();
  const given = graph.parameters.flatMap((_, i) => (options.donate?.[i] === undefined ? [] : [program.view(i).slice()]));
  return [...graph.outputs.map((_, j) => program.read(j)), ...given];
}

function expectSame(graph: Graph, seed: number, options: CompileOptions = {}): string[] {
  const inputs = randomInputs(graph, seed);
  const { fused, plain, kernels } = programs(graph, options);
  const actual = results(fused, graph, inputs, options);
  expectBits(actual, results(plain, graph, inputs, options));
  results(interpreter.compile(graph, options), graph, inputs, options).forEach((e, k) => {
    const tolerance = e instanceof Float64Array ? 1e-10 : 2e-4;
    let scale = 1;
    for (const x of e) if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x));
    expect(actual[k].length).toBe(e.length);
    const apart = [...e.keys()].filter((i) => Math.abs(actual[k][i] - e[i]) > tolerance * scale);
    expect(apart.length, `output ${k}: ${apart.slice(0, 3).map((i) => `[${i}] is ${actual[k][i]}, expected ${e[i]}`)}`).toBe(0);
  });
  return kernels;
}

function expectBits(actual: readonly TypedArray[], unfused: readonly TypedArray[]): void {
  actual.forEach((a, k) => {
    expect(a, `output ${k}`).toEqual(unfused[k]);
  });
}

/** The inputs in eighths: sums of a few thousand of their products are exact even in float32, in whatever order they are added. */
function inEighths(inputs: readonly TypedArray[]): TypedArray[] {
  return inputs.map((data) => data.map((x) => Math.round(x * 8) / 8));
}

/** What a step of Adam makes of a weight, its two averages and its gradient. */
function adam(w: Node, m: Node, v: Node, g: Node): [Node, Node, Node] {
  const number = (x: number) => scalar(x, w.dtype);
  const nextM = add(mul(m, number(0.9)), mul(g, number(0.1)));
  const nextV = add(mul(v, number(0.99)), mul(mul(g, g), number(0.01)));
  return [sub(w, div(mul(nextM, number(0.01)), add(sqrt(nextV), number(0.1)))), nextM, nextV];
}

const rectified = (x: Node) => maximum(x, broadcastTo(scalar(0, x.dtype), x.shape));

for (const dtype of ["float32", "float64"] as FloatDType[]) {
  const p = (shape: number[], name = "x") => parameter({ shape, dtype }, name);
  describe(`epilogues of ${dtype} products`, () => {
    for (const [m, k, n] of [
      [4, 2, 8],
      [64, 32, 32],
      [13, 1100, 7],
      [1, 20, 9],
      [9, 20, 1],
      [33, 65, 31],
    ]) {
      it(`add a bias and rectify ${m}×${k}×${n} in one kernel`, () => {
        const [x, w, b] = [p([m, k]), p([k, n]), p([n])];
        const z = add(matmul(x, w), broadcastTo(b, [m, n]));
        expect(expectSame({ parameters: [x, w, b], outputs: [rectified(z)] }, 1)).toHaveLength(1);
        expect(expectSame({ parameters: [x, w, b], outputs: [rectified(z), z] }, 1)).toHaveLength(1);
      });

      it(`update ${k}×${n} weights by Adam in place in one kernel`, () => {
        const [x, d, w, a, v] = [p([m, k]), p([m, n]), p([k, n]), p([k, n]), parameter({ shape: [k, n], dtype }, "v")];
        const graph = { parameters: [w, a, v, x, d], outputs: adam(w, a, mul(v, v), matmul(transpose(x), d)) };
        expect(expectSame(graph, 2, { donate: [0, 1, 2] })).toHaveLength(1);
      });
    }

    it("mask the gradient of an activation", () => {
      const [d, w, z] = [p([12, 10]), p([20, 10]), p([12, 20])];
      const positive = parameter({ shape: [12, 20], dtype: "bool" }, "positive");
      const masked = where(positive, mul(matmul(d, transpose(w)), z), broadcastTo(scalar(0, dtype), z.shape));
      expect(expectSame({ parameters: [d, w, z, positive], outputs: [masked] }, 3)).toHaveLength(1);
    });

    it("accumulate into what a loop carries", () => {
      const [xs, ds] = [p([6, 4, 5]), p([6, 4, 9])];
      const total = p([5, 9]);
      const body = (c: readonly Node[], [x, d]: readonly Node[]) => ({ carry: [add(c[0], matmul(transpose(x), d))], ys: [] });
      const { carry } = scan(body, [total], [xs, ds], { length: 6, reverse: true });
      const graph = { parameters: [total, xs, ds], outputs: carry };
      expectSame(graph, 4);
      const [{ kernel }] = lower(graph, { epilogues: takesEpilogue }).launches;
      expect(kernel.kind === "scan" && kernel.body.plan.launches.map((l) => l.kernel.name)).toEqual(["matmul+add"]);
    });

    it("drop units at random", () => {
      const [x, w] = [p([12, 7]), p([7, 30])];
      const kept = bernoulli(randomKey(5), 0.5, [12, 30]);
      const y = where(kept, matmul(x, w), broadcastTo(scalar(0, dtype), [12, 30]));
      expect(expectSame({ parameters: [x, w], outputs: [y] }, 5)).toContain("matmul+where");
    });

    it("store a product with its axes exchanged", () => {
      const [q, k] = [p([2, 3, 8, 4]), p([2, 3, 4, 5])];
      const y = transpose(matmul(q, k), [0, 2, 1, 3]);
      expect(expectSame({ parameters: [q, k], outputs: [y] }, 6)).toHaveLength(1);
    });

    it("keep the bits of a product whose rows they cut into several matrices", () => {
      for (const rows of [17, 18, 19, 20]) {
        const [x, w] = [p([4, rows, 1100]), p([1100, 1])];
        const y = transpose(reshape(matmul(reshape(x, [4 * rows, 1100]), w), [4, rows, 1]));
        expect(expectSame({ parameters: [x, w], outputs: [y] }, 9)).toHaveLength(1);
      }
    });

    it("do not overwrite an operand that is still read", () => {
      const [x, w] = [p([16, 16]), p([16, 16], "w")];
      const graph = { parameters: [w, x], outputs: [sub(w, matmul(w, x)), add(x, matmul(w, x))] };
      expectSame(graph, 7, { donate: [0, 1] });
    });

    it("rectify a convolution with its bias", () => {
      const [x, w, b] = [p([3, 9, 8, 3]), p([3, 3, 3, 10]), p([10])];
      const z = convolution(x, w, { padding: 1 });
      const y = rectified(add(z, broadcastTo(b, z.shape)));
      expect(expectSame({ parameters: [x, w, b], outputs: [y] }, 8)).toHaveLength(1);
    });

    it("give the reference's results, and those of separate kernels bit by bit, on random programs", () => {
      fc.assert(
        fc.property(fc.array(fc.nat(1000), { minLength: 40, maxLength: 80 }), (choices) => {
          const { donate, ...graph } = randomProducts(dtype, choices);
          const options = { donate };
          const inputs = randomInputs(graph, choices[0] + 1);
          const { fused, plain } = programs(graph, options);
          expectBits(results(fused, graph, inputs, options), results(plain, graph, inputs, options));
          // Masks and whole numbers of sums that are rounded in another order may fall to the other side of a jump, so that no tolerance
          // holds. Where no sum is rounded, every operation is: the reference's very numbers are promised, but for the sign of a zero.
          const exact = inEighths(inputs);
          const [actual, expected] = [fused, interpreter.compile(graph, options)].map((p) =>
            results(p, graph, exact, options, 1),
          );
          expected.forEach((e, k) => {
            expect(actual[k]).toHaveLength(e.length);
            const apart = [...e.keys()].filter((i) => actual[k][i] !== e[i]);
            expect(
              apart.slice(0, 3).map((i) => `[${i}] is ${actual[k][i]}, expected ${e[i]}`),
              `output ${k}`,
            ).toEqual([]);
          });
        }),
        { numRuns: 40 },
      );
    });
  });
}
