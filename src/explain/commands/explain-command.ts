// gradus explain: the worked example of a model, of a function in a file, or of a formula, written as asked for. Node only.

import { extname, resolve } from "node:path";
import { parseConstant, parseExpression } from "../../analysis/expression/index.ts";
import { fail } from "../../graph/errors.ts";
import { writeFileAtomic } from "../../io/files.ts";
import { type Optimizer, sgd } from "../../optim/index.ts";
import type { Tensor } from "../../tensor/index.ts";
import type { Answer, CommandContext, JsonValue } from "../../train/command.ts";
import { configOf } from "../../train/config.ts";
import { type ExplainOptions, explain as explained, type FunctionOptions, type ModelExample } from "../explain.ts";
import type { Explanation } from "../explanation.ts";
import { jsonOf } from "../formats/json.ts";
import { textOf } from "../formats/text.ts";
import { isModule } from "../traced.ts";
import type { ExplainCommandOptions, ExplainFormat } from "./command.ts";
import { withExamples } from "./examples.ts";

/** What a module exports as default to be explained: a function with arguments, or a model with an input. */
export type WorkedExample =
  | ({ readonly f: (...args: never[]) => unknown; readonly arguments: readonly unknown[] } & FunctionOptions)
  | ({ readonly model: Parameters<typeof explained>[0] } & ModelExample);

/** The answer is no where a derivative rule disagrees with differences. */
export async function explain(options: ExplainCommandOptions, context: CommandContext): Promise<Answer> {
  const explanation = await explanationOf(options, context);
  const format = options.format ?? formatOf(options.out);
  const text = await written(explanation, format, options);
  const isRight = !explanation.iterations.some(({ backward }) =>
    backward.some(({ disagreements }) => disagreements.some(({ kink }) => !kink)),
  );
  if (options.out === undefined) return { ok: isRight, text, json: JSON.parse(jsonOf(explanation)) as JsonValue };
  await writeFileAtomic(options.out, text);
  return { ok: isRight, text: `written to ${options.out} (${format})`, json: { format, out: options.out } };
}

async function explanationOf(options: ExplainCommandOptions, context: CommandContext): Promise<Explanation> {
  const { subject, target } = options;
  if (target === undefined) return explainFormula(subject, options);
  if (target.kind === "file") {
    const module = await context.loadModule(resolve(target.path));
    const example = module.default as WorkedExample | undefined;
    if (example && typeof example === "object" && "f" in example && "arguments" in example) {
      const { f, arguments: args, ...rest } = example;
      return explained(f, args, { ...rest, ...asked(options, rest.optimizer) });
    }
    if (example && typeof example === "object" && "input" in example && "model" in example && isModule(example.model)) {
      const { model, ...rest } = example;
      return explained(model, { ...rest, ...asked(options, rest.optimizer) });
    }
    configOf(module, target.path);
  }
  return withExamples({ set: {}, ...options, target }, context, ({ name, objective, args, optimizer }) =>
    explained(objective as (...args: never[]) => unknown, args, {
      title: name,
      parameters: [0],
      names: { p: "w" },
      ...asked(options, optimizer()),
    }),
  );
}

/** What was said on the command line; `own` is the optimizer of what is explained, which --step replaces. */
function asked(options: ExplainCommandOptions, own: Optimizer | undefined): ExplainOptions {
  const { iterations, digits, order, rounding, table, entries, columns, step } = options;
  const optimizer = step === undefined ? own : sgd({ learningRate: step });
  return {
    ...(iterations !== undefined && { iterations }),
    ...(digits !== undefined && { digits }),
    ...(order !== undefined && { order }),
    ...(rounding !== undefined && { rounding }),
    ...(table !== undefined && { table }),
    ...(entries !== undefined && { entries: pickedEntries(entries) }),
    ...(columns !== undefined && { columns: columns.split(/,(?![^[]*\])/).map((part) => part.trim()) }),
    ...(optimizer && { optimizer }),
  };
}

/** A formula at the point that --at gives: "x=2, w=[1,2]". */
function explainFormula(text: string, options: ExplainCommandOptions): Explanation {
  const at = options.at ?? fail("argument", 'explain: say where the formula is worked out: --at "x=2, w=1".');
  const point: Record<string, Tensor> = {};
  for (const part of at.split(/,(?![^[(]*[\])])/)) {
    const [, name, value] = /^\s*([A-Za-z]\w*)\s*=\s*(.+?)\s*$/.exec(part) ?? [];
    if (name === undefined) fail("argument", `explain: --at needs NAME=VALUE, as --at "x=2, w=[1,2]", not "${part.trim()}".`);
    point[name] = parseConstant(value);
  }
  const declared = Object.entries(point).map(([name, { shape }]) => (shape.length === 0 ? name : `${name}(${shape.join(",")})`));
  const expression = parseExpression(text, { variables: declared });
  const f = (variables: Readonly<Record<string, Tensor>>) => expression.f(variables);
  return explained(f, [point], { title: text, ...asked(options, undefined) });
}

/** "W1[1,2], z1[2]", entries counted from 1, by quantity. */
function pickedEntries(text: string): Record<string, number[][]> {
  const picked: Record<string, number[][]> = {};
  for (const part of text.split(/,(?![^[]*\])/)) {
    const [, id, index] = /^\s*([^[\s]+)\s*\[([\d,\s]*)\]\s*$/.exec(part) ?? [];
    if (id === undefined)
      fail("argument", `explain: --entries needs names with an entry, as "W1[1,2], z1[2]", not "${part.trim()}".`);
    const at = index.trim() === "" ? [] : index.split(",").map((i) => Number(i) - 1);
    picked[id] = [...(picked[id] ?? []), at];
  }
  return picked;
}

const extensions: Readonly<Record<string, ExplainFormat>> = {
  ".md": "markdown",
  ".tex": "latex",
  ".html": "html",
  ".json": "json",
};

/** The format that a file's name asks for. */
function formatOf(path: string | undefined): ExplainFormat {
  return (path === undefined ? undefined : extensions[extname(path).toLowerCase()]) ?? "text";
}

async function written(
  explanation: Explanation,
  format: ExplainFormat,
  { colour, width, out }: ExplainCommandOptions,
): Promise<string> {
  switch (format) {
    case "text":
      return textOf(explanation, { colour: colour && out === undefined, ...(width !== undefined && { width }) });
    case "markdown":
      return (await import("../formats/markdown.ts")).markdownOf(explanation);
    case "latex":
      return (await import("../formats/latex.ts")).latexOf(explanation);
    case "html":
      return (await import("../formats/html.ts")).htmlOf(explanation);
    case "json":
      return jsonOf(explanation);
  }
}
