// The engines there are, by name.

import { fail } from "../graph/errors.ts";
import type { Engine } from "./engine.ts";
import { interpreter } from "./interpreter/index.ts";
import { wasmEngine } from "./wasm/index.ts";

const engines: Readonly<Record<string, Engine>> = { wasm: wasmEngine, interpreter };

/** "auto" is the fastest engine present. */
export type EngineName = "auto" | "wasm" | "interpreter";

/** The engine of that name. Throws an engine error that lists what there is. */
export function engineNamed(name: EngineName | Engine): Engine {
  if (typeof name !== "string") return name;
  const engine = name === "auto" ? wasmEngine : Object.hasOwn(engines, name) ? engines[name] : undefined;
  return engine ?? fail("engine", `there is no engine "${name}"; there are: auto, ${Object.keys(engines).join(", ")}.`);
}
