// A small WebAssembly assembler: modules, functions and expressions, written out as the binary format, with no dependency.
//
//   const module = new ModuleBuilder({ memory: { import: ["env", "memory"], pages: 1 } });
//   module.define("double", ["i32"], "void", (f) => {          // doubles the four floats at an address
//     const [p] = f.parameters;
//     const x = f.let(load("v128.load", p));
//     f.store("v128.store", p, op("f32x4.add", x, x));
//   }, { export: true });
//   new WebAssembly.Module(module.finish());
//
// What is labelled `check` are conditions on the code that uses the assembler; builds for browsers leave them out (scripts/build.mjs).
// Expressions are data (assembler-expressions.ts), statements are methods of the FunctionBuilder (assembler-function.ts).
// Source: WebAssembly Core Specification 2.0, "Binary Format".

import { fail } from "../../graph/errors.ts";
import { ByteWriter } from "./assembler-bytes.ts";
import { type FunctionHandle, op } from "./assembler-expressions.ts";
import { FunctionBuilder } from "./assembler-function.ts";
import { type OpcodeName, type ValueType, valueTypeCode } from "./assembler-opcodes.ts";

export * from "./assembler-expressions.ts";
export { FunctionBuilder, type Label } from "./assembler-function.ts";
export { type OpcodeName, opcodes, type ValueType } from "./assembler-opcodes.ts";

export const pageBytes = 65536;

export interface MemoryOptions {
  /** [module, name] when the memory is imported; else the module owns it. */
  readonly import?: readonly [module: string, name: string];
  /** The name under which it is exported, if any. */
  readonly export?: string;
  /** Pages of 64 KiB that must be there. */
  readonly pages: number;
  /** Must be given when shared. */
  readonly maximumPages?: number;
  readonly shared?: boolean;
}

export interface ModuleOptions {
  readonly memory?: MemoryOptions;
}

interface Defined {
  readonly handle: FunctionHandle;
  body: Uint8Array | undefined;
  exported: boolean;
}

const section = {
  type: 1,
  import: 2,
  function: 3,
  memory: 5,
  export: 7,
  code: 10,
} as const;

export class ModuleBuilder {
  private readonly memory: MemoryOptions | undefined;
  private readonly types = new Map<string, number>();
  private readonly imports: { readonly module: string; readonly handle: FunctionHandle }[] = [];
  private readonly functions: Defined[] = [];

  constructor(options: ModuleOptions = {}) {
    this.memory = options.memory;
    check: if (this.memory?.shared && this.memory.maximumPages === undefined)
      fail("engine", "A shared memory needs maximumPages.");
  }

  private typeIndex(parameters: readonly ValueType[], result: ValueType | "void"): number {
    const key = `${parameters.join()}:${result}`;
    const known = this.types.get(key);
    if (known !== undefined) return known;
    this.types.set(key, this.types.size);
    return this.types.size - 1;
  }

  private handle(name: string, parameters: readonly ValueType[], result: ValueType | "void"): FunctionHandle {
    const index = this.imports.length + this.functions.length;
    return { index, type: this.typeIndex(parameters, result), name, parameters, result };
  }

  /** A function that is given at instantiation. Imports come before the first function of the module itself. */
  importFunction(module: string, name: string, parameters: readonly ValueType[], result: ValueType | "void"): FunctionHandle {
    check: if (this.functions.length > 0)
      fail("engine", `Import ${module}.${name} before functions are declared: they share one numbering.`);
    const handle = this.handle(name, parameters, result);
    this.imports.push({ module, handle });
    return handle;
  }

  /** A function that can be called now and is given its body later, with `implement`. */
  declare(name: string, parameters: readonly ValueType[], result: ValueType | "void"): FunctionHandle {
    const handle = this.handle(name, parameters, result);
    this.functions.push({ handle, body: undefined, exported: false });
    return handle;
  }

  /** Writes the body of a declared function. A value-returning body ends with `return`. */
  implement(handle: FunctionHandle, body: (f: FunctionBuilder) => void, options: { readonly export?: boolean } = {}): void {
    const target = this.functions[handle.index - this.imports.length];
    check: if (target?.handle !== handle) fail("engine", `Function ${handle.name} was not declared in this module.`);
    check: if (target.body !== undefined) fail("engine", `Function ${handle.name} has a body already.`);
    const builder = new FunctionBuilder(handle.parameters, handle.result);
    body(builder);
    // After a `return` the end of the body is unreachable, and so of any type.
    if (handle.result !== "void") builder.unreachable();
    target.body = builder.finish();
    target.exported = options.export ?? false;
  }

  /** Declares and implements. */
  define(
    name: string,
    parameters: readonly ValueType[],
    result: ValueType | "void",
    body: (f: FunctionBuilder) => void,
    options: { readonly export?: boolean } = {},
  ): FunctionHandle {
    const handle = this.declare(name, parameters, result);
    this.implement(handle, body, options);
    return handle;
  }

  /** The binary. Throws an engine error when a declared function has no body. */
  finish(): Uint8Array<ArrayBuffer> {
    const out = new ByteWriter(4096);
    out.bytes([0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0]);
    const put = (id: number, count: number, write: (w: ByteWriter) => void) => {
      if (count === 0) return;
      const body = new ByteWriter(1024);
      body.unsigned(count);
      write(body);
      out.byte(id);
      out.sized(body.view());
    };
    const { memory } = this;

    put(section.type, this.types.size, (w) => {
      for (const key of this.types.keys()) writeType(w, key);
    });
    put(section.import, this.imports.length + (memory?.import ? 1 : 0), (w) => {
      if (memory?.import) {
        w.name(memory.import[0]);
        w.name(memory.import[1]);
        w.byte(2);
        writeLimits(w, memory);
      }
      for (const { module, handle } of this.imports) {
        w.name(module);
        w.name(handle.name);
        w.byte(0);
        w.unsigned(handle.type);
      }
    });
    put(section.function, this.functions.length, (w) => {
      for (const { handle } of this.functions) w.unsigned(handle.type);
    });
    put(section.memory, memory !== undefined && memory.import === undefined ? 1 : 0, (w) => {
      if (memory !== undefined) writeLimits(w, memory);
    });
    const exports = this.exports();
    put(section.export, exports.length, (w) => {
      for (const [name, kind, index] of exports) {
        w.name(name);
        w.byte(kind);
        w.unsigned(index);
      }
    });
    put(section.code, this.functions.length, (w) => {
      for (const { handle, body } of this.functions) {
        check: if (body === undefined) return fail("engine", `Function ${handle.name} was declared and never implemented.`);
        w.sized(body);
      }
    });
    return out.finish();
  }

  private exports(): [name: string, kind: number, index: number][] {
    const result: [string, number, number][] = [];
    for (const { handle, exported } of this.functions) if (exported) result.push([handle.name, 0, handle.index]);
    if (this.memory?.export !== undefined) result.push([this.memory.export, 2, 0]);
    return result;
  }
}

function writeType(w: ByteWriter, key: string): void {
  const [parameters, result] = key.split(":");
  const types = parameters === "" ? [] : parameters.split(",");
  w.byte(0x60);
  w.unsigned(types.length);
  for (const type of types) w.byte(valueTypeCode[type as ValueType]);
  if (result === "void") w.unsigned(0);
  else w.bytes([1, valueTypeCode[result as ValueType]]);
}

function writeLimits(w: ByteWriter, { pages, maximumPages, shared }: MemoryOptions): void {
  w.byte((maximumPages !== undefined ? 1 : 0) | (shared ? 2 : 0));
  w.unsigned(pages);
  if (maximumPages !== undefined) w.unsigned(maximumPages);
}

// What the runtime can do -------------------------------------------------------------------------------------------------

let relaxed: boolean | undefined;
let fixedWidth: boolean | undefined;

/** Whether the runtime has relaxed SIMD (fused multiply-add): Chrome ≥ 114, Node ≥ 21 or with a flag. */
export function relaxedSimd(): boolean {
  relaxed ??= WebAssembly.validate(probe("f32x4.relaxed_madd", 3));
  return relaxed;
}

/** Whether the runtime has fixed-width SIMD, which this engine cannot do without. */
export function fixedWidthSimd(): boolean {
  fixedWidth ??= WebAssembly.validate(probe("f32x4.add", 2));
  return fixedWidth;
}

/** A module whose only function applies `name` to `operands` vectors. */
function probe(name: OpcodeName, operands: number): Uint8Array<ArrayBuffer> {
  const module = new ModuleBuilder();
  const parameters = new Array<ValueType>(operands).fill("v128");
  module.define("probe", parameters, "v128", (f) => f.return(op(name, ...f.parameters)));
  return module.finish();
}
