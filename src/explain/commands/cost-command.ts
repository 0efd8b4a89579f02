// gradus cost: what a training step's forward and backward pass take. Node only.

import type { Answer, CommandContext, JsonValue } from "../../train/command.ts";
import { cost as costOf } from "../cost/cost.ts";
import { formatCost } from "../cost/text.ts";
import type { CostCommandOptions } from "./command.ts";
import { withExamples } from "./examples.ts";

/** The cost of the loss and its gradients. */
export async function cost(options: CostCommandOptions, context: CommandContext): Promise<Answer> {
  return withExamples(options, context, ({ objective, args }) => {
    const report = costOf(objective, args);
    const text = formatCost(report, { nodes: options.nodes ?? false });
    return { ok: true, text, json: JSON.parse(JSON.stringify(report)) as JsonValue };
  });
}
