// What lowering makes of graphs: which operations become one kernel, what is never copied, and that memory plans never let one live
// value overwrite another.

import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parameter, scalar } from "../../graph/structural.ts";
import { add, div, mul, neg, sub } from "../../ops/arithmetic.ts";
import { pullback } from "../../ops/autodiff.ts";
import { softmax } from "../../ops/compositions/softmax.ts";
import { scan } from "../../ops/control.ts";
import { matmul } from "../../ops/matmul.ts";
import { maximum } from "../../ops/piecewise.ts";
import { sqrt } from "../../ops/powers.ts";
import { broadcastTo, cast, reshape, transpose } from "../../ops/shape.ts";
import { flip, sliceAxis, split } from "../../ops/slicing.ts";
import { sum } from "../../ops/sum.ts";
import { controlLaunches } from "./control.ts";
import { describePlan } from "./describe.ts";
import type { Plan } from "./ir.ts";
import { keyOfGraph } from "./key.ts";
import { useLaunches } from "./launches.ts";
import { lower } from "./lower.ts";
import { livesOf, overwritesOf, sizeInBytes } from "./memory.ts";
import { randomProgram } from "./random-program.ts";
import { simplify } from "./simplify.ts";

useLaunches(controlLaunches);

const F = "float32" as const;
const p = (shape: number[], name = "x") => parameter({ shape, dtype: F }, name);
const kinds = (plan: Plan) => plan.launches.map((l) => l.kernel.kind);

describe("fusion", () => {
  it("makes one loop of a chain of elementwise operations on views", () => {
    const x = p([6, 4]);
    const y = p([4, 6]);
    const z = mul(add(flip(transpose(x), 0), y), broadcastTo(sliceAxis(reshape(y, [24]), 0, 0, 6), [4, 6]));
    const plan = lower({ parameters: [x, y], outputs: [z] });
    expect(kinds(plan)).toEqual(["loop"]);
    expect(plan.buffers.length).toBe(3);
  });

  it("makes one kernel of a softmax", () => {
    const x = p([8, 5, 32]);
    const plan = lower({ parameters: [x], outputs: [softmax(x, -1)] });
    expect(kinds(plan)).toEqual(["loop"]);
    const [{ kernel }] = plan.launches;
    if (kernel.kind !== "loop") throw new Error("not a loop");
    expect(kernel.outer).toEqual([40]);
    expect(kernel.steps.filter((s) => s.inner.length > 0).map((s) => s.inner)).toEqual([[32], [32], [32]]);
  });

  it("makes one pass of an update with state", () => {
    const [w, g, m, v] = ["w", "g", "m", "v"].map((n) => p([64, 16], n));
    const m2 = add(mul(m, scalar(0.9, F)), mul(g, scalar(0.1, F)));
    const v2 = add(mul(v, scalar(0.999, F)), mul(mul(g, g), scalar(0.001, F)));
    const w2 = sub(w, div(mul(m2, scalar(1e-3, F)), add(sqrt(v2), scalar(1e-8, F))));
    const plan = lower({ parameters: [w, m, v, g], outputs: [w2, m2, v2] }, { donate: [0, 1, 2] });
    expect(kinds(plan)).toEqual(["loop"]);
    const [{ kernel }] = plan.launches;
    if (kernel.kind !== "loop") throw new Error("not a loop");
    expect(kernel.outer).toEqual([1024]);
    // In place: the outputs have no memory of their own.
    expect(plan.outputs.map((b) => plan.standsIn.get(b))).toEqual(plan.parameters.slice(0, 3));
  });

  it("sums what it computes in the same pass that stores it", () => {
    const x = p([32, 20]);
    const g = p([32, 20]);
    const masked = mul(g, cast(maximum(x, scalar(0, F)), F));
    const plan = lower({ parameters: [x, g], outputs: [masked, sum(masked, 0)] });
    expect(kinds(plan)).toEqual(["loop"]);
  });

  it("makes one loop of nests over one index space that share what they read", () => {
    const [x, y] = [p([12, 10], "x"), p([12, 10], "y")];
    const gate = sqrt(add(x, y));
    const outputs = [mul(gate, x), sub(gate, y), div(x, gate)];
    expect(kinds(lower({ parameters: [x, y], outputs }))).toEqual(["loop"]);
  });

  it("does not merge nests of which one depends on the other through something else", () => {
    const x = p([8, 8]);
    const a = sqrt(x);
    const b = add(matmul(a, a), x);
    expect(kinds(lower({ parameters: [x], outputs: [a, b] }))).toEqual(["loop", "matmul", "loop"]);
  });

  it("puts the cotangents of a split tensor side by side", () => {
    const x = p([4, 6]);
    const parts = split(x, 3, 1);
    const loss = sum(parts.map((part, i) => mul(part, mul(part, scalar(i + 1, F)))).reduce((a, b) => add(a, b)));
    const [g] = pullback([loss], [scalar(1, F)], [x]);
    const plan = lower({ parameters: [x], outputs: [g!] });
    expect(plan.launches.every((l) => l.kernel.name === "concat")).toBe(true);
  });

  it("reads transposed operands of products where they are", () => {
    const a = p([5, 7]);
    const b = p([5, 6]);
    const plan = lower({ parameters: [a, b], outputs: [matmul(transpose(a), b)] });
    expect(kinds(plan)).toEqual(["matmul"]);
    const [{ kernel }] = plan.launches;
    if (kernel.kind !== "matmul") throw new Error("not a product");
    expect([kernel.a.row, kernel.a.column, kernel.b.row, kernel.b.column]).toEqual([1, 7, 6, 1]);
  });

  it("computes each value once", () => {
    const x = p([100]);
    const twice = () => sqrt(mul(x, x));
    const plan = lower({ parameters: [x], outputs: [add(twice(), twice())] });
    const [{ kernel }] = plan.launches;
    if (kernel.kind !== "loop") throw new Error("not a loop");
    expect(kernel.values.filter((v) => v.kind === "apply").map((v) => v.kind === "apply" && v.op.name)).toEqual([
      "mul",
      "sqrt",
      "add",
    ]);
  });

  it("updates the carries of a scan in place", () => {
    const h = p([4]);
    const { carry } = scan(([c]) => ({ carry: [mul(c, scalar(0.5, F))], ys: [] }), [h], [], { length: 3 });
    const plan = lower({ parameters: [h], outputs: carry });
    const found = plan.launches.find((l) => l.kernel.kind === "scan")?.kernel;
    if (found?.kind !== "scan") throw new Error("no scan");
    expect(found.body.plan.bytes).toBe(0);
    expect(kinds(found.body.plan)).toEqual(["loop"]);
  });
});

describe("descriptions", () => {
  it("name kernels, their sizes and their work", () => {
    const a = p([5, 7], "a");
    const b = p([7, 6], "b");
    const [product, update] = describePlan(lower({ parameters: [a, b], outputs: [neg(matmul(a, b))] }));
    expect(product).toMatchObject({ kind: "matmul", over: "5×7×6", flops: 420, reads: ["a float32×35", "b float32×42"] });
    expect(update).toMatchObject({ kind: "loop", name: "neg", over: "[30]", flops: 30, bytes: 240 });
  });
});

describe("simplification", () => {
  it("keeps every bit", () => {
    const x = p([3]);
    const zero = scalar(0, F);
    const one = scalar(1, F);
    const wide = (n: typeof zero) => broadcastTo(n, [3]);
    expect(simplify([mul(x, wide(one)), sub(x, wide(zero)), div(x, wide(one)), neg(neg(x))])).toEqual([x, x, x, x]);
    expect(simplify([add(x, wide(zero))])[0].op.name).toBe("add");
    expect(simplify([mul(x, wide(zero))])[0].op.name).toBe("mul");
    expect(simplify([add(x, wide(scalar(-0, F)))])).toEqual([x]);
  });

  it("works out constants", () => {
    const [n] = simplify([mul(add(scalar(2, F), scalar(3, F)), broadcastTo(scalar(2, F), [4]))]);
    expect([n.op.name, n.shape]).toEqual(["broadcast", [4]]);
  });
});

describe("keys", () => {
  it("are equal for graphs that differ in nothing but their nodes", () => {
    const build = (factor: number) => {
      const x = p([3]);
      const { carry } = scan(([c]) => ({ carry: [mul(c, scalar(factor, F))], ys: [] }), [x], [], { length: 3 });
      return { parameters: [x], outputs: carry };
    };
    expect(keyOfGraph(build(2))).toBe(keyOfGraph(build(2)));
    expect(keyOfGraph(build(2))).not.toBe(keyOfGraph(build(3)));
  });

  it("tell apart parameters that change places", () => {
    const a = p([3]);
    const b = p([3]);
    const difference = sub(a, b);
    expect(keyOfGraph({ parameters: [a, b], outputs: [difference] })).not.toBe(
      keyOfGraph({ parameters: [b, a], outputs: [difference] }),
    );
  });
});

/** Every pair of buffers that share bytes while both are needed, and neither stands in for nor takes over the other. */
function conflicts(plan: Plan): string[] {
  const { buffers, launches, offsets, standsIn } = plan;
  const lives = livesOf(buffers, launches, new Set(plan.outputs));
  for (const b of buffers) if (b.role !== "temporary") lives[b.id] = { first: -1, last: launches.length };
  const home = (b: number): number => (standsIn.has(b) ? home(standsIn.get(b)!) : b);
  const found: string[] = [];
  for (const a of buffers) {
    for (const b of buffers) {
      if (a.id >= b.id || home(a.id) === home(b.id)) continue;
      const [from, to] = [offsets[a.id], offsets[b.id]];
      if (from === undefined || to === undefined || lives[a.id].last < 0 || lives[b.id].last < 0) continue;
      if (from + sizeInBytes(a) <= to || to + sizeInBytes(b) <= from) continue;
      const [p1, p2] = [lives[a.id], lives[b.id]];
      if (p1.last < p2.first || p2.last < p1.first) continue;
      const [early, late] = p1.last <= p2.first ? [a, b] : [b, a];
      const at = lives[late.id].first;
      const takesOver =
        lives[early.id].last === at && overwritesOf(launches[at]).some(([s, t]) => s === early.id && t === late.id);
      if (!takesOver) found.push(`${a.name} ${a.id} and ${b.name} ${b.id}`);
    }
  }
  return found;
}

describe("memory plans", () => {
  it("never place two values that are needed at once in the same bytes", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(1000), { minLength: 30, maxLength: 60 }), (choices) => {
        expect(conflicts(lower(randomProgram(F, choices)))).toEqual([]);
      }),
      { numRuns: 200 },
    );
  });

  it("lets temporaries share memory", () => {
    let x = p([256, 256]);
    const parameters = [x];
    for (let i = 0; i < 20; i++) x = matmul(x, parameters[0]);
    const plan = lower({ parameters, outputs: [x] });
    expect(plan.bytes).toBe(3 * 256 * 256 * 4);
  });
});
