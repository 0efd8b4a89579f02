import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FloatDType } from "../../graph/dtype.ts";
import type { Algebra, BitAlgebra } from "../../numeric/algebra.ts";
import * as elementary from "../../numeric/elementary/index.ts";
import { float32Algebra, float64Algebra } from "../../numeric/numbers.ts";
import { call, type Expression, type FunctionBuilder, load, ModuleBuilder } from "./assembler.ts";
import { outlined, simdAlgebra, simdIntegers } from "./simd.ts";

type Unary = <V>(k: Algebra<V>, x: V) => V;
type Binary = <V>(k: Algebra<V>, x: V, y: V) => V;
type Formula<K> = (k: K, a: Expression, b: Expression, c: Expression) => Expression;

/** Runs f(a, b, c) on lanes: three vectors at 0, 16, 32, the result at 48. */
function runner(body: (f: FunctionBuilder, a: Expression, b: Expression, c: Expression) => Expression) {
  const module = new ModuleBuilder({ memory: { pages: 1, export: "memory" } });
  module.define(
    "run",
    [],
    "void",
    (f) => {
      const [a, b, c] = [0, 16, 32].map((at) => f.let(load("v128.load", 0, at)));
      f.store("v128.store", 0, body(f, a, b, c), 48);
    },
    { export: true },
  );
  const { run, memory } = new WebAssembly.Instance(new WebAssembly.Module(module.finish())).exports as {
    run: () => void;
    memory: WebAssembly.Memory;
  };
  return { run, buffer: memory.buffer };
}

function floatRunner(dtype: FloatDType, formula: Formula<Algebra<Expression>>): (a: number, b?: number, c?: number) => number {
  const { run, buffer } = runner((f, a, b, c) => formula(simdAlgebra(f, dtype), a, b, c));
  const view = dtype === "float32" ? new Float32Array(buffer, 0, 16) : new Float64Array(buffer, 0, 8);
  const lanes = view.length / 4;
  return (a, b = 0, c = 0) => {
    view
      .fill(a, 0, lanes)
      .fill(b, lanes, 2 * lanes)
      .fill(c, 2 * lanes, 3 * lanes);
    run();
    const results = view.subarray(3 * lanes);
    for (const value of results) if (!Object.is(value, results[0])) throw new Error(`lanes differ: ${results}`);
    return results[0];
  };
}

const formats = [
  { dtype: "float32", round: Math.fround, bias: 127, numbers: fc.float() },
  { dtype: "float64", round: (x: number) => x, bias: 1023, numbers: fc.double() },
] as const;

/** Ties to even. */
function nearest(x: number): number {
  const floor = Math.floor(x);
  const fraction = x - floor;
  const result = fraction > 0.5 || (fraction === 0.5 && floor % 2 !== 0) ? floor + 1 : floor;
  return result === 0 && (x < 0 || Object.is(x, -0)) ? -0 : result;
}

const special = [0, -0, 1, -1, 0.5, 1.5, 2.5, -0.5, -2.5, Infinity, -Infinity, NaN, 2 ** -149, 2 ** 24, -(2 ** 23) - 0.5];

describe.each(formats)("float formulas in $dtype", ({ dtype, round, bias, numbers }) => {
  const sample = [...special, ...fc.sample(numbers, { numRuns: 40, seed: 1 })].map(round);

  const unary: [string, Formula<Algebra<Expression>>, (a: number) => number][] = [
    ["neg", (k, a) => k.neg(a), (a) => -a],
    ["abs", (k, a) => k.abs(a), Math.abs],
    ["sqrt", (k, a) => k.sqrt(a), Math.sqrt],
    ["floor", (k, a) => k.floor(a), Math.floor],
    ["ceil", (k, a) => k.ceil(a), Math.ceil],
    ["trunc", (k, a) => k.trunc(a), Math.trunc],
    ["nearest", (k, a) => k.nearest(a), nearest],
  ];
  it.each(unary)("%s is that of JavaScript, rounded once", (_, formula, reference) => {
    const f = floatRunner(dtype, formula);
    for (const a of sample) expect([a, f(a)]).toEqual([a, round(reference(a))]);
  });

  const binary: [string, Formula<Algebra<Expression>>, (a: number, b: number) => number][] = [
    ["add", (k, a, b) => k.add(a, b), (a, b) => a + b],
    ["sub", (k, a, b) => k.sub(a, b), (a, b) => a - b],
    ["mul", (k, a, b) => k.mul(a, b), (a, b) => a * b],
    ["div", (k, a, b) => k.div(a, b), (a, b) => a / b],
    ["min", (k, a, b) => k.min(a, b), Math.min],
    ["max", (k, a, b) => k.max(a, b), Math.max],
    ["copySign", (k, a, b) => k.copySign(a, b), (a, b) => (b < 0 || Object.is(b, -0) ? -Math.abs(a) : Math.abs(a))],
    ["less", (k, a, b) => k.select(k.less(a, b), k.constant(1), k.constant(0)), (a, b) => (a < b ? 1 : 0)],
    ["lessEqual", (k, a, b) => k.select(k.lessEqual(a, b), k.constant(1), k.constant(0)), (a, b) => (a <= b ? 1 : 0)],
    ["equal", (k, a, b) => k.select(k.equal(a, b), k.constant(1), k.constant(0)), (a, b) => (a === b ? 1 : 0)],
    ["notEqual", (k, a, b) => k.select(k.notEqual(a, b), k.constant(1), k.constant(0)), (a, b) => (a !== b ? 1 : 0)],
    [
      "masks combine",
      (k, a, b) => k.select(k.or(k.and(k.less(a, b), k.not(k.less(a, k.constant(0)))), k.equal(b, k.constant(1))), a, b),
      (a, b) => ((a < b && !(a < 0)) || b === 1 ? a : b),
    ],
  ];
  it.each(binary)("%s is that of JavaScript, rounded once", (name, formula, reference) => {
    const f = floatRunner(dtype, formula);
    for (const a of sample) {
      for (const b of sample) {
        if (name === "copySign" && Number.isNaN(b)) continue; // the sign of a NaN is not visible in JavaScript
        expect([a, b, f(a, b)]).toEqual([a, b, round(reference(a, b))]);
      }
    }
  });

  it("min and max with a constant are those without", () => {
    for (const c of [0, -0, 1, -2.5, Infinity, -Infinity, NaN]) {
      const right = floatRunner(dtype, (k, a) => k.max(a, k.constant(c)));
      const left = floatRunner(dtype, (k, a) => k.max(k.constant(c), a));
      const lower = floatRunner(dtype, (k, a) => k.min(a, k.constant(c)));
      for (const a of sample) {
        expect([a, c, right(a), left(a), lower(a)]).toEqual([a, c, Math.max(a, c), Math.max(a, c), Math.min(a, c)]);
      }
    }
  });

  it("scale multiplies by 2^k for every normal 2^k", () => {
    const f = floatRunner(dtype, (k, a, b) => k.scale(a, b));
    for (let k = 1 - bias; k <= bias; k++) {
      for (const x of [1, -1.5, round(0.1), round(1 / 3)]) expect(f(x, k)).toBe(round(x * 2 ** k));
    }
  });

  it("exponent and mantissa split every normal number", () => {
    const exponent = floatRunner(dtype, (k, a) => k.exponent(a));
    const mantissa = floatRunner(dtype, (k, a) => k.mantissa(a));
    for (let k = 1 - bias; k <= bias; k++) {
      for (const m of [1, -1, 1.5, -1.75, round(2 - 2 ** (dtype === "float32" ? -23 : -52))]) {
        expect([exponent(m * 2 ** k), mantissa(m * 2 ** k)]).toEqual([k, m]);
      }
    }
  });

  it("outlined formulas are shared by their callers and give the same bits", () => {
    const module = new ModuleBuilder({ memory: { pages: 1, export: "memory" } });
    const request = () => outlined(module, dtype, "norm", 2, (k, [a, b]) => k.sqrt(k.add(k.mul(a, a), k.mul(b, b))));
    const norm = request();
    expect(request()).toBe(norm);
    module.define(
      "run",
      [],
      "void",
      (f) => f.store("v128.store", 0, call(norm, load("v128.load", 0), load("v128.load", 0, 16))),
      {
        export: true,
      },
    );
    const { run, memory } = new WebAssembly.Instance(new WebAssembly.Module(module.finish())).exports as {
      run: () => void;
      memory: WebAssembly.Memory;
    };
    const view = dtype === "float32" ? new Float32Array(memory.buffer) : new Float64Array(memory.buffer);
    view.set([3, 4], 0);
    view.set([4, 3], 16 / view.BYTES_PER_ELEMENT);
    run();
    expect([...view.subarray(0, 2)]).toEqual([5, 5]);
  });
});

describe("int32 formulas", () => {
  function intRunner(formula: Formula<BitAlgebra<Expression>>): (a: number, b?: number) => number {
    const { run, buffer } = runner((f, a, b, c) => formula(simdIntegers(f), a, b, c));
    const view = new Int32Array(buffer);
    return (a, b = 0) => {
      view.fill(a, 0, 4).fill(b, 4, 8);
      run();
      return view[13];
    };
  }
  const cases: [string, Formula<BitAlgebra<Expression>>, (a: number, b: number) => number][] = [
    ["add", (k, a, b) => k.add(a, b), (a, b) => (a + b) | 0],
    ["sub", (k, a, b) => k.sub(a, b), (a, b) => (a - b) | 0],
    ["mul", (k, a, b) => k.mul(a, b), Math.imul],
    ["neg", (k, a) => k.neg(a), (a) => -a | 0],
    ["abs", (k, a) => k.abs(a), (a) => Math.abs(a) | 0],
    ["min", (k, a, b) => k.min(a, b), Math.min],
    ["max", (k, a, b) => k.max(a, b), Math.max],
    ["less", (k, a, b) => k.less(a, b), (a, b) => (a < b ? -1 : 0)],
    ["lessEqual", (k, a, b) => k.lessEqual(a, b), (a, b) => (a <= b ? -1 : 0)],
    ["equal", (k, a, b) => k.equal(a, b), (a, b) => (a === b ? -1 : 0)],
    ["notEqual", (k, a, b) => k.notEqual(a, b), (a, b) => (a !== b ? -1 : 0)],
    ["xor", (k, a, b) => k.xor(a, b), (a, b) => a ^ b],
    ["bitAnd", (k, a, b) => k.bitAnd(a, b), (a, b) => a & b],
    ["bitOr", (k, a, b) => k.bitOr(a, b), (a, b) => a | b],
    ["shiftLeft", (k, a) => k.shiftLeft(a, 13), (a) => a << 13],
    ["shiftRight", (k, a) => k.shiftRight(a, 13), (a) => (a >>> 13) | 0],
    ["constant", (k, a) => k.add(a, k.constant(-7)), (a) => (a - 7) | 0],
  ];
  const words = [0, 1, -1, 2 ** 31 - 1, -(2 ** 31), 7, -7, ...fc.sample(fc.integer(), { numRuns: 20, seed: 2 })];
  it.each(cases)("%s wraps as JavaScript's does", (_, formula, reference) => {
    const f = intRunner(formula);
    for (const a of words) for (const b of words) expect([a, b, f(a, b)]).toEqual([a, b, reference(a, b) | 0]);
  });
});

describe.each(formats)("elementary functions in $dtype", ({ dtype, round, numbers }) => {
  const unary = Object.entries(elementary).filter(([, formula]) => formula.length === 2) as [string, Unary][];
  const binary = Object.entries(elementary).filter(([, formula]) => formula.length === 3) as [string, Binary][];
  const js = dtype === "float32" ? float32Algebra : float64Algebra;
  const points = fc.oneof(numbers, fc.double({ min: -20, max: 20, noNaN: true }), fc.double({ min: -1, max: 1, noNaN: true }));
  const sample = [...special, 88.5, -87.3, 709, -745, 1e-30, 3e4, ...fc.sample(points, { numRuns: 300, seed: 3 })].map(round);

  it.each(unary)("%s has the bits that it has over JavaScript numbers", (_, formula) => {
    const f = floatRunner(dtype, (k, a) => formula(k, a));
    for (const x of sample) expect([x, f(x)]).toEqual([x, formula(js, x)]);
  });

  it.each(binary)("%s has the bits that it has over JavaScript numbers", (_, formula) => {
    const f = floatRunner(dtype, (k, a, b) => formula(k, a, b));
    const some = sample.slice(0, 60);
    for (const x of some) for (const y of some) expect([x, y, f(x, y)]).toEqual([x, y, formula(js, x, y)]);
  });

  it("cover one and two arguments", () => {
    expect(unary.length).toBeGreaterThan(15);
    expect(binary.map(([name]) => name).sort()).toEqual(["atan2", "pow"]);
  });
});
