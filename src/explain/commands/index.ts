// The commands of the command line that explain. Node only.

import type { ExplainCommands } from "./command.ts";
import { cost } from "./cost-command.ts";
import { draw } from "./draw-command.ts";
import { explain } from "./explain-command.ts";
import { lesson } from "./lesson-command.ts";

export const explainCommands: ExplainCommands = { cost, draw, explain, lesson };
