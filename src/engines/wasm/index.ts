// The WASM engine: graphs compiled to WebAssembly SIMD, the default in Node and in browsers.

import type { Graph } from "../../graph/node.ts";
import type { CompileOptions, Engine, Program } from "../engine.ts";
import { lower } from "../lowering/lower.ts";
import { compilePlan, scratchBytes } from "./compiler.ts";
import { instantiate } from "./program.ts";

function compile(graph: Graph, options: CompileOptions = {}): Program {
  const plan = lower(graph, { ...(options.donate ? { donate: options.donate } : {}), scratch: scratchBytes });
  return instantiate(compilePlan(plan));
}

/** WebAssembly with fixed-width SIMD; needs nothing but a runtime that has it. */
export const wasmEngine: Engine = { name: "wasm", compile };
