// From words on the command line to a request: which command, with which options, or what is wrong and what was probably meant.

import { parseArgs } from "node:util";
import type {
  CertifyCommandOptions,
  CurvatureCommandOptions,
  LandscapeCommandOptions,
  MinimizeCommandOptions,
} from "../analysis/commands/command.ts";
import type {
  CostCommandOptions,
  DrawCommandOptions,
  ExplainCommandOptions,
  LessonCommandOptions,
} from "../explain/commands/command.ts";
import { didYouMean } from "../graph/suggest.ts";
import type {
  CheckOptions,
  CompileCommandOptions,
  JsonValue,
  PredictOptions,
  SummaryOptions,
  Target,
  Task,
  TrainOptions,
} from "../train/command.ts";
import { type CommandName, commandNames, commandSpecs, commonOptions, isCommand, type OptionSpec } from "./grammar.ts";

/** The command line is wrong; the message says where and what to write instead. */
export class UsageError extends Error {
  readonly command: CommandName | undefined;
  constructor(message: string, command?: CommandName) {
    super(message);
    this.name = "UsageError";
    this.command = command;
  }
}

export interface Manner {
  readonly json: boolean;
  readonly quiet: boolean;
}

export type Request =
  | { readonly command: "help"; readonly about: CommandName | undefined; readonly manner: Manner }
  | { readonly command: "version"; readonly manner: Manner }
  | { readonly command: "train"; readonly options: TrainOptions; readonly manner: Manner }
  | { readonly command: "predict"; readonly options: PredictOptions; readonly manner: Manner }
  | { readonly command: "summary"; readonly options: SummaryOptions; readonly manner: Manner }
  | { readonly command: "check"; readonly options: CheckOptions; readonly manner: Manner }
  | { readonly command: "compile"; readonly options: CompileCommandOptions; readonly manner: Manner }
  | { readonly command: "certify"; readonly options: CertifyCommandOptions; readonly manner: Manner }
  | { readonly command: "minimize"; readonly options: MinimizeCommandOptions; readonly manner: Manner }
  | { readonly command: "landscape"; readonly options: LandscapeCommandOptions; readonly manner: Manner }
  | { readonly command: "curvature"; readonly options: CurvatureCommandOptions; readonly manner: Manner }
  | { readonly command: "draw"; readonly options: DrawCommandOptions; readonly manner: Manner }
  | { readonly command: "cost"; readonly options: CostCommandOptions; readonly manner: Manner }
  | { readonly command: "explain"; readonly options: Omit<ExplainCommandOptions, "colour" | "width">; readonly manner: Manner }
  | { readonly command: "lesson"; readonly options: Omit<LessonCommandOptions, "folder" | "style">; readonly manner: Manner };

/** Reads the words after `gradus`. Throws UsageError. */
export function parseCommandLine(words: readonly string[]): Request {
  const plainManner = { json: false, quiet: false };
  const [first, ...rest] = words;
  if (first === undefined) throw new UsageError(`no command given; the commands are ${commandNames.join(", ")}`);
  if (first === "--version" || first === "-V") return { command: "version", manner: plainManner };
  if (first === "--help" || first === "-h") return { command: "help", about: undefined, manner: plainManner };
  if (first === "help")
    return { command: "help", about: rest[0] === undefined ? undefined : knownCommand(rest[0]), manner: plainManner };
  if (first.startsWith("-")) {
    throw new UsageError(`the command comes first: gradus COMMAND ${first} …; the commands are ${commandNames.join(", ")}`);
  }
  const command = knownCommand(first);
  const { values, positionals } = readWords(command, rest);
  const manner = { json: values.json === true, quiet: values.quiet === true };
  if (values.help === true) return { command: "help", about: command, manner };
  switch (command) {
    case "train":
      return { command, options: trainOptions(values, positionals), manner };
    case "predict":
      return { command, options: predictOptions(values, positionals), manner };
    case "summary": {
      const options = { ...pick(values, { data: "data", batchSize: "batch-size" }), set: values.set ?? {} };
      return { command, options: { ...options, target: target(command, positionals) } as SummaryOptions, manner };
    }
    case "check": {
      const { order } = values;
      if (order !== undefined && order !== 1 && order !== 2) {
        throw new UsageError(`--order is 1 or 2, not ${order}`, command);
      }
      const options = { ...pick(values, { data: "data", seed: "seed", order: "order" }), set: values.set ?? {} };
      return { command, options: { ...options, target: target(command, positionals) } as CheckOptions, manner };
    }
    case "compile": {
      const given = pick(values, { data: "data", seed: "seed", batchSize: "batch-size", engine: "engine", show: "show" });
      const options = { show: "kernels", ...given, set: values.set ?? {}, target: target(command, positionals) };
      const { show, engine } = options as CompileCommandOptions;
      const wrong = engine === undefined || engine === "auto" ? undefined : cannotShow(show, engine);
      if (wrong !== undefined) throw new UsageError(wrong, command);
      return { command, options: options as CompileCommandOptions, manner };
    }
    case "certify": {
      const given = pick(values, { domain: "domain", vars: "vars", html: "html", budget: "budget" });
      return { command, options: { ...given, param: values.param ?? {}, expression: single(command, positionals) }, manner };
    }
    case "minimize": {
      const names = { domain: "domain", vars: "vars", html: "html", step: "step", minimum: "minimum", iterations: "iterations" };
      const given = pick(values, names);
      const { from, method = "gradient-descent" } = values;
      if (typeof from !== "string") throw new UsageError('minimize needs a starting point: --from 3, or --from "1,2"', command);
      const options = {
        ...given,
        from,
        method: String(method),
        param: values.param ?? {},
        expression: single(command, positionals),
      };
      return { command, options, manner };
    }
    case "landscape":
    case "curvature": {
      const given = pick(values, { points: "points", count: "count", seed: "seed", engine: "engine", html: "html" });
      return { command, options: { ...given, run: single(command, positionals) }, manner };
    }
    case "draw": {
      const names = {
        data: "data",
        seed: "seed",
        batchSize: "batch-size",
        format: "format",
        out: "out",
        show: "show",
        fold: "fold",
      };
      const given = pick(values, { ...names, direction: "direction", backward: "backward" });
      return { command, options: { ...given, set: values.set ?? {}, target: target(command, positionals) }, manner };
    }
    case "cost": {
      const given = pick(values, { data: "data", seed: "seed", batchSize: "batch-size", nodes: "nodes" });
      return { command, options: { ...given, set: values.set ?? {}, target: target(command, positionals) }, manner };
    }
    case "explain":
      return { command, options: explainOptions(values, positionals), manner };
    case "lesson": {
      const given = pick(values, { html: "html", open: "open" });
      return { command, options: positionals.length === 0 ? given : { ...given, lesson: single(command, positionals) }, manner };
    }
  }
}

/** Why an engine has nothing to show of that kind, if so. */
function cannotShow(show: CompileCommandOptions["show"], engine: string): string | undefined {
  const only = { wat: "wasm", c: "native" }[show as string];
  if (only !== undefined) return engine === only ? undefined : `--show ${show} is what the engine ${only} makes, not ${engine}`;
  if (show === "graph" || engine !== "interpreter") return undefined;
  return `the engine interpreter has no ${show} to show; ask for --engine wasm or native`;
}

type Values = {
  readonly set?: Readonly<Record<string, JsonValue>>;
  readonly param?: Readonly<Record<string, string>>;
} & Readonly<Record<string, unknown>>;

function knownCommand(word: string): CommandName {
  if (isCommand(word)) return word;
  const hint = didYouMean(word, commandNames, (name) => `"gradus ${name}"`);
  throw new UsageError(`there is no command "${word}".${hint === "" ? ` The commands are ${commandNames.join(", ")}.` : hint}`);
}

function readWords(command: CommandName, words: readonly string[]): { values: Values; positionals: readonly string[] } {
  const specs: Readonly<Record<string, OptionSpec>> = { ...commandSpecs[command].options, ...commonOptions };
  const shorts = new Set(Object.values(specs).map(({ short }) => `-${short}`));
  // "-sqrt(1-x^2)" is no heap of short options: a space before it makes it an argument.
  const isFormula = (word: string) => commandSpecs[command].formula === true && /^-[^-]/.test(word) && !shorts.has(word);
  const { tokens } = parseArgs({
    args: words.map((word) => (isFormula(word) ? ` ${word}` : word)),
    strict: false,
    allowPositionals: true,
    tokens: true,
    options: Object.fromEntries(
      Object.entries(specs).map(([name, { kind, short }]) => [
        name,
        { type: kind === "flag" ? ("boolean" as const) : ("string" as const), ...(short === undefined ? {} : { short }) },
      ]),
    ),
  });
  const values: Record<string, unknown> = {};
  const set: Record<string, JsonValue> = {};
  const param: Record<string, string> = {};
  const positionals: string[] = [];
  for (const token of tokens) {
    if (token.kind === "positional") positionals.push(token.value);
    if (token.kind !== "option") continue;
    const spec = Object.hasOwn(specs, token.name) ? specs[token.name] : undefined;
    if (spec === undefined) throw unknownOption(command, token.rawName, token.name, Object.keys(specs));
    if (spec.kind === "flag") {
      if (token.value !== undefined) throw new UsageError(`--${token.name} takes no value; write just --${token.name}`, command);
      values[token.name] = true;
      continue;
    }
    const missing = token.value === undefined || (token.inlineValue === false && token.value.startsWith("--"));
    if (missing) throw new UsageError(`--${token.name} needs a value: --${token.name} ${spec.value}`, command);
    if (token.name === "param") Object.assign(param, binding(command, token.value ?? ""));
    else if (spec.kind === "assignment") Object.assign(set, assignment(command, token.value ?? ""));
    else if (Object.hasOwn(values, token.name)) throw new UsageError(`--${token.name} is given twice`, command);
    else values[token.name] = optionValue(command, token.name, spec, (token.value ?? "").replace(/^ (?=-)/, ""));
  }
  return { values: { ...values, set, param }, positionals: positionals.map((word) => word.trim()) };
}

function unknownOption(command: CommandName, raw: string, name: string, known: readonly string[]): UsageError {
  const hint = didYouMean(name, known, (option) => `--${option}`);
  return new UsageError(`gradus ${command} has no option ${raw}.${hint}`, command);
}

function optionValue(command: CommandName, name: string, spec: OptionSpec, text: string): string | number {
  switch (spec.kind) {
    case "count":
      if (!/^\d+$/.test(text) || Number(text) < 1) {
        throw new UsageError(`--${name} needs a whole number from 1 on, not "${text}"`, command);
      }
      return Number(text);
    case "seed":
      if (!/^\d+$/.test(text) || !Number.isSafeInteger(Number(text))) {
        throw new UsageError(`--${name} needs a whole number from 0 on, not "${text}"`, command);
      }
      return Number(text);
    case "choice": {
      const { choices = [] } = spec;
      if (choices.includes(text)) return text;
      const hint = didYouMean(text, choices) || ` It is one of ${choices.join(", ")}.`;
      throw new UsageError(`--${name} "${text}" is unknown.${hint}`, command);
    }
    default:
      if (text === "") throw new UsageError(`--${name} needs a value: --${name} ${spec.value}`, command);
      return text;
  }
}

/** `a.b=[1,2]` as { "a.b": [1, 2] }; a value that is not JSON is a string. */
function assignment(command: CommandName, text: string): Readonly<Record<string, JsonValue>> {
  const at = text.indexOf("=");
  if (at < 1) throw new UsageError(`--set needs KEY=VALUE, as --set learningRate=0.01, not "${text}"`, command);
  const value = text.slice(at + 1);
  let parsed: JsonValue = value;
  try {
    parsed = JSON.parse(value) as JsonValue;
  } catch {
    // A bare word: --set optimizer=adam.
  }
  return { [text.slice(0, at)]: parsed };
}

/** `X=rows.csv` as { X: "rows.csv" }. */
function binding(command: CommandName, text: string): Readonly<Record<string, string>> {
  const at = text.indexOf("=");
  if (at < 1 || at === text.length - 1) {
    throw new UsageError(`--param needs NAME=VALUE, as --param X=[[1,2],[3,4]] or --param X=rows.csv, not "${text}"`, command);
  }
  return { [text.slice(0, at).trim()]: text.slice(at + 1).trim() };
}

function trainOptions(values: Values, positionals: readonly string[]): TrainOptions {
  const chosen = pick(values, {
    data: "data",
    out: "out",
    epochs: "epochs",
    seed: "seed",
    engine: "engine",
    threads: "threads",
    resume: "resume",
    profile: "profile",
  });
  const options = { ...chosen, set: values.set ?? {} } as TrainOptions;
  if (options.resume !== undefined) {
    if (positionals.length > 0) throw new UsageError(`--resume knows what it trained; leave "${positionals[0]}" out`, "train");
    if (options.out !== undefined) throw new UsageError("--resume goes on in its own folder; leave --out out", "train");
    return options;
  }
  const word = single("train", positionals);
  const found = task(word);
  if (found === undefined) throw new UsageError(unknownTask("train", word), "train");
  return { ...options, task: found };
}

/** With --at the argument is a formula, whatever it looks like. */
function explainOptions(values: Values, positionals: readonly string[]): Omit<ExplainCommandOptions, "colour" | "width"> {
  const { order, rounding, step } = values;
  if (order !== undefined && order !== 1 && order !== 2) throw new UsageError(`--order is 1 or 2, not ${order}`, "explain");
  if (step !== undefined && !(Number(step) > 0)) throw new UsageError(`--step needs a number above 0, not "${step}"`, "explain");
  const names = { at: "at", data: "data", seed: "seed", batchSize: "batch-size", iterations: "iterations", digits: "digits" };
  const others = { order: "order", entries: "entries", table: "table", columns: "columns", format: "format", out: "out" };
  return {
    ...pick(values, { ...names, ...others }),
    ...(rounding !== undefined && { rounding: rounding === "by-hand" ? "by hand" : "exact" }),
    ...(step !== undefined && { step: Number(step) }),
    set: values.set ?? {},
    subject: single("explain", positionals),
    ...(values.at === undefined && { target: target("explain", positionals) }),
  } as Omit<ExplainCommandOptions, "colour" | "width">;
}

function predictOptions(values: Values, positionals: readonly string[]): PredictOptions {
  const [run, ...inputs] = positionals;
  if (run === undefined) throw new UsageError("predict needs the folder of a run, as: gradus predict runs/digits", "predict");
  return { ...pick(values, { data: "data", limit: "limit", engine: "engine" }), run, inputs } as PredictOptions;
}

function task(word: string): Task | undefined {
  if (word === "digits" || word === "mnist") return { kind: word };
  if (/\.[cm]?[jt]s$/.test(word)) return { kind: "file", path: word };
  return undefined;
}

/** A word that is no task and looks like a path is a run folder. */
function target(command: CommandName, positionals: readonly string[]): Target {
  const word = single(command, positionals);
  const found = task(word);
  if (found !== undefined) return found;
  if (/[\\/.]/.test(word)) return { kind: "run", path: word };
  throw new UsageError(unknownTask(command, word), command);
}

function single(command: CommandName, positionals: readonly string[]): string {
  const [word, extra] = positionals;
  const { usage } = commandSpecs[command];
  if (word === undefined) throw new UsageError(`${command} needs ${usage.includes("|") ? "one of " : ""}${usage}`, command);
  if (extra !== undefined) throw new UsageError(`${command} takes one argument; "${extra}" is one too many`, command);
  return word;
}

function unknownTask(command: CommandName, word: string): string {
  return `"${word}" is none of ${commandSpecs[command].usage}.${didYouMean(word, ["digits", "mnist"])}`;
}

/** The options that were given, under the names the library uses. */
function pick(values: Values, names: Readonly<Record<string, string>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(names)
      .map(([key, option]) => [key, values[option]] as const)
      .filter(([, value]) => value !== undefined),
  );
}
