// The algebra over blocks of numbers: one call does an operation on up to 512 elements, so that the price of an indirect call is
// paid once a block and not once an element. The results are those of the algebra over numbers, bit for bit: storing a float64
// result in a Float32Array is the rounding of float32 arithmetic.

import type { Algebra, Arithmetic, BitAlgebra } from "./algebra.ts";
import { float32Algebra, float64Algebra, int32Algebra } from "./numbers.ts";

/** Up to 512 numbers, or as many truth values 0 and 1. Opaque to formulas. */
export type Block = Float32Array | Float64Array | Int32Array;
type Numbers = Block | Uint8Array;

const blockLength = 512;
let n = 0; // elements in use; the formula of one block runs to its end before another starts

interface Pool {
  /** A block to write to, in use until `restart`. */
  next(): Block;
  constant(value: number): Block;
  restart(): void;
}

function makePool(allocate: () => Block): Pool {
  const blocks: Block[] = [];
  const constants = new Map<string, Block>();
  let used = 0;
  return {
    next() {
      if (used === blocks.length) blocks.push(allocate());
      return blocks[used++];
    },
    constant(value) {
      const key = Object.is(value, -0) ? "-0" : String(value);
      let block = constants.get(key);
      if (!block) {
        block = allocate().fill(value);
        constants.set(key, block);
      }
      return block;
    },
    restart() {
      used = 0;
      if (constants.size > 1000) constants.clear(); // attributes can bring any number of constants
    },
  };
}

type Loop2 = (r: Block, a: Block, b: Block, count: number) => void;
type Loop1 = (r: Block, a: Block, count: number) => void;

function makeUnary(pool: Pool): (loop: Loop1) => (a: Block) => Block {
  return (loop) => (a) => {
    const r = pool.next();
    loop(r, a, n);
    return r;
  };
}

function makeBinary(pool: Pool): (loop: Loop2) => (a: Block, b: Block) => Block {
  return (loop) => (a, b) => {
    const r = pool.next();
    loop(r, a, b, n);
    return r;
  };
}

/** What reads the same for every element type. */
function makeShared(pool: Pool): Omit<Arithmetic<Block>, "dtype" | "mul"> {
  const unary = makeUnary(pool);
  const binary = makeBinary(pool);
  return {
    constant: pool.constant,
    add: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = a[i] + b[i];
    }),
    sub: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = a[i] - b[i];
    }),
    neg: unary((r, a, count) => {
      for (let i = 0; i < count; i++) r[i] = -a[i];
    }),
    abs: unary((r, a, count) => {
      for (let i = 0; i < count; i++) r[i] = Math.abs(a[i]);
    }),
    min: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = Math.min(a[i], b[i]);
    }),
    max: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = Math.max(a[i], b[i]);
    }),
    less: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = a[i] < b[i] ? 1 : 0;
    }),
    lessEqual: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = a[i] <= b[i] ? 1 : 0;
    }),
    equal: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = a[i] === b[i] ? 1 : 0;
    }),
    notEqual: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = a[i] !== b[i] ? 1 : 0;
    }),
    and: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = a[i] * b[i];
    }),
    or: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = Math.max(a[i], b[i]);
    }),
    not: unary((r, a, count) => {
      for (let i = 0; i < count; i++) r[i] = 1 - a[i];
    }),
    select(mask, a, b) {
      const r = pool.next();
      for (let i = 0; i < n; i++) r[i] = mask[i] !== 0 ? a[i] : b[i];
      return r;
    },
  };
}

function makeFloat(numbers: Algebra<number>, pool: Pool): Algebra<Block> {
  const unary = makeUnary(pool);
  const binary = makeBinary(pool);
  const { nearest, copySign, scale, exponent, mantissa } = numbers;
  return {
    ...makeShared(pool),
    dtype: numbers.dtype,
    mul: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = a[i] * b[i];
    }),
    div: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = a[i] / b[i];
    }),
    sqrt: unary((r, a, count) => {
      for (let i = 0; i < count; i++) r[i] = Math.sqrt(a[i]);
    }),
    floor: unary((r, a, count) => {
      for (let i = 0; i < count; i++) r[i] = Math.floor(a[i]);
    }),
    ceil: unary((r, a, count) => {
      for (let i = 0; i < count; i++) r[i] = Math.ceil(a[i]);
    }),
    trunc: unary((r, a, count) => {
      for (let i = 0; i < count; i++) r[i] = Math.trunc(a[i]);
    }),
    nearest: unary((r, a, count) => {
      for (let i = 0; i < count; i++) r[i] = nearest(a[i]);
    }),
    copySign: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = copySign(a[i], b[i]);
    }),
    scale: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = scale(a[i], b[i]);
    }),
    exponent: unary((r, a, count) => {
      for (let i = 0; i < count; i++) r[i] = exponent(a[i]);
    }),
    mantissa: unary((r, a, count) => {
      for (let i = 0; i < count; i++) r[i] = mantissa(a[i]);
    }),
  };
}

function makeInt(pool: Pool): BitAlgebra<Block> {
  const binary = makeBinary(pool);
  return {
    ...makeShared(pool),
    dtype: "int32",
    mul: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = Math.imul(a[i], b[i]);
    }),
    xor: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = a[i] ^ b[i];
    }),
    bitAnd: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = a[i] & b[i];
    }),
    bitOr: binary((r, a, b, count) => {
      for (let i = 0; i < count; i++) r[i] = a[i] | b[i];
    }),
    shiftLeft(a, bits) {
      const r = pool.next();
      for (let i = 0; i < n; i++) r[i] = int32Algebra.shiftLeft(a[i], bits);
      return r;
    },
    shiftRight(a, bits) {
      const r = pool.next();
      for (let i = 0; i < n; i++) r[i] = int32Algebra.shiftRight(a[i], bits);
      return r;
    },
  };
}

const pool64 = makePool(() => new Float64Array(blockLength));
const pool32 = makePool(() => new Float32Array(blockLength));
const poolInt = makePool(() => new Int32Array(blockLength));
const blocks64 = makeFloat(float64Algebra, pool64);
const blocks32 = makeFloat(float32Algebra, pool32);
const blocksInt = makeInt(poolInt);

/** output[i] = formula(inputs[0][i], inputs[1][i], …) in float arithmetic of `dtype`; masks are 0 and 1 in inputs and output. */
export function mapFloat(
  dtype: "float32" | "float64",
  formula: (k: Algebra<Block>, operands: readonly Block[]) => Block,
  inputs: readonly Numbers[],
  output: Numbers,
): void {
  if (dtype === "float64") map(pool64, (operands) => formula(blocks64, operands), inputs, output);
  else map(pool32, (operands) => formula(blocks32, operands), inputs, output);
}

/** output[i] = formula(inputs[0][i], inputs[1][i], …) in int32 arithmetic. */
export function mapInt(
  formula: (k: BitAlgebra<Block>, operands: readonly Block[]) => Block,
  inputs: readonly Numbers[],
  output: Numbers,
): void {
  map(poolInt, (operands) => formula(blocksInt, operands), inputs, output);
}

function map(pool: Pool, formula: (operands: readonly Block[]) => Block, inputs: readonly Numbers[], output: Numbers): void {
  for (let start = 0; start < output.length; start += blockLength) {
    const count = Math.min(blockLength, output.length - start);
    pool.restart();
    const operands = inputs.map((input) => {
      const block = pool.next();
      block.set(input.subarray(start, start + count));
      return block;
    });
    n = count;
    const result = formula(operands);
    output.set(result.length === count ? result : result.subarray(0, count), start);
  }
}
