// The commands of the command line. Node only.

import type { Commands } from "./command.ts";
import { compile } from "./compile-command.ts";
import { check, summary } from "./inspect-commands.ts";
import { predict } from "./predict-command.ts";
import { train } from "./train-command.ts";

export const commands: Commands = { train, predict, summary, check, compile };
