import { afterEach, describe, expect, test, vi } from "vitest";
import type { Algebra, BitAlgebra } from "./algebra.ts";
import { erf, log, pow, sin, tanh } from "./elementary/index.ts";
import { floatLoop, intLoop } from "./javascript.ts";
import { float32Algebra, float64Algebra, int32Algebra } from "./numbers.ts";
import { threefry2x32 } from "./random.ts";

const length = 1200;
const special = [0, -0, 1, -1, 0.5, 2.5, -2.5, Infinity, -Infinity, NaN, 1e-42, -1e30, 3];

type Formula = <V>(k: Algebra<V>, x: V, y: V) => V;
const formulas: Record<string, Formula> = {
  arithmetic: (k, x, y) => k.div(k.sub(k.mul(x, y), k.add(x, k.constant(0.1))), k.sqrt(k.abs(y))),
  "minimum and maximum": (k, x, y) => k.add(k.min(x, y), k.max(x, k.constant(-0))),
  rounding: (k, x, y) => k.add(k.add(k.floor(x), k.ceil(y)), k.add(k.trunc(x), k.nearest(y))),
  "signs and exponents": (k, x, y) => k.copySign(k.scale(k.mantissa(x), k.constant(5)), k.sub(k.exponent(y), k.neg(x))),
  masks: (k, x, y) =>
    k.select(k.and(k.less(x, y), k.not(k.equal(x, y))), k.select(k.or(k.lessEqual(y, x), k.notEqual(y, x)), x, y), k.neg(y)),
  "a constant": (k) => k.constant(-0),
  identity: (_, x) => x,
  log: (k, x) => log(k, x),
  sin: (k, x) => sin(k, x),
  tanh: (k, x) => tanh(k, x),
  erf: (k, x) => erf(k, x),
  pow: (k, x, y) => pow(k, x, y),
};

describe.each([float32Algebra, float64Algebra])("the source gives what numbers give in $dtype", (k) => {
  test.each(Object.entries(formulas))("%s", (_, formula) => {
    const allocate = () => (k.dtype === "float32" ? new Float32Array(length) : new Float64Array(length));
    const x = allocate().map((__, i) => (i < 200 ? special[i % 13] : Math.sin(i) * 10));
    const y = allocate().map((__, i) => (i < 200 ? special[Math.floor(i / 13) % 13] : Math.cos(3 * i) * 5));
    const output = allocate();
    floatLoop(k.dtype, 2, (algebra, [a, b]) => formula(algebra, a, b))([x, y], output);
    output.forEach((z, i) => {
      if (!Object.is(z, formula(k, x[i], y[i]))) expect(z, `element ${i}: ${x[i]}, ${y[i]}`).toBe(formula(k, x[i], y[i]));
    });
  });
});

test("int32 source wraps, and gives the bits that numbers give", () => {
  const x = Int32Array.from({ length }, (_, i) => Math.imul(i, 0x9e3779b9));
  const formula = <V>(k: BitAlgebra<V>, a: V): V => {
    const [b, c] = threefry2x32(k, k.constant(7), k.constant(-9), a, k.constant(0));
    return k.add(k.mul(b, c), k.bitAnd(k.abs(a), k.max(k.neg(b), k.constant(12345))));
  };
  const output = new Int32Array(length);
  intLoop(1, (k, [a]) => formula(k, a))([x], output);
  expect(output).toEqual(x.map((a) => formula(int32Algebra, a)));
});

test("masks come in and go out as bytes", () => {
  const mask = Uint8Array.from({ length }, (_, i) => i % 2);
  const x = Float32Array.from({ length }, (_, i) => i);
  const chosen = new Float32Array(length);
  floatLoop("float32", 2, (k, [m, a]) => k.select(m, a, k.constant(-1)))([mask, x], chosen);
  expect(chosen).toEqual(x.map((a, i) => (i % 2 === 1 ? a : -1)));
  const flags = new Uint8Array(length);
  floatLoop("float32", 1, (k, [a]) => k.less(a, k.constant(600)))([x], flags);
  expect(flags).toEqual(Uint8Array.from(x, (a) => (a < 600 ? 1 : 0)));
  const inverted = new Uint8Array(length);
  intLoop(1, (k, [m]) => k.not(m))([mask], inverted);
  expect(inverted).toEqual(mask.map((b) => 1 - b));
});

describe("where code must not be made from text", () => {
  afterEach(() => vi.unstubAllGlobals());

  test("the loop runs over numbers, with the same results", () => {
    const x = Float32Array.of(-2, -0, 0.3, 5);
    const loops = () => floatLoop("float32", 1, (k, [a]) => tanh(k, a));
    const expected = new Float32Array(4);
    loops()([x], expected);
    let refused = 0;
    vi.stubGlobal(
      "Function",
      class {
        constructor() {
          refused++;
          throw new EvalError("refused by the content security policy");
        }
      },
    );
    const output = new Float32Array(4);
    loops()([x], output);
    expect(refused).toBe(1);
    expect(output).toEqual(expected);
  });
});
