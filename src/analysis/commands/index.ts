// The commands of the analysis. Node only.

import { certify } from "./certify-command.ts";
import type { AnalysisCommands } from "./command.ts";
import { curvature } from "./curvature-command.ts";
import { landscape } from "./landscape-command.ts";
import { minimize } from "./minimize-command.ts";

export const analysisCommands: AnalysisCommands = { certify, minimize, landscape, curvature };
