// Drawings show the graph: every use of a value is an edge, folding hides but cuts nothing, nothing overlaps, formats are well-formed.

import * as dagre from "@dagrejs/dagre";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { topologicalOrder } from "../../graph/node.ts";
import { isConstant, isPick } from "../../graph/structural.ts";
import * as nn from "../../nn/index.ts";
import { cond, scan, whileLoop } from "../../tensor/functions/control.ts";
import { ones, type Tensor, tensor } from "../../tensor/index.ts";
import { traceFunction } from "../traced.ts";
import { buildDiagram } from "./build.ts";
import type { Diagram, GroupState, States } from "./diagram.ts";
import { diagramOf, draw } from "./draw.ts";
import { grouped, readable, statesFor } from "./fold.ts";
import { arrange, type Rectangle } from "./picture.ts";
import { type View, viewOf } from "./view.ts";

/** A random function of two arrays, with shared operands and several results. */
const programs = fc
  .array(fc.tuple(fc.nat(), fc.nat(), fc.nat(4)), { minLength: 3, maxLength: 14 })
  .map((steps) => (x: Tensor, y: Tensor) => {
    const made: Tensor[] = [x, y];
    for (const [i, j, op] of steps) {
      const [a, b] = [made[i % made.length], made[j % made.length]];
      made.push([a.add(b), a.mul(b), a.tanh(), a.mul(0.5), a.sub(b.sum())][op]);
    }
    return made.slice(-2);
  });

const operands = (): [Tensor, Tensor] => [ones([2, 3]), ones([2, 3])];

/** Every box from which another can be reached, through drawn edges. */
function reached(edges: readonly { readonly from: string; readonly to: string }[], from: string): Set<string> {
  const next = new Map<string, string[]>();
  for (const { from: a, to: b } of edges) next.set(a, [...(next.get(a) ?? []), b]);
  const seen = new Set([from]);
  for (const id of seen) for (const to of next.get(id) ?? []) seen.add(to);
  return seen;
}

/** The box or closed group under which a box is seen. */
function seenAs(diagram: Diagram, states: States, id: string): string {
  const box = diagram.boxes.find((b) => b.id === id);
  let seen = id;
  for (let at = box?.group ?? ""; at !== ""; ) {
    const group = diagram.groups.find((g) => g.id === at);
    if (states[at] === "closed") seen = at;
    at = group?.parent ?? "";
  }
  return seen;
}

const blocks = (count: number, width: number) =>
  Array.from({ length: count }, () =>
    nn.sequential(
      nn.residual(nn.sequential(nn.layerNorm(width), nn.multiHeadAttention(width, 2)) as nn.Module),
      nn.residual(
        nn.sequential(nn.layerNorm(width), nn.linear(width, 2 * width), nn.gelu(), nn.linear(2 * width, width)) as nn.Module,
      ),
    ),
  );
const transformer = (count: number) =>
  nn.sequential(nn.embedding(20, 4), ...(blocks(count, 4) as nn.Module[]), nn.linear(4, 20)) as nn.Module;

describe("unfolded", () => {
  test("every use of a value by an operation is an edge, and there are no others", () => {
    fc.assert(
      fc.property(programs, (f) => {
        const traced = traceFunction("draw", f as (...args: never[]) => unknown, operands());
        const outputs = traced.outputs.map(({ node }) => node);
        const passed = (op: string) => op === "broadcast" || op === "alias";
        const order = topologicalOrder(outputs);
        const shown = order.filter((node) => !passed(node.op.name) && !isConstant(node) && !isPick(node));
        const uses = shown.flatMap((node) =>
          node.inputs.filter((input) => {
            let at = input;
            while (passed(at.op.name)) at = at.inputs[0];
            return !isConstant(at);
          }),
        );
        const unused = traced.formals.filter(({ node }) => !order.includes(node)).length;
        const diagram = buildDiagram(traced, { title: "f", show: [], parameters: 0 });
        expect(diagram.boxes).toHaveLength(shown.length + outputs.length + unused);
        expect(diagram.edges).toHaveLength(uses.length + outputs.length);
      }),
      { numRuns: 60 },
    );
  });

  test("compositions and modules hold their bodies", () => {
    const diagram = diagramOf(nn.sequential(nn.linear(3, 4), nn.softmax()), [2, 3]);
    const group = (label: string) => diagram.groups.find((g) => g.label === label)?.id;
    const inside = (id: string | undefined) => diagram.boxes.filter((box) => box.group === id).map(({ label }) => label);
    expect(inside(group("layers[0] · linear"))).toEqual(["weight", "matmul", "bias", "add"]);
    const softmax = diagram.groups.find(({ kind }) => kind === "composition");
    expect(softmax).toMatchObject({ label: "softmax", parent: group("layers[1] · softmax") });
    expect(inside(softmax?.id)).toEqual(expect.arrayContaining(["exp", "sum", "div"]));
  });

  test("loops carry back to their beginning, choices lead from both branches", () => {
    const f = (x: Tensor) => {
      const looped = scan((c: Tensor) => ({ carry: c.mul(x).sin(), y: c }), x, undefined, { length: 3 }).carry;
      const chosen = cond(
        looped.sum().greater(0),
        (a: Tensor) => a.exp(),
        (a: Tensor) => a.neg(),
        looped,
      );
      return whileLoop(
        (c: Tensor) => c.sum().less(9),
        (c: Tensor) => c.mul(2),
        chosen,
      );
    };
    const diagram = diagramOf(f, [ones([2])]);
    expect(diagram.groups.map(({ kind, label }) => `${kind} ${label}`)).toEqual([
      "loop scan",
      "choice cond",
      "branch if true",
      "branch if false",
      "loop while",
      "branch condition",
      "branch body",
    ]);
    expect(diagram.edges.filter(({ kind }) => kind === "again")).toHaveLength(2);
    const choose = diagram.boxes.find(({ label }) => label === "choose");
    const feeding = diagram.edges
      .filter(({ to }) => to === choose?.id)
      .map(({ from }) => diagram.boxes.find(({ id }) => id === from)?.label);
    expect(feeding).toEqual(["greater", "exp", "neg"]);
    const [input] = diagram.boxes.filter(({ kind }) => kind === "input" || kind === "parameter");
    const output = diagram.boxes.find(({ kind }) => kind === "output");
    expect(reached(diagram.edges, input.id).has(output?.id ?? "")).toBe(true);
  });

  test("a residual connection and a shared weight have two edges", () => {
    const diagram = diagramOf((w: Tensor, x: Tensor) => x.matmul(w).add(x).matmul(w), [ones([2, 2]), ones([3, 2])]);
    const uses = (label: string) =>
      diagram.edges.filter(({ from }) => diagram.boxes.find(({ id }) => id === from)?.label === label).length;
    expect([uses("w"), uses("x")]).toEqual([2, 2]);
    expect(diagram.boxes.map(({ label }) => label)).toEqual(expect.arrayContaining(["w", "x", "output"]));
  });
});

describe("folded", () => {
  const random = fc.record({ seed: fc.infiniteStream(fc.boolean()) });

  test("whatever is closed, what could be reached still can, and nothing else, but through closed groups", () => {
    const diagram = diagramOf(transformer(2), [1, 3], { dtype: "int32" });
    fc.assert(
      fc.property(random, ({ seed }) => {
        const states: States = Object.fromEntries(
          diagram.groups.map(({ id }) => [id, seed.next().value ? "closed" : "open"] as [string, GroupState]),
        );
        const view = viewOf(diagram, states);
        const pairs = new Set(view.edges.map(({ from, to }) => `${from} ${to}`));
        const wanted = new Set<string>();
        for (const { from, to } of diagram.edges) {
          const [a, b] = [seenAs(diagram, states, from), seenAs(diagram, states, to)];
          if (a !== b) wanted.add(`${a} ${b}`);
        }
        expect(pairs).toEqual(wanted);
        expect(new Set(view.boxes)).toEqual(new Set(diagram.boxes.map(({ id }) => seenAs(diagram, states, id))));
      }),
      { numRuns: 25 },
    );
  });

  test("24 equal layers are one run, which shows one of them for all; at most 60 boxes", () => {
    const whole = grouped(diagramOf(transformer(24), [1, 3], { dtype: "int32" }));
    expect(whole.boxes.length).toBeGreaterThan(1000);
    const run = whole.groups.find(({ kind }) => kind === "run");
    expect(run).toMatchObject({ label: "layers[1 … 24]", parent: "" });
    expect(run?.parts).toHaveLength(24);
    const states = statesFor(whole, "auto");
    const view = viewOf(whole, states);
    expect(view.boxes.length).toBeLessThanOrEqual(readable);
    expect(view.boxes.length).toBeGreaterThan(readable / 2);
    expect(states[run?.id ?? ""]).toBe("example");
    const shown = whole.boxes.filter(({ id }) => view.boxes.includes(id));
    expect(shown.filter(({ label }) => label === "inputWeight")).toHaveLength(1);
    const [input, output] = ["input", "output"].map((kind) => whole.boxes.find((box) => box.kind === kind)?.id ?? "");
    expect(reached(view.edges, input).has(output)).toBe(true);
    // The layer's end leads on to the beginning of the next.
    expect(view.edges.some(({ kind }) => kind === "again")).toBe(true);
    expect(viewOf(whole, { ...states, [run?.id ?? ""]: "closed" }).boxes.length).toBeLessThan(view.boxes.length);
  });

  test("layers that alternate are a run of pairs", () => {
    const pairs = Array.from({ length: 12 }, () => [nn.linear(3, 3), nn.tanh()]).flat();
    const whole = grouped(diagramOf(nn.sequential(nn.linear(2, 3), nn.tanh(), ...pairs) as nn.Module, [1, 2]));
    const run = whole.groups.find(({ kind }) => kind === "run");
    expect(run?.parts).toHaveLength(12);
    expect(whole.groups.filter(({ parent }) => parent === run?.parts?.[0]).map(({ label }) => label)).toEqual([
      "layers[2] · linear",
      "layers[3] · tanh",
    ]);
  });

  test("thousands of operations without modules come in pieces", () => {
    const f = (x: Tensor) => {
      let y = x;
      for (let i = 0; i < 3000; i++) y = i % 3 === 0 ? y.sin() : i % 3 === 1 ? y.add(x) : y.mul(y);
      return y.sum();
    };
    const whole = grouped(diagramOf(f, [ones([2])]));
    const view = viewOf(whole, statesFor(whole, "auto"));
    expect(view.boxes.length).toBeLessThanOrEqual(readable);
    expect(view.boxes.length).toBeGreaterThan(20);
    const output = whole.boxes.find(({ kind }) => kind === "output")?.id ?? "";
    expect(view.boxes.every((id) => id === output || reached(view.edges, id).has(output))).toBe(true);
  });

  test("as asked: modules, a number of boxes, paths, nothing", () => {
    const whole = grouped(diagramOf(nn.sequential(nn.linear(3, 4), nn.relu(), nn.linear(4, 2)), [1, 3]));
    const count = (fold: Parameters<typeof statesFor>[1]) => viewOf(whole, statesFor(whole, fold)).boxes.length;
    expect(count("modules")).toBe(5);
    expect(count(8)).toBeLessThanOrEqual(8);
    expect(count(["layers[0].linear"])).toBe(count("none") - 3);
  });
});

describe("laid out", () => {
  const overlap = (a: Rectangle, b: Rectangle) =>
    a.x < b.x + b.width - 0.5 && b.x < a.x + a.width - 0.5 && a.y < b.y + b.height - 0.5 && b.y < a.y + a.height - 0.5;
  const holds = (outer: Rectangle, r: Rectangle) =>
    r.x >= outer.x - 0.5 &&
    r.y >= outer.y - 0.5 &&
    r.x + r.width <= outer.x + outer.width + 0.5 &&
    r.y + r.height <= outer.y + outer.height + 0.5;
  const onBorder = ({ x, y, width, height }: Rectangle, p: { x: number; y: number }) =>
    Math.abs(Math.max(Math.abs(p.x - x - width / 2) / (width / 2), Math.abs(p.y - y - height / 2) / (height / 2)) - 1) < 1e-6;

  function check(diagram: Diagram, states: States, view: View, direction: "down" | "right"): void {
    const layout = arrange(dagre, diagram, states, view, direction);
    const boxes = Object.entries(layout.boxes);
    for (const [i, [id, a]] of boxes.entries()) {
      for (const [other, b] of boxes.slice(i + 1)) expect(overlap(a, b), `${id} over ${other}`).toBe(false);
      expect(holds({ x: 0, y: 0, width: layout.width, height: layout.height }, a)).toBe(true);
    }
    for (const [id, frame] of Object.entries(layout.frames)) {
      const inside = (item: string): boolean => item !== "" && (view.parents[item] === id || inside(view.parents[item] ?? ""));
      for (const [box, place] of boxes) {
        if (inside(box)) expect(holds(frame, place), `${box} in ${id}`).toBe(true);
        else expect(overlap(frame, place), `${box} over ${id}`).toBe(false);
      }
    }
    layout.edges.forEach(({ points }, i) => {
      const { from, to } = view.edges[i];
      expect(onBorder(layout.boxes[from], points[0])).toBe(true);
      expect(onBorder(layout.boxes[to], points[points.length - 1])).toBe(true);
    });
  }

  test("boxes overlap neither each other nor frames they are not in; edges end on the borders of their boxes", () => {
    fc.assert(
      fc.property(programs, fc.constantFrom("down" as const, "right" as const), (f, direction) => {
        const diagram = diagramOf(f as (...args: never[]) => unknown, operands());
        check(diagram, {}, viewOf(diagram, {}), direction);
      }),
      { numRuns: 20 },
    );
  });

  test("with frames in frames", () => {
    for (const [model, shape] of [
      [nn.sequential(nn.gru(3, 5), nn.linear(5, 2)), [2, 7, 3]],
      [nn.sequential(...(blocks(1, 4) as nn.Module[]), nn.linear(4, 2)), [1, 3, 4]],
      [nn.concat([nn.linear(3, 4), nn.sequential(nn.linear(3, 2), nn.tanh())]), [2, 3]],
    ] as [nn.Module, number[]][]) {
      const whole = grouped(diagramOf(model, shape));
      for (const [direction, fold] of [
        ["down", "auto"],
        ["right", 15],
      ] as const) {
        const states = statesFor(whole, fold);
        check(whole, states, viewOf(whole, states), direction);
      }
    }
  });
});

describe("what is written on edges", () => {
  const f = (p: { W1: Tensor; b1: Tensor; W2: Tensor; b2: Tensor }, x: Tensor, t: Tensor) => {
    const h = p.W1.matmul(x).add(p.b1).logistic();
    return p.W2.matmul(h).add(p.b2).logistic().sub(t).square().mul(0.5).sum();
  };
  const args = (): Parameters<typeof f> => [
    {
      W1: tensor(
        [
          [0.2, 0.4],
          [-0.5, 0.3],
        ],
        { dtype: "float64" },
      ),
      b1: tensor([0.1, -0.2], { dtype: "float64" }),
      W2: tensor([[0.7, -0.3]], { dtype: "float64" }),
      b2: tensor([0.05], { dtype: "float64" }),
    },
    tensor([1, 2], { dtype: "float64" }),
    tensor([1], { dtype: "float64" }),
  ];
  const linesFrom = (diagram: Diagram, label: string) => {
    const boxes = diagram.boxes.filter((box) => box.label === label).map(({ id }) => id);
    return diagram.edges.filter(({ from }) => boxes.includes(from)).map(({ value }) => diagram.values[value].lines);
  };

  test("values and error signals are those of the worked example by hand", () => {
    const diagram = diagramOf(f, args(), { show: ["values", "errors"] });
    expect(linesFrom(diagram, "logistic")).toEqual([
      ["h = [0.7503, 0.475]", expect.stringMatching(/^δ /)],
      ["0.6065", "δ −0.3935"],
    ]);
    const [first, second] = linesFrom(diagram, "add");
    expect(first).toEqual(["[1.1, −0.1]", "δ [−0.01232, 0.007026]"]);
    expect(second).toEqual(["0.4327", "δ −0.09391"]);
    expect(linesFrom(diagram, "b1")).toEqual([["[0.1, −0.2]", "δ [−0.01232, 0.007026]"]]);
    expect(linesFrom(diagram, "sum")).toEqual([["0.07742", "δ 1"]]);
  });

  test("error signals inside compositions are those of the spelled-out graph", () => {
    const diagram = diagramOf((x: Tensor) => nn.gelu().apply({}, x).sum(), [tensor([0.5, -1], { dtype: "float64" })], {
      show: ["errors"],
    });
    const inside = diagram.groups.find(({ kind }) => kind === "composition")?.id;
    const within = diagram.boxes.filter(({ group }) => group === inside).map(({ id }) => id);
    const lines = diagram.edges.filter(({ from }) => within.includes(from)).map(({ value }) => diagram.values[value].lines);
    expect(lines.length).toBeGreaterThan(0);
    expect(lines.every((l) => l.some((text) => text.startsWith("δ")))).toBe(true);
  });

  test("multiply-adds, of loops as often as they run", () => {
    const diagram = diagramOf(nn.gru(3, 5), [2, 7, 3], { show: ["multiplyAdds"] });
    const total = diagram.boxes.reduce((n, box) => n + box.multiplyAdds, 0);
    expect(total).toBe(nn.summary(nn.sequential(nn.gru(3, 5)), [2, 7, 3]).forwardMultiplyAdds);
    expect(linesFrom(diagram, "matmul")).toContainEqual([`${(2 * 7 * 5 * 15).toLocaleString("en")} mult-adds`]);
  });

  test("error signals of a result that is no scalar are refused", async () => {
    await expect(draw(nn.linear(2, 3), [1, 2], { show: ["errors"] })).rejects.toThrow(/derivatives of a scalar/);
  });

  test("the backward pass ends in the gradient of every parameter", () => {
    const diagram = diagramOf(f, args(), { backward: true, show: ["values"] });
    const ends = diagram.boxes.filter(({ kind, backward }) => kind === "output" && backward).map(({ label }) => label);
    expect(ends).toEqual(["gradient of W1", "gradient of b1", "gradient of W2", "gradient of b2"]);
    const bias = diagram.boxes.find(({ label }) => label === "gradient of b1")?.id;
    const into = diagram.edges.find(({ to }) => to === bias);
    expect(diagram.values[into?.value ?? 0].lines).toEqual(["[−0.01232, 0.007026]"]);
    expect(diagram.edges.some(({ kind }) => kind === "kept")).toBe(true);
  });
});
