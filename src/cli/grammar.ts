// The commands, their arguments and options, as data: the parser and the help texts are two readings of this table.

import type { CompileView } from "../train/command.ts";

export type CommandName =
  | "train"
  | "predict"
  | "summary"
  | "check"
  | "compile"
  | "certify"
  | "minimize"
  | "landscape"
  | "curvature"
  | "cost"
  | "explain"
  | "draw"
  | "lesson";

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
  /** The argument is a formula, which may begin with a minus sign. */
  readonly formula?: boolean;
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

const methods = ["gradient-descent", "nesterov", "heavy-ball", "newton", "lbfgs", "subgradient", "ogm", "fista"] as const;
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
  help: "wasm, native, interpreter or auto (fastest here); default wasm, of train auto, of a run its own",
};

const html: OptionSpec = { kind: "text", value: "FILE", help: "write a self-contained page with pictures" };
const formulaOptions: Readonly<Record<string, OptionSpec>> = {
  domain: {
    kind: "text",
    value: "TEXT",
    help: 'where it is asked about, as "x>0, x+y<=1" or "A >> 0" (positive definite); default: everywhere',
  },
  param: {
    kind: "assignment",
    value: "NAME=VALUE",
    help: "what a name stands for: 3, [[1,2],[3,4]] or a file .csv, .json, .npy; may be repeated",
  },
  vars: {
    kind: "text",
    value: "NAMES",
    help: 'the variables with their shapes, as "x, w(2)"; default: every name without a value',
  },
  html,
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
  certify: {
    purpose: "convex or not: a proof or a counter-example, L, mu and the safe step size",
    usage: '"EXPR"',
    formula: true,
    details: `  EXPR       a formula, as "log(1+exp(x)) - 0.3*x"; data may follow it:
             "0.5*sum((X*w-y)^2), X=[[1,2],[3,4]], y=[1,2]", and shapes of its
             variables: "trace(A) - logdet(A), A(3,3)"`,
    options: {
      ...formulaOptions,
      budget: {
        kind: "count",
        value: "MS",
        help: "milliseconds until what is open stays unknown (default 1000; more for much data)",
      },
    },
    examples: [
      'gradus certify "x^2+3*sin(x)^2"',
      'gradus certify "x*log(x)" --domain "x>0" --json',
      'gradus certify "trace(C*A) - logdet(A), C=[[2,1],[1,3]]" --domain "A >> 0"',
      'gradus certify "sum(log(1+exp(-s.*(X*w))))" --param X=rows.csv --param s=labels.csv',
    ],
  },
  minimize: {
    purpose: "follow a method, with the bounds of its theorems beside what is measured",
    usage: '"EXPR"',
    formula: true,
    options: {
      from: { kind: "text", value: "POINT", help: 'where to start: 3, "1,2" or "x=1, y=2"' },
      method: {
        kind: "choice",
        value: "NAME",
        choices: methods,
        help: `${methods.slice(1).join(", ")}; default gradient-descent`,
      },
      step: {
        kind: "text",
        value: "STEP",
        help: "a number; or 1/L (default), 2/(L+mu), exact, armijo, wolfe, polyak, silver",
      },
      minimum: { kind: "text", value: "VALUE", help: "the least value of f, where it is known" },
      iterations: { kind: "count", value: "N", help: "most iterations (default 100)" },
      ...formulaOptions,
    },
    examples: [
      'gradus minimize "x^2+3*sin(x)^2" --from 3',
      'gradus minimize "(1-x)^2+100*(y-x^2)^2" --from "-1.2,1" --method newton --html path.html',
    ],
  },
  landscape: {
    purpose: "the loss around a trained network, along filter-normalised directions",
    usage: "RUN",
    options: {
      points: { kind: "count", value: "N", help: "along each direction (default 13)" },
      seed,
      engine,
      html,
    },
    examples: ["gradus landscape runs/digits --html landscape.html"],
  },
  curvature: {
    purpose: "eigenvalues, trace and density of a trained network's Hessian, and its noise scale",
    usage: "RUN",
    options: {
      count: { kind: "count", value: "N", help: "eigenvalues at each end (default 1)" },
      seed,
      engine,
      html,
    },
    examples: ["gradus curvature runs/digits --count 5"],
  },
  draw: {
    purpose: "the computation graph as a picture, as a page whose parts open and close, or as text",
    usage: "digits | mnist | FILE.ts | RUN",
    options: {
      format: {
        kind: "choice",
        value: "NAME",
        choices: ["svg", "html", "dot", "mermaid"],
        help: "html, dot, mermaid; default svg",
      },
      out: { kind: "text", short: "o", value: "FILE", help: "write it there; the name may say the format (.html)" },
      show: {
        kind: "text",
        value: "WHAT",
        help: "beside edges: shapes (default), values, errors, multiply-adds; several with commas",
      },
      fold: { kind: "text", value: "HOW", help: "auto (default: 60 boxes at most), none, modules, a number of boxes, or paths" },
      direction: { kind: "choice", value: "NAME", choices: ["down", "right"], help: "down (default) or right" },
      backward: { kind: "flag", help: "draw the backward pass too" },
      data: { kind: "text", value: "PATH", help: "folder or file of the data set" },
      "batch-size": { kind: "count", value: "N", help: "examples in a batch (default 1)" },
      seed,
      set,
    },
    examples: ["gradus draw digits --out graph.svg", "gradus draw model.ts --show values,errors --out graph.html"],
  },
  cost: {
    purpose: "operations forward and backward, memory, and multiply-adds per weight",
    usage: "digits | mnist | FILE.ts | RUN",
    options: {
      nodes: { kind: "flag", help: "list every node" },
      data: { kind: "text", value: "PATH", help: "folder or file of the data set" },
      "batch-size": { kind: "count", value: "N", help: "examples in a batch (default 1)" },
      seed,
      set,
    },
    examples: ["gradus cost digits --batch-size 64", "gradus cost digits --set model=cnn --json"],
  },
  explain: {
    purpose: "the worked example: every number forward and backward, with the formula it comes from",
    usage: 'digits | mnist | FILE.ts | RUN | "EXPR" --at POINT',
    formula: true,
    details: `  FILE.ts    a training configuration, or a module that exports { f, arguments } or { model, input }
  EXPR       a formula, as "(w*x - t)^2", worked out where --at says`,
    options: {
      at: { kind: "text", value: "POINT", help: 'where a formula is worked out: "x=2, w=[1,2]"' },
      iterations: { kind: "count", short: "n", value: "N", help: "iterations worked out (default 1)" },
      digits: { kind: "count", value: "N", help: "digits after the point (default 4)" },
      rounding: {
        kind: "choice",
        value: "HOW",
        choices: ["exact", "by-hand"],
        help: "exact (default), or by-hand: rounded at every line",
      },
      order: { kind: "count", value: "1|2", help: "second derivatives too (default 1)" },
      entries: { kind: "text", value: "LIST", help: 'entries to work out, as "W1[1,2], z1[2]"' },
      table: { kind: "count", value: "N", help: "go on for N updates and tabulate them" },
      columns: { kind: "text", value: "LIST", help: 'further columns of the table, as "W1[1,2]"' },
      step: { kind: "text", value: "ETA", help: "gradient descent with this step size (default: the optimizer of FILE)" },
      format: {
        kind: "choice",
        value: "NAME",
        choices: ["text", "markdown", "latex", "html", "json"],
        help: "text (default), markdown, latex, html or json",
      },
      out: {
        kind: "text",
        short: "o",
        value: "FILE",
        help: "write to FILE; its name may say the format: .md, .tex, .html, .json",
      },
      data: { kind: "text", value: "PATH", help: "folder or file of the data set" },
      "batch-size": { kind: "count", value: "N", help: "examples in the batch (default 1)" },
      seed,
      set,
    },
    examples: [
      "gradus explain example.ts --iterations 2 --format latex --out example.tex",
      'gradus explain "0.5*(w*x+b-t)^2" --at "x=2, t=1, w=0.5, b=0" --rounding by-hand',
      "gradus explain digits --set model=cnn",
    ],
  },
  lesson: {
    purpose: "the lessons: neural networks and optimization, every number worked out",
    usage: "[N | FILE.ts]",
    details: `  N          number of a lesson; without one, the lessons are listed
  FILE.ts    a lesson of your own`,
    options: {
      html: { kind: "text", value: "FILE", help: "write the lesson as a self-contained page with pictures" },
      open: { kind: "flag", help: "show the page in the browser" },
    },
    examples: ["gradus lesson", "gradus lesson 1", "gradus lesson 10 --open"],
  },
};

export const commandNames = Object.keys(commandSpecs) as readonly CommandName[];

export function isCommand(name: string): name is CommandName {
  return Object.hasOwn(commandSpecs, name);
}
