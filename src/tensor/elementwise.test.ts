// Every elementwise operation of tensors, as method and as function, against plain JavaScript.

import { describe, expect, test } from "vitest";
import * as t from "./index.ts";
import { type Tensor, tensor } from "./index.ts";
import { expectList, method } from "./test-support.ts";

const vector = (...xs: number[]) => tensor(xs, { dtype: "float64" });
const matrix = (rows: number[][]) => tensor(rows, { dtype: "float64" });

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

const functions: Readonly<Record<string, unknown>> = { ...t };
type Unary = (x: Tensor) => Tensor;
type Binary = (a: Tensor | number, b: Tensor | number) => Tensor;

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
