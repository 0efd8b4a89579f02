// The native engine: graphs compiled to C by the system's compiler, for the processor at hand, and run in this process on several
// threads. It needs Node, a C compiler and the package koffi.

import { GradusError } from "../../graph/errors.ts";
import type { Graph } from "../../graph/node.ts";
import type { CompileOptions, Engine, Program } from "../engine.ts";
import type { Plan } from "../lowering/ir.ts";
import { keyOfGraph } from "../lowering/key.ts";
import { lowerSimplified } from "../lowering/lower.ts";
import { isWorthThreads } from "../lowering/parallel.ts";
import { cutSums } from "../lowering/partial-sums.ts";
import { simplify } from "../lowering/simplify.ts";
import { threadCount, threads } from "../threads.ts";
import { cacheFolder } from "./cache.ts";
import { findCompiler } from "./cc.ts";
import { divisible, type RenderedProgram, renderProgram, takesEpilogue } from "./compiler.ts";
import { type LoadedProgram, loadKoffi, loadProgram, runtimeHeader } from "./library.ts";
import { rewriteMaxPooling } from "./max-pooling.ts";
import { instantiate } from "./program.ts";
import { targetFor } from "./target.ts";

/** Programs by the structure of their graphs, the least recently used first. Each instance has memory of its own. */
const modules = new Map<string, RenderedProgram & { readonly loaded: LoadedProgram }>();
const mostModules = 128;

/** The plan of a simplified graph as this engine renders it. */
export function planFor(graph: Graph, donate: CompileOptions["donate"]): Plan {
  return lowerSimplified(graph, { ...(donate ? { donate } : {}), epilogues: takesEpilogue });
}

const prepared = ({ parameters, outputs }: Graph): Graph => ({
  parameters,
  outputs: cutSums(rewriteMaxPooling(simplify(outputs))),
});

/** The C source of a graph. Throws an engine error where there is no compiler, which the source is written for. */
export function sourceOf(graph: Graph, { donate }: CompileOptions = {}): RenderedProgram {
  const simplified = prepared(graph);
  return renderProgram(planFor(simplified, donate), targetFor(findCompiler().macros));
}

function compile(graph: Graph, options: CompileOptions = {}): Program {
  const target = targetFor(findCompiler().macros);
  const simplified = prepared(graph);
  const key = `${keyOfGraph(simplified)}|${options.donate?.join() ?? ""}|${target.name}|${options.profile === true}`;
  let known = modules.get(key);
  if (known) modules.delete(key);
  else {
    const rendered = renderProgram(planFor(simplified, options.donate), target, { profile: options.profile === true });
    known = { ...rendered, loaded: loadProgram("the program", rendered.source, target.flags) };
  }
  modules.set(key, known);
  if (modules.size > mostModules) {
    for (const oldest of modules.keys()) {
      modules.delete(oldest);
      break;
    }
  }
  const worth = isWorthThreads(known.plan, { divisible: divisible(target) });
  const most = options.threads === undefined ? threads() : threadCount("compile", options.threads);
  return instantiate({ ...known, threads: worth ? most : 1 });
}

/** C compiled for this processor; needs Node, a C compiler and the package koffi. */
export const nativeEngine: Engine = { name: "native", compile };

let answer: { readonly asked: string; readonly missing: string | undefined } | undefined;

/** What keeps the native engine from working here, with how to get it; undefined: nothing. */
export function nativeMissing(): string | undefined {
  if (typeof process === "undefined" || typeof process.getBuiltinModule !== "function") {
    return "native: compiled C needs Node 20.16 or later.";
  }
  const asked = `${process.env.CC}|${process.env.PATH}|${process.env.GRADUS_CACHE}`;
  if (answer?.asked === asked) return answer.missing;
  let missing: string | undefined;
  try {
    loadKoffi();
    runtimeHeader();
    findCompiler();
    cacheFolder();
  } catch (error) {
    if (!(error instanceof GradusError)) throw error;
    missing = error.message;
  }
  answer = { asked, missing };
  return missing;
}
