// Parts of a formula that have no value wherever it is asked about: 1/0, log(0), x/0.

import { fail } from "../../graph/errors.ts";
import { ones, type Tensor } from "../../tensor/index.ts";
import type { Expression } from "./formula.ts";
import { childrenOf, namesIn } from "./shapes.ts";
import type { Syntax } from "./syntax.ts";
import { pointing } from "./tokens.ts";

/** Throws an analysis error that points at the innermost constant part that is infinite or no number, or at what is divided by 0. */
export function refuseUndefined(operation: string, expression: Expression): void {
  const { variables, syntax, text } = expression;
  const free = new Set(variables.map(({ name }) => name));
  const isConstant = (part: Syntax) => !namesIn(part).some((name) => free.has(name));
  if (!mayBeUndefined(syntax)) return;
  const values = expression.partsAt(
    Object.fromEntries(variables.map(({ name, shape }): [string, Tensor] => [name, ones([...shape], "float64")])),
  );
  const numbersIn = (part: Syntax) => values.get(part)?.data() ?? [];
  const written = (part: Syntax) => text.slice(part.from, part.to);
  const look = (part: Syntax): void => {
    for (const child of childrenOf(part)) look(child);
    const refuse = (what: string): never =>
      fail(
        "analysis",
        `${pointing(text, part.at)}\n${operation}: ${written(part)} ${what}, so that the formula has no value anywhere. To leave points out, give a domain.`,
      );
    const divides = part.kind === "binary" && (part.operator === "/" || part.operator === "./");
    if (divides && isConstant(part.right) && [...numbersIn(part.right)].some((v) => Number(v) === 0)) refuse("divides by 0");
    // Names, as inf, are meant.
    if (part.kind === "name" || part.kind === "number" || !isConstant(part)) return;
    if (childrenOf(part).some((child) => [...numbersIn(child)].some((v) => !Number.isFinite(Number(v))))) return;
    const odd = [...numbersIn(part)].find((v) => !Number.isFinite(Number(v)));
    if (odd !== undefined) refuse(Number.isNaN(Number(odd)) ? "is no real number" : "is infinite");
  };
  look(syntax);
}

/** Whether there is anything that might have no value: most formulas need not be evaluated for this. */
function mayBeUndefined(part: Syntax): boolean {
  const own = (part.kind === "binary" && ["/", "./", "^", ".^"].includes(part.operator)) || part.kind === "call";
  return own || childrenOf(part).some(mayBeUndefined);
}
