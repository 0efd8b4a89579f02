// Programs in several threads: the same bits as in one, and what happens when a thread fails.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { TypedArray } from "../../graph/dtype.ts";
import type { Graph, Node } from "../../graph/node.ts";
import { parameter } from "../../graph/structural.ts";
import { add, mul } from "../../ops/arithmetic.ts";
import { less } from "../../ops/comparison.ts";
import { cond, scan, whileLoop } from "../../ops/control.ts";
import { tanh } from "../../ops/hyperbolic.ts";
import { matmul } from "../../ops/matmul.ts";
import { sum } from "../../ops/sum.ts";
import { randomInputs, randomProgram } from "../lowering/random-program.ts";
import { simplify } from "../lowering/simplify.ts";
import { suiteCases } from "../op-suite.ts";
import { ModuleBuilder, op } from "./assembler.ts";
import { barrierBytes, defineBarrier } from "./barrier.ts";
import { compilePlan } from "./compiler.ts";
import { useEveryRoutine } from "./every-routine.ts";
import { planFor, wasmEngine } from "./index.ts";
import { instantiate } from "./program.ts";
import { lastThreads, team } from "./team.ts";

useEveryRoutine();

const pause = () => new Promise((done) => setTimeout(done, 5));

/** Runs until all threads take part, whatever that takes. */
async function untilAll<T>(threads: number, run: () => T): Promise<T> {
  for (let i = 0; i < 2000; i++) {
    const result = run();
    if (lastThreads === threads) return result;
    await pause();
  }
  throw new Error(`${lastThreads} of ${threads} threads after ten seconds`);
}

/** The outputs with everything divided that can be, however small. */
async function outputsIn(threads: number, graph: Graph, inputs: readonly TypedArray[]): Promise<TypedArray[]> {
  const options = threads > 1 ? { threads, worth: 0 } : {};
  const plan = planFor({ parameters: graph.parameters, outputs: simplify(graph.outputs) }, undefined, options);
  const program = instantiate(compilePlan(plan, options));
  if (threads === 1) return program.run(inputs);
  await untilAll(threads, () => program.run(inputs));
  return program.run(inputs);
}

async function expectSameBits(graph: Graph, inputs: readonly TypedArray[]): Promise<void> {
  const one = await outputsIn(1, graph, inputs);
  for (const threads of [2, 3]) {
    const several = await outputsIn(threads, graph, inputs);
    several.forEach((output, k) => {
      const bits = (a: TypedArray) => Buffer.from(a.buffer, a.byteOffset, a.byteLength);
      if (bits(output).equals(bits(one[k]))) return;
      const i = output.findIndex((x, j) => !Object.is(x, one[k][j]));
      expect.fail(
        `output ${k} (${graph.outputs[k].op.name}) entry ${i} in ${threads} threads: ${output[i]}, in one ${one[k][i]}`,
      );
    });
  }
}

/** Many graphs as one. */
function together(
  cases: readonly {
    readonly parameters: readonly Node[];
    readonly outputs: readonly Node[];
    readonly data: readonly TypedArray[];
  }[],
) {
  return {
    graph: { parameters: cases.flatMap((c) => c.parameters), outputs: cases.flatMap((c) => c.outputs) },
    data: cases.flatMap((c) => c.data),
  };
}

describe("the same bits in one, two and three threads", () => {
  it("every operation, and its derivatives", async () => {
    const cases = [...suiteCases()].filter(({ name }) => !name.endsWith("second derivative"));
    for (let from = 0; from < cases.length; from += 200) {
      const { graph, data } = together(cases.slice(from, from + 200));
      await expectSameBits(graph, data);
    }
  });

  it("random programs", async () => {
    const choices = fc.sample(fc.array(fc.nat(1000), { minLength: 30, maxLength: 60 }), { numRuns: 100, seed: 5 });
    const { graph, data } = together(
      choices.map((list) => {
        const graph = randomProgram("float32", list);
        return { ...graph, data: randomInputs(graph, list[0] + 1) };
      }),
    );
    await expectSameBits(graph, data);
  });

  it("products by rows, columns and batches, with and without panels", async () => {
    const cases = [
      [1, 300, 40],
      [2, 64, 129],
      [37, 65, 3],
      [67, 1100, 131],
      [128, 40, 260],
      [5, 7, 300],
      [41, 300, 1],
      [76, 90, 1],
    ].flatMap(([m, k, n]) => {
      return (["float32", "float64"] as const).flatMap((dtype) => {
        const shapes = [
          [
            [m, k],
            [k, n],
          ],
          [
            [5, m, k],
            [5, k, n],
          ],
        ];
        return shapes.map(([a, b]) => {
          const parameters = [parameter({ shape: a, dtype }, "a"), parameter({ shape: b, dtype }, "b")];
          const graph = { parameters, outputs: [matmul(parameters[0], parameters[1])] };
          return { ...graph, data: randomInputs(graph, m + n) };
        });
      });
    });
    const { graph, data } = together(cases);
    await expectSameBits(graph, data);
  });

  it("loops and choices, whose control flow all threads follow", async () => {
    const w = parameter({ shape: [24, 24], dtype: "float32" }, "w");
    const h = parameter({ shape: [9, 24], dtype: "float32" }, "h");
    const xs = parameter({ shape: [6, 9, 24], dtype: "float32" }, "xs");
    const scanned = scan(
      ([c], [x]) => {
        const next = tanh(add(matmul(c, w), x));
        return { carry: [next], ys: [mul(next, next)] };
      },
      [h],
      [xs],
    );
    const total = (x: Node) => sum(mul(x, x), [0, 1], false);
    const limit = parameter({ shape: [], dtype: "float32" }, "limit");
    const grown = whileLoop(
      ([c]) => less(total(c), limit),
      ([c]) => [add(c, mul(tanh(matmul(c, w)), h))],
      [h],
    );
    const picked = (bound: Node) =>
      cond(
        less(total(h), bound),
        ([a, b]) => [matmul(a, b)],
        ([a]) => [tanh(a)],
        [h, w],
      );
    const outputs = [scanned.carry[0], scanned.ys[0], grown[0], ...picked(limit), ...picked(total(grown[0]))];
    const graph = { parameters: [w, h, xs, limit], outputs };
    const inputs = randomInputs(graph, 3);
    inputs[3].fill(400);
    await expectSameBits(graph, inputs);
  });
});

describe("a program", () => {
  const graphOf = (n: number) => {
    const x = parameter({ shape: [n, n], dtype: "float32" }, "x");
    return { parameters: [x], outputs: [tanh(matmul(x, x))] };
  };

  it("that is not worth it has memory of its own", () => {
    expect(wasmEngine.compile(graphOf(16), { threads: 2 }).view(0).buffer).toBeInstanceOf(ArrayBuffer);
    expect(wasmEngine.compile(graphOf(512), { threads: 1 }).view(0).buffer).toBeInstanceOf(ArrayBuffer);
    expect(wasmEngine.compile(graphOf(512), { threads: 2 }).view(0).buffer).toBeInstanceOf(SharedArrayBuffer);
  });

  it("gives arrays that are not shared", () => {
    const program = wasmEngine.compile(graphOf(512), { threads: 2 });
    const [y] = program.run([new Float32Array(512 * 512)]);
    expect(y.buffer).toBeInstanceOf(ArrayBuffer);
    expect(program.read(0).buffer).toBeInstanceOf(ArrayBuffer);
  });

  it("refuses a number of threads that is none", () => {
    for (const threads of [0, -1, 1.5, Number.NaN, 1000])
      expect(() => wasmEngine.compile(graphOf(512), { threads })).toThrow(/whole number from 1 to 64/);
  });
});

/** A program of two threads that wait for each other; `trap` tells which of them fails on the way, if any. */
function pair(trap: { thread: number }, broken: number | undefined) {
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 1, shared: true });
  const builder = new ModuleBuilder({ memory: { import: ["env", "memory"], pages: 1, maximumPages: 1, shared: true } });
  const fail = builder.importFunction("host", "call", ["i32"], "void");
  const barrier = defineBarrier(builder, 64);
  builder.define(
    "run",
    ["i32", "i32"],
    "void",
    (f) => {
      const [thread, threads] = f.parameters;
      const wait = { kind: "call", type: "void", callee: barrier, operands: [thread, threads] } as const;
      f.run(wait);
      if (broken !== undefined)
        f.if(op("i32.and", op("i32.eq", thread, broken), op("i32.gt_s", threads, 1)), () => f.unreachable());
      f.if(op("i32.eqz", thread), () => f.run({ kind: "call", type: "void", callee: fail, operands: [thread] }));
      f.run(wait);
      f.store("i32.store", op("i32.mul", thread, 4), 7);
      f.run(wait);
    },
    { export: true },
  );
  expect(64 + barrierBytes).toBeLessThan(65536);
  const module = new WebAssembly.Module(builder.finish());
  const call = () => {
    if (trap.thread === 0) throw new Error("a fault of thread 0");
  };
  const { run } = new WebAssembly.Instance(module, { env: { memory }, host: { call } }).exports;
  if (typeof run !== "function") throw new Error("no run");
  const words = new Int32Array(memory.buffer);
  return { words, run: team({ module, memory, barrierAt: 64, threads: 2, run: (t, n) => run(t, n) }) };
}

describe("a thread that fails", () => {
  it("ends the run with its error when it is the main thread, and the next one is well", async () => {
    const trap = { thread: -1 };
    const { run, words } = pair(trap, undefined);
    await untilAll(2, run);
    trap.thread = 0;
    expect(run).toThrow("a fault of thread 0");
    trap.thread = -1;
    words.fill(0, 0, 2);
    await untilAll(2, run);
    expect([...words.subarray(0, 2)]).toEqual([7, 7]);
  });

  it("ends the run with an error when it is a worker, and the program goes on in one thread", async () => {
    const { run, words } = pair({ thread: -1 }, 1);
    await expect(untilAll(2, run)).rejects.toThrow(/a worker thread failed in a program \(unreachable\)/);
    words.fill(0, 0, 2);
    run();
    expect(lastThreads).toBe(1);
    expect(words[0]).toBe(7);
    const other = pair({ thread: -1 }, undefined);
    await untilAll(2, other.run);
  });
});
