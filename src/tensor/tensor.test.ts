// Tensors: making, reading, printing, promotion, trees; and every method and free function against plain JavaScript.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GradusError } from "../graph/errors.ts";
import { compile } from "../transforms/compile.ts";
import * as t from "./index.ts";
import { flatten, leavesWithPaths, mapTree, type NestedArray, Tensor, tensor } from "./index.ts";

const vector = (...xs: number[]) => tensor(xs, { dtype: "float64" });
const matrix = (rows: number[][]) => tensor(rows, { dtype: "float64" });
const type = (x: Tensor) => `${x.dtype}[${x.shape}]`;

describe("making", () => {
  test("from nested arrays: the shape is that of the nesting, the dtype float32 or bool unless said", () => {
    expect(type(tensor(3))).toBe("float32[]");
    expect(type(tensor([[1, 2, 3]]))).toBe("float32[1,3]");
    expect(type(tensor([[true], [false]]))).toBe("bool[2,1]");
    expect(type(tensor([1.9, -2], { dtype: "int32" }))).toBe("int32[2]");
    expect(tensor([1.9, -1.9], { dtype: "int32" }).toArray()).toEqual([1, -1]);
    expect(tensor([0, 2, -1], { dtype: "bool" }).toArray()).toEqual([false, true, true]);
    expect(tensor([1, true, 0]).toArray()).toEqual([1, 1, 0]);
    expect([type(tensor([])), type(tensor([[], []])), type(tensor([[[]]]))]).toEqual([
      "float32[0]",
      "float32[2,0]",
      "float32[1,1,0]",
    ]);
    expect(tensor([0.1]).data()[0]).toBe(Math.fround(0.1));
    expect(tensor([1, 2, 3, 4], { shape: [2, 2] }).toArray()).toEqual([
      [1, 2],
      [3, 4],
    ]);
  });

  test("from typed arrays: their own dtype, copied", () => {
    const data = Float64Array.of(1, 2);
    const x = tensor(data, { shape: [2, 1] });
    data[0] = 9;
    expect([type(x), x.toArray()]).toEqual(["float64[2,1]", [[1], [2]]]);
    expect([Float32Array, Float64Array, Int32Array, Uint8Array].map((A) => type(tensor(A.of(1))))).toEqual([
      "float32[1]",
      "float64[1]",
      "int32[1]",
      "bool[1]",
    ]);
    expect(tensor(Uint8Array.of(0, 7)).cast("int32").toArray()).toEqual([0, 1]);
    expect(tensor(Int16Array.of(1, 2) as never, { dtype: "float32" }).toArray()).toEqual([1, 2]);
  });

  test("ragged and non-numeric data: where, and what was there", () => {
    expect(() => tensor([[1, 2], [3]])).toThrow(/ragged array: \[1\] has length 1, its siblings 2/);
    expect(() => tensor([1, [2]])).toThrow(/ragged array: \[1\] has length 1, its siblings are numbers/);
    expect(() => tensor([[1], 2])).toThrow(/ragged array: \[1\] is a number where a row of 1 was expected/);
    expect(() => tensor([[1, "2"]] as never)).toThrow(/tensor: \[0\]\[1\] is the string "2", not a number/);
    // biome-ignore lint/suspicious/noSparseArray: a hole in the data is what is tried.
    expect(() => tensor([1, , 2] as never)).toThrow(/\[1\] is undefined/);
    expect(() => tensor(undefined as never)).toThrow(/the data is undefined/);
    expect(() => tensor([tensor(1), tensor(2)] as never)).toThrow(/stack\(\)/);
    expect(() => tensor([true, 2])).toThrow(/\[1\] is the number 2 among booleans/);
    expect(() => tensor(Float32Array.of(1, 2, 3), { shape: [2, 2] })).toThrow(
      /3 elements do not fill the shape \[2, 2\], which needs 4/,
    );
    expect(() => tensor(Int16Array.of(1) as never)).toThrow(/an Int16Array.*\{ dtype: "float32" \}/);
    expect(() => tensor(BigInt64Array.of(1n) as never)).toThrow(/BigInt64Array/);
    expect(() => tensor([1], { dtype: "float16" as never })).toThrow(
      /no dtype the string "float16"; there are float32, float64, int32, bool/,
    );
    const cyclic: unknown[] = [];
    cyclic.push(cyclic);
    expect(() => tensor(cyclic as never)).toThrow(/contain itself/);
  });

  test("from a description", () => {
    expect(t.full([2], 3).toArray()).toEqual([3, 3]);
    expect([type(t.zeros([2, 0])), type(t.ones([], "int32"))]).toEqual(["float32[2,0]", "int32[]"]);
    expect(t.full([1], 5, "bool").cast("int32").item()).toBe(1);
    expect([type(t.zerosLike(vector(1, 2))), t.onesLike(tensor([1, 2])).toArray()]).toEqual(["float64[2]", [1, 1]]);
    expect(t.eye(2).toArray()).toEqual([
      [1, 0],
      [0, 1],
    ]);
    expect(
      [t.arange(3), t.arange(1, 4), t.arange(0, 1, 0.5), t.arange(3, 0, -1), t.arange(2, 0)].map((x) => [x.dtype, x.toArray()]),
    ).toEqual([
      ["int32", [0, 1, 2]],
      ["int32", [1, 2, 3]],
      ["float32", [0, 0.5]],
      ["int32", [3, 2, 1]],
      ["int32", []],
    ]);
    expect([t.linspace(0, 1, 3).toArray(), t.linspace(2, 3, 1).toArray(), t.linspace(0, 1, 0).toArray()]).toEqual([
      [0, 0.5, 1],
      [2],
      [],
    ]);
    expect(t.linspace(0, 0.3, 4, "float64").data()[3]).toBe(0.3);
  });

  test("the caller's shape may change afterwards", () => {
    const shape = [2, 3];
    const made = [
      t.zeros(shape),
      tensor(new Float32Array(6), { shape }),
      t.ones([6]).reshape(shape),
      t.ones([3]).broadcastTo(shape),
    ];
    shape[0] = 9;
    for (const x of made) expect(x.shape).toEqual([2, 3]);
  });
});

describe("reading", () => {
  test("nested arrays are the inverse of tensor()", () => {
    const dims = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 4 });
    fc.assert(
      fc.property(dims, (shape) => {
        const size = shape.reduce((a, b) => a * b, 1);
        const x = tensor(
          Float64Array.from({ length: size }, (_, i) => i),
          { shape },
        );
        const again = tensor(x.toArray(), { dtype: "float64" });
        expect(again.toArray()).toEqual(x.toArray());
        // An axis of length 0 hides those behind it.
        if (size > 0) expect(again.shape).toEqual(shape);
      }),
    );
  });

  test("data is a copy; item is for one element; booleans read as booleans in arrays", () => {
    const x = vector(1, 2);
    x.data()[0] = 9;
    expect(x.toArray()).toEqual([1, 2]);
    expect([vector(5).item(), tensor([[true]]).item(), tensor([true, false]).toArray()]).toEqual([5, 1, [true, false]]);
    expect(() => x.item()).toThrow(/shape \[2\], not one element/);
    expect([x.rank, x.size, x.isSymbolic]).toEqual([1, 2, false]);
  });

  test("printing and JSON", () => {
    expect(String(vector(1 / 3, 2))).toBe("Tensor float64[2] [0.333333, 2]");
    expect(`${t.arange(20)}`).toBe("Tensor int32[20] [0, 1, 2, 3, 4, 5, 6, 7, …]");
    expect(tensor([true]).toString()).toBe("Tensor bool[1] [true]");
    expect(tensor(3).toString()).toBe("Tensor float32[] [3]");
    expect(JSON.stringify({ w: matrix([[1, 2]]) })).toBe('{"w":[[1,2]]}');
    const printed: string[] = [];
    compile((x: Tensor) => {
      printed.push(String(x.exp()));
      return x;
    })(vector(1));
    expect(printed).toEqual(["Tensor float64[1] (symbolic: exp)"]);
  });

  test("reading what has no value yet says what to do", () => {
    for (const read of [
      (x: Tensor) => x.item(),
      (x: Tensor) => x.data(),
      (x: Tensor) => x.toArray(),
      (x: Tensor) => JSON.stringify(x),
      (x: Tensor) => Number(x),
    ]) {
      const f = compile((x: Tensor) => (read(x) ? x : x.neg()));
      expect(() => f(vector(1))).toThrow(/symbolic.*parameter float64\[1\].*where\(\) or cond\(\)/s);
    }
    expect(() => Number(vector(1, 2))).toThrow(/a tensor is not a number: use methods such as add\(\)/);
  });

  test("a symbolic tensor that has escaped its function says so when it is used", () => {
    let escaped: Tensor | undefined;
    compile((x: Tensor) => {
      escaped = x.exp();
      return x;
    })(vector(1));
    expect(() => escaped!.add(1).item()).toThrow(/symbolic/);
    expect(() => compile((x: Tensor) => x.add(escaped!))(vector(1))).toThrow(/has no value.*Pass it as an argument/);
  });
});

describe("promotion", () => {
  const of = {
    bool: tensor([true, false]),
    int32: tensor([1, 2], { dtype: "int32" }),
    float32: tensor([0.5, 1]),
    float64: vector(0.5, 1),
  };
  const names = ["bool", "int32", "float32", "float64"] as const;

  test("two tensors: the wider dtype; arithmetic on booleans is on integers", () => {
    for (const [i, a] of names.entries()) {
      for (const [j, b] of names.entries()) {
        const wide = names[Math.max(i, j)];
        expect(of[a].add(of[b]).dtype, `${a} + ${b}`).toBe(wide === "bool" ? "int32" : wide);
        expect(t.where(of.bool, of[a], of[b]).dtype).toBe(wide);
        expect(t.concat([of[a], of[b]]).dtype).toBe(wide);
        expect(of[a].less(of[b]).dtype).toBe("bool");
      }
    }
  });

  test("a number takes the dtype of the tensor beside it, where that can hold it", () => {
    expect(names.map((n) => of[n].add(1).dtype)).toEqual(["float32", "int32", "float32", "float64"]);
    expect(names.map((n) => of[n].mul(0.5).dtype)).toEqual(["float32", "float32", "float32", "float64"]);
    expect(names.map((n) => of[n].add(true).dtype)).toEqual(["int32", "int32", "float32", "float64"]);
    expect([of.int32.add(3e9).dtype, of.int32.add(2 ** 31 - 1).dtype, of.int32.maximum(Number.NaN).dtype]).toEqual([
      "float32",
      "int32",
      "float32",
    ]);
    expect(vector(0.1).sub(0.1).item()).toBe(0);
    expect([
      t.add(1, 2).dtype,
      t.add(1, of.float64).dtype,
      t.clip(of.float64, 0, 1).dtype,
      t.where(of.bool, 1, of.float64).dtype,
    ]).toEqual(["float32", "float64", "float64", "float64"]);
  });

  test("functions of reals take integers to float32 and keep float64", () => {
    expect([of.int32.exp().dtype, of.float64.exp().dtype, of.int32.mean().dtype, of.int32.sqrt().dtype]).toEqual([
      "float32",
      "float64",
      "float32",
      "float32",
    ]);
    expect([of.int32.sum().dtype, of.int32.abs().dtype, of.int32.square().dtype, of.int32.div(of.int32).dtype]).toEqual([
      "int32",
      "int32",
      "int32",
      "float32",
    ]);
  });
});

// ---- every operation against plain JavaScript ----------------------------------------------------------------------------------

const xs = [-1.7, -0.6, 0.3, 1.2, 2.5];
const ys = [0.9, -1.1, 0.3, 2.2, -0.4];
const positive = [0.2, 0.7, 1, 1.9, 3.3];
const unit = [-0.9, -0.4, 0, 0.3, 0.8];
const sigma = (x: number) => 1 / (1 + Math.exp(-x));
const roundEven = (x: number) => (Math.abs(x % 1) === 0.5 ? 2 * Math.round(x / 2) : Math.round(x));
/** erf by its Maclaurin series. */
const erf = (x: number) => {
  let [term, sum] = [x, x];
  for (let n = 1; n < 60; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
};
const phi = (x: number) => (1 + erf(x / Math.SQRT2)) / 2;

/** Name of the free function (and of the method, where there is one), the same in JavaScript, and where to try it. */
const unaries: [keyof typeof t, (x: number) => number | boolean, number[]][] = [
  ["neg", (x) => -x, xs],
  ["abs", Math.abs, xs],
  ["sign", Math.sign, [...xs, 0]],
  ["square", (x) => x * x, xs],
  ["sqrt", Math.sqrt, positive],
  ["rsqrt", (x) => 1 / Math.sqrt(x), positive],
  ["reciprocal", (x) => 1 / x, xs],
  ["exp", Math.exp, xs],
  ["expm1", Math.expm1, xs],
  ["log", Math.log, positive],
  ["log1p", Math.log1p, positive],
  ["logistic", sigma, xs],
  ["sin", Math.sin, xs],
  ["cos", Math.cos, xs],
  ["tan", Math.tan, xs],
  ["asin", Math.asin, unit],
  ["acos", Math.acos, unit],
  ["atan", Math.atan, xs],
  ["sinh", Math.sinh, xs],
  ["cosh", Math.cosh, xs],
  ["tanh", Math.tanh, xs],
  ["asinh", Math.asinh, xs],
  ["acosh", Math.acosh, [1, 1.5, 4]],
  ["atanh", Math.atanh, unit],
  ["erf", erf, xs],
  ["normalCdf", phi, xs],
  ["floor", Math.floor, xs],
  ["ceil", Math.ceil, xs],
  ["round", roundEven, [...xs, 0.5, 1.5, 2.5, -0.5]],
  ["isNaN", Number.isNaN, [Number.NaN, 1, Number.POSITIVE_INFINITY]],
  ["isFinite", Number.isFinite, [Number.NaN, 1, Number.POSITIVE_INFINITY]],
  ["relu", (x) => Math.max(x, 0), xs],
  ["leakyRelu", (x) => (x > 0 ? x : 0.01 * x), xs],
  ["elu", (x) => (x > 0 ? x : Math.expm1(x)), xs],
  ["softplus", (x) => Math.log1p(Math.exp(x)), xs],
  ["silu", (x) => x * sigma(x), xs],
  ["gelu", (x) => x * phi(x), xs],
  ["mish", (x) => x * Math.tanh(Math.log1p(Math.exp(x))), xs],
  ["hardThreshold", (x) => (x > 0 ? 1 : 0), xs],
];

function expectList(actual: Tensor, expected: readonly (number | boolean)[]): void {
  expect(actual.size).toBe(expected.length);
  Array.from(actual.data()).forEach((v, i) => {
    const e = Number(expected[i]);
    if (!Object.is(v, e)) expect(Math.abs(v - e), `entry ${i}: ${v}, ${e}`).toBeLessThanOrEqual(2e-14 * Math.max(1, Math.abs(e)));
  });
}

const functions: Readonly<Record<string, unknown>> = { ...t };
type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor | number, b: Tensor | number) => Tensor;
const method = (x: Tensor, name: string) => (Reflect.get(x, name) as ((...args: unknown[]) => Tensor) | undefined)?.bind(x);

describe("elementwise operations are JavaScript's, as functions and as methods", () => {
  test.each(unaries)("%s", (name, f, at) => {
    const x = vector(...at);
    const expected = at.map(f);
    expectList((functions[name] as Unary)(x), expected);
    const own = method(x, name);
    if (own) expectList(own(), expected);
    expectList(
      (functions[name] as (x: number) => Tensor)(at[0]).cast("float64"),
      [Math.fround(Number(f(Math.fround(at[0]))))].map((v) =>
        expectFloat32(v, (functions[name] as (x: number) => Tensor)(at[0])),
      ),
    );
  });

  const binaries: [keyof typeof t, (a: number, b: number) => number | boolean][] = [
    ["add", (a, b) => a + b],
    ["sub", (a, b) => a - b],
    ["mul", (a, b) => a * b],
    ["div", (a, b) => a / b],
    ["remainder", (a, b) => a - b * Math.floor(a / b)],
    ["maximum", Math.max],
    ["minimum", Math.min],
    ["atan2", Math.atan2],
    ["less", (a, b) => a < b],
    ["lessEqual", (a, b) => a <= b],
    ["greater", (a, b) => a > b],
    ["greaterEqual", (a, b) => a >= b],
    ["equal", (a, b) => a === b],
    ["notEqual", (a, b) => a !== b],
  ];
  test.each(binaries)("%s, with broadcasting and numbers on either side", (name, f) => {
    const op = functions[name] as Binary;
    expectList(
      op(vector(...xs), vector(...ys)),
      xs.map((x, i) => f(x, ys[i])),
    );
    expectList(
      op(vector(...xs), 0.3),
      xs.map((x) => f(x, 0.3)),
    );
    expectList(
      op(0.3, vector(...xs)),
      xs.map((x) => f(0.3, x)),
    );
    expectList(
      op(matrix(xs.map((x) => [x])), vector(...ys)),
      xs.flatMap((x) => ys.map((y) => f(x, y))),
    );
    const own = method(vector(...xs), name);
    if (own)
      expectList(
        own(vector(...ys)),
        xs.map((x, i) => f(x, ys[i])),
      );
  });

  test("pow, clip, where, sigmoid, cast", () => {
    expectList(
      t.pow(vector(...positive), vector(...ys)),
      positive.map((x, i) => x ** ys[i]),
    );
    expectList(
      vector(...xs).pow(3),
      xs.map((x) => x ** 3),
    );
    expectList(
      vector(...xs).pow(-2),
      xs.map((x) => x ** -2),
    );
    expectList(
      t.pow(2, vector(...xs)),
      xs.map((x) => 2 ** x),
    );
    expectList(
      vector(...xs).clip(-1, 1),
      xs.map((x) => Math.min(Math.max(x, -1), 1)),
    );
    expectList(
      t.clip(vector(...xs), vector(...xs).sub(1), 0),
      xs.map((x) => Math.min(Math.max(x, x - 1), 0)),
    );
    expectList(
      t.where(vector(...xs).greater(0), 1, vector(...ys)),
      xs.map((x, i) => (x > 0 ? 1 : ys[i])),
    );
    expectList(vector(...xs).sigmoid(), xs.map(sigma));
    expectList(vector(...xs).cast("int32"), xs.map(Math.trunc));
    expectList(
      t.leakyRelu(vector(...xs), 0.2),
      xs.map((x) => (x > 0 ? x : 0.2 * x)),
    );
    expectList(
      t.elu(vector(...xs), 2),
      xs.map((x) => (x > 0 ? x : 2 * Math.expm1(x))),
    );
    expectList(
      t.gelu(vector(...xs), "tanh"),
      xs.map((x) => 0.5 * x * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (x + 0.044715 * x ** 3)))),
    );
  });

  test("logic", () => {
    const [p, q] = [tensor([true, true, false, false]), tensor([true, false, true, false])];
    expect([t.and(p, q), t.or(p, q), t.xor(p, q), t.not(p), p.and(q), p.or(q), p.not()].map((x) => x.toArray())).toEqual([
      [true, false, false, false],
      [true, true, true, false],
      [false, true, true, false],
      [false, false, true, true],
      [true, false, false, false],
      [true, true, true, false],
      [false, false, true, true],
    ]);
    expect(p.and(true).toArray()).toEqual([true, true, false, false]);
  });
});

/** `expected` if the float32 result is within an ulp or two of it, so that the comparison above shows both. */
function expectFloat32(expected: number, actual: Tensor): number {
  const [value] = actual.cast("float64").data();
  return Object.is(value, expected) || Math.abs(value - expected) <= 3e-7 * Math.max(1, Math.abs(expected)) ? value : expected;
}

describe("reductions", () => {
  const rows = [
    [3, -1, 2],
    [0.5, 4, -2],
  ];
  const x = matrix(rows);
  const add = (v: number[]) => v.reduce((a, b) => a + b, 0);
  const columns = [0, 1, 2].map((j) => rows.map((r) => r[j]));
  const all = rows.flat();
  const mean = (v: number[]) => add(v) / v.length;
  const spread = (v: number[]) => mean(v.map((a) => (a - mean(v)) ** 2));
  const table: [
    string,
    (v: number[]) => number | boolean,
    (x: Tensor, axes?: number | readonly number[], keepDims?: boolean) => Tensor,
  ][] = [
    ["sum", add, t.sum],
    ["prod", (v) => v.reduce((a, b) => a * b, 1), t.prod],
    ["mean", mean, t.mean],
    ["max", (v) => Math.max(...v), (y, axes, keep) => y.max(axes, keep)],
    ["min", (v) => Math.min(...v), (y, axes, keep) => y.min(axes, keep)],
    ["norm", (v) => Math.hypot(...v), (y, axes, keepDims = false) => t.norm(y, axes, { keepDims })],
    ["logSumExp", (v) => Math.log(add(v.map(Math.exp))), t.logSumExp],
    ["any", (v) => v.some((a) => a > 2), (y, axes, keep) => y.greater(2).any(axes, keep)],
    ["all", (v) => v.every((a) => a > -2), (y, axes, keep) => y.greater(-2).all(axes, keep)],
    ["variance", spread, (y, axes, keepDims = false) => t.variance(y, axes, { keepDims })],
    ["standardDeviation", (v) => Math.sqrt(spread(v)), (y, axes, keepDims = false) => t.standardDeviation(y, axes, { keepDims })],
  ];
  test.each(table)("%s over any axes", (name, f, op) => {
    expectList(op(x), [f(all)]);
    expectList(op(x, 0), columns.map(f));
    expectList(op(x, -1), rows.map(f));
    expectList(op(x, [0, 1]), [f(all)]);
    expect([op(x).shape, op(x, 0).shape, op(x, 1, true).shape, op(x, undefined, true).shape]).toEqual([[], [3], [2, 1], [1, 1]]);
    const own = method(x, name);
    if (own && name !== "any" && name !== "all") expectList(own(1), rows.map(f));
  });

  test("argmax, argmin, softmax, layer norm, running sums", () => {
    expect([x.argmax(1).toArray(), x.argmin(0).toArray(), x.argmax(0).dtype]).toEqual([[0, 1], [1, 0, 1], "int32"]);
    const soft = (v: number[]) => v.map((a) => Math.exp(a) / add(v.map(Math.exp)));
    expectList(x.softmax(), rows.flatMap(soft));
    expectList(t.softmax(x, 0).transpose(), columns.flatMap(soft));
    expectList(
      x.logSoftmax(),
      rows.flatMap((r) => soft(r).map(Math.log)),
    );
    expectList(
      t.logSoftmax(x),
      rows.flatMap((r) => soft(r).map(Math.log)),
    );
    expectList(
      t.layerNorm(x, -1, 0, vector(1, 2, 3), vector(0, 0, 1)),
      rows.flatMap((r) => r.map((a, i) => ((a - mean(r)) / Math.sqrt(spread(r))) * (i + 1) + (i === 2 ? 1 : 0))),
    );
    expectList(
      t.cumulativeSum(x, 1),
      rows.flatMap((r) => r.map((_, i) => add(r.slice(0, i + 1)))),
    );
    expectList(
      t.cumulativeSum(x, 1, { exclusive: true, reverse: true }),
      rows.flatMap((r) => r.map((_, i) => add(r.slice(i + 1)))),
    );
    expectList(
      t.cumulativeProduct(x, 1),
      rows.flatMap((r) => r.map((_, i) => r.slice(0, i + 1).reduce((a, b) => a * b, 1))),
    );
  });

  test("of nothing: the neutral element, or an error that says so", () => {
    const none = t.zeros([0, 3], "float64");
    expect([none.sum().item(), none.prod(0).toArray(), none.greater(0).all().toArray(), none.greater(0).any().toArray()]).toEqual(
      [0, [1, 1, 1], true, false],
    );
    expect(() => none.max(0)).toThrow(GradusError);
    expect(none.sum(1).shape).toEqual([0]);
  });
});

describe("structure", () => {
  const x = t.arange(6).reshape([2, 3]);
  const cases: [string, () => Tensor | Tensor[], NestedArray][] = [
    [
      "reshape",
      () => x.reshape([3, -1]),
      [
        [0, 1],
        [2, 3],
        [4, 5],
      ],
    ],
    [
      "transpose",
      () => x.transpose(),
      [
        [0, 3],
        [1, 4],
        [2, 5],
      ],
    ],
    ["transpose by a permutation", () => x.reshape([1, 2, 3]).transpose([2, 0, -2]), [[[0, 3]], [[1, 4]], [[2, 5]]]],
    [
      "broadcastTo",
      () => t.arange(2).reshape([2, 1]).broadcastTo([2, 2]),
      [
        [0, 0],
        [1, 1],
      ],
    ],
    ["expandDims", () => t.arange(2).expandDims([0, -1]), [[[0], [1]]]],
    ["squeeze", () => t.arange(2).reshape([1, 2, 1]).squeeze(0), [[0], [1]]],
    [
      "slice",
      () => x.slice([0, 1], [2, undefined], [1, 1]),
      [
        [1, 2],
        [4, 5],
      ],
    ],
    [
      "slice backwards",
      () => x.slice([undefined, -1], [], [-1, -2]),
      [
        [5, 3],
        [2, 0],
      ],
    ],
    [
      "flip",
      () => x.flip(-1),
      [
        [2, 1, 0],
        [5, 4, 3],
      ],
    ],
    [
      "gather, method",
      () => x.gather(tensor([2, 0], { dtype: "int32" }), 1),
      [
        [2, 0],
        [5, 3],
      ],
    ],
    ["gather", () => t.gather(x, tensor(1, { dtype: "int32" })), [3, 4, 5]],
    ["takeAlongAxis", () => t.takeAlongAxis(x, tensor([[2], [0]], { dtype: "int32" })), [[2], [3]]],
    ["scatterAdd", () => t.scatterAdd(tensor([1, 1, 0], { dtype: "int32" }), t.arange(3), 3), [2, 1, 0]],
    [
      "oneHot",
      () => t.oneHot(tensor([1, 3], { dtype: "int32" }), 3, "int32"),
      [
        [0, 1, 0],
        [0, 0, 0],
      ],
    ],
    [
      "concat",
      () => t.concat([x, x.slice([1])], 0),
      [
        [0, 1, 2],
        [3, 4, 5],
        [3, 4, 5],
      ],
    ],
    [
      "stack",
      () => t.stack([t.arange(2), t.arange(2)], -1),
      [
        [0, 0],
        [1, 1],
      ],
    ],
    ["split into equal parts", () => t.split(x, 3, 1)[2], [[2], [5]]],
    [
      "split by sizes",
      () => t.split(x, [1, 2], 1)[1],
      [
        [1, 2],
        [4, 5],
      ],
    ],
    [
      "tile",
      () => t.tile(t.arange(2), [2, 2]),
      [
        [0, 1, 0, 1],
        [0, 1, 0, 1],
      ],
    ],
    ["repeat", () => t.repeat(t.arange(2), 2), [0, 0, 1, 1]],
    ["pad", () => t.pad(t.arange(2), [[1, 0, 1]], 7), [7, 0, 7, 1]],
    [
      "swapAxes",
      () => t.swapAxes(x, 0, 1),
      [
        [0, 3],
        [1, 4],
        [2, 5],
      ],
    ],
    [
      "moveAxis",
      () => t.moveAxis(x.reshape([1, 2, 3]), 2, 0).squeeze(),
      [
        [0, 3],
        [1, 4],
        [2, 5],
      ],
    ],
    ["dynamicSlice", () => t.dynamicSlice(x, [1, tensor(5, { dtype: "int32" })], [1, 2]), [[4, 5]]],
    [
      "dynamicUpdateSlice",
      () => t.dynamicUpdateSlice(x, t.full([1, 2], 9, "int32"), [0, 1]),
      [
        [0, 9, 9],
        [3, 4, 5],
      ],
    ],
    ["sort", () => t.sort(tensor([2, 3, 1]), 0, { descending: true }), [3, 2, 1]],
    ["argsort", () => t.argsort(tensor([2, 3, 1])), [2, 0, 1]],
    ["topK", () => t.topK(tensor([2, 3, 1]), 2).values, [3, 2]],
    ["topK, where", () => t.topK(tensor([2, 3, 1]), 2).indices, [1, 0]],
    [
      "tril",
      () => t.tril(t.ones([2, 3], "int32")),
      [
        [1, 0, 0],
        [1, 1, 0],
      ],
    ],
    [
      "triu",
      () => t.triu(t.ones([2, 3], "int32"), 1),
      [
        [0, 1, 1],
        [0, 0, 1],
      ],
    ],
    ["diagonal", () => t.diagonal(x, 1), [1, 5]],
    [
      "diagonalMatrix",
      () => t.diagonalMatrix(t.arange(2)),
      [
        [0, 0],
        [0, 1],
      ],
    ],
    ["trace", () => t.trace(x), 4],
    [
      "matmul",
      () => t.matmul(x, x.transpose()),
      [
        [5, 14],
        [14, 50],
      ],
    ],
    ["matmul with a vector", () => x.matmul(t.arange(3)), [5, 14]],
    ["dot", () => t.dot(t.arange(3), t.arange(3)), 5],
    [
      "outer",
      () => t.outer(t.arange(2), t.arange(3)),
      [
        [0, 0, 0],
        [0, 1, 2],
      ],
    ],
    [
      "einsum",
      () => t.einsum("ij,kj->ik", x, x),
      [
        [5, 14],
        [14, 50],
      ],
    ],
    ["maxPool", () => t.maxPool(tensor([1, 5, 2, 4]).reshape([1, 4, 1]), 2).reshape([-1]), [5, 4]],
    ["averagePool", () => t.averagePool(tensor([1, 5, 2, 4]).reshape([1, 4, 1]), [2], { strides: 1 }).reshape([-1]), [3, 3.5, 3]],
    [
      "convolution",
      () => t.convolution(tensor([1, 2, 3]).reshape([1, 3, 1]), tensor([1, 10]).reshape([2, 1, 1])).reshape([-1]),
      [21, 32],
    ],
    [
      "transposedConvolution",
      () => t.transposedConvolution(tensor([1, 2]).reshape([1, 2, 1]), tensor([1, 10]).reshape([2, 1, 1])).reshape([-1]),
      [1, 12, 20],
    ],
  ];
  test.each(cases)("%s", (_name, make, expected) => expect((make() as Tensor).toArray()).toEqual(expected));
});

describe("random tensors", () => {
  const key = t.random.key(7);
  test("are functions of their key", () => {
    const draw = (k: Tensor) => t.random.normal(k, [4]).toArray();
    expect(draw(t.random.key(7))).toEqual(draw(key));
    const [a, b] = t.random.split(key);
    const keys = [key, a, b, t.random.foldIn(key, 0), t.random.foldIn(key, 1)];
    expect(new Set(keys.map((k) => String(draw(k)))).size).toBe(5);
  });

  test("have the ranges, shapes and moments they should", () => {
    const n = 4000;
    const within = (x: Tensor, low: number, high: number) => x.greaterEqual(low).and(x.lessEqual(high)).all().item();
    const u = t.random.uniform(key, [n], { low: 2, high: 3, dtype: "float64" });
    expect([within(u, 2, 3), u.dtype]).toEqual([1, "float64"]);
    expect(Math.abs(u.mean().item() - 2.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / n));
    const z = t.random.normal(key, [n], { mean: 1, deviation: 2 });
    expect(Math.abs(z.mean().item() - 1)).toBeLessThan(5 * (2 / Math.sqrt(n)));
    expect(within(t.random.truncatedNormal(key, [n], { lower: -1, upper: 0.5 }), -1, 0.5)).toBe(1);
    const coin = t.random.bernoulli(key, 0.25, [n]);
    expect([coin.dtype, Math.abs(coin.cast("float32").mean().item() - 0.25) < 5 * Math.sqrt(0.1875 / n)]).toEqual(["bool", true]);
    expect(t.random.bernoulli(key, tensor([0, 1])).toArray()).toEqual([false, true]);
    const dice = t.random.integers(key, [n], 1, 7);
    expect([dice.dtype, within(dice, 1, 6)]).toEqual(["int32", 1]);
    expect(t.sort(t.random.permutation(key, 50)).toArray()).toEqual(t.arange(50).toArray());
    expect(t.sort(t.random.shuffle(key, t.arange(9))).toArray()).toEqual(t.arange(9).toArray());
    const drawn = t.random.categorical(key, tensor([0, Math.log(3)]), [n]);
    expect(Math.abs(drawn.cast("float32").mean().item() - 0.75)).toBeLessThan(5 * Math.sqrt(0.1875 / n));
  });
});

describe("trees", () => {
  const [a, b] = [vector(1), vector(2)];

  test("leaves come in order, with their paths; the rest is kept", () => {
    const tree = { layers: [{ w: a, name: "first" }, null], rate: 3, b };
    expect(leavesWithPaths(tree).map(([path]) => path)).toEqual(["layers[0].w", "b"]);
    const mapped = mapTree((x) => x.mul(10), tree);
    expect(JSON.stringify(mapped)).toBe('{"layers":[{"w":[10],"name":"first"},null],"rate":3,"b":[20]}');
    expect(flatten(a).structure.paths).toEqual([""]);
    expect(mapTree((x, y) => x.add(y), { p: a, q: b }, { q: a, p: b }).q.toArray()).toEqual([3]);
    expect(mapTree(() => "leaf", [a, [b]])).toEqual(["leaf", ["leaf"]]);
  });

  test("other forms, and tensors that would be lost, are told with their place", () => {
    expect(() => mapTree((x) => x, { p: a }, { q: a })).toThrow(/trees differ in form: no tensor at p, and a tensor at q/);
    expect(() => mapTree((x) => x, [a, b], [a])).toThrow(/no tensor at \[1\]/);
    expect(() => flatten({ m: new Map([["a", a]]) })).toThrow(/m is a Map, which would hide its tensors/);
    expect(() => flatten([{ x: Promise.resolve(a) }])).toThrow(/\[0\]\.x is a Promise.*Await it/);
    class Holder {
      readonly held = a;
    }
    expect(() => flatten(new Holder())).toThrow(/a Holder/);
    expect(flatten({ when: new Date(), data: new Float32Array(2), f: () => a }).leaves).toEqual([]);
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    expect(() => flatten(cyclic)).toThrow(/contain itself/);
  });

  test("prototypes are safe: a key named __proto__ is a key", () => {
    const tree = JSON.parse('{"__proto__": 1}') as object;
    expect(Object.keys(mapTree((x) => x, { ...tree, a }))).toEqual(["__proto__", "a"]);
  });
});

test("every method of Tensor is one of the operations above", () => {
  const tested = new Set(
    "data item toArray toString toJSON valueOf add sub mul div pow remainder maximum minimum clip neg abs sign square sqrt rsqrt reciprocal exp expm1 log log1p sin cos tan tanh erf logistic sigmoid relu floor ceil round less lessEqual greater greaterEqual equal notEqual and or not sum mean prod max min argmax argmin any all norm softmax logSoftmax logSumExp matmul reshape transpose broadcastTo expandDims squeeze slice flip gather cast constructor shape dtype rank size isSymbolic".split(
      " ",
    ),
  );
  expect(Object.getOwnPropertyNames(Tensor.prototype).filter((name) => !tested.has(name))).toEqual([]);
});
