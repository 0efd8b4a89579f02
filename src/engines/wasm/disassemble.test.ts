import { expect, test } from "vitest";
import { constant, load, ModuleBuilder, type OpcodeName, op, opcodes } from "./assembler.ts";
import { disassemble } from "./disassemble.ts";

// Its result was parsed by wabt's wat2wasm into a module of the same instructions.
test("a module is written as the text format has it", () => {
  const module = new ModuleBuilder({ memory: { import: ["env", "memory"], pages: 2, maximumPages: 8, shared: true } });
  const log = module.importFunction("env", "log", ["i32"], "void");
  module.define(
    "scale",
    ["i32", "i32"],
    "void",
    (f) => {
      const [p, end] = f.parameters;
      const factor = f.let(op("f32x4.splat", constant("f32", 0.1)));
      f.loop((again) => {
        const x = f.let(load("v128.load", p, 16));
        f.store("v128.store", p, op("f32x4.mul", x, factor), 16);
        f.increment(p, 16);
        f.brIf(again, op("i32.lt_s", p, end));
      });
      f.if(
        op("i32.eqz", p),
        () => f.run({ kind: "call", type: "void", callee: log, operands: [p] }),
        () => f.copyMemory(p, end, 4),
      );
      f.fence();
    },
    { export: true },
  );
  expect(disassemble(module.finish())).toBe(`(module
  (import "env" "memory" (memory 2 8 shared))
  (import "env" "log" (func $log (param i32)))
  (func $scale (export "scale") (param i32 i32)
    (local v128 v128)
    f32.const 0.10000000149011612
    f32x4.splat
    local.set 2
    loop
      local.get 0
      v128.load offset=16 align=4
      local.set 3
      local.get 0
      local.get 3
      local.get 2
      f32x4.mul
      v128.store offset=16 align=4
      local.get 0
      i32.const 16
      i32.add
      local.set 0
      local.get 0
      local.get 1
      i32.lt_s
      br_if 0
    end
    local.get 0
    i32.eqz
    if
      local.get 0
      call $log
    else
      local.get 0
      local.get 1
      i32.const 4
      memory.copy
    end
    atomic.fence
  )
)
`);
});

test("every instruction of the assembler is read back by its name, with its immediates", () => {
  for (const [name, { parameters, result, immediate, lanes, bytes, prefix }] of Object.entries(opcodes())) {
    const module = new ModuleBuilder();
    module.define("f", parameters, "void", (f) => {
      const lane = lanes - 1;
      const immediates = { none: [], memory: [24], memoryLane: [24, lane], lane: [lane], shuffle: [...Array(16).keys()] }[
        immediate
      ];
      const expression = {
        kind: "operation",
        type: result,
        opcode: name as OpcodeName,
        operands: f.parameters,
        immediates,
      } as const;
      if (result === "void") f.write(expression);
      else f.run(expression);
    });
    const lines = disassemble(module.finish(), new Map([[0, "tested"]]))
      .split("\n")
      .map((line) => line.trim());
    const align = prefix === 0xfe || bytes <= 4 ? "" : " align=4";
    const shown = {
      none: "",
      memory: ` offset=24${align}`,
      memoryLane: ` offset=24${align} ${lanes - 1}`,
      lane: ` ${lanes - 1}`,
    };
    const expected = immediate === "shuffle" ? `${name} ${[...Array(16).keys()].join(" ")}` : `${name}${shown[immediate]}`;
    const places = parameters.map((_, i) => `local.get ${i}`);
    const head = `(func $tested${parameters.length > 0 ? ` (param ${parameters.join(" ")})` : ""}`;
    expect(lines).toEqual(["(module", head, ...places, expected, ...(result === "void" ? [] : ["drop"]), ")", ")", ""]);
  }
});

test("constants keep their bits", () => {
  const module = new ModuleBuilder();
  const floats = [0, -0, 1.5, 1e-45, 3.4028234663852886e38, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, Number.NaN];
  const integers = [0, -1, 63, 64, -64, -65, 2 ** 31 - 1, -(2 ** 31)];
  module.define("f", [], "void", (f) => {
    for (const x of floats) f.run(constant("f32", x));
    for (const x of integers) f.run(constant("i32", x));
    f.run({ kind: "constant", type: "i64", value: -(2n ** 63n) });
    f.run({ kind: "constant", type: "v128", value: Uint8Array.from({ length: 16 }, (_, i) => i) });
  });
  const constants = disassemble(module.finish())
    .split("\n")
    .flatMap((line) => /\.const (.*)$/.exec(line)?.[1] ?? []);
  const number = (text: string) =>
    text === "inf"
      ? Number.POSITIVE_INFINITY
      : text === "-inf"
        ? Number.NEGATIVE_INFINITY
        : text === "nan"
          ? Number.NaN
          : Number(text);
  expect(constants.slice(0, floats.length).map((t) => Math.fround(number(t)))).toEqual(floats.map(Math.fround));
  expect(constants.slice(floats.length, floats.length + integers.length).map(Number)).toEqual(integers);
  expect(constants.slice(-2)).toEqual(["-9223372036854775808", "i32x4 0x03020100 0x07060504 0x0b0a0908 0x0f0e0d0c"]);
});

test("what the assembler does not write is refused, not misread", () => {
  const module = new ModuleBuilder();
  module.define("f", [], "void", (f) => f.run(constant("i32", 1)));
  const binary = module.finish();
  const broken = binary.slice();
  broken[binary.length - 2] = 0xff;
  expect(() => disassemble(broken)).toThrow(/no instruction 0xff/);
  expect(() => disassemble(binary.subarray(0, binary.length - 1))).toThrow(/ends within/);
});
