// The arithmetic of formulas as C: the rendering of Algebra (and BitAlgebra) whose values are names of vectors in the text of a Writer.
// Every operation gives, lane by lane, the bits that the rendering over JavaScript numbers gives (NaNs apart); but for `mulAdd`, which
// polynomials use and JavaScript lacks, so that elementary functions may differ in their last place.

import type { FloatDType } from "../../graph/dtype.ts";
import type { Algebra, Arithmetic, BitAlgebra } from "../../numeric/algebra.ts";
import type { VectorType } from "./prelude.ts";
import type { Writer } from "./writer.ts";

/** Lanes for float32 ("n"), or half as many, for kernels that touch float64 ("w"). */
export type Letter = "n" | "w";

/** A number as C, in the precision of the type. */
export function literal(element: "f" | "d" | "i", value: number): string {
  if (element === "i") return value === -2147483648 ? "(-2147483647 - 1)" : `${value | 0}`;
  const suffix = element === "f" ? "f" : "";
  const x = element === "f" ? Math.fround(value) : value;
  if (Number.isNaN(x)) return `__builtin_nan${suffix}("")`;
  if (!Number.isFinite(x)) return `${x < 0 ? "-" : ""}__builtin_inf${suffix}()`;
  const digits = Object.is(x, -0) ? "-0" : String(x);
  return `${/[.e]/.test(digits) ? digits : `${digits}.0`}${suffix}`;
}

function arithmetic(w: Writer, type: VectorType, mask: VectorType): Omit<Arithmetic<string>, "dtype" | "constant" | "abs"> {
  const value = (expression: string) => w.let(type, expression);
  const truth = (expression: string) => w.let(mask, expression);
  return {
    add: (a, b) => value(`${a} + ${b}`),
    sub: (a, b) => value(`${a} - ${b}`),
    mul: (a, b) => value(`${a} * ${b}`),
    neg: (a) => value(`-${a}`),
    min: (a, b) => value(`min_${type}(${a}, ${b})`),
    max: (a, b) => value(`max_${type}(${a}, ${b})`),
    less: (a, b) => truth(`${a} < ${b}`),
    lessEqual: (a, b) => truth(`${a} <= ${b}`),
    equal: (a, b) => truth(`${a} == ${b}`),
    notEqual: (a, b) => truth(`${a} != ${b}`),
    and: (a, b) => truth(`${a} & ${b}`),
    or: (a, b) => truth(`${a} | ${b}`),
    not: (a) => truth(`~${a}`),
    // Of values, or of masks.
    select: (m, a, b) => w.let("__auto_type", `SELECT(${mask}, ${m}, ${a}, ${b})`),
  };
}

/** Masks of the bits of a float's parts, as C numbers; where its exponent stands and what is added to it. */
const formats = {
  f: {
    sign: "(-2147483647 - 1)",
    magnitude: "0x7fffffff",
    signAndFraction: "(int)0x807fffff",
    one: "0x3f800000",
    fraction: 23,
    bias: 127,
  },
  d: {
    sign: "(-9223372036854775807ll - 1)",
    magnitude: "0x7fffffffffffffffll",
    signAndFraction: "(long long)0x800fffffffffffffull",
    one: "0x3ff0000000000000ll",
    fraction: 52,
    bias: 1023,
  },
} as const;

/** Floating-point formulas as C written by `w`, on vectors of as many lanes as the letter says; with `fma` a multiply-add rounds once. */
export function floatAlgebra(w: Writer, letter: Letter, dtype: FloatDType, fma: boolean): Algebra<string> {
  const element = dtype === "float32" ? "f" : "d";
  const type: VectorType = element === "d" ? "wd" : `${letter}f`;
  const mask: VectorType = element === "d" ? "wl" : `${letter}i`;
  const unsigned = element === "d" ? "wul" : `${letter}u`;
  const { sign, magnitude, signAndFraction, one, fraction, bias } = formats[element];
  const shared = arithmetic(w, type, mask);
  const constants = new Map<string, number>();
  const value = (expression: string) => w.let(type, expression);
  const number = (x: number) => w.letFirst(type, `splat_${type}(${literal(element, x)})`);
  const unary = (name: string) => (a: string) => value(`${name}_${type}(${a})`);
  /** Where one side is a constant and no zero must yield to the other, one instruction does. */
  const extremum = (which: "min" | "max") => {
    return (a: string, b: string): string => {
      const [x, limit] = constants.has(b) ? [a, b] : [b, a];
      const bound = constants.get(limit);
      if (bound === undefined || Number.isNaN(bound)) return shared[which](a, b);
      // A NaN in x stays, for it compares false. Zeros compare equal, so that x's sign stays: right unless it must yield.
      const simple = `${which === "max" ? "above" : "below"}_${type}(${limit}, ${x})`;
      if (which === "max" && Object.is(bound, 0)) return value(`${simple} + ${limit}`);
      return which === "min" && Object.is(bound, -0) ? shared.min(a, b) : value(simple);
    };
  };
  return {
    ...shared,
    dtype,
    constant: (x) => {
      const name = number(x);
      constants.set(name, element === "f" ? Math.fround(x) : x);
      return name;
    },
    abs: (a) => value(`(${type})((${mask})${a} & ${magnitude})`),
    min: extremum("min"),
    max: extremum("max"),
    div: (a, b) => value(`${a} / ${b}`),
    sqrt: unary("sqrt"),
    floor: unary("floor"),
    ceil: unary("ceil"),
    trunc: unary("trunc"),
    nearest: unary("nearest"),
    ...(fma && {
      productError: (a: string, b: string, product: string) => value(`fma_${type}(${a}, ${b}, -${product})`),
      mulAdd: (a: string, b: string, c: string) => value(`fma_${type}(${a}, ${b}, ${c})`),
    }),
    copySign: (m, s) => value(`(${type})(((${mask})${m} & ${magnitude}) | ((${mask})${s} & ${sign}))`),
    // k + bias + 1.5·2^fraction has k + bias, the exponent field of 2^k, in its lowest bits: shift it into place.
    scale: (x, k) => value(`${x} * (${type})((${mask})(${k} + ${number(1.5 * 2 ** fraction + bias)}) << ${fraction})`),
    // The exponent field e, set into the fraction of 2^fraction, makes the number 2^fraction + e.
    exponent: (x) =>
      value(
        `(${type})((${mask})((${unsigned})((${mask})${x} & ${magnitude}) >> ${fraction}) | (${mask})${number(2 ** fraction)}) - ${number(2 ** fraction + bias)}`,
      ),
    mantissa: (x) => value(`(${type})(((${mask})${x} & ${signAndFraction}) | ${one})`),
  };
}

/** int32 formulas as C written by `w`. */
export function integerAlgebra(w: Writer, letter: Letter): BitAlgebra<string> {
  const type: VectorType = `${letter}i`;
  const value = (expression: string) => w.let(type, expression);
  return {
    ...arithmetic(w, type, type),
    dtype: "int32",
    constant: (x) => w.letFirst(type, `splat_${type}(${literal("i", x)})`),
    abs: (a) => value(`select_${type}(${a} < 0, -${a}, ${a})`),
    xor: (a, b) => value(`${a} ^ ${b}`),
    bitAnd: (a, b) => value(`${a} & ${b}`),
    bitOr: (a, b) => value(`${a} | ${b}`),
    shiftLeft: (a, bits) => value(`${a} << ${bits}`),
    shiftRight: (a, bits) => value(`(${type})((${letter}u)${a} >> ${bits})`),
  };
}
