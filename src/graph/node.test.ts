import { describe, expect, test } from "vitest";
import { add, tanh } from "../ops/index.ts";
import { GradusError } from "./errors.ts";
import { atPath, makeNode, modulePath, topologicalOrder, withPath } from "./node.ts";
import { call, constant, parameter, pick, picks, scalar } from "./structural.ts";

const x = () => parameter({ shape: [2], dtype: "float64" });

describe("nodes", () => {
  test("inputs are older than their users, and an order puts them first", () => {
    const a = x();
    const b = tanh(a);
    const c = add(b, a);
    const d = add(c, b);
    expect(topologicalOrder([d])).toEqual([a, b, c, d]);
    expect(topologicalOrder([b, d, b])).toEqual([a, b, c, d]);
    expect(topologicalOrder([])).toEqual([]);
  });

  test("what lies behind a known node is left out", () => {
    const a = x();
    const b = tanh(a);
    expect(topologicalOrder([add(b, b)], new Set([b])).map((n) => n.op.name)).toEqual(["add"]);
    expect(topologicalOrder([b], new Set([b]))).toEqual([]);
  });

  test("only what depends on a parameter is symbolic", () => {
    expect([x().symbolic, tanh(x()).symbolic, scalar(1, "float32").symbolic, tanh(scalar(1, "float32")).symbolic]).toEqual([
      true,
      true,
      false,
      false,
    ]);
  });

  test("the path of modules is kept with the node, also when the body throws", () => {
    const inner = withPath("layers[0]", () => withPath("linear", () => tanh(x())));
    expect(inner.path).toBe("layers[0].linear");
    expect(atPath("elsewhere", () => modulePath())).toBe("elsewhere");
    expect(() =>
      withPath("a", () => {
        throw new Error("stop");
      }),
    ).toThrow("stop");
    expect(modulePath()).toBe("");
  });

  test("an error names the path once and keeps its code and cause", () => {
    const fail = () => withPath("head", () => makeNode(add.op, [x(), parameter({ shape: [3], dtype: "float64" })], {}));
    expect(fail).toThrow(/^in head: add: /);
    try {
      fail();
    } catch (error) {
      expect(error).toBeInstanceOf(GradusError);
      expect(error).toMatchObject({ code: "shape" });
      expect((error as GradusError).cause).toBeInstanceOf(GradusError);
    }
  });

  test("outputs are picked from nodes that have several, others are their own output", () => {
    const formal = x();
    const body = { parameters: [formal], outputs: [tanh(formal), constant(new Int32Array(1), [1], "int32")] };
    const node = call([x()], { name: "two", body, parameters: {}, vjp: undefined, jvp: undefined, recompute: false });
    expect(picks(node).map((p) => [p.op.name, p.dtype, p.shape])).toEqual([
      ["pick", "float64", [2]],
      ["pick", "int32", [1]],
    ]);
    const single = tanh(x());
    expect(pick(single, 0)).toBe(single);
  });
});
