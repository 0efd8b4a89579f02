// Generated C against the interpreter: every operation with its derivatives, random programs, control flow and donation, on one thread
// and on several. Cases are compiled together, since it is the compiler that takes the time, and without optimization where they are
// many; what one compilation gives, the cache keeps.

import { describe, expect, it } from "vitest";
import type { TypedArray } from "../../graph/dtype.ts";
import type { Graph, Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { parameter, scalar } from "../../graph/structural.ts";
import { add, mul, neg, sub } from "../../ops/arithmetic.ts";
import { pullback } from "../../ops/autodiff.ts";
import { less } from "../../ops/comparison.ts";
import { cond, scan, whileLoop } from "../../ops/control.ts";
import { tanh } from "../../ops/hyperbolic.ts";
import { gather } from "../../ops/indexing.ts";
import { matmul } from "../../ops/matmul.ts";
import { maximum } from "../../ops/piecewise.ts";
import { remainder } from "../../ops/rounding.ts";
import { broadcastTo, swapAxes, transpose } from "../../ops/shape.ts";
import { flip } from "../../ops/slicing.ts";
import { sort } from "../../ops/sorting.ts";
import { sum } from "../../ops/sum.ts";
import type { CompileOptions, Engine } from "../engine.ts";
import { interpreter } from "../interpreter/index.ts";
import { controlLaunches } from "../lowering/control.ts";
import { useLaunches } from "../lowering/launches.ts";
import { lowerSimplified } from "../lowering/lower.ts";
import { randomInputs, randomProgram } from "../lowering/random-program.ts";
import { simplify } from "../lowering/simplify.ts";
import { numbers, runOpSuite } from "../op-suite.ts";
import { findCompiler } from "./cc.ts";
import { renderProgram, takesEpilogue } from "./compiler.ts";
import { loadKoffi, loadProgram } from "./library.ts";
import { instantiate } from "./program.ts";
import { targetFor } from "./target.ts";

useLaunches(controlLaunches);

const missing = (() => {
  try {
    loadKoffi();
    findCompiler();
    return undefined;
  } catch (error) {
    return String(error);
  }
})();

/** The engine without its thresholds: as many threads as it is told, however small the program; launches are divided from `worth` µs on. */
function engineWith(
  threads: number,
  optimization: readonly string[] = [],
  worth?: number,
  macros: Readonly<Record<string, string>> = findCompiler().macros,
): Engine {
  const compile = ({ parameters, outputs }: Graph, { donate }: CompileOptions = {}) => {
    const target = targetFor(macros);
    const graph = { parameters, outputs: simplify(outputs) };
    const plan = lowerSimplified(graph, { ...(donate ? { donate } : {}), epilogues: takesEpilogue });
    const rendered = renderProgram(plan, target, worth === undefined ? {} : { worth });
    const loaded = loadProgram("a test", rendered.source, [...target.flags, ...optimization]);
    return instantiate({ ...rendered, loaded, threads });
  };
  return { name: "native", compile };
}

/** Runs `times` executions, state left in place, and gives outputs and parameters. */
function results(
  engine: Engine,
  graph: Graph,
  options: CompileOptions,
  inputs: readonly TypedArray[],
  times: number,
): TypedArray[] {
  const program = engine.compile(graph, options);
  inputs.forEach((data, i) => {
    program.write(i, data);
  });
  for (let t = 0; t < times; t++) program.execute();
  const donated = graph.parameters.flatMap((_, i) => (options.donate?.[i] === undefined ? [] : [program.view(i).slice()]));
  return [...graph.outputs.map((_, j) => program.read(j)), ...donated];
}

function expectNear(actual: readonly TypedArray[], expected: readonly TypedArray[], tolerance: number): void {
  expected.forEach((e, k) => {
    let scale = 1;
    for (const x of e) if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x));
    for (let i = 0; i < e.length; i++) {
      const same = Object.is(actual[k][i], e[i]) || Math.abs(actual[k][i] - e[i]) <= tolerance * scale;
      if (!same) expect.fail(`result ${k}, entry ${i}: ${actual[k][i]}, expected ${e[i]}`);
    }
  });
}

function expectSame(graph: Graph, tolerance: number, options: CompileOptions = {}, times = 1): void {
  const inputs = randomInputs(graph, 7);
  const actual = results(engineWith(1), graph, options, inputs, times);
  expectNear(actual, results(interpreter, graph, options, inputs, times), tolerance);
  expect(results(engineWith(3), graph, options, inputs, times)).toEqual(actual);
  expectSameBits(graph, options, times);
}

/** With everything divided that can be: what one thread computes, two and three compute. */
function expectSameBits(graph: Graph, options: CompileOptions = {}, times = 1): void {
  const inputs = randomInputs(graph, 7);
  const [one, ...several] = [1, 2, 3].map((n) => results(engineWith(n, ["-O1"], 0), graph, options, inputs, times));
  for (const found of several)
    found.forEach((f, k) => {
      const i = f.findIndex((x, j) => !Object.is(x, one[k][j]));
      if (i >= 0) expect.fail(`result ${k}, entry ${i}: ${f[i]}, in one thread ${one[k][i]}`);
    });
}

const F = "float64" as const;
const p = (shape: number[], name: string, dtype: "float32" | "float64" = F) => parameter({ shape, dtype }, name);

describe.skipIf(missing !== undefined)("generated C", () => {
  it("agrees with the interpreter on every operation, in value and in first and second derivative", { timeout: 300_000 }, () => {
    const { failures, passed } = runOpSuite(engineWith(1, ["-O0"]), undefined, 250);
    expect(failures).toEqual([]);
    expect(passed).toBeGreaterThan(2000);
  });

  const randomGraph = (dtype: "float32" | "float64", count: number): Graph => {
    const next = numbers(5);
    const choices = () => Array.from({ length: 50 }, () => Math.floor(next() * 1000));
    const graphs = Array.from({ length: count }, () => randomProgram(dtype, choices()));
    return { parameters: graphs.flatMap((g) => g.parameters), outputs: graphs.flatMap((g) => g.outputs) };
  };

  it.each([
    ["float32", 1e-5],
    ["float64", 1e-12],
  ] as const)("agrees with the interpreter on random programs in %s", { timeout: 60_000 }, (dtype, tolerance) => {
    expectSame(randomGraph(dtype, 40), tolerance);
  });

  it("agrees with the interpreter where vectors have 128 bits and multiply-adds round twice", { timeout: 60_000 }, () => {
    const generic = engineWith(2, ["-O1"], 0, {});
    for (const dtype of ["float32", "float64"] as const) {
      const graph = randomGraph(dtype, 20);
      const inputs = randomInputs(graph, 7);
      const expected = results(interpreter, graph, {}, inputs, 1);
      expectNear(results(generic, graph, {}, inputs, 1), expected, dtype === "float32" ? 1e-5 : 1e-12);
    }
  });

  it("runs loops and choices in every thread, and calls rooms inside them", { timeout: 60_000 }, () => {
    const h = p([5], "h");
    const xs = p([7, 5], "xs");
    const w = p([5, 5], "w");
    const step = ([c]: Node[], [x]: Node[]) => {
      const next = tanh(add(sum(mul(w, broadcastTo(c, [5, 5])), 1), x));
      return { carry: [next], ys: [next, mul(x, c)] };
    };
    const outputs: Node[] = [];
    for (const reverse of [false, true]) {
      const { carry, ys } = scan(step, [h], [xs], { reverse });
      outputs.push(...carry, ...ys, pullback([sum(carry[0])], [scalar(1, F)], [w])[0]!);
    }
    const sorted = scan(([c]: Node[]) => ({ carry: [flip(sort(mul(c, scalar(-1.1, F))))], ys: [sort(c)] }), [h], [], {
      length: 3,
    });
    outputs.push(...sorted.carry, ...sorted.ys);
    outputs.push(
      ...whileLoop(
        ([v]: Node[]) => less(sum(mul(v, v)), scalar(50, F)),
        ([v]: Node[]) => [mul(v, scalar(1.5, F))],
        [h],
      ),
    );
    for (const threshold of [-100, 100]) {
      const branches = [([a]: Node[]) => [add(a, a)], ([a]: Node[]) => [mul(a, a)]] as const;
      outputs.push(...cond(less(sum(h), scalar(threshold, F)), branches[0], branches[1], [h]));
    }
    expectSame({ parameters: [h, xs, w], outputs }, 1e-12);
  });

  it("gives the same bits on one thread and on several", { timeout: 60_000 }, () => {
    // Three steps, each with long sums in which much cancels, multiply an error of rounding by some hundred: float64 shows that it is no more.
    for (const [dtype, tolerance] of [
      ["float32", 1e-4],
      ["float64", 1e-12],
    ] as const) {
      const x = p([300, 200], "x", dtype);
      const w = p([200, 210], "w", dtype);
      const v = p([200, 1], "v", dtype);
      const number = (value: number) => scalar(value, dtype);
      const loss = sum(mul(maximum(matmul(x, w), number(0)), tanh(matmul(x, w))));
      const [g] = pullback([loss], [number(1)], [w]);
      const step = ([c]: Node[]) => ({ carry: [tanh(mul(matmul(c, matmul(transpose(w), w)), number(1e-3)))], ys: [] });
      const { carry } = scan(step, [matmul(x, w)], [], { length: 2 });
      const outputs = [sub(w, mul(g!, number(1e-4))), loss, matmul(x, v), sum(x, 0), carry[0], neg(transpose(x))];
      expectSame({ parameters: [w, x, v], outputs }, tolerance, { donate: [0] }, 3);
    }
  });

  it("adds each product once to what is updated in place, however threads divide it", { timeout: 60_000 }, () => {
    const graphs = [
      [1, 400, 100],
      [1, 600, 40],
      [40, 600, 1],
      [1, 30, 7],
      [100, 400, 1],
      [3, 40, 200],
      [50, 20, 9],
      [130, 150, 70],
    ].flatMap(([m, k, n]) =>
      [[], [1], [2, 3]].flatMap((batch) =>
        [false, true].map((turned) => {
          const c = p([...batch, m, n], "c");
          const a = p(turned ? [...batch, k, m] : [...batch, m, k], "a");
          const b = p(turned ? [...batch, n, k] : [...batch, k, n], "b");
          const product = turned ? matmul(swapAxes(a, -1, -2), swapAxes(b, -1, -2)) : matmul(a, b);
          return { parameters: [c, a, b], outputs: [sub(c, mul(product, scalar(0.1, F)))] };
        }),
      ),
    );
    const graph = { parameters: graphs.flatMap((g) => g.parameters), outputs: graphs.flatMap((g) => g.outputs) };
    expectSame(graph, 1e-12, { donate: graphs.flatMap((_, i) => [i, undefined, undefined]) }, 2);
  });

  it("keeps the old value of what is updated in place for what still reads it", { timeout: 60_000 }, () => {
    const m = p([12, 12], "m");
    for (const next of [transpose(m), add(m, transpose(m)), matmul(m, m), sub(m, broadcastTo(sum(m, 1, true), [12, 12]))])
      expectSame({ parameters: [m], outputs: [next, mul(m, next)] }, 1e-12, { donate: [0] }, 2);
  });

  it("gathers and adds up blocks of any size, each thread some of them", { timeout: 60_000 }, () => {
    const graphs = [
      { shape: [400], count: 700, axis: 0 },
      { shape: [40, 30], count: 90, axis: 0 },
      { shape: [3, 50, 5], count: 70, axis: 1 },
      { shape: [7, 100], count: 65, axis: 1 },
    ].map(({ shape, count, axis }) => {
      const x = p(shape, "x");
      const noise = parameter({ shape: [count], dtype: "int32" }, "noise");
      // Random numbers as indices: many twice, some in a row.
      const places = mul(noise, noise);
      const y = gather(x, remainder(places, scalar(shape[axis], "int32")), axis);
      const [dx] = pullback([sum(mul(y, y))], [scalar(1, F)], [x]);
      return { parameters: [x, noise], outputs: [y, dx!] };
    });
    expectSame({ parameters: graphs.flatMap((g) => g.parameters), outputs: graphs.flatMap((g) => g.outputs) }, 1e-12);
  });

  it.each([1, 2, 3])("describes an index that does not exist, in %i threads", (threads) => {
    const x = p([3, 2], "x");
    const i = parameter({ shape: [20], dtype: "int32" }, "i");
    const program = engineWith(threads, [], 0).compile({ parameters: [x, i], outputs: [gather(x, i, 0)] });
    const places = new Int32Array(20).fill(2);
    places[1] = 0;
    const data = Float64Array.of(1, 2, 3, 4, 5, 6);
    for (const wrong of [0, 19]) {
      const bad = Int32Array.from(places, (place, at) => (at === wrong ? 3 : place));
      expect(() => program.run([data, bad])).toThrow(/gather: index 3/);
    }
    expect(program.run([data, places])[0].slice(0, 6)).toEqual(Float64Array.of(5, 6, 1, 2, 5, 6));
  });

  it("has empty inputs and outputs", () => {
    const x = p([0, 3], "x");
    expect(sizeOf(x.shape)).toBe(0);
    expectSame({ parameters: [x], outputs: [mul(x, x), sum(x), sum(x, 0)] }, 0);
  });
});

it.skipIf(missing === undefined)("says what is missing where C cannot be compiled", () => {
  expect(missing).toMatch(/native: .*(compiler|koffi)/);
});
