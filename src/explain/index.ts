// Worked examples: every number of a computation, forward and backward, with the formula it comes from.

export { type CostOptions, type CostReport, cost } from "./cost/cost.ts";
export { formatCost } from "./cost/text.ts";
export { type DrawFormat, type DrawOptions, draw } from "./drawing/draw.ts";
export { type ExplainOptions, explain, type FunctionOptions, type ModelExample } from "./explain.ts";
export type {
  BackwardStep,
  Contribution,
  Difference,
  Disagreement,
  Explanation,
  Formula,
  Iteration,
  Line,
  Name,
  Quantity,
  Role,
  Shown,
  Step,
} from "./explanation.ts";
export { htmlOf } from "./formats/html.ts";
export { jsonOf } from "./formats/json.ts";
export { type LatexOptions, latexOf } from "./formats/latex.ts";
export { markdownOf } from "./formats/markdown.ts";
export { type TextOptions, textOf } from "./formats/text.ts";
export * from "./lessons/index.ts";
export { named } from "./source-names.ts";
export { type Reading, type ReadingFault, type ReadingOptions, readBack } from "./writing/check.ts";
