// Tensors: making, reading, printing, promotion, trees; and every method and free function against plain JavaScript.

import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { compile } from "../transforms/compile.ts";
import * as t from "./index.ts";
import { flatten, leavesWithPaths, mapTree, Tensor, tensor } from "./index.ts";

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
