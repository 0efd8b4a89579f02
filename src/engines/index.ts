// The engines there are, by name.

import { fail } from "../graph/errors.ts";
import type { Engine } from "./engine.ts";
import { interpreter } from "./interpreter/index.ts";
import { nativeEngine, nativeMissing } from "./native/index.ts";
import { wasmEngine } from "./wasm/index.ts";

const engines: Readonly<Record<string, Engine>> = { wasm: wasmEngine, native: nativeEngine, interpreter };

/**
 * "wasm", the default, starts at once and gives the same bits on every machine. "native" compiles C, which takes from some tenths of a
 * second to two for a new program, and then runs up to several times as fast; it needs Node, a C compiler and the package koffi.
 * "auto" is "native" where that is there, else "wasm". "interpreter" is the reference, in plain TypeScript.
 */
export type EngineName = "auto" | "wasm" | "native" | "interpreter";

/** The engine of that name. Throws an engine error that lists what there is. */
export function engineNamed(name: EngineName | Engine): Engine {
  if (typeof name !== "string") return name;
  if (name === "auto") return nativeMissing() === undefined ? nativeEngine : wasmEngine;
  const engine = Object.hasOwn(engines, name) ? engines[name] : undefined;
  return engine ?? fail("engine", `there is no engine "${name}"; there are: auto, ${Object.keys(engines).join(", ")}.`);
}

/** Why an engine of these cannot be used here, with what to do about it; undefined: it can. */
export function missingFor(engine: Engine): string | undefined {
  return engine === nativeEngine ? nativeMissing() : undefined;
}
