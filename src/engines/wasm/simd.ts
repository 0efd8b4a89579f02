// The arithmetic of formulas as WebAssembly SIMD: the rendering of Algebra (and BitAlgebra) whose values are v128 expressions in
// a FunctionBuilder. Four float32 or int32 lanes, or two float64 lanes; masks are lanes of ones or zeros. Every operation
// gives, lane by lane, the bits that the rendering over JavaScript numbers gives (NaNs apart, whose payload is not defined).

import type { FloatDType } from "../../graph/dtype.ts";
import type { Algebra, Arithmetic, BitAlgebra } from "../../numeric/algebra.ts";
import {
  type Expression,
  type FunctionBuilder,
  type FunctionHandle,
  type ModuleBuilder,
  type OpcodeName,
  op,
  splatConstant,
  vectorConstant,
} from "./assembler.ts";

/** Element types that have SIMD lanes of their own. */
export type LaneDType = "float32" | "float64" | "int32";

export interface LaneFormat {
  readonly lanes: number;
  /** Bytes of one lane. */
  readonly bytes: number;
  readonly shape: "f32x4" | "f64x2" | "i32x4";
  readonly scalar: "f32" | "f64" | "i32";
  /** Loads one element into every lane. */
  readonly loadSplat: OpcodeName;
  /** Loads one element into lane 0 and zeros the others. */
  readonly loadFirst: OpcodeName;
  readonly storeLane: OpcodeName;
  readonly extractLane: OpcodeName;
  readonly splat: OpcodeName;
}

const narrow = {
  lanes: 4,
  bytes: 4,
  loadSplat: "v128.load32_splat",
  loadFirst: "v128.load32_zero",
  storeLane: "v128.store32_lane",
} as const;

export const laneFormats: Readonly<Record<LaneDType, LaneFormat>> = {
  float32: { ...narrow, shape: "f32x4", scalar: "f32", extractLane: "f32x4.extract_lane", splat: "f32x4.splat" },
  int32: { ...narrow, shape: "i32x4", scalar: "i32", extractLane: "i32x4.extract_lane", splat: "i32x4.splat" },
  float64: {
    lanes: 2,
    bytes: 8,
    shape: "f64x2",
    scalar: "f64",
    loadSplat: "v128.load64_splat",
    loadFirst: "v128.load64_zero",
    storeLane: "v128.store64_lane",
    extractLane: "f64x2.extract_lane",
    splat: "f64x2.splat",
  },
};

/**
 * What all three lane types share. Every result is put in a local of its own, so that a formula may use it as often as it likes;
 * constants live in locals set at the function's entry.
 */
function lanewise<D extends LaneDType>(f: FunctionBuilder, dtype: D): Arithmetic<Expression> & { readonly dtype: D } {
  const { shape } = laneFormats[dtype];
  const apply = (name: OpcodeName) => {
    return (...operands: Expression[]): Expression => f.let(op(name, ...operands));
  };
  const signed = dtype === "int32" ? "_s" : "";
  return {
    dtype,
    constant: (value) => f.hoisted(splatConstant(shape, value)),
    add: apply(`${shape}.add`),
    sub: apply(`${shape}.sub`),
    mul: apply(`${shape}.mul`),
    neg: apply(`${shape}.neg`),
    abs: apply(`${shape}.abs`),
    min: apply(`${shape}.min${signed}` as OpcodeName),
    max: apply(`${shape}.max${signed}` as OpcodeName),
    less: apply(`${shape}.lt${signed}` as OpcodeName),
    lessEqual: apply(`${shape}.le${signed}` as OpcodeName),
    equal: apply(`${shape}.eq`),
    notEqual: apply(`${shape}.ne`),
    and: apply("v128.and"),
    or: apply("v128.or"),
    not: apply("v128.not"),
    select: (mask, a, b) => f.let(op("v128.bitselect", a, b, mask)),
  };
}

/** The bit fields of a float, as lanes. */
interface FloatFormat {
  readonly sign: Expression;
  /** All bits but the sign. */
  readonly magnitude: Expression;
  /** Sign and fraction. */
  readonly signAndFraction: Expression;
  readonly one: Expression;
  readonly fractionBits: number;
  readonly shiftLeft: OpcodeName;
  readonly shiftRight: OpcodeName;
}

function floatFormat(dtype: FloatDType): FloatFormat {
  const lanes = (high: number, low: number): Expression => {
    const words = dtype === "float32" ? [high, high, high, high] : [low, high, low, high];
    return vectorConstant(new Uint8Array(Uint32Array.from(words).buffer));
  };
  return dtype === "float32"
    ? {
        sign: lanes(0x80000000, 0),
        magnitude: lanes(0x7fffffff, 0),
        signAndFraction: lanes(0x807fffff, 0),
        one: splatConstant("f32x4", 1),
        fractionBits: 23,
        shiftLeft: "i32x4.shl",
        shiftRight: "i32x4.shr_u",
      }
    : {
        sign: lanes(0x80000000, 0),
        magnitude: lanes(0x7fffffff, 0xffffffff),
        signAndFraction: lanes(0x800fffff, 0xffffffff),
        one: splatConstant("f64x2", 1),
        fractionBits: 52,
        shiftLeft: "i64x2.shl",
        shiftRight: "i64x2.shr_u",
      };
}

const bias: Readonly<Record<FloatDType, number>> = { float32: 127, float64: 1023 };

/** Floating-point formulas as SIMD code written into `f`. Values and masks are v128 expressions of `f`. */
export function simdAlgebra(f: FunctionBuilder, dtype: FloatDType): Algebra<Expression> {
  const shape = dtype === "float32" ? "f32x4" : "f64x2";
  const { sign, magnitude, signAndFraction, one, fractionBits, shiftLeft, shiftRight } = floatFormat(dtype);
  const hoist = (bits: Expression): Expression => (bits.kind === "constant" ? f.hoisted(bits) : bits);
  const number = (value: number): Expression => f.hoisted(splatConstant(shape, value));
  const unary = (name: OpcodeName) => {
    return (a: Expression): Expression => f.let(op(name, a));
  };
  const constants = new Map<Expression, number>();
  const shared = lanewise(f, dtype);
  /** The IEEE operation takes V8 seven instructions; where one side is a constant, "a < b ? b : a" does as well, in one. */
  const extremum = (which: "min" | "max") => {
    return (a: Expression, b: Expression): Expression => {
      const [x, limit] = constants.has(b) ? [a, b] : [b, a];
      const value = constants.get(limit);
      if (value === undefined || Number.isNaN(value)) return shared[which](a, b);
      // A NaN in x stays, for it compares false. Zeros compare equal, so that x's sign stays: right unless it must yield.
      const simple = op(`${shape}.p${which}`, x, limit);
      const zeroYields = which === "max" ? Object.is(value, 0) : Object.is(value, -0);
      if (!zeroYields) return f.let(simple);
      return which === "max" ? f.let(op(`${shape}.add`, simple, limit)) : shared.min(a, b);
    };
  };
  return {
    ...shared,
    constant: (value) => {
      const local = shared.constant(value);
      constants.set(local, dtype === "float32" ? Math.fround(value) : value);
      return local;
    },
    min: extremum("min"),
    max: extremum("max"),
    div: (a, b) => f.let(op(`${shape}.div`, a, b)),
    sqrt: unary(`${shape}.sqrt`),
    floor: unary(`${shape}.floor`),
    ceil: unary(`${shape}.ceil`),
    trunc: unary(`${shape}.trunc`),
    nearest: unary(`${shape}.nearest`),
    copySign: (m, s) => f.let(op("v128.or", op("v128.and", m, hoist(magnitude)), op("v128.and", s, hoist(sign)))),
    scale: (x, k) => {
      // k + bias + 1.5·2^fractionBits has k + bias, the exponent field of 2^k, in its lowest bits: shift it into place.
      const exponentField = op(`${shape}.add`, k, number(1.5 * 2 ** fractionBits + bias[dtype]));
      return f.let(op(`${shape}.mul`, x, op(shiftLeft, exponentField, fractionBits)));
    },
    exponent: (x) => {
      // The exponent field e, set into the fraction of 2^fractionBits, makes the number 2^fractionBits + e.
      const field = op(shiftRight, op("v128.and", x, hoist(magnitude)), fractionBits);
      const shifted = op("v128.or", field, number(2 ** fractionBits));
      return f.let(op(`${shape}.sub`, shifted, number(2 ** fractionBits + bias[dtype])));
    },
    mantissa: (x) => f.let(op("v128.or", op("v128.and", x, hoist(signAndFraction)), hoist(one))),
  };
}

/** int32 formulas as SIMD code written into `f`. */
export function simdIntegers(f: FunctionBuilder): BitAlgebra<Expression> {
  return {
    ...lanewise(f, "int32"),
    xor: (a, b) => f.let(op("v128.xor", a, b)),
    bitAnd: (a, b) => f.let(op("v128.and", a, b)),
    bitOr: (a, b) => f.let(op("v128.or", a, b)),
    shiftLeft: (a, bits) => f.let(op("i32x4.shl", a, bits)),
    shiftRight: (a, bits) => f.let(op("i32x4.shr_u", a, bits)),
  };
}

type Formula = (k: Algebra<Expression>, operands: readonly Expression[]) => Expression;

const outlinedFunctions = new WeakMap<ModuleBuilder, Map<string, FunctionHandle>>();

/**
 * The formula as a function of the module, from `arity` vectors to a vector, made on first request. `name` must identify the
 * formula. Calls bound the code size where a long formula (erf, a random normal) is used in many places; a formula that is
 * written into the loop itself is faster, since its constants stay in registers.
 */
export function outlined(
  module: ModuleBuilder,
  dtype: FloatDType,
  name: string,
  arity: number,
  formula: Formula,
): FunctionHandle {
  let known = outlinedFunctions.get(module);
  if (known === undefined) {
    known = new Map();
    outlinedFunctions.set(module, known);
  }
  const key = `${name}.${dtype}`;
  let handle = known.get(key);
  if (handle === undefined) {
    handle = module.define(key, new Array<"v128">(arity).fill("v128"), "v128", (f) => {
      f.return(formula(simdAlgebra(f, dtype), f.parameters));
    });
    known.set(key, handle);
  }
  return handle;
}
