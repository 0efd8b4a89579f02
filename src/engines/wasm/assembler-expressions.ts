// Expressions of WebAssembly as data: built with type checks and constant folding here, written out by the FunctionBuilder.
// An expression is evaluated where it is used, each time it is used; keep what is used twice in a local.

import { fail } from "../../graph/errors.ts";
import { type OpcodeName, opcodes, type ValueType } from "./assembler-opcodes.ts";

/** A local variable or parameter of the function it was made for. */
export interface Local {
  readonly kind: "local";
  readonly type: ValueType;
  readonly index: number;
}

export interface Constant {
  readonly kind: "constant";
  readonly type: ValueType;
  /** bigint for i64, the 16 bytes for v128. */
  readonly value: number | bigint | Uint8Array;
}

export interface Operation {
  readonly kind: "operation";
  readonly type: ValueType | "void";
  readonly opcode: OpcodeName;
  readonly operands: readonly Expression[];
  /** As the opcode's `immediate` asks: [offset], [lane], [offset, lane], or the shuffle's 16 indices. */
  readonly immediates: readonly number[];
}

export interface Tee {
  readonly kind: "tee";
  readonly type: ValueType;
  readonly local: Local;
  readonly value: Expression;
}

export interface Select {
  readonly kind: "select";
  readonly type: ValueType;
  readonly condition: Expression;
  readonly whenTrue: Expression;
  readonly whenFalse: Expression;
}

/** A function of the module, callable before its body exists. */
export interface FunctionHandle {
  readonly index: number;
  readonly type: number;
  readonly name: string;
  readonly parameters: readonly ValueType[];
  readonly result: ValueType | "void";
}

export interface Call {
  readonly kind: "call";
  readonly type: ValueType | "void";
  readonly callee: FunctionHandle;
  readonly operands: readonly Expression[];
}

export type Expression = Local | Constant | Operation | Tee | Select | Call;

/** Where the type is known to be i32, f32, f64 a number stands for the constant. */
export type Operand = Expression | number;

export function constant(type: "i32" | "f32" | "f64", value: number): Constant {
  return { kind: "constant", type, value: type === "i32" ? value | 0 : value };
}

export function constant64(value: bigint): Constant {
  return { kind: "constant", type: "i64", value: BigInt.asIntN(64, value) };
}

/** A vector constant from its 16 bytes, lane 0 first, little-endian. */
export function vectorConstant(bytes: Uint8Array): Constant {
  check: if (bytes.length !== 16) fail("engine", `A v128 constant has 16 bytes; ${bytes.length} were given.`);
  return { kind: "constant", type: "v128", value: bytes };
}

/** A vector constant with `value` in every lane. */
export function splatConstant(lanes: "i32x4" | "f32x4" | "f64x2", value: number): Constant {
  const data = lanes === "i32x4" ? new Int32Array(4) : lanes === "f32x4" ? new Float32Array(4) : new Float64Array(2);
  return vectorConstant(new Uint8Array(data.fill(value).buffer));
}

/** A vector constant from its 32-bit words, lane 0 first. */
export function wordsConstant(words: readonly number[]): Constant {
  return vectorConstant(new Uint8Array(Int32Array.from(words).buffer));
}

/** `operand` as an expression of `type`. Throws an engine error that names `user` when it is of another type. */
export function coerce(operand: Operand, type: ValueType, user: string): Expression {
  if (typeof operand === "number") {
    check: if (type === "i64" || type === "v128")
      return fail("engine", `${user} takes a ${type} where the number ${operand} stands; make the constant explicitly.`);
    return constant(type, operand);
  }
  check: if (operand.type !== type)
    fail("engine", `${user} takes a ${type} where an expression of type ${operand.type} (${operand.kind}) stands.`);
  return operand;
}

function operation(name: OpcodeName, operands: readonly Operand[], immediates: readonly number[]): Operation {
  const opcode = opcodes()[name];
  check: if (operands.length !== opcode.parameters.length) {
    fail("engine", `${name} takes ${opcode.parameters.length} operands; ${operands.length} were given.`);
  }
  return {
    kind: "operation",
    type: opcode.result,
    opcode: name,
    operands: operands.map((operand, i) => coerce(operand, opcode.parameters[i], name)),
    immediates,
  };
}

/** An instruction without immediates applied to its operands, as `op("f32x4.add", a, b)`. Folds constant i32 arithmetic. */
export function op(name: OpcodeName, ...operands: Operand[]): Expression {
  check: if (opcodes()[name].immediate !== "none")
    fail("engine", `${name} has immediates; build it with load, lane, loadLane or shuffle.`);
  return fold(operation(name, operands, []));
}

/** Reads memory at address + offset. The sum must not wrap: with a negative constant, add it to the address instead. */
export function load(name: OpcodeName, address: Operand, offset = 0): Expression {
  requireImmediate(name, "memory");
  return operation(name, [address], [offset]);
}

/** Reads one lane of `vector` from memory, as v128.load32_lane. */
export function loadLane(name: OpcodeName, address: Operand, vector: Expression, lane: number, offset = 0): Expression {
  requireImmediate(name, "memoryLane");
  return operation(name, [address, vector], [offset, lane]);
}

/** Extracts or replaces a lane, as `lane("f32x4.extract_lane", 2, v)`. */
export function lane(name: OpcodeName, index: number, ...operands: Operand[]): Expression {
  requireImmediate(name, "lane");
  check: if (index < 0 || index >= opcodes()[name].lanes)
    fail("engine", `${name} has lanes 0 to ${opcodes()[name].lanes - 1}; ${index} was asked for.`);
  return operation(name, operands, [index]);
}

/** Bytes of `a` (indices 0 … 15) and `b` (16 … 31). */
export function shuffleBytes(a: Expression, b: Expression, indices: readonly number[]): Expression {
  check: if (indices.length !== 16 || indices.some((i) => i < 0 || i > 31))
    fail("engine", "A shuffle takes 16 indices from 0 to 31.");
  return operation("i8x16.shuffle", [a, b], indices);
}

/** 32-bit lanes of `a` (0 … 3) and `b` (4 … 7). */
export function shuffleWords(a: Expression, b: Expression, indices: readonly [number, number, number, number]): Expression {
  const bytes = indices.flatMap((i) => [4 * i, 4 * i + 1, 4 * i + 2, 4 * i + 3]);
  return shuffleBytes(a, b, bytes);
}

/** An atomic operation at address + offset, as `atomic("i32.atomic.rmw.add", [address, 1])`. */
export function atomic(name: OpcodeName, operands: readonly Operand[], offset = 0): Expression {
  check: if (opcodes()[name].prefix !== 0xfe) fail("engine", `${name} is not atomic.`);
  return operation(name, operands, [offset]);
}

/** Sets `local` and is its value. */
export function tee(local: Local, value: Operand): Expression {
  return { kind: "tee", type: local.type, local, value: coerce(value, local.type, "tee") };
}

/** condition ≠ 0 ? whenTrue : whenFalse; both sides are evaluated. */
export function select(condition: Operand, whenTrue: Expression, whenFalse: Operand): Expression {
  const type = valueType(whenTrue, "select");
  return {
    kind: "select",
    type,
    condition: coerce(condition, "i32", "select"),
    whenTrue,
    whenFalse: coerce(whenFalse, type, "select"),
  };
}

export function call(callee: FunctionHandle, ...operands: Operand[]): Expression {
  return { kind: "call", type: callee.result, callee, operands: callOperands(callee, operands) };
}

function callOperands(callee: FunctionHandle, operands: readonly Operand[]): Expression[] {
  check: if (operands.length !== callee.parameters.length) {
    fail("engine", `Function ${callee.name} takes ${callee.parameters.length} operands; ${operands.length} were given.`);
  }
  return operands.map((operand, i) => coerce(operand, callee.parameters[i], `function ${callee.name}`));
}

/** The type of an expression that has a value. */
export function valueType(expression: Expression, user: string): ValueType {
  check: if (expression.type === "void") return fail("engine", `${user} takes a value; this ${expression.kind} has none.`);
  return expression.type;
}

function requireImmediate(name: OpcodeName, immediate: string): void {
  check: if (opcodes()[name].immediate !== immediate)
    fail("engine", `${name} takes immediates of kind ${opcodes()[name].immediate}, not ${immediate}.`);
}

/** The value of a constant i32 expression, else undefined. */
export function constantValue(operand: Operand): number | undefined {
  if (typeof operand === "number") return operand;
  return operand.kind === "constant" && typeof operand.value === "number" ? operand.value : undefined;
}

// Address arithmetic ------------------------------------------------------------------------------------------------------

/** Sum of i32 operands with the constants gathered into one. */
export function sum(...terms: Operand[]): Expression {
  let total: Expression | undefined;
  let offset = 0;
  for (const term of terms) {
    const value = constantValue(term);
    if (value !== undefined) offset += value;
    else if (typeof term !== "number") total = total === undefined ? term : op("i32.add", total, term);
  }
  if (total === undefined) return constant("i32", offset);
  return op("i32.add", total, offset);
}

/** i32 product with a constant: nothing for 1, a shift for powers of two. */
export function scaled(value: Operand, factor: number): Expression {
  return op("i32.mul", value, factor);
}

function fold(expression: Operation): Expression {
  const [a, b] = expression.operands;
  switch (expression.opcode) {
    case "i32.add": {
      const x = constantValue(a);
      const y = constantValue(b);
      if (x !== undefined && y !== undefined) return constant("i32", x + y);
      if (x !== undefined) return fold(operation("i32.add", [b, a], []));
      if (y === 0) return a;
      // (v + c) + y = v + (c + y): wrapping addition is associative.
      if (y !== undefined && a.kind === "operation" && a.opcode === "i32.add") {
        const inner = constantValue(a.operands[1]);
        if (inner !== undefined) return fold(operation("i32.add", [a.operands[0], constant("i32", inner + y)], []));
      }
      return expression;
    }
    case "i32.sub": {
      const y = constantValue(b);
      return y !== undefined ? fold(operation("i32.add", [a, constant("i32", -y)], [])) : expression;
    }
    case "i32.mul": {
      const x = constantValue(a);
      const y = constantValue(b);
      if (x !== undefined && y !== undefined) return constant("i32", Math.imul(x, y));
      if (x !== undefined) return fold(operation("i32.mul", [b, a], []));
      if (y === 1) return a;
      if (y !== undefined && y > 1 && (y & (y - 1)) === 0)
        return operation("i32.shl", [a, constant("i32", 31 - Math.clz32(y))], []);
      return expression;
    }
    default:
      return expression;
  }
}
