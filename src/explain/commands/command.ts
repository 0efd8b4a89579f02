// What the command line asks of the room of worked examples: one function a command.

import type { Answer, CommandContext, JsonValue, Target } from "../../train/command.ts";
import type { Paint } from "../../train/terminal.ts";

export interface LessonCommandOptions {
  /** A number, or a file that exports a lesson; absent: list them. */
  readonly lesson?: string;
  /** Where the page is written to. */
  readonly html?: string;
  /** Show the page in the browser. */
  readonly open?: boolean;
  /** Where the lessons of the package are. */
  readonly folder: string;
  readonly style: Paint;
}

/** A model with a few examples. */
export interface ExampleOptions {
  readonly target: Target;
  readonly data?: string;
  readonly seed?: number;
  /** Examples in the batch; default 1, or as in training where the model takes statistics over a batch. */
  readonly batchSize?: number;
  readonly set: Readonly<Record<string, JsonValue>>;
}

export interface CostCommandOptions extends ExampleOptions {
  /** List every node. */
  readonly nodes?: boolean;
}

export interface DrawCommandOptions extends ExampleOptions {
  /** Default: what the name of the file says, else a picture. */
  readonly format?: "svg" | "html" | "dot" | "mermaid";
  /** File to write; absent: print. */
  readonly out?: string;
  /** "shapes", "values", "errors", "multiply-adds", with commas between; "nothing". */
  readonly show?: string;
  /** "auto", "none", "modules", a number of boxes, or paths of modules with commas between. */
  readonly fold?: string;
  readonly direction?: "down" | "right";
  readonly backward?: boolean;
}

export type ExplainFormat = "text" | "markdown" | "latex" | "html" | "json";

/** What is explained, and how; what is absent is as the file says, or as `explain` has it. */
export interface ExplainCommandOptions {
  /** As it was written: "digits", a file, a run, or a formula. */
  readonly subject: string;
  /** Absent for a formula. */
  readonly target?: Target;
  /** Where a formula is worked out: "x=2, w=[1,2]". */
  readonly at?: string;
  readonly data?: string;
  readonly seed?: number;
  readonly batchSize?: number;
  readonly set?: Readonly<Record<string, JsonValue>>;
  readonly iterations?: number;
  readonly digits?: number;
  readonly order?: 1 | 2;
  readonly rounding?: "exact" | "by hand";
  /** Rows of the table: after up to so many updates. */
  readonly table?: number;
  /** "W1[1,2], z1[2]", entries counted from 1. */
  readonly entries?: string;
  readonly columns?: string;
  /** Gradient descent with this step size instead of the optimizer that belongs to the subject. */
  readonly step?: number;
  /** Default: as the name of the file says, else text. */
  readonly format?: ExplainFormat;
  readonly out?: string;
  /** Whether text is coloured. */
  readonly colour: boolean;
  readonly width?: number;
}

export interface ExplainCommands {
  readonly explain: (options: ExplainCommandOptions, context: CommandContext) => Promise<Answer>;
  readonly draw: (options: DrawCommandOptions, context: CommandContext) => Promise<Answer>;
  readonly cost: (options: CostCommandOptions, context: CommandContext) => Promise<Answer>;
  readonly lesson: (options: LessonCommandOptions, context: CommandContext) => Promise<Answer>;
}
