// Formulas and domains as people write them.

export { parseDomain } from "./domain-text.ts";
export { type Expression, type ExpressionOptions, parseConstant, parseExpression } from "./formula.ts";
export { matricesOfDomain } from "./matrices.ts";
export { guardless, stable, withLogarithms } from "./rewriting.ts";
export { childrenOf } from "./shapes.ts";
export type { Syntax } from "./syntax.ts";
