// Other ways of writing a formula, in the words of its writer: what stands around the changed parts stays as it is.

import type { Expression } from "./formula.ts";
import { childrenOf, visit } from "./shapes.ts";
import type { Syntax } from "./syntax.ts";

interface Change {
  readonly from: number;
  readonly to: number;
  readonly text: string;
}

const textOf = ({ text }: Expression, part: Syntax) => text.slice(part.from, part.to);

/** The formula with parts replaced; undefined where nothing is to be replaced. */
function changed(expression: Expression, changes: readonly Change[]): string | undefined {
  if (changes.length === 0) return undefined;
  const { from, to } = expression.syntax;
  let result = "";
  let at = from;
  for (const change of [...changes].sort((a, b) => a.from - b.from)) {
    result += expression.text.slice(at, change.from) + change.text;
    at = change.to;
  }
  return result + expression.text.slice(at, to);
}

/** Names replaced by exp of others. */
export function withLogarithms(expression: Expression, names: ReadonlyMap<string, string>): string {
  const changes: Change[] = [];
  visit(expression.syntax, (part) => {
    const log = part.kind === "name" ? names.get(part.name) : undefined;
    if (log !== undefined) changes.push({ from: part.from, to: part.to, text: `exp(${log})` });
  });
  return changed(expression, changes) ?? textOf(expression, expression.syntax);
}

/** More is no guard against log(0). */
const largestGuard = 1e-3;

/** log(p + 1e-8), log(max(p, 1e-8)) and log(clip(p, 1e-8, 1 - 1e-8)) without what keeps them from log(0). */
export function guardless(expression: Expression): { readonly text: string; readonly guards: readonly string[] } | undefined {
  const changes: Change[] = [];
  const guards: string[] = [];
  const isGuard = (part: Syntax) => part.kind === "number" && part.value > 0 && part.value <= largestGuard;
  visit(expression.syntax, (part) => {
    if (part.kind !== "call" || !["log", "ln", "log2", "log10"].includes(part.name)) return;
    const [inner] = part.args;
    const parts = childrenOf(inner);
    const sum = inner.kind === "binary" && inner.operator === "+";
    const larger = inner.kind === "call" && ["max", "maximum"].includes(inner.name) && parts.length === 2;
    const clipped = inner.kind === "call" && inner.name === "clip" && isGuard(parts[1]);
    const kept = clipped ? parts[0] : sum || larger ? parts.find((_, i) => isGuard(parts[1 - i])) : undefined;
    if (!kept) return;
    changes.push({ from: inner.from, to: inner.to, text: textOf(expression, kept) });
    guards.push(...parts.filter((p) => p !== kept).map((p) => textOf(expression, p)));
  });
  // A guard within a guarded part would be replaced twice.
  if (changes.some((a) => changes.some((b) => a !== b && a.from >= b.from && a.to <= b.to))) return undefined;
  const text = changed(expression, changes);
  return text === undefined ? undefined : { text, guards: [...new Set(guards)] };
}

/** log(1 + exp(a)) as softplus(a), log(sum(exp(a))) as logsumexp(a), log(exp(a) + exp(b)) as logsumexp([a, b]). */
export function stable(expression: Expression): string | undefined {
  const changes: Change[] = [];
  const exponent = (part: Syntax): Syntax | undefined => (part.kind === "call" && part.name === "exp" ? part.args[0] : undefined);
  const isOne = (part: Syntax) => part.kind === "number" && part.value === 1;
  const summands = (part: Syntax): readonly Syntax[] =>
    part.kind === "binary" && part.operator === "+" ? [...summands(part.left), ...summands(part.right)] : [part];
  visit(expression.syntax, (part) => {
    if (part.kind !== "call" || (part.name !== "log" && part.name !== "ln")) return;
    const [inner] = part.args;
    const put = (text: string) => changes.push({ from: part.from, to: part.to, text });
    if (inner.kind === "call" && inner.name === "sum") {
      const of = exponent(inner.args[0]);
      if (of) put(`logsumexp(${textOf(expression, of)})`);
      return;
    }
    const terms = summands(inner);
    const exponents = terms.map(exponent);
    const one = terms.findIndex(isOne);
    if (terms.length === 2 && one >= 0) {
      const of = exponents[1 - one];
      if (of) put(`softplus(${textOf(expression, of)})`);
    } else if (terms.length > 1 && exponents.every((e) => e !== undefined)) {
      put(`logsumexp([${exponents.map((e) => textOf(expression, e)).join(", ")}])`);
    }
  });
  if (changes.some((a) => changes.some((b) => a !== b && a.from >= b.from && a.to <= b.to))) return undefined;
  return changed(expression, changes);
}
