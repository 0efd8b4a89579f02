import { describe, expect, test } from "vitest";
import { evaluate } from "../engines/interpreter/evaluate.ts";
import { pullback } from "../ops/autodiff.ts";
import { batchOutputs } from "../ops/batching.ts";
import { add, exp, mul, sin, sum, tanh } from "../ops/index.ts";
import { optimize } from "../ops/optimize.ts";
import { type Node, topologicalOrder } from "./node.ts";
import { inlineCalls, instantiate, mergeEqual, substitute, withInputs } from "./rewrite.ts";
import {
  alias,
  barrier,
  call,
  composition,
  constant,
  hasOwnDerivative,
  parameter,
  pick,
  scalar,
  stopGradient,
} from "./structural.ts";

const x = (name = "x") => parameter({ shape: [2], dtype: "float64" }, name);
const size = (outputs: readonly Node[]) => topologicalOrder(outputs).length;
const names = (outputs: readonly Node[]) => topologicalOrder(outputs).map((n) => n.op.name);
const values = (outputs: readonly Node[], at: Node, data: number[]) =>
  evaluate(outputs, new Map([[at, { shape: at.shape, dtype: "float64", data: Float64Array.from(data) }]])).map((v) =>
    Array.from(v.data),
  );
const double = (a: Node) => composition("double", {}, [a], (b) => add(b, b));

describe("substitution", () => {
  test("rebuilds what depends on the replaced, and keeps the rest as it is", () => {
    const [a, b] = [x(), x()];
    const untouched = tanh(b);
    const result = add(exp(a), untouched);
    const [rebuilt] = substitute([result], new Map([[a, b]]));
    expect(names([rebuilt])).toEqual(["parameter", "tanh", "exp", "add"]);
    expect(rebuilt.inputs[1]).toBe(untouched);
    expect(substitute([result], new Map())[0]).toBe(result);
    expect(withInputs(result, result.inputs)).toBe(result);
  });

  test("does not look behind what is replaced", () => {
    const a = x();
    const deep = exp(a);
    const visited: string[] = [];
    substitute([tanh(deep)], new Map([[deep, x()]]), (node) => {
      visited.push(node.op.name);
      return undefined;
    });
    expect(visited).toEqual(["tanh"]);
  });

  test("an output that is itself replaced, and one that is asked for twice", () => {
    const [a, b] = [x(), x()];
    expect(substitute([a, a], new Map([[a, b]]))).toEqual([b, b]);
  });

  test("a transformation sees nodes with their inputs rebuilt", () => {
    const a = x();
    const [result] = substitute([tanh(exp(a))], new Map(), (node) => (node.op.name === "exp" ? sin(node.inputs[0]) : undefined));
    expect(names([result])).toEqual(["parameter", "sin", "tanh"]);
  });

  test("picks follow their node", () => {
    const [a, b] = [x(), x()];
    const body = { parameters: [x()], outputs: [scalar(1, "float64"), scalar(2, "float64")] };
    const node = call([a], { name: "two", body, parameters: {}, vjp: undefined, jvp: undefined, recompute: false });
    const [rebuilt] = substitute([pick(node, 1)], new Map([[a, b]]));
    expect([rebuilt.op.name, rebuilt.inputs[0].inputs[0]]).toEqual(["pick", b]);
  });
});

describe("calls", () => {
  test("are spelled out to any depth, one output or several", () => {
    const a = x();
    const nested = composition("outer", {}, [a], (b) => mul(double(b), double(tanh(b))));
    expect(new Set(names(inlineCalls([nested])))).toEqual(new Set(["parameter", "add", "tanh", "mul"]));
    expect(values(inlineCalls([nested]), a, [1, -2])).toEqual(values([nested], a, [1, -2]));
    const formal = x();
    const two = call([a], {
      name: "two",
      body: { parameters: [formal], outputs: [double(formal), exp(formal)] },
      parameters: {},
      vjp: undefined,
      jvp: undefined,
      recompute: false,
    });
    expect(names(inlineCalls([pick(two, 1), pick(two, 0)])).sort()).toEqual(["add", "exp", "parameter"]);
  });

  test("those with a derivative of their own can be kept", () => {
    const a = x();
    const own = composition("own", {}, [double(a)], exp, { vjp: (_xs, [y], [g]) => [mul(g, y)] });
    expect(names(inlineCalls([own], hasOwnDerivative))).toEqual(["parameter", "add", "call"]);
  });

  test("a body is instantiated afresh each time", () => {
    const formal = x();
    const graph = { parameters: [formal], outputs: [exp(formal)] };
    const [a, b] = [x(), x()];
    const [p, q] = [instantiate(graph, [a])[0], instantiate(graph, [b])[0]];
    expect([p.inputs[0], q.inputs[0]]).toEqual([a, b]);
  });
});

describe("merging", () => {
  test("equal computations become one, through any number of levels", () => {
    const a = x();
    expect(size(mergeEqual([mul(tanh(exp(a)), tanh(exp(a)))]))).toBe(4);
    expect(size(mergeEqual([sum(a, 0), sum(a, 0, true)]))).toBe(3);
    const other = x();
    expect(size(mergeEqual([add(exp(a), exp(other))]))).toBe(5);
  });

  test("aliases go, and stopGradient where nothing is to be differentiated any more", () => {
    const a = x();
    expect(mergeEqual([alias(alias(a))])[0]).toBe(a);
    expect(names(mergeEqual([exp(stopGradient(a))]))).toEqual(["parameter", "exp"]);
    expect(names(mergeEqual([exp(stopGradient(alias(a)))], { differentiable: true }))).toEqual([
      "parameter",
      "stopGradient",
      "exp",
    ]);
  });

  test("barriers stay apart, each with what is computed behind it", () => {
    const a = x();
    const again = (n: Node) => exp(barrier(n));
    expect(size(mergeEqual([exp(a), again(a), again(a)]))).toBe(6);
  });

  test("scalars merge by value and dtype: 0 and -0 stay apart, NaN is NaN", () => {
    const pair = (p: number, q: number) => new Set(mergeEqual([scalar(p, "float64"), scalar(q, "float64")])).size;
    expect([pair(1, 1), pair(0, -0), pair(-0, -0), pair(Number.NaN, Number.NaN), pair(1, 2)]).toEqual([1, 2, 1, 1, 2]);
    expect(new Set(mergeEqual([scalar(1, "float64"), scalar(1, "float32"), scalar(1, "int32")])).size).toBe(3);
  });

  test("larger constants merge by identity, so that none is read", () => {
    const data = Float64Array.of(1, 2);
    const literal = {
      get data(): Float64Array {
        throw new Error("was read");
      },
    };
    const c = constant(literal, [2], "float64");
    expect(size(mergeEqual([add(exp(c), exp(c))]))).toBe(3);
    expect(size(mergeEqual([add(constant(data, [2], "float64"), constant(data, [2], "float64"))]))).toBe(3);
  });

  test("attributes of the same print are told apart: strings from numbers, lists from strings", () => {
    const a = x();
    const named = (value: unknown) =>
      call([a], {
        name: "c",
        body,
        parameters: { value } as Record<string, number>,
        vjp: undefined,
        jvp: undefined,
        recompute: false,
      });
    const formal = x();
    const body = { parameters: [formal], outputs: [exp(formal)] };
    expect(new Set(mergeEqual([named(1), named("1"), named([1, 2]), named("[1,2]"), named(["1,2"])])).size).toBe(5);
    expect(new Set(mergeEqual([named([1, { a: 2 }]), named([1, { a: 2 }])])).size).toBe(1);
  });
});

describe("deep graphs", () => {
  const depth = 100_000;
  const chain = (at: Node) => {
    let y = at;
    for (let i = 0; i < depth; i++) y = i % 2 ? tanh(y) : sin(y);
    return y;
  };

  test("of 100,000 operations are ordered, merged, rebuilt, differentiated, batched and evaluated without recursion", () => {
    const a = parameter({ shape: [], dtype: "float64" });
    const y = chain(a);
    expect(size([y])).toBe(depth + 1);
    expect(size(optimize([y]))).toBe(depth + 1);
    expect(size(substitute([y], new Map([[a, scalar(1, "float64")]])))).toBe(depth + 1);
    const [gradient] = pullback([y], [scalar(1, "float64")], [a]);
    expect(size([gradient!])).toBeGreaterThan(2 * depth);
    const [batched] = batchOutputs([y], new Map([[a, constant(Float64Array.of(0.5, 0), [2], "float64")]]), new Map(), 2);
    expect(batched.shape).toEqual([2]);
    const at = { shape: [], dtype: "float64" as const, data: Float64Array.of(0) };
    expect(evaluate([y, gradient!], new Map([[a, at]])).map((v) => v.data[0])).toEqual([0, 1]);
  });

  test("calls within calls, 1,000 deep", () => {
    let y = x();
    const first = y;
    for (let i = 0; i < 1000; i++) y = double(y);
    expect(values(inlineCalls([y]), first, [0, 0])).toEqual([[0, 0]]);
    let nested = (a: Node): Node => exp(a);
    for (let i = 0; i < 200; i++) {
      const inner = nested;
      nested = (a) => composition(`level${i}`, {}, [a], inner);
    }
    expect(names(inlineCalls([nested(first)]))).toEqual(["parameter", "exp"]);
  });
});
