// The WASM engine: graphs compiled to WebAssembly SIMD, the default in Node and in browsers.

import { fail } from "../../graph/errors.ts";
import type { Graph } from "../../graph/node.ts";
import type { CompileOptions, Engine, Program } from "../engine.ts";
import type { Plan } from "../lowering/ir.ts";
import { keyOfGraph } from "../lowering/key.ts";
import { lowerSimplified } from "../lowering/lower.ts";
import { simplify } from "../lowering/simplify.ts";
import { fixedWidthSimd } from "./assembler.ts";
import { type CompiledModule, compilePlan, scratchBytes } from "./compiler.ts";
import { instantiate } from "./program.ts";

/** Modules by the structure of their graphs, the least recently used first. Each program has memory of its own. */
const modules = new Map<string, CompiledModule>();
const mostModules = 128;

/** The plan of a simplified graph as this engine renders it. */
export function planFor(graph: Graph, donate: CompileOptions["donate"]): Plan {
  return lowerSimplified(graph, { ...(donate ? { donate } : {}), scratch: scratchBytes });
}

function moduleFor(graph: Graph, { donate, profile = false }: CompileOptions): CompiledModule {
  const key = `${keyOfGraph(graph)}|${donate?.join() ?? ""}|${profile}`;
  let compiled = modules.get(key);
  if (compiled) modules.delete(key);
  else compiled = compilePlan(planFor(graph, donate), { profile });
  modules.set(key, compiled);
  if (modules.size > mostModules) {
    for (const oldest of modules.keys()) {
      modules.delete(oldest);
      break;
    }
  }
  return compiled;
}

function compile(graph: Graph, options: CompileOptions = {}): Program {
  if (!fixedWidthSimd()) {
    fail(
      "engine",
      'the engine "wasm" needs WebAssembly SIMD, which this runtime lacks (it is in Chrome 91, Firefox 89, Safari 16.4, Node 16.4 and later). Use engine: "interpreter", or a newer runtime.',
    );
  }
  const { parameters } = graph;
  return instantiate(moduleFor({ parameters, outputs: simplify(graph.outputs) }, options));
}

/** WebAssembly with fixed-width SIMD; needs nothing but a runtime that has it. */
export const wasmEngine: Engine = { name: "wasm", compile };
