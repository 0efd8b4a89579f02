// What the command line asks of the library: one function a command. The command line parses arguments and prints; what is
// asked for is done in commands.ts and says everything through its result and through events.

import type { Emit, EndEvent } from "./events.ts";

export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/** What to train: a built-in task, or a module of the user's that exports a configuration. */
export type Task = { readonly kind: "digits" } | { readonly kind: "mnist" } | { readonly kind: "file"; readonly path: string };

/** Where a command finds a model: as a task (untrained), or as a run folder (trained). */
export type Target = Task | { readonly kind: "run"; readonly path: string };

export interface TrainOptions {
  /** Absent only with `resume`: the run folder knows its task. */
  readonly task?: Task;
  /** Folder or file of the data set; absent: the task's own. */
  readonly data?: string;
  /** Run folder to make. It is an error when it exists and is not empty; absent: the first free of runs/TASK, runs/TASK-2, … */
  readonly out?: string;
  readonly epochs?: number;
  readonly seed?: number;
  readonly engine?: string;
  /** Most threads; the run is the same to the bit for any number. */
  readonly threads?: number;
  /** Configuration entries by dotted path, such as { "optimizer.learningRate": 0.01 }. */
  readonly set: Readonly<Record<string, JsonValue>>;
  /** Run folder to go on with, to the same bits. */
  readonly resume?: string;
  /** Time every kernel and say at the end where the time went. */
  readonly profile?: boolean;
}

export interface PredictOptions {
  /** Run folder. */
  readonly run: string;
  /** Files with examples; empty: the task's own test data. */
  readonly inputs: readonly string[];
  readonly data?: string;
  /** Examples to print; absent: all. */
  readonly limit?: number;
  readonly engine?: string;
}

export interface SummaryOptions {
  readonly target: Target;
  readonly data?: string;
  /** Examples in a batch, for bytes and multiply-adds. Default 1. */
  readonly batchSize?: number;
  readonly set: Readonly<Record<string, JsonValue>>;
}

export interface CheckOptions {
  readonly target: Target;
  readonly data?: string;
  readonly seed?: number;
  /** Highest order of derivative to check: 1 or 2. Default 1. */
  readonly order?: 1 | 2;
  readonly set: Readonly<Record<string, JsonValue>>;
}

/** The program of a training step, from its graph to the code of an engine. */
export type CompileView = "graph" | "kernels" | "memory" | "wat" | "c";

export interface CompileCommandOptions {
  readonly target: Target;
  readonly show: CompileView;
  readonly data?: string;
  readonly seed?: number;
  /** Examples in a batch; absent: as in training. */
  readonly batchSize?: number;
  readonly engine?: string;
  readonly set: Readonly<Record<string, JsonValue>>;
}

/** A command's answer, for people and for programs. */
export interface Answer {
  /** False: the command worked and its answer is no (exit code 1). */
  readonly ok: boolean;
  readonly text: string;
  readonly json: JsonValue;
}

export interface CommandContext {
  /** Aborted by the first Ctrl-C: finish the step, write a checkpoint, return with status "interrupted". */
  readonly signal: AbortSignal;
  /** Takes every event of a run, "end" included. */
  readonly emit: Emit;
  /** Loads a TypeScript or JavaScript module, in which "gradus" is this very library. */
  readonly loadModule: (path: string) => Promise<Readonly<Record<string, unknown>>>;
  /** Version of the library, for the run folder. */
  readonly version: string;
}

/**
 * The commands. A failure that the user can mend is thrown as a GradusError, whose message is printed as it stands; any other
 * error is printed with its stack. `train` must let the event loop turn at least every 100 ms, or Ctrl-C goes unheard.
 */
export interface Commands {
  readonly train: (options: TrainOptions, context: CommandContext) => Promise<EndEvent>;
  readonly predict: (options: PredictOptions, context: CommandContext) => Promise<Answer>;
  readonly summary: (options: SummaryOptions, context: CommandContext) => Promise<Answer>;
  readonly check: (options: CheckOptions, context: CommandContext) => Promise<Answer>;
  readonly compile: (options: CompileCommandOptions, context: CommandContext) => Promise<Answer>;
}
