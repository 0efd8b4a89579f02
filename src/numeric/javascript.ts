// The algebra rendered as JavaScript source: a formula becomes one straight-line loop over typed arrays, which the JIT compiles to
// machine code without calls. The results are those of the algebra over numbers, bit for bit. Where code may not be made from
// text (a content security policy without unsafe-eval), the algebra over numbers is looped over instead.

import type { Algebra, Arithmetic, BitAlgebra } from "./algebra.ts";
import { float32Algebra, float64Algebra, int32Algebra } from "./numbers.ts";

type Numbers = Float32Array | Float64Array | Int32Array | Uint8Array;

/** output[i] = formula(inputs[0][i], inputs[1][i], …); masks are 0 and 1. Inputs are as long as the output. */
export type Loop = (inputs: readonly Numbers[], output: Numbers) => void;

export type FloatFormula = <V>(k: Algebra<V>, operands: readonly V[]) => V;
export type IntFormula = <V>(k: BitAlgebra<V>, operands: readonly V[]) => V;

/** Statements so far; an expression used before is not computed again. */
interface Body {
  readonly lines: string[];
  readonly known: Map<string, string>;
}

function assign(body: Body, expression: string): string {
  let name = body.known.get(expression);
  if (name === undefined) {
    name = `v${body.lines.length}`;
    body.lines.push(`const ${name} = ${expression};`);
    body.known.set(expression, name);
  }
  return name;
}

function literal(value: number): string {
  return Object.is(value, -0) ? "(-0)" : `(${value})`;
}

/** What reads the same for every element type, given how a result is rounded. */
function makeShared(body: Body, rounded: (expression: string) => string): Omit<Arithmetic<string>, "dtype" | "mul" | "constant"> {
  const define = (expression: string) => assign(body, expression);
  return {
    add: (a, b) => define(rounded(`${a} + ${b}`)),
    sub: (a, b) => define(rounded(`${a} - ${b}`)),
    neg: (a) => define(rounded(`-${a}`)),
    abs: (a) => define(rounded(`Math.abs(${a})`)),
    min: (a, b) => define(`Math.min(${a}, ${b})`),
    max: (a, b) => define(`Math.max(${a}, ${b})`),
    less: (a, b) => define(`${a} < ${b} ? 1 : 0`),
    lessEqual: (a, b) => define(`${a} <= ${b} ? 1 : 0`),
    equal: (a, b) => define(`${a} === ${b} ? 1 : 0`),
    notEqual: (a, b) => define(`${a} !== ${b} ? 1 : 0`),
    and: (a, b) => define(`${a} & ${b}`),
    or: (a, b) => define(`${a} | ${b}`),
    not: (a) => define(`${a} ^ 1`),
    select: (mask, a, b) => define(`${mask} !== 0 ? ${a} : ${b}`),
  };
}

function floatSource(dtype: "float32" | "float64", body: Body): Algebra<string> {
  const rounded = dtype === "float32" ? (e: string) => `fround(${e})` : (e: string) => e;
  const define = (expression: string) => assign(body, expression);
  return {
    ...makeShared(body, rounded),
    dtype,
    constant: (value) => literal(dtype === "float32" ? Math.fround(value) : value),
    mul: (a, b) => define(rounded(`${a} * ${b}`)),
    div: (a, b) => define(rounded(`${a} / ${b}`)),
    sqrt: (a) => define(rounded(`Math.sqrt(${a})`)),
    floor: (a) => define(`Math.floor(${a})`),
    ceil: (a) => define(`Math.ceil(${a})`),
    trunc: (a) => define(`Math.trunc(${a})`),
    nearest: (a) => define(`nearest(${a})`),
    copySign: (a, b) => define(`copySign(${a}, ${b})`),
    scale: (a, b) => define(`scale(${a}, ${b})`),
    exponent: (a) => define(`exponent(${a})`),
    mantissa: (a) => define(`mantissa(${a})`),
  };
}

function intSource(body: Body): BitAlgebra<string> {
  const rounded = (e: string) => `(${e}) | 0`;
  const define = (expression: string) => assign(body, expression);
  return {
    ...makeShared(body, rounded),
    dtype: "int32",
    constant: (value) => literal(value | 0),
    mul: (a, b) => define(`Math.imul(${a}, ${b})`),
    xor: (a, b) => define(`${a} ^ ${b}`),
    bitAnd: (a, b) => define(`${a} & ${b}`),
    bitOr: (a, b) => define(`${a} | ${b}`),
    shiftLeft: (a, bits) => define(`${a} << ${bits}`),
    shiftRight: (a, bits) => define(`${a} >>> ${bits} | 0`),
  };
}

/** The loop in JavaScript, as the body of a function of the algebra over numbers. */
function source(render: (body: Body, operands: readonly string[]) => string, arity: number): string {
  const body: Body = { lines: [], known: new Map() };
  const indices = Array.from({ length: arity }, (_, i) => i);
  const result = render(
    body,
    indices.map((i) => `x${i}`),
  );
  return [
    '"use strict"; const fround = Math.fround; const { nearest, copySign, scale, exponent, mantissa } = k;',
    `return (inputs, output) => { const n = output.length; ${indices.map((i) => `const a${i} = inputs[${i}];`).join(" ")}`,
    `for (let i = 0; i < n; i++) { ${indices.map((i) => `const x${i} = a${i}[i];`).join(" ")}`,
    ...body.lines,
    `output[i] = ${result}; } };`,
  ].join("\n");
}

function compile(text: string, k: Algebra<number> | BitAlgebra<number>): Loop | undefined {
  try {
    return new Function("k", text)(k) as Loop;
  } catch (error) {
    if (error instanceof EvalError) return undefined; // code from text is forbidden here
    throw error;
  }
}

/** The loop that evaluates `formula` of `arity` operands in float arithmetic of `dtype`. Compiling costs some 50 µs: keep the result. */
export function floatLoop(dtype: "float32" | "float64", arity: number, formula: FloatFormula): Loop {
  const k = dtype === "float64" ? float64Algebra : float32Algebra;
  const text = source((body, operands) => formula(floatSource(dtype, body), operands), arity);
  return compile(text, k) ?? interpretedLoop(arity, (operands) => formula(k, operands));
}

/** The loop that evaluates `formula` in int32 arithmetic. */
export function intLoop(arity: number, formula: IntFormula): Loop {
  const text = source((body, operands) => formula(intSource(body), operands), arity);
  return compile(text, int32Algebra) ?? interpretedLoop(arity, (operands) => formula(int32Algebra, operands));
}

/** The same without making code; slower by ten and more. */
function interpretedLoop(arity: number, formula: (operands: readonly number[]) => number): Loop {
  const operands = new Array<number>(arity).fill(0);
  return (inputs, output) => {
    for (let i = 0; i < output.length; i++) {
      for (let j = 0; j < arity; j++) operands[j] = inputs[j][i];
      output[i] = formula(operands);
    }
  };
}
