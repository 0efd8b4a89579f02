// The commands, their arguments and options, as data: the parser and the help texts are two readings of this table.

import type { CompileView } from "../train/command.ts";

export type CommandName = "train" | "predict" | "summary" | "check" | "compile";

export interface OptionSpec {
  readonly help: string;
  /** Name of its value in help texts; a flag has none. */
  readonly value?: string;
  readonly kind: "flag" | "text" | "count" | "seed" | "assignment" | "choice";
  /** Of a choice, what may be said. */
  readonly choices?: readonly string[];
  readonly short?: string;
}

export interface CommandSpec {
  readonly purpose: string;
  /** Arguments as help shows them. */
  readonly usage: string;
  readonly details?: string;
  readonly options: Readonly<Record<string, OptionSpec>>;
  readonly examples: readonly string[];
}

/** Options that every command takes. */
export const commonOptions: Readonly<Record<string, OptionSpec>> = {
  json: { kind: "flag", help: "print JSON on standard output, one object a line" },
  quiet: { kind: "flag", short: "q", help: "print results and errors only" },
  help: { kind: "flag", short: "h", help: "print this help" },
};

const compileViews: readonly CompileView[] = ["graph", "kernels", "memory", "wat", "c"];

const set: OptionSpec = {
  kind: "assignment",
  value: "KEY=VALUE",
  help: "set an entry of the configuration, as learningRate=0.01; may be repeated",
};
const seed: OptionSpec = { kind: "seed", value: "N", help: "seed of everything random; the same seed gives the same bits" };
const engine: OptionSpec = {
  kind: "text",
  value: "NAME",
  help: "wasm, native, interpreter, or auto, the fastest here; default wasm, of train auto, of predict the run's",
};

export const commandSpecs: Readonly<Record<CommandName, CommandSpec>> = {
  train: {
    purpose: "train a model and write a run folder with a report",
    usage: "digits | mnist | FILE.ts",
    details: `  digits     generated handwritten digits; needs no data
  mnist      MNIST from a folder of IDX files given with --data
  FILE.ts    a module that exports a configuration`,
    options: {
      data: { kind: "text", value: "PATH", help: "folder or file of the data set" },
      out: { kind: "text", short: "o", value: "DIR", help: "run folder to make (default: runs/TASK, runs/TASK-2, …)" },
      epochs: { kind: "count", short: "e", value: "N", help: "passes over the training data" },
      seed,
      set,
      threads: { kind: "count", value: "N", help: "most threads (default: the processor's, at most 8); changes no bit" },
      resume: { kind: "text", value: "DIR", help: "go on with the run in DIR" },
      engine,
      profile: { kind: "flag", help: "time every kernel, and say at the end where the time went" },
    },
    examples: [
      "gradus train digits",
      "gradus train mnist --data data/mnist --epochs 20",
      "gradus train model.ts --data rows.csv --set learningRate=0.01",
      "gradus train --resume runs/digits --epochs 40",
    ],
  },
  predict: {
    purpose: "apply a trained model to examples",
    usage: "RUN [FILE…]",
    details: `  RUN        a run folder
  FILE       examples (IDX, CSV, npy); without one, the test data of the run`,
    options: {
      data: { kind: "text", value: "PATH", help: "folder or file of the data set" },
      limit: { kind: "count", short: "n", value: "N", help: "print the first N examples" },
      engine,
    },
    examples: ["gradus predict runs/digits --limit 10", "gradus predict runs/digits t10k-images-idx3-ubyte.gz --json"],
  },
  summary: {
    purpose: "list layers, shapes, parameters, multiply-adds and bytes of a model",
    usage: "digits | mnist | FILE.ts | RUN",
    options: {
      data: { kind: "text", value: "PATH", help: "folder or file of the data set" },
      "batch-size": { kind: "count", value: "N", help: "examples in a batch (default 1)" },
      set,
    },
    examples: ["gradus summary digits", "gradus summary runs/digits --json"],
  },
  check: {
    purpose: "compare every derivative of a model with finite differences",
    usage: "digits | mnist | FILE.ts | RUN",
    options: {
      data: { kind: "text", value: "PATH", help: "folder or file of the data set" },
      order: { kind: "count", value: "1|2", help: "check second derivatives too (default 1)" },
      seed,
      set,
    },
    examples: ["gradus check model.ts", "gradus check digits --order 2"],
  },
  compile: {
    purpose: "show what the training step becomes: graph, kernels, memory, code",
    usage: "digits | mnist | FILE.ts | RUN",
    options: {
      show: {
        kind: "choice",
        value: "WHAT",
        choices: compileViews,
        help: "graph, kernels (default), memory, wat (WebAssembly text) or c (what the native engine compiles)",
      },
      data: { kind: "text", value: "PATH", help: "folder or file of the data set" },
      "batch-size": { kind: "count", value: "N", help: "examples in a batch (default: as in training)" },
      seed,
      set,
      engine,
    },
    examples: ["gradus compile digits --show kernels", "gradus compile model.ts --show wat"],
  },
};

export const commandNames = Object.keys(commandSpecs) as readonly CommandName[];

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commandSpecs, name);
}
