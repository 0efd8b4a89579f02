// The WASM engine: graphs compiled to WebAssembly SIMD, the default in Node and in browsers.

import { fail } from "../../graph/errors.ts";
import type { Graph } from "../../graph/node.ts";
import type { CompileOptions, Engine, Program } from "../engine.ts";
import type { Plan } from "../lowering/ir.ts";
import { keyOfGraph } from "../lowering/key.ts";
import { lowerSimplified } from "../lowering/lower.ts";
import { isWorthThreads } from "../lowering/parallel.ts";
import { simplify } from "../lowering/simplify.ts";
import { threads as defaultThreads, threadCount } from "../threads.ts";
import { fixedWidthSimd } from "./assembler.ts";
import { type CompiledModule, compilePlan, division, type PlanOptions, scratchBytes } from "./compiler.ts";
import { takesEpilogue } from "./epilogue.ts";
import { instantiate } from "./program.ts";
import { canShareMemory } from "./team.ts";

/** Modules by the structure of their graphs, the least recently used first. Each program has memory of its own. */
const modules = new Map<string, CompiledModule>();
const mostModules = 128;

/** The plan of a simplified graph as this engine renders it. */
export function planFor(graph: Graph, donate: CompileOptions["donate"], options: PlanOptions = {}): Plan {
  return lowerSimplified(graph, {
    ...(donate ? { donate } : {}),
    scratch: (kernel, launch) => scratchBytes(kernel, launch, options),
    epilogues: takesEpilogue,
  });
}

function moduleFor(graph: Graph, { donate, profile = false, threads = defaultThreads() }: CompileOptions): CompiledModule {
  const most = canShareMemory() ? threadCount("compile", threads) : 1;
  const key = `${keyOfGraph(graph)}|${donate?.join() ?? ""}|${profile}|${most}`;
  let compiled = modules.get(key);
  if (compiled) modules.delete(key);
  else {
    const options = { profile, threads: most };
    const plan = planFor(graph, donate, options);
    const divided = most > 1 && isWorthThreads(plan, division(options));
    compiled = compilePlan(plan, divided ? options : { profile });
  }
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
