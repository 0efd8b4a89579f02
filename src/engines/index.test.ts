import { afterEach, expect, it } from "vitest";
import type { GradusError } from "../graph/errors.ts";
import { parameter } from "../graph/structural.ts";
import { add } from "../ops/arithmetic.ts";
import { engineNamed, missingFor } from "./index.ts";
import { nativeMissing } from "./native/index.ts";

const { PATH, CC } = process.env;

afterEach(() => {
  process.env.PATH = PATH;
  if (CC === undefined) delete process.env.CC;
  else process.env.CC = CC;
});

const x = parameter({ shape: [3], dtype: "float32" });
const graph = { parameters: [x], outputs: [add(x, x)] };

it("lists the engines when there is none of a name", () => {
  // @ts-expect-error: no such name
  expect(() => engineNamed("gpu")).toThrow('there is no engine "gpu"; there are: auto, wasm, native, interpreter.');
});

it("takes the native engine for auto where it is present, and WASM where not", () => {
  expect(engineNamed("auto").name).toBe(nativeMissing() === undefined ? "native" : "wasm");
  delete process.env.CC;
  process.env.PATH = "";
  expect(engineNamed("auto").name).toBe("wasm");
});

it("says what the native engine lacks when it is asked for by name without a compiler", () => {
  delete process.env.CC;
  process.env.PATH = "";
  const engine = engineNamed("native");
  expect(missingFor(engine)).toMatch(/native: (no C compiler was found|the package koffi)/);
  try {
    engine.compile(graph);
    expect.unreachable();
  } catch (error) {
    expect((error as GradusError).code).toBe("engine");
    expect((error as GradusError).message).toMatch(/engine: "wasm"/);
  }
});

it("computes the same on every engine that is present", () => {
  for (const name of ["wasm", "native", "interpreter", "auto"] as const) {
    const engine = engineNamed(name);
    if (missingFor(engine) !== undefined) continue;
    const program = engine.compile(graph);
    expect(program.engine).toBe(engine.name);
    expect(program.run([Float32Array.of(1, 2, 3)])).toEqual([Float32Array.of(2, 4, 6)]);
  }
});
