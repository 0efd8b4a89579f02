// The engines there are, by name.

import { fail } from "../graph/errors.ts";
import type { Engine } from "./engine.ts";
import { interpreter } from "./interpreter/index.ts";

const engines: Record<string, Engine> = { interpreter };

/** "auto" is the fastest engine present. */
export type EngineName = "auto" | "wasm" | "interpreter";

/** The engine of that name. Throws an engine error that lists what there is. */
export function engineNamed(name: EngineName | Engine): Engine {
  if (typeof name !== "string") return name;
  const engine = name === "auto" ? (engines.wasm ?? interpreter) : engines[name];
  return engine ?? fail("engine", `there is no engine "${name}"; there are: auto, ${Object.keys(engines).join(", ")}.`);
}
