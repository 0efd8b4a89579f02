// The worked example of a function or a model: forward and backward, with updates, iteration by iteration.

import { fail } from "../graph/errors.ts";
import { inference, training } from "../nn/context.ts";
import type { Module, Parameters } from "../nn/module.ts";
import type { Optimizer } from "../optim/index.ts";
import { callable, describe, integer, named, oneOf } from "../tensor/operands.ts";
import { key } from "../tensor/random.ts";
import { Tensor } from "../tensor/tensor.ts";
import type { Explanation, Role } from "./explanation.ts";
import { narrate } from "./narrate.ts";
import { parameterNames } from "./parameter-names.ts";
import { nodeNames } from "./source-names.ts";
import { subjectOf } from "./trace-quantities.ts";
import { isModule } from "./traced.ts";

export interface ExplainOptions {
  /** Default: the name of the function, or the kind of the model. */
  readonly title?: string;
  /** Iterations worked out in full; default 1. Further ones need an optimizer. */
  readonly iterations?: number;
  readonly optimizer?: Optimizer;
  /** 2: second derivatives too. Default 1. */
  readonly order?: 1 | 2;
  /** Digits after the point; default 4. */
  readonly digits?: number;
  /** "by hand": every line is worked out from rounded numbers, as on paper. "exact" (default): numbers are only shown rounded. */
  readonly rounding?: "exact" | "by hand";
  /** Entries to work out, by quantity: { W1: [[0, 0]] }; small quantities are worked out whole, of large ones the largest entry. */
  readonly entries?: Readonly<Record<string, readonly (readonly number[])[]>>;
  /** Other names, by name or by path: { "layers[0].weight": "V" }. */
  readonly names?: Readonly<Record<string, string>>;
  /** The table over iterations: after how many updates, or up to how many; default: those of the iterations worked out. */
  readonly table?: number | readonly number[];
  /** Further columns of the table: "W1[1,2]", entries counted from 1. */
  readonly columns?: readonly string[];
}

export interface FunctionOptions extends ExplainOptions {
  /** Arguments, by index or name, that are learned. Default: with an optimizer the first, else derivatives go to all. */
  readonly parameters?: readonly (number | string)[];
}

export interface ModelExample extends ExplainOptions {
  readonly input: Tensor;
  readonly target?: Tensor;
  /** Of predictions and targets. Without one the output itself must be a scalar to be differentiated. */
  readonly loss?: (predictions: Tensor, targets: Tensor) => Tensor;
  /** Default: fresh ones from `seed`. */
  readonly parameters?: Parameters;
  readonly state?: Parameters;
  /** Default 0. */
  readonly seed?: number;
  /** Whether dropout drops and statistics of the batch are used. */
  readonly training?: boolean;
}

/**
 * The worked example of `f` at `args` (trees of tensors; a number is a scalar): every quantity with its formula and numbers, the error
 * signals with each contribution, and with an optimizer the updates. The first output that is a scalar is what is differentiated.
 * Everything is worked out in float64. Throws an argument error for entries or columns that do not exist.
 */
export function explain(f: (...args: never[]) => unknown, args: readonly unknown[], options?: FunctionOptions): Explanation;
/** The worked example of a model: its loss on `example.input` and `example.target`. */
export function explain(model: Module, example: ModelExample): Explanation;
export function explain(
  subject: Module | ((...args: never[]) => unknown),
  second: readonly unknown[] | ModelExample,
  options: FunctionOptions = {},
): Explanation {
  if (isModule(subject)) return explainModel(subject, second as ModelExample);
  callable("explain", "the first argument", subject);
  if (!Array.isArray(second)) {
    fail("argument", `explain: the arguments must be an array, got ${describe(second)}. Write explain(f, [x, w]).`);
  }
  const names = parameterNames(subject);
  const learned = learnedOf(options, second.length, names);
  const explicit = options.parameters !== undefined || options.optimizer !== undefined;
  const roles = second.map((_, i): Role => (explicit && learned.includes(i) ? "parameter" : "input"));
  return work(subject, second, {
    ...options,
    title: options.title ?? (subject.name || "a function"),
    learned,
    roles,
    argumentNames: names,
    outputNames: [isShortName(subject.name) ? subject.name : undefined],
  });
}

const isShortName = (name: string) => /^[A-Za-z]\d?$/.test(name);

function explainModel(model: Module, example: ModelExample): Explanation {
  const { input, target, loss, seed = 0, optimizer } = named("explain", example);
  if (!(input instanceof Tensor))
    fail("argument", `explain: a model needs an input, as { input: tensor(…) }, got ${describe(input)}.`);
  if (loss !== undefined && target === undefined) fail("argument", "explain: a loss needs a target, as { target: tensor(…) }.");
  const fresh = model.init(key(integer("explain", "the seed", seed, 0)), "float64");
  const parameters = example.parameters ?? fresh.parameters;
  const state = example.state ?? fresh.state;
  const context = () => (example.training ? training({ key: key(seed), state }) : inference({ state }));
  const f = (p: Parameters, x: Tensor, t?: Tensor) => {
    const y = model.apply(p, x, context());
    return loss ? loss(y, t as Tensor) : y;
  };
  return work(f as (...args: never[]) => unknown, target === undefined ? [parameters, input] : [parameters, input, target], {
    ...example,
    ...(optimizer ? { optimizer } : {}),
    title: example.title ?? model.kind,
    learned: [0],
    roles: ["parameter", "input", "input"],
    argumentNames: ["w", "x", "t"],
    outputNames: [loss ? "L" : undefined],
  });
}

/** Which arguments derivatives go to. */
function learnedOf({ parameters, optimizer }: FunctionOptions, count: number, names: readonly (string | undefined)[]): number[] {
  if (parameters === undefined) return optimizer ? [0] : Array.from({ length: count }, (_, i) => i);
  return parameters.map((which) => {
    const at = typeof which === "number" ? which : names.indexOf(which);
    if (Number.isInteger(at) && at >= 0 && at < count) return at;
    return fail(
      "argument",
      `explain: there is no argument ${JSON.stringify(which)}; there are ${names.slice(0, count).join(", ") || count}.`,
    );
  });
}

interface Setting extends ExplainOptions {
  readonly title: string;
  readonly learned: readonly number[];
  readonly roles: readonly Role[];
  readonly argumentNames: readonly (string | undefined)[];
  readonly outputNames: readonly (string | undefined)[];
}

function work(f: (...args: never[]) => unknown, args: readonly unknown[], setting: Setting): Explanation {
  const { iterations = 1, digits = 4, order = 1, rounding = "exact", table, optimizer } = setting;
  integer("explain", "the number of iterations", iterations, 1);
  integer("explain", "the number of digits", digits, 0);
  oneOf("explain", "the rounding", rounding, ["exact", "by hand"]);
  if (order !== 1 && order !== 2) fail("argument", `explain: the order is 1 or 2, got ${describe(order)}.`);
  if (iterations > 1 && optimizer === undefined) {
    fail("argument", `explain: ${iterations} iterations need an optimizer, as { optimizer: optim.sgd({ learningRate: 0.1 }) }.`);
  }
  const subject = subjectOf(f, args, {
    title: setting.title,
    names: setting.names ?? {},
    argumentNames: setting.argumentNames,
    outputNames: setting.outputNames,
    roles: setting.roles,
    nodeNames,
  });
  return narrate(subject, {
    iterations,
    digits,
    order,
    rounding,
    optimizer,
    learned: setting.learned,
    trees: args,
    entries: setting.entries ?? {},
    after: afterOf(table, iterations),
    columns: setting.columns ?? [],
  });
}

/** After how many updates the table has a row: all at first, then 1, 2, 5 of every power of ten. */
function afterOf(table: number | readonly number[] | undefined, iterations: number): number[] {
  if (table === undefined) return Array.from({ length: iterations }, (_, i) => i);
  if (typeof table !== "number") return [...table].sort((a, b) => a - b);
  const round = (k: number) => /^[125]0*$/.test(String(k));
  return Array.from({ length: table + 1 }, (_, k) => k).filter((k) => k <= 10 || round(k) || k === table);
}
