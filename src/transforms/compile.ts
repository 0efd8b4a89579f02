// compile(f): the whole of f as one program of an engine, traced once per form of its arguments. Tensors given away (donated) are
// updated in the program's own memory, so that a training step copies no parameters.

import type { Engine, Program } from "../engines/engine.ts";
import { type EngineName, engineNamed } from "../engines/index.ts";
import { threadCount } from "../engines/threads.ts";
import type { TypedArray } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { typeOf } from "../graph/node.ts";
import { type Shape, sameShape } from "../graph/shape.ts";
import { constant, type Literal, parameter } from "../graph/structural.ts";
import { isClosed } from "../tensor/lift.ts";
import { callable, describe, integer, integers, named } from "../tensor/operands.ts";
import { Tensor } from "../tensor/tensor.ts";
import { flatten, type Structure } from "../tensor/tree.ts";
import { resultOf } from "./trace.ts";

export interface CompileOptions {
  /**
   * Which engine. "wasm" (the default) starts at once; "native" takes up to some seconds to compile a new program, and is the fastest;
   * "auto" is "native" where that is there, else "wasm".
   */
  readonly engine?: EngineName | Engine;
  /**
   * Arguments, by index, whose tensors are given away: their memory is taken over by results of the same form, and they can no longer
   * be read afterwards. A step compiled with donate: [0] over (state, batch) ↦ [state, loss] updates the state in place.
   */
  readonly donate?: readonly number[];
  /**
   * Most threads that run it; the results are the same bits for any number. Default: see `setThreads`. What takes less than some 200 µs
   * runs in one, as does everything in a browser page that is not isolated from other origins.
   */
  readonly threads?: number;
  /** How many forms of arguments to keep compiled; the least recently used goes first. Default 8. */
  readonly cacheSize?: number;
}

/** A compiled function, with what it has compiled. */
export interface Compiled<A extends unknown[], R> {
  (...args: A): R;
  /** Name of the engine; where "auto" was asked for, of the one that was picked. */
  readonly engine: string;
  /** Bytes of program memory held. */
  readonly bytes: number;
  /** Number of forms compiled so far, evicted ones included. */
  readonly compilations: number;
}

/** The value of a donated tensor: it lives in a program's memory until it is read or given away again. */
class Resident implements Literal {
  private copy: TypedArray | undefined;
  private program: Program | undefined;
  readonly parameter: number;
  constructor(program: Program, parameter: number) {
    this.program = program;
    this.parameter = parameter;
  }
  get data(): TypedArray {
    if (!this.copy) {
      if (!this.program) {
        fail(
          "donated",
          "this tensor was donated to a compiled function, which has overwritten it. Use the tensor that the function returned in its place, " +
            "read it before the call, or compile without donate.",
        );
      }
      this.copy = this.program.view(this.parameter).slice();
    }
    return this.copy;
  }
  isIn(program: Program): boolean {
    return this.program === program;
  }
  /** Keeps the value outside the program. */
  save(): void {
    void this.data;
    this.program = undefined;
  }
  /** The program overwrites the value. */
  release(): void {
    this.program = undefined;
  }
}

/** The form of arguments that a program was compiled for. Checking a call against it collects the leaves in the same walk. */
type Form =
  | { readonly kind: "tensor"; readonly shape: Shape; readonly dtype: string }
  | { readonly kind: "array"; readonly items: readonly Form[] }
  | { readonly kind: "object"; readonly keys: readonly string[]; readonly items: readonly Form[] }
  | { readonly kind: "other"; readonly value: unknown };

function formOf(value: unknown): Form {
  if (ArrayBuffer.isView(value)) {
    fail(
      "argument",
      `compile: an argument is ${describe(value)}, whose numbers would be built into the program. Pass tensor(data, { shape }).`,
    );
  }
  if (value instanceof Tensor) return { kind: "tensor", shape: value.shape, dtype: value.dtype };
  if (Array.isArray(value)) return { kind: "array", items: value.map(formOf) };
  if (value !== null && typeof value === "object" && isPlain(value)) {
    const keys = Object.keys(value);
    return { kind: "object", keys, items: keys.map((k) => formOf((value as Record<string, unknown>)[k])) };
  }
  return { kind: "other", value };
}

/** Other objects (dates, class instances) are compared by identity. */
function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function collect(value: unknown, form: Form, leaves: Tensor[]): boolean {
  switch (form.kind) {
    case "tensor":
      if (!(value instanceof Tensor) || value.dtype !== form.dtype) return false;
      if (value.shape !== form.shape && !sameShape(value.shape, form.shape)) return false;
      leaves.push(value);
      return true;
    case "array": {
      if (!Array.isArray(value) || value.length !== form.items.length) return false;
      for (let i = 0; i < value.length; i++) if (!collect(value[i], form.items[i], leaves)) return false;
      return true;
    }
    case "object": {
      if (value === null || typeof value !== "object" || !isPlain(value)) return false;
      let next = 0;
      for (const key in value) {
        if (key !== form.keys[next] || !collect((value as Record<string, unknown>)[key], form.items[next], leaves)) return false;
        next++;
      }
      return next === form.keys.length;
    }
    case "other":
      return Object.is(value, form.value);
  }
}

interface Entry {
  readonly form: Form;
  readonly program: Program;
  readonly output: Structure;
  /** Type of each output leaf, and the parameter whose memory it took over, if any. */
  readonly outputs: readonly { readonly shape: Shape; readonly dtype: Tensor["dtype"]; readonly home: number | undefined }[];
  readonly donated: readonly boolean[];
  /** What each parameter buffer holds at present. */
  readonly held: (Literal | undefined)[];
}

function build(
  f: (...args: never[]) => unknown,
  args: readonly unknown[],
  engine: Engine,
  donate: readonly number[],
  threads: number | undefined,
): Entry {
  const outside = donate.find((index) => index >= args.length);
  if (outside !== undefined) {
    fail(
      "argument",
      `compile: argument ${outside} is to be donated (they count from 0), but the call has ${args.length} arguments.`,
    );
  }
  const form = formOf(args);
  const flat = args.map((a) => flatten(a));
  const leaves = flat.flatMap((a) => a.leaves);
  const names = flat.flatMap((a) => a.structure.paths);
  const formals = leaves.map((t, i) => parameter(typeOf(t.node), names[i] || `x${i}`));
  const donated: boolean[] = flat.flatMap((a, index) => a.leaves.map(() => donate.includes(index)));
  let next = 0;
  const standIns = flat.map((a) => {
    const part = formals.slice(next, next + a.leaves.length);
    next += a.leaves.length;
    return a.structure.build(part.map((n) => new Tensor(n)));
  });
  const result = resultOf("compile", f(...(standIns as never[])));
  const outputs = result.leaves.map((t) => t.node);
  if (!isClosed(outputs, new Set(formals))) {
    fail(
      "argument",
      "compile: the function uses a tensor that has no value, from outside or left over from an earlier run. Pass it as an argument, and keep no " +
        "tensors in outer variables.",
    );
  }
  // Each donated parameter goes to the first output of its type that has no home yet, in order.
  const homes = outputs.map((): number | undefined => undefined);
  const donation = formals.map((p, i): number | undefined => {
    if (!donated[i]) return undefined;
    const j = outputs.findIndex((o, k) => homes[k] === undefined && o.dtype === p.dtype && sameShape(o.shape, p.shape));
    if (j < 0) return undefined;
    homes[j] = i;
    return j;
  });
  const program = engine.compile(
    { parameters: formals, outputs },
    { donate: donation, ...(threads !== undefined && { threads }) },
  );
  return {
    form,
    program,
    output: result.structure,
    outputs: outputs.map((n, i) => ({ shape: n.shape, dtype: n.dtype, home: homes[i] })),
    donated: formals.map((_, i) => donation[i] !== undefined),
    held: formals.map(() => undefined),
  };
}

function run(entry: Entry, leaves: readonly Tensor[]): unknown {
  const { program, held, donated } = entry;
  for (let i = 0; i < leaves.length; i++) {
    const literal = leaves[i].node.attributes.literal as Literal;
    const holder = held[i];
    if (holder === literal) continue;
    const data = literal.data;
    if (holder instanceof Resident) holder.save();
    program.write(i, data);
    held[i] = literal;
  }
  for (let i = 0; i < held.length; i++) {
    const holder = held[i];
    if (donated[i] && holder instanceof Resident) holder.release();
  }
  program.execute();
  const results = entry.outputs.map(({ shape, dtype, home }, j) => {
    if (home === undefined) return new Tensor(constant(program.read(j), shape, dtype));
    const literal = new Resident(program, home);
    held[home] = literal;
    return new Tensor(constant(literal, shape, dtype));
  });
  return entry.output.build(results);
}

/**
 * `f` as one compiled program. It is traced when it is first called with arguments of a new form (shapes, dtypes, structure,
 * numbers); concrete tensors it uses besides its arguments are built in as constants. Inside another transform it is inlined.
 */
export function compile<A extends unknown[], R>(f: (...args: A) => R, options: CompileOptions = {}): Compiled<A, R> {
  callable("compile", "the first argument", f);
  const { donate = [], cacheSize = 8, threads } = named("compile", options);
  if (threads !== undefined) threadCount("compile", threads);
  integer("compile", "cacheSize", cacheSize, 1);
  integers("compile", "donate", donate).forEach((index) => integer("compile", "an index in donate", index, 0));
  const engine = engineNamed(options.engine ?? "wasm");
  if (typeof engine?.compile !== "function")
    fail("engine", `compile: the engine must be a name or an engine, got ${describe(engine)}.`);
  let entries: Entry[] = [];
  let compilations = 0;
  const compiled = (...args: A): R => {
    for (let k = 0; k < entries.length; k++) {
      const leaves: Tensor[] = [];
      const entry = entries[k];
      if (!collect(args, entry.form, leaves)) continue;
      if (leaves.some((t) => t.isSymbolic)) return f(...args);
      if (k > 0) entries = [entry, ...entries.filter((e) => e !== entry)];
      return run(entry, leaves) as R;
    }
    const { leaves } = flatten(args);
    if (leaves.some((t) => t.isSymbolic)) return f(...args);
    const entry = build(f as (...args: never[]) => unknown, args, engine, donate, threads);
    compilations++;
    for (const old of entries.slice(cacheSize - 1))
      for (const literal of old.held) if (literal instanceof Resident) literal.save();
    entries = [entry, ...entries.slice(0, cacheSize - 1)];
    return run(entry, leaves) as R;
  };
  return Object.defineProperties(compiled, {
    engine: { value: engine.name },
    bytes: { get: () => entries.reduce((total, e) => total + e.program.bytes, 0) },
    compilations: { get: () => compilations },
  }) as Compiled<A, R>;
}
