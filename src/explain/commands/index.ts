// The commands of the command line that explain. Node only.

import type { ExplainCommands } from "./command.ts";
import { lesson } from "./lesson-command.ts";

export const explainCommands: ExplainCommands = { lesson };
