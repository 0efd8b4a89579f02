import { describe, expect, it } from "vitest";
import {
  atomic,
  call,
  constant,
  constant64,
  type Expression,
  lane,
  load,
  loadLane,
  ModuleBuilder,
  type OpcodeName,
  op,
  opcodes,
  relaxedSimd,
  scaled,
  select,
  shuffleBytes,
  shuffleWords,
  splatConstant,
  sum,
  tee,
  type ValueType,
  vectorConstant,
  wordsConstant,
} from "./assembler.ts";

type Exports = Record<string, (...values: number[]) => number>;

function instantiate(module: ModuleBuilder, imports: WebAssembly.Imports = {}): Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(module.finish()), imports).exports as Exports;
}

const names = Object.keys(opcodes()) as OpcodeName[];

/** The instruction applied to parameters of its types. */
function applied(name: OpcodeName, operands: readonly Expression[]): Expression {
  switch (opcodes()[name].immediate) {
    case "none":
      return op(name, ...operands);
    case "memory":
      return opcodes()[name].prefix === 0xfe ? atomic(name, operands, 8) : load(name, operands[0], 8);
    case "lane":
      return lane(name, opcodes()[name].lanes - 1, ...operands);
    case "memoryLane":
      return loadLane(name, operands[0], operands[1], opcodes()[name].lanes - 1, 8);
    case "shuffle":
      return shuffleBytes(operands[0], operands[1], [31, 30, 29, 28, 27, 26, 25, 24, 7, 6, 5, 4, 3, 2, 1, 0]);
  }
}

function moduleWith(name: OpcodeName): Uint8Array<ArrayBuffer> {
  const opcode = opcodes()[name];
  const module = new ModuleBuilder({ memory: { pages: 1, maximumPages: 1, shared: opcode.prefix === 0xfe } });
  module.define("f", opcode.parameters, opcode.result, (f) => {
    const [address, value] = f.parameters;
    if (opcode.result !== "void") f.return(applied(name, f.parameters));
    else if (opcode.prefix === 0xfe) f.run(atomic(name, f.parameters));
    else if (opcode.immediate === "memoryLane") f.storeLane(name, address, value, opcode.lanes - 1, 8);
    else f.store(name, address, value, 8);
  });
  return module.finish();
}

describe("opcodes", () => {
  it("every instruction of the table validates with its stated signature", () => {
    const invalid = names.filter((name) => !name.includes("relaxed") && !WebAssembly.validate(moduleWith(name)));
    expect(invalid).toEqual([]);
    expect(names.length).toBeGreaterThan(150);
  });

  it("relaxed instructions validate exactly where the probe says so", () => {
    const relaxed = names.filter((name) => name.includes("relaxed"));
    expect(relaxed.map((name) => WebAssembly.validate(moduleWith(name)))).toEqual(relaxed.map(() => relaxedSimd()));
  });

  it("no two instructions share an encoding", () => {
    const encodings = names.map((name) => `${opcodes()[name].prefix}:${opcodes()[name].code}`);
    expect(new Set(encodings).size).toBe(names.length);
  });

  // A wrong code with the right signature would validate: execute one instruction of every family on the same numbers.
  const binary: [OpcodeName, "i32" | "f32" | "f64", number, number, number][] = [
    ["i32.add", "i32", 7, -3, 4],
    ["i32.sub", "i32", 7, -3, 10],
    ["i32.mul", "i32", 7, -3, -21],
    ["i32.and", "i32", 6, 3, 2],
    ["i32.or", "i32", 6, 3, 7],
    ["i32.xor", "i32", 6, 3, 5],
    ["i32.shl", "i32", 6, 3, 48],
    ["i32.shr_s", "i32", -16, 2, -4],
    ["i32.shr_u", "i32", -16, 28, 15],
    ["f32.add", "f32", 2.5, -4, -1.5],
    ["f32.div", "f32", 1, -4, -0.25],
    ["f32.min", "f32", 2, -4, -4],
    ["f64.sub", "f64", 2, -4.5, 6.5],
    ["f64.max", "f64", 2, -4, 2],
  ];
  it.each(binary)("%s on %s (%d, %d) is %d", (name, type, a, b, expected) => {
    const module = new ModuleBuilder();
    module.define("f", [type, type], type, (f) => f.return(op(name, f.parameters[0], f.parameters[1])), { export: true });
    expect(instantiate(module).f(a, b)).toBe(expected);
  });

  const lanewise: [OpcodeName, number[], number[]][] = [
    ["f32x4.add", [1, 2, 3, 4], [11, 22, 33, 44]],
    ["f32x4.sub", [1, 2, 3, 4], [-9, -18, -27, -36]],
    ["f32x4.mul", [1, 2, 3, 4], [10, 40, 90, 160]],
    ["f32x4.div", [10, 10, 60, 20], [1, 0.5, 2, 0.5]],
    ["f32x4.min", [11, 12, 33, 4], [10, 12, 30, 4]],
    ["f32x4.max", [11, 12, 33, 4], [11, 20, 33, 40]],
  ];
  it.each(lanewise)("%s acts lane by lane", (name, a, expected) => {
    const module = new ModuleBuilder();
    const left = vectorConstant(new Uint8Array(Float32Array.from(a).buffer));
    const right = vectorConstant(new Uint8Array(Float32Array.of(10, 20, 30, 40).buffer));
    for (let i = 0; i < 4; i++) {
      module.define(`lane${i}`, [], "f32", (f) => f.return(lane("f32x4.extract_lane", i, op(name, left, right))), {
        export: true,
      });
    }
    const exports = instantiate(module);
    expect([0, 1, 2, 3].map((i) => exports[`lane${i}`]())).toEqual(expected);
  });

  const unary: [OpcodeName, number, number][] = [
    ["f32x4.abs", -2.5, 2.5],
    ["f32x4.neg", -2.5, 2.5],
    ["f32x4.sqrt", 6.25, 2.5],
    ["f32x4.ceil", 2.25, 3],
    ["f32x4.floor", -2.25, -3],
    ["f32x4.trunc", -2.75, -2],
    ["f32x4.nearest", 2.5, 2],
  ];
  it.each(unary)("%s(%d) = %d", (name, x, expected) => {
    const module = new ModuleBuilder();
    const splat = (f: Expression) => lane("f32x4.extract_lane", 2, op(name, op("f32x4.splat", f)));
    module.define("f", ["f32"], "f32", (f) => f.return(splat(f.parameters[0])), { export: true });
    const wide = name.replace("f32x4", "f64x2") as OpcodeName;
    module.define(
      "g",
      ["f64"],
      "f64",
      (f) => f.return(lane("f64x2.extract_lane", 1, op(wide, op("f64x2.splat", f.parameters[0])))),
      {
        export: true,
      },
    );
    const { f, g } = instantiate(module);
    expect([f(x), g(x)]).toEqual([expected, expected]);
  });
});

describe("ModuleBuilder", () => {
  it("writes loops, conditions, calls and imports that run", () => {
    const module = new ModuleBuilder({ memory: { pages: 1, export: "memory" } });
    const log = module.importFunction("env", "log", ["i32"], "void");
    const triangle = module.define("triangle", ["i32"], "i32", (f) => {
      const total = f.local("i32", 0);
      f.forLoop(0, sum(f.parameters[0], 1), 1, (i) => f.increment(total, i));
      f.return(total);
    });
    const square = module.define("square", ["i32"], "i32", (f) => f.return(op("i32.mul", f.parameters[0], f.parameters[0])));
    module.define(
      "main",
      ["i32", "i32"],
      "i32",
      (f) => {
        const [which, n] = f.parameters;
        f.if(
          op("i32.lt_s", n, 0),
          () => f.run(call(log, n)),
          () => f.run(call(log, load("i32.load8_u", n, 16))),
        );
        f.if(
          which,
          () => f.return(call(square, n)),
          () => f.return(call(triangle, n)),
        );
      },
      { export: true },
    );
    const logged: number[] = [];
    const instance = new WebAssembly.Instance(new WebAssembly.Module(module.finish()), {
      env: { log: (x: number) => logged.push(x) },
    });
    const { main, memory } = instance.exports as { main: (a: number, b: number) => number; memory: WebAssembly.Memory };
    new Uint8Array(memory.buffer).set([1, 2, 3, 4], 16);
    expect(main(0, 3)).toBe(6);
    expect(main(1, 3)).toBe(9);
    expect(main(1, -5)).toBe(25);
    expect(logged).toEqual([4, 4, -5]);
  });

  it("declared functions may call each other before they have bodies", () => {
    const module = new ModuleBuilder();
    const even = module.declare("even", ["i32"], "i32");
    const odd = module.declare("odd", ["i32"], "i32");
    const body = (other: typeof even, atZero: number) => (f: Parameters<Parameters<typeof module.implement>[1]>[0]) => {
      const [n] = f.parameters;
      f.if(op("i32.eqz", n), () => f.return(atZero));
      f.return(call(other, op("i32.sub", n, 1)));
    };
    module.implement(even, body(odd, 1), { export: true });
    expect(() => module.finish()).toThrow(/odd was declared and never implemented/);
    module.implement(odd, body(even, 0));
    expect([0, 1, 6, 7].map((n) => instantiate(module).even(n))).toEqual([1, 0, 1, 0]);
  });

  it("imports shared memory and adds to it atomically", () => {
    const module = new ModuleBuilder({ memory: { import: ["env", "memory"], pages: 1, maximumPages: 2, shared: true } });
    module.define("add", ["i32", "i32"], "i32", (f) => f.return(atomic("i32.atomic.rmw.add", f.parameters)), { export: true });
    const memory = new WebAssembly.Memory({ initial: 1, maximum: 2, shared: true });
    const { add } = instantiate(module, { env: { memory } });
    expect([add(8, 5), add(8, 5)]).toEqual([0, 5]);
    expect(new Int32Array(memory.buffer)[2]).toBe(10);
  });

  it("says what does not fit", () => {
    expect(() => op("f32x4.add", constant("i32", 1), splatConstant("f32x4", 1))).toThrow(/f32x4.add takes a v128 .* type i32/);
    expect(() => op("f32x4.add", splatConstant("f32x4", 1))).toThrow(/takes 2 operands; 1/);
    expect(() => op("v128.load", 0)).toThrow(/has immediates/);
    expect(() => lane("f32x4.extract_lane", 4, splatConstant("f32x4", 1))).toThrow(/lanes 0 to 3/);
    expect(() => new ModuleBuilder({ memory: { pages: 1, shared: true } })).toThrow(/maximumPages/);
  });
});

describe("FunctionBuilder", () => {
  function evaluate(type: ValueType, body: (f: Parameters<Parameters<ModuleBuilder["implement"]>[1]>[0]) => Expression): unknown {
    const module = new ModuleBuilder({ memory: { pages: 1 } });
    module.define("f", [], type, (f) => f.return(body(f)), { export: true });
    return instantiate(module).f();
  }

  it("encodes constants exactly", () => {
    for (const x of [0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, 2 ** 31 - 1, -(2 ** 31)]) {
      expect(evaluate("i32", () => constant("i32", x))).toBe(x);
    }
    for (const x of [0n, -1n, 63n, 64n, 2n ** 63n - 1n, -(2n ** 63n)]) expect(evaluate("i64", () => constant64(x))).toBe(x);
    for (const x of [0.1, -0, Number.MIN_VALUE, Number.POSITIVE_INFINITY])
      expect(evaluate("f64", () => constant("f64", x))).toBe(x);
    expect(evaluate("i32", () => lane("i32x4.extract_lane", 2, wordsConstant([1, 2, -3, 4])))).toBe(-3);
  });

  it("loops run as often as for (i = from; i < to; i += step) does", () => {
    for (const [from, to, step] of [
      [0, 0, 1],
      [0, 1, 1],
      [0, 10, 3],
      [5, 2, 1],
      [-7, 9, 4],
    ]) {
      let expected = 0;
      for (let i = from; i < to; i += step) expected = expected * 7 + i + 100;
      for (const known of [true, false]) {
        const value = evaluate("i32", (f) => {
          const total = f.local("i32", 0);
          f.forLoop(known ? from : f.local("i32", from), known ? to : f.local("i32", to), step, (i) =>
            f.set(total, sum(scaled(total, 7), i, 100)),
          );
          return total;
        });
        expect(value).toBe(expected);
      }
    }
  });

  it("branches leave blocks and restart loops", () => {
    const value = evaluate("i32", (f) => {
      const i = f.local("i32", 0);
      f.block((exit) => {
        f.loop((again) => {
          f.increment(i, 1);
          f.brIf(exit, op("i32.eq", i, 17));
          f.br(again);
        });
      });
      f.whileLoop(op("i32.lt_s", i, 1000), () => f.set(i, scaled(i, 2)));
      return i;
    });
    expect(value).toBe(17 * 64);
  });

  it("repeat advances its pointers once per round and leaves them behind the last", () => {
    for (const times of [0, 1, 5]) {
      const value = evaluate("i32", (f) => {
        const p = f.local("i32", 100);
        const q = f.local("i32", 0);
        const rounds = f.local("i32", 0);
        const pointers = [
          [p, -4],
          [q, 1000],
        ] as const;
        f.repeat(times, pointers, () => f.increment(rounds, 1));
        return sum(p, q, scaled(rounds, 1_000_000));
      });
      expect(value).toBe(100 - 4 * times + 1000 * times + 1_000_000 * times);
    }
  });

  it("hoisted constants are made once and tell -0 from 0", () => {
    const value = evaluate("f32", (f) => {
      const zero = f.hoisted(splatConstant("f32x4", 0));
      const minus = f.hoisted(splatConstant("f32x4", -0));
      expect(f.hoisted(splatConstant("f32x4", 0))).toBe(zero);
      expect(minus).not.toBe(zero);
      return op("f32.div", 1, lane("f32x4.extract_lane", 0, minus));
    });
    expect(value).toBe(Number.NEGATIVE_INFINITY);
  });

  it("locals of a finished scope are used again", () => {
    evaluate("i32", (f) => {
      const first = f.scoped(() => f.local("v128").index);
      expect(f.local("v128").index).toBe(first);
      expect(f.local("v128").index).not.toBe(first);
      return constant("i32", 0);
    });
  });

  it("moves memory, teeing, selecting and shuffling", () => {
    const value = evaluate("i32", (f) => {
      f.fillMemory(0, 3, 8);
      f.copyMemory(8, 4, 4);
      f.store("i32.store8", 0, 1, 9);
      const x = f.local("i32");
      const y = f.let(sum(tee(x, load("i32.load", 4, 4)), 0));
      f.store("v128.store", 0, wordsConstant([1, 2, 3, 4]), 32);
      f.storeLane("v128.store32_lane", 0, wordsConstant([5, 6, 7, 8]), 3, 36);
      const swapped = shuffleWords(load("v128.load", 32), wordsConstant([9, 10, 11, 12]), [1, 4, 3, 7]);
      const words = f.let(swapped);
      const at = (i: number) => lane("i32x4.extract_lane", i, words);
      return select(op("i32.eq", x, y), sum(scaled(at(0), 1000), scaled(at(1), 100), scaled(at(2), 10), at(3), y), 0);
    });
    expect(value).toBe(8 * 1000 + 9 * 100 + 4 * 10 + 12 + 0x03030103);
  });

  it("folds constant address arithmetic", () => {
    const module = new ModuleBuilder();
    module.define("f", ["i32"], "i32", (f) => {
      const [p] = f.parameters;
      expect(sum(p, 4, -4)).toBe(p);
      expect(scaled(p, 1)).toBe(p);
      expect(sum(sum(p, 4), 8)).toEqual(op("i32.add", p, 12));
      expect(scaled(p, 16)).toEqual(op("i32.shl", p, 4));
      expect(op("i32.mul", 3, 5)).toEqual(constant("i32", 15));
      f.return(p);
    });
  });
});
