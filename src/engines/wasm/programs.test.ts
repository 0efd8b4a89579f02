// Programs with state and control flow against the reference: donated parameters, scans, whiles and conditionals, host calls, errors.

import { describe, expect, it } from "vitest";
import { allocate, type TypedArray } from "../../graph/dtype.ts";
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
import { normal, randomBits } from "../../ops/random.ts";
import { broadcastTo, cast, reshape, transpose } from "../../ops/shape.ts";
import { flip, sliceAxis } from "../../ops/slicing.ts";
import { sort } from "../../ops/sorting.ts";
import { sum } from "../../ops/sum.ts";
import type { CompileOptions } from "../engine.ts";
import { interpreter } from "../interpreter/index.ts";
import { useControl } from "./control.ts";
import { wasmEngine } from "./index.ts";

useControl();

const F = "float64" as const;
const p = (shape: number[], name = "x") => parameter({ shape, dtype: F }, name);

function inputsOf(graph: Graph): TypedArray[] {
  let seed = 7;
  return graph.parameters.map((n) => {
    const data = allocate(n.dtype, sizeOf(n.shape));
    for (let i = 0; i < data.length; i++) {
      seed = (Math.imul(seed, 1103515245) + 12345) & 0x7fffffff;
      const x = seed / 0x7fffffff;
      data[i] = n.dtype === "int32" ? Math.floor(x * 4) : n.dtype === "bool" ? Number(x > 0.5) : 2 * x - 1;
    }
    return data;
  });
}

/** Runs `times` executions on both engines, state left in place, and compares every output and every donated parameter. */
function expectSame(graph: Graph, options: CompileOptions = {}, times = 1): void {
  const programs = [interpreter.compile(graph, options), wasmEngine.compile(graph, options)];
  const inputs = inputsOf(graph);
  for (const program of programs) {
    inputs.forEach((data, i) => {
      program.write(i, data);
    });
    for (let t = 0; t < times; t++) program.execute();
  }
  const [expected, actual] = programs;
  const close = (a: TypedArray, b: TypedArray, what: string) => {
    expect(a.length).toBe(b.length);
    for (let i = 0; i < a.length; i++) {
      if (Math.abs(a[i] - b[i]) > 1e-9 * Math.max(1, Math.abs(b[i]))) expect.fail(`${what}[${i}] is ${a[i]}, expected ${b[i]}`);
    }
  };
  graph.outputs.forEach((_, j) => {
    close(actual.read(j), expected.read(j), `output ${j}`);
  });
  options.donate?.forEach((j, i) => {
    if (j !== undefined) close(actual.view(i), expected.view(i), `parameter ${i}`);
  });
}

describe("donation", () => {
  it("updates a parameter in place, step after step", () => {
    const w = p([5, 3], "w");
    const x = p([4, 5]);
    const loss = sum(mul(matmul(x, w), matmul(x, w)));
    const [g] = pullback([loss], [scalar(1, F)], [w]);
    const graph = { parameters: [w, x], outputs: [loss, sub(w, mul(g!, scalar(0.01, F)))] };
    expectSame(graph, { donate: [1] }, 5);
    const program = wasmEngine.compile(graph, { donate: [1] });
    expect(program.outputView(1).byteOffset).toBe(program.view(0).byteOffset);
  });

  it("keeps the old value for what still reads it", () => {
    const w = p([6], "w");
    const next = add(w, scalar(1, F));
    expectSame({ parameters: [w], outputs: [next, mul(w, next), flip(w)] }, { donate: [0] }, 3);
    expectSame({ parameters: [w], outputs: [flip(w)] }, { donate: [0] }, 3);
    expectSame({ parameters: [w], outputs: [sub(w, broadcastTo(sum(w), [6]))] }, { donate: [0] }, 3);
    const m = p([4, 4], "m");
    expectSame({ parameters: [m], outputs: [transpose(m)] }, { donate: [0] }, 3);
    expectSame({ parameters: [m], outputs: [add(m, transpose(m))] }, { donate: [0] }, 3);
    expectSame({ parameters: [m], outputs: [matmul(m, m)] }, { donate: [0] }, 2);
    expectSame({ parameters: [m], outputs: [sub(m, broadcastTo(sum(m, 1, true), [4, 4]))] }, { donate: [0] }, 3);
    expectSame({ parameters: [m], outputs: [sub(m, broadcastTo(reshape(sum(m, 1), [1, 4]), [4, 4]))] }, { donate: [0] }, 3);
  });

  it("lets parameters change places, stay as they are, and share a value", () => {
    const a = p([3], "a");
    const b = p([3], "b");
    expectSame({ parameters: [a, b], outputs: [b, a] }, { donate: [0, 1] }, 3);
    expectSame({ parameters: [a, b], outputs: [a, b] }, { donate: [0, 1] }, 3);
    expectSame({ parameters: [a, b], outputs: [add(a, b), add(a, b)] }, { donate: [0, 1] }, 3);
    expectSame({ parameters: [a, b], outputs: [b, neg(b)] }, { donate: [0, 1] }, 3);
  });

  it("refuses an output of another type", () => {
    const a = p([3], "a");
    expect(() => wasmEngine.compile({ parameters: [a], outputs: [sum(a)] }, { donate: [0] })).toThrow(/donate: parameter 0/);
  });

  it("gives parameters, constants and reshapings back as outputs", () => {
    const a = p([2, 3], "a");
    expectSame({ parameters: [a], outputs: [a, reshape(a, [6]), scalar(3, F), a, reshape(neg(a), [3, 2]), neg(a)] });
  });
});

describe("memory", () => {
  it("is not written over by one result of a kernel while another still needs it", () => {
    const a = p([8], "a");
    const b = p([8], "b");
    // Both temporaries die with the kernel that computes both outputs, each of which needs one of them.
    const s = flip(sort(a));
    const t = flip(sort(b));
    const first = add(t, scalar(1, F));
    const second = mul(add(s, scalar(2, F)), first);
    expectSame({ parameters: [a, b], outputs: [second, first] });
    expectSame({ parameters: [a, b], outputs: [add(first, sort(a)), sub(second, first), first] });
  });
});

describe("control flow", () => {
  const step = ([h]: Node[], [x]: Node[]) => {
    const next = tanh(add(mul(h, scalar(0.5, F)), x));
    return { carry: [next], ys: [next, mul(x, h)] };
  };

  it("scans forwards and backwards", () => {
    const h = p([5], "h");
    const xs = p([7, 5], "xs");
    for (const reverse of [false, true]) {
      const { carry, ys } = scan(step, [h], [xs], { reverse });
      expectSame({ parameters: [h, xs], outputs: [...carry, ...ys] });
    }
  });

  it("differentiates a scan that captures weights, twice", () => {
    const h = p([2, 3], "h");
    const xs = p([4, 2, 3], "xs");
    const w = p([3, 3], "w");
    const { carry } = scan(([c]: Node[], [x]: Node[]) => ({ carry: [tanh(add(matmul(c, w), x))], ys: [] }), [h], [xs]);
    const loss = sum(mul(carry[0], carry[0]));
    const [g] = pullback([loss], [scalar(1, F)], [w]);
    const [second] = pullback([sum(mul(g!, g!))], [scalar(1, F)], [w]);
    expectSame({ parameters: [h, xs, w], outputs: [loss, g!, second!] });
  });

  it("swaps carries, keeps some, and counts", () => {
    const a = p([3], "a");
    const b = p([3], "b");
    const body = ([x, y, n]: Node[]) => ({ carry: [y, x, add(n, scalar(1, "int32"))], ys: [cast(n, F), x] });
    const { carry, ys } = scan(body, [a, b, scalar(0, "int32")], [], { length: 5 });
    expectSame({ parameters: [a, b], outputs: [...carry, ...ys] });
  });

  it("nests", () => {
    const h = p([3], "h");
    const xs = p([4, 2, 3], "xs");
    const { carry, ys } = scan(
      ([c]: Node[], [x]: Node[]) => {
        const inner = scan(step, [c], [x]);
        return { carry: inner.carry, ys: [inner.ys[0]] };
      },
      [h],
      [xs],
    );
    expectSame({ parameters: [h, xs], outputs: [...carry, ...ys] });
  });

  it("scans slices whose length is no multiple of a vector", () => {
    const xs = parameter({ shape: [6, 3], dtype: "float32" }, "xs");
    const body = (_: Node[], [x]: Node[]) => ({ carry: [], ys: [neg(x), less(x, scalar(0, "float32"))] });
    for (const reverse of [false, true]) expectSame({ parameters: [xs], outputs: scan(body, [], [xs], { reverse }).ys });
  });

  it("repeats while a condition holds", () => {
    const x = p([4], "x");
    const limit = p([], "limit");
    const outputs = whileLoop(
      ([v]: Node[]) => less(sum(mul(v, v)), add(mul(limit, limit), scalar(50, F))),
      ([v]: Node[]) => [mul(v, scalar(1.5, F))],
      [x],
    );
    expectSame({ parameters: [x, limit], outputs });
  });

  it("computes the branch that is chosen", () => {
    const x = p([4], "x");
    const y = p([4], "y");
    for (const threshold of [-100, 100]) {
      const outputs = cond(
        less(sum(x), scalar(threshold, F)),
        ([a, b]: Node[]) => [add(a, b), a],
        ([a, b]: Node[]) => [mul(a, b), b],
        [x, y],
      );
      expectSame({ parameters: [x, y], outputs });
    }
  });

  it("calls rooms inside loops", () => {
    const h = p([5], "h");
    const { carry, ys } = scan(([c]: Node[]) => ({ carry: [flip(sort(mul(c, scalar(-1.1, F))))], ys: [sort(c)] }), [h], [], {
      length: 3,
    });
    expectSame({ parameters: [h], outputs: [...carry, ...ys] });
  });

  it("draws the reference's random numbers", () => {
    const key = parameter({ shape: [2], dtype: "int32" }, "key");
    expectSame({ parameters: [key], outputs: [randomBits(key, [33]), normal(key, [5, 3], { dtype: "float64" })] });
  });
});

describe("programs", () => {
  it("transpose matrices of every size and dtype", () => {
    for (const dtype of ["float32", "float64", "int32", "bool"] as const) {
      for (const shape of [
        [20, 48],
        [33, 16],
        [2, 24, 40],
      ]) {
        const x = parameter({ shape, dtype }, "x");
        const turned = transpose(x);
        const outputs = dtype === "bool" ? [turned, cast(turned, F)] : [turned, mul(turned, neg(turned)), flip(turned, 0)];
        expectSame({ parameters: [x], outputs });
      }
    }
  });

  it("describe an index that does not exist", () => {
    const x = p([3, 2], "x");
    const i = parameter({ shape: [2], dtype: "int32" }, "i");
    const program = wasmEngine.compile({ parameters: [x, i], outputs: [gather(x, i, 0)] });
    expect(() => program.run([new Float64Array(6), Int32Array.of(0, 3)])).toThrow(/gather: index 3/);
    expect(program.run([Float64Array.of(1, 2, 3, 4, 5, 6), Int32Array.of(2, 0)])[0]).toEqual(Float64Array.of(5, 6, 1, 2));
  });

  it("of equal graphs share code but no memory", () => {
    const build = () => {
      const x = p([3], "x");
      return { parameters: [x], outputs: [mul(x, scalar(2, F))] };
    };
    const [a, b] = [wasmEngine.compile(build()), wasmEngine.compile(build())];
    a.write(0, Float64Array.of(1, 2, 3));
    b.write(0, Float64Array.of(4, 5, 6));
    a.execute();
    b.execute();
    expect(a.read(0)).toEqual(Float64Array.of(2, 4, 6));
    expect(b.read(0)).toEqual(Float64Array.of(8, 10, 12));
  });

  it("have empty inputs and outputs", () => {
    const x = p([0, 3], "x");
    expectSame({ parameters: [x], outputs: [mul(x, x), sum(x), sum(x, 0), sliceAxis(x, 1, 0, 2)] });
  });

  it("give the same bits each time", () => {
    const x = parameter({ shape: [1000], dtype: "float32" }, "x");
    const graph = { parameters: [x], outputs: [sum(mul(x, x))] };
    const inputs = inputsOf(graph);
    const first = wasmEngine.compile(graph).run(inputs)[0];
    expect(wasmEngine.compile(graph).run(inputs)[0]).toEqual(first);
  });
});
