// Writes the body of one WebAssembly function: statements, structured control flow and loops over expressions.

import { fail } from "../../graph/errors.ts";
import { ByteWriter } from "./assembler-bytes.ts";
import {
  type Constant,
  coerce,
  constant,
  constantValue,
  type Expression,
  type Local,
  type Operand,
  op,
  valueType,
} from "./assembler-expressions.ts";
import { type OpcodeName, opcodes, type ValueType, valueTypeCode } from "./assembler-opcodes.ts";

/** The target of a branch: the end of a block, or the beginning of a loop. */
export interface Label {
  readonly depth: number;
}

const code = {
  block: 0x02,
  loop: 0x03,
  if: 0x04,
  else: 0x05,
  end: 0x0b,
  br: 0x0c,
  brIf: 0x0d,
  return: 0x0f,
  call: 0x10,
  drop: 0x1a,
  select: 0x1b,
  localGet: 0x20,
  localSet: 0x21,
  localTee: 0x22,
  unreachable: 0x00,
} as const;

const emptyBlockType = 0x40;

export class FunctionBuilder {
  readonly parameters: readonly Local[];
  readonly result: ValueType | "void";
  private readonly locals: ValueType[] = [];
  private readonly free: Record<ValueType, Local[]> = { i32: [], i64: [], f32: [], f64: [], v128: [] };
  private readonly constants = new Map<string, Local>();
  private readonly prologue = new ByteWriter(64);
  private out = new ByteWriter(1024);
  private depth = 0;
  private scope: Local[] | undefined;

  constructor(parameters: readonly ValueType[], result: ValueType | "void") {
    this.parameters = parameters.map((type, index): Local => ({ kind: "local", type, index }));
    this.result = result;
  }

  // Locals -----------------------------------------------------------------------------------------------------------------

  /** A fresh local variable; without `value` it holds whatever its slot held (zero on entry unless reused from a scope). */
  local(type: ValueType, value?: Operand): Local {
    const local = this.free[type].pop() ?? this.newLocal(type);
    this.scope?.push(local);
    if (value !== undefined) this.set(local, value);
    return local;
  }

  private newLocal(type: ValueType): Local {
    this.locals.push(type);
    return { kind: "local", type, index: this.parameters.length + this.locals.length - 1 };
  }

  /** A fresh local holding the value of `expression`. */
  let(expression: Expression): Local {
    return this.local(valueType(expression, "let"), expression);
  }

  /** Runs `body`; the locals it makes may be used again for others afterwards. */
  scoped<T>(body: () => T): T {
    const outer = this.scope;
    const mine: Local[] = [];
    this.scope = mine;
    try {
      return body();
    } finally {
      this.scope = outer;
      for (const local of mine) this.free[local.type].push(local);
    }
  }

  /** A local that holds `constant` from the function's entry on; the same one for the same constant. Never assign it. */
  hoisted(constant: Constant): Local {
    const { type, value } = constant;
    // Object.is semantics: -0 and 0 are different constants.
    const key = `${type}:${value instanceof Uint8Array ? value.join() : Object.is(value, -0) ? "-0" : String(value)}`;
    let local = this.constants.get(key);
    if (local === undefined) {
      local = this.newLocal(type);
      this.constants.set(key, local);
      const body = this.out;
      this.out = this.prologue;
      this.write(constant);
      this.index(code.localSet, local.index);
      this.out = body;
    }
    return local;
  }

  // Statements -------------------------------------------------------------------------------------------------------------

  set(target: Local, value: Operand): void {
    this.write(coerce(value, target.type, "assignment to a local"));
    this.index(code.localSet, target.index);
  }

  /** local += value, for i32. */
  increment(local: Local, value: Operand): void {
    this.set(local, op("i32.add", local, value));
  }

  /** Writes `value` to memory at address + offset, as `store("v128.store", p, v, 16)`; the sum must not wrap. */
  store(name: OpcodeName, address: Operand, value: Operand, offset = 0): void {
    check: if (opcodes()[name].immediate !== "memory" || opcodes()[name].result !== "void")
      fail("engine", `${name} is not a store.`);
    this.instruction(name, [address, value], [offset]);
  }

  /** Writes one lane of `vector` to memory, as v128.store32_lane. */
  storeLane(name: OpcodeName, address: Operand, vector: Expression, lane: number, offset = 0): void {
    check: if (opcodes()[name].immediate !== "memoryLane" || opcodes()[name].result !== "void")
      fail("engine", `${name} is not a lane store.`);
    this.instruction(name, [address, vector], [offset, lane]);
  }

  /** Evaluates `expression` for its effect and drops its value. */
  run(expression: Expression): void {
    this.write(expression);
    if (expression.type !== "void") this.out.byte(code.drop);
  }

  /** memory[destination …] = memory[source …], `bytes` of them; the ranges may overlap. */
  copyMemory(destination: Operand, source: Operand, bytes: Operand): void {
    for (const operand of [destination, source, bytes]) this.write(coerce(operand, "i32", "memory.copy"));
    this.out.bytes([0xfc, 10, 0, 0]);
  }

  fillMemory(destination: Operand, byte: Operand, bytes: Operand): void {
    for (const operand of [destination, byte, bytes]) this.write(coerce(operand, "i32", "memory.fill"));
    this.out.bytes([0xfc, 11, 0]);
  }

  fence(): void {
    this.out.bytes([0xfe, 0x03, 0]);
  }

  // Control flow -----------------------------------------------------------------------------------------------------------

  /** Branching to the label leaves the block. */
  block(body: (exit: Label) => void): void {
    this.structure(code.block, body);
  }

  /** Branching to the label starts over; falling off the end leaves the loop. */
  loop(body: (again: Label) => void): void {
    this.structure(code.loop, body);
  }

  if(condition: Operand, whenTrue: () => void, whenFalse?: () => void): void {
    const known = constantValue(condition);
    if (known !== undefined) {
      if (known !== 0) whenTrue();
      else whenFalse?.();
      return;
    }
    this.write(coerce(condition, "i32", "if"));
    this.out.byte(code.if);
    this.out.byte(emptyBlockType);
    this.depth++;
    whenTrue();
    if (whenFalse !== undefined) {
      this.out.byte(code.else);
      whenFalse();
    }
    this.depth--;
    this.out.byte(code.end);
  }

  br(label: Label): void {
    this.index(code.br, this.depth - label.depth);
  }

  brIf(label: Label, condition: Operand): void {
    this.write(coerce(condition, "i32", "br_if"));
    this.index(code.brIf, this.depth - label.depth);
  }

  return(value?: Operand): void {
    if (value !== undefined && this.result !== "void") this.write(coerce(value, this.result, "return"));
    else
      check: if (value !== undefined || this.result !== "void")
        fail("engine", `The function's result is ${this.result}; return disagrees.`);
    this.out.byte(code.return);
  }

  unreachable(): void {
    this.out.byte(code.unreachable);
  }

  /** while (condition) body; the condition is written twice, so let it be small. */
  whileLoop(condition: Operand, body: () => void): void {
    this.if(condition, () => {
      this.loop((again) => {
        body();
        this.brIf(again, condition);
      });
    });
  }

  /**
   * for (i = from; i < to; i += step) body(i), signed; `step` > 0 and `to` must not change in the body.
   * With constant bounds the entry test goes; a loop of one round is written without a loop, its `i` a constant.
   */
  forLoop(from: Operand, to: Operand, step: number, body: (i: Expression) => void): void {
    const first = constantValue(from);
    const last = constantValue(to);
    if (first !== undefined && last !== undefined) {
      if (first >= last) return;
      if (first + step >= last) {
        body(constant("i32", first));
        return;
      }
    }
    const i = this.local("i32", from);
    const loop = () =>
      this.loop((again) => {
        body(i);
        this.increment(i, step);
        this.brIf(again, op("i32.lt_s", i, to));
      });
    if (first !== undefined && last !== undefined) loop();
    else this.if(op("i32.lt_s", i, to), loop);
  }

  /**
   * Runs `body` `times` times, advancing each of `pointers` by its step (bytes) after each round; the first is the counter, so
   * its step must not be 0. Cheaper than an index where only pointers are needed.
   */
  repeat(times: Operand, pointers: readonly (readonly [pointer: Local, step: number])[], body: () => void): void {
    const known = constantValue(times);
    const round = () => {
      body();
      for (const [pointer, step] of pointers) this.increment(pointer, step);
    };
    if (known !== undefined && known <= 1) {
      if (known === 1) round();
      return;
    }
    const [counter, stride] = pointers[0];
    check: if (stride === 0) fail("engine", "repeat counts by its first pointer, whose step must not be 0.");
    const end = this.let(op("i32.add", counter, op("i32.mul", times, stride)));
    const loop = () => {
      this.loop((again) => {
        round();
        this.brIf(again, op("i32.ne", counter, end));
      });
    };
    if (known !== undefined) loop();
    else this.if(op("i32.ne", counter, end), loop);
  }

  // Encoding ---------------------------------------------------------------------------------------------------------------

  private structure(opcode: number, body: (label: Label) => void): void {
    this.out.byte(opcode);
    this.out.byte(emptyBlockType);
    this.depth++;
    body({ depth: this.depth });
    this.depth--;
    this.out.byte(code.end);
  }

  private index(opcode: number, index: number): void {
    this.out.byte(opcode);
    this.out.unsigned(index);
  }

  /** Writes the code that leaves the expression's value on the stack. */
  write(expression: Expression): void {
    switch (expression.kind) {
      case "local":
        this.index(code.localGet, expression.index);
        break;
      case "constant":
        this.constant(expression);
        break;
      case "operation":
        this.instruction(expression.opcode, expression.operands, expression.immediates);
        break;
      case "tee":
        this.write(expression.value);
        this.index(code.localTee, expression.local.index);
        break;
      case "select":
        this.write(expression.whenTrue);
        this.write(expression.whenFalse);
        this.write(expression.condition);
        this.out.byte(code.select);
        break;
      case "call":
        for (const operand of expression.operands) this.write(operand);
        this.index(code.call, expression.callee.index);
        break;
    }
  }

  private constant({ type, value }: Constant): void {
    const { out } = this;
    if (value instanceof Uint8Array) {
      out.byte(0xfd);
      out.byte(0x0c);
      out.bytes(value);
    } else if (typeof value === "bigint") {
      out.byte(0x42);
      out.signed64(value);
    } else if (type === "i32") {
      out.byte(0x41);
      out.signed(value);
    } else if (type === "f32") {
      out.byte(0x43);
      out.float32(value);
    } else {
      out.byte(0x44);
      out.float64(value);
    }
  }

  private instruction(name: OpcodeName, operands: readonly Operand[], immediates: readonly number[]): void {
    const opcode = opcodes()[name];
    for (let i = 0; i < operands.length; i++) this.write(coerce(operands[i], opcode.parameters[i], name));
    const { out } = this;
    if (opcode.prefix === 0) out.byte(opcode.code);
    else {
      out.byte(opcode.prefix);
      out.unsigned(opcode.code);
    }
    switch (opcode.immediate) {
      case "none":
        return;
      case "memory":
      case "memoryLane":
        // Alignment is a hint, but atomic accesses must state it exactly; vectors are only sure of their elements'.
        out.unsigned(opcode.prefix === 0xfe || opcode.bytes <= 4 ? 31 - Math.clz32(opcode.bytes) : 2);
        check: if (immediates[0] < 0) fail("engine", `${name}: the offset ${immediates[0]} is negative; add it to the address.`);
        out.unsigned(immediates[0]);
        if (opcode.immediate === "memoryLane") out.byte(immediates[1]);
        return;
      case "lane":
      case "shuffle":
        out.bytes(immediates);
    }
  }

  /** The function as it stands in the code section (without its size). */
  finish(): Uint8Array {
    check: if (this.depth !== 0) fail("engine", "A function was finished inside a block.");
    const body = new ByteWriter(this.out.length + this.prologue.length + 64);
    const runs: [count: number, type: ValueType][] = [];
    for (const type of this.locals) {
      const last = runs.at(-1);
      if (last?.[1] === type) last[0]++;
      else runs.push([1, type]);
    }
    body.unsigned(runs.length);
    for (const [count, type] of runs) {
      body.unsigned(count);
      body.byte(valueTypeCode[type]);
    }
    body.bytes(this.prologue.view());
    body.bytes(this.out.view());
    body.byte(code.end);
    return body.finish();
  }
}
