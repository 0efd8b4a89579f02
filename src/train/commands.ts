// The commands of the command line.

import { fail } from "../graph/errors.ts";
import type { Commands } from "./command.ts";

export const commands: Commands = {
  train: async () => fail("run", "train is not built yet"),
  predict: async () => fail("run", "predict is not built yet"),
  summary: async () => fail("run", "summary is not built yet"),
  check: async () => fail("run", "check is not built yet"),
};
