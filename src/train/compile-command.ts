// gradus compile: what the training step of a model becomes, from its graph to code. Node only.

import { subset } from "../data/dataset.ts";
import type { Plan } from "../engines/lowering/ir.ts";
import { fail } from "../graph/errors.ts";
import { foldIn, key } from "../tensor/random.ts";
import type { Answer, CommandContext, CompileCommandOptions, JsonValue } from "./command.ts";
import { feed } from "./feed.ts";
import { type Asked, graphOf } from "./graph-of.ts";
import { metricsNamed } from "./metric-names.ts";
import { describeGraph, graphText } from "./show-graph.ts";
import { describeMemory, kernelsText, memoryText } from "./show-plan.ts";
import { compileTrainStep, initialState, type Problem } from "./step.ts";
import { engineFor, subjectOf } from "./subject.ts";

/** Shows the program that one step of training is: forward, backward, update and metrics of a batch. */
export async function compile(options: CompileCommandOptions, context: CommandContext): Promise<Answer> {
  const { show } = options;
  const engine = engineShowing(options);
  const asked = await trainingStep(options, context);
  const answer = (text: string, json: JsonValue): Answer => ({ ok: true, text, json });
  if (show === "graph") {
    const graph = describeGraph(asked.graph);
    return answer(graphText(graph), plain({ show, ...graph }));
  }
  const inspect =
    inspectors[engine] ?? fail("run", `the engine ${engine} has no kernels to show; ask for --engine wasm or native.`);
  const { plan, text } = await inspect(asked);
  switch (show) {
    case "kernels": {
      const { describePlan } = await import("../engines/lowering/describe.ts");
      return answer(kernelsText(plan), plain({ show, engine, kernels: describePlan(plan) }));
    }
    case "memory": {
      const memory = describeMemory(plan);
      return answer(memoryText(memory), plain({ show, engine, ...memory }));
    }
    default:
      return answer(text(), { show, engine, text: text() });
  }
}

/** The engine whose work is shown. Throws a run error where that engine has nothing of the kind. */
function engineShowing({ show, engine }: CompileCommandOptions): string {
  const only = { wat: "wasm", c: "native" }[show as string];
  if (only === undefined) return engineFor(engine).name;
  if (engine !== undefined && engine !== "auto" && engineFor(engine).name !== only) {
    fail("run", `--show ${show} shows what the engine ${only} makes, not ${engine}. Leave --engine out.`);
  }
  return only;
}

interface Inspected {
  readonly plan: Plan;
  /** The code. */
  readonly text: () => string;
}

const inspectors: Readonly<Record<string, (asked: Asked) => Promise<Inspected>>> = {
  wasm: async ({ graph, options }) => (await import("../engines/wasm/inspect.ts")).inspect(graph, options),
  native: async ({ graph, options }) => {
    const { plan, source } = (await import("../engines/native/index.ts")).sourceOf(graph, options);
    return { plan, text: () => source };
  },
};

/** The graph of the step, with what is asked of the engine. */
async function trainingStep(options: CompileCommandOptions, context: CommandContext): Promise<Asked> {
  const { config, settings, seed, data } = await subjectOf(options.target, options, context);
  const batchSize = options.batchSize ?? settings.batchSize;
  const root = key(seed);
  const problem: Problem = {
    model: config.model(settings, data),
    loss: config.loss,
    metrics: metricsNamed(config.metrics ?? []),
    optimizer: config.optimizer(settings),
    key: foldIn(root, 1),
  };
  // What the examples hold is of no account, and there may be few.
  const numbers = Int32Array.from({ length: batchSize }, (_, i) => i);
  const examples = subset(
    data.train,
    numbers.map((i) => i % data.train.size),
  );
  const batch = feed(examples, batchSize)(numbers);
  return graphOf((engine) => {
    compileTrainStep(problem, engine)(initialState(problem, foldIn(root, 0)), ...batch);
  });
}

/** A result as JSON has it. */
function plain(value: object): JsonValue {
  return JSON.parse(JSON.stringify(value)) as JsonValue;
}
