// What this engine makes of a graph, for people: the plan and the module's text. Programs do not need it.

import type { Graph } from "../../graph/node.ts";
import type { CompileOptions } from "../engine.ts";
import type { Plan } from "../lowering/ir.ts";
import { simplify } from "../lowering/simplify.ts";
import { emitPlan } from "./compiler.ts";
import { disassemble } from "./disassemble.ts";
import { planFor } from "./index.ts";

export interface Inspection {
  readonly plan: Plan;
  /** The module in WebAssembly's text format; functions of kernels are called by the kernel and a number. */
  text(): string;
}

export function inspect({ parameters, outputs }: Graph, options: CompileOptions = {}): Inspection {
  const plan = planFor({ parameters, outputs: simplify(outputs) }, options.donate);
  return {
    plan,
    text: () => {
      const { binary, functions } = emitPlan(plan);
      return disassemble(binary, new Map([...functions].map(([index, { name }]) => [index, `${name}.${index}`])));
    },
  };
}
