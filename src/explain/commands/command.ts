// What the command line asks of the room of worked examples: one function a command.

import type { Answer, CommandContext } from "../../train/command.ts";
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

export interface ExplainCommands {
  readonly lesson: (options: LessonCommandOptions, context: CommandContext) => Promise<Answer>;
}
