// Which names of a formula are matrices: what functions of matrices take (logdet(A), trace(A'*A), quad_form(x, P)), and what the domain
// calls positive definite or symmetric.

import { fail } from "../../graph/errors.ts";
import { constants, knownFunctions, type MatrixKind } from "./functions.ts";
import { identity, visit } from "./shapes.ts";
import { parseComparisons, type Syntax } from "./syntax.ts";
import { pointing } from "./tokens.ts";

const order: readonly MatrixKind[] = ["matrix", "square", "symmetric"];

/** Functions that are those of a positive definite matrix. */
const ofDefinite: Readonly<Record<string, number>> = {
  logdet: 0,
  trinv: 0,
  matrixfrac: 1,
  detrootn: 0,
  vonneumannentr: 0,
  conditionnumber: 0,
};

/** Names that must be matrices, whether they have values or not. */
export function matricesIn(formula: Syntax): ReadonlyMap<string, MatrixKind> {
  const found = new Map<string, MatrixKind>();
  const factors = new Map<string, MatrixKind>();
  const names = new Set<string>();
  const add = (to: Map<string, MatrixKind>, name: string, kind: MatrixKind) => {
    const before = to.get(name);
    if (before === undefined || order.indexOf(kind) > order.indexOf(before)) to.set(name, kind);
  };
  const mark = (part: Syntax, kind: MatrixKind): void => {
    if (part.kind === "name") {
      if (!(part.name in constants) && part.name !== identity) add(found, part.name, kind);
    } else if (part.kind === "negate") mark(part.of, kind);
    else if (part.kind === "transpose") mark(part.of, kind);
    else if (part.kind === "binary") {
      const { operator, left, right } = part;
      const sum = operator === "+" || operator === "-";
      if (sum && kind === "symmetric" && (hasTranspose(left) || hasTranspose(right))) {
        mark(left, "square");
        mark(right, "square");
      } else if (sum) {
        mark(left, kind);
        mark(right, kind);
      } else if (isNumber(left) && operator !== "/") mark(right, kind);
      else if (isNumber(right) && operator !== "^") mark(left, kind);
      else if (operator === "*") markProduct(factorsOf(part), kind);
    }
  };
  const markProduct = (chain: readonly Syntax[], kind: MatrixKind): void => {
    const [first, last] = [chain[0], chain[chain.length - 1]];
    // B'AB is symmetric for a symmetric A.
    if (chain.length === 3 && nameOf(first) !== undefined && nameOf(first) === nameOf(last) && isT(first) !== isT(last)) {
      mark(chain[1], kind);
    }
    for (const factor of chain) {
      const name = nameOf(factor);
      if (name !== undefined && /^\p{Lu}/u.test(name)) add(factors, name, "matrix");
    }
  };
  visit(formula, (part) => {
    if (part.kind === "name" && !(part.name in constants)) names.add(part.name);
    if (part.kind !== "call") return;
    const demands = knownFunctions[part.name]?.matrices ?? [];
    for (const [i, kind] of demands.entries()) if (kind && part.args[i]) mark(part.args[i], kind);
    if (part.name === "norm" && part.args[1]?.kind === "word" && ["fro", "nuc"].includes(part.args[1].word.toLowerCase()))
      mark(part.args[0], "matrix");
  });
  // A capital within a product may as well be data that are missing, as X in trace(X'*diag(w)*X).
  if (![...names].some((name) => /^\p{Ll}/u.test(name) && !found.has(name)))
    for (const [name, kind] of factors) add(found, name, kind);
  return found;
}

const isT = (part: Syntax) => part.kind === "transpose";
const nameOf = (part: Syntax): string | undefined =>
  part.kind === "name" && !(part.name in constants) && part.name !== identity
    ? part.name
    : part.kind === "transpose"
      ? nameOf(part.of)
      : undefined;

const factorsOf = (part: Syntax): readonly Syntax[] =>
  part.kind === "binary" && part.operator === "*" ? [...factorsOf(part.left), ...factorsOf(part.right)] : [part];

function hasTranspose(part: Syntax): boolean {
  if (part.kind === "transpose") return true;
  return part.kind === "binary" && (part.operator === "+" || part.operator === "-") && [part.left, part.right].some(hasTranspose);
}

function isNumber(part: Syntax): boolean {
  if (part.kind === "number" || (part.kind === "name" && part.name in constants)) return true;
  if (part.kind === "negate") return isNumber(part.of);
  return part.kind === "binary" && isNumber(part.left) && isNumber(part.right);
}

/** The names of which a function is taken that asks for a positive definite matrix, with that function. */
export function definiteIn(formula: Syntax): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  visit(formula, (part) => {
    if (part.kind !== "call" || !Object.hasOwn(ofDefinite, part.name)) return;
    const of = part.args[ofDefinite[part.name]];
    if (of?.kind === "name") found.set(of.name, part.name);
  });
  return found;
}

/** A >> 0, 0 << A or A == A': what the comparison says of a matrix; undefined for other comparisons. Throws an analysis error for A << 0. */
export function matrixComparison(
  { left, right, relation, at }: Syntax & { kind: "relation" },
  text: string,
): { readonly name: string; readonly definite: boolean } | undefined {
  if (relation === ">>" || relation === "<<") {
    const [more, less] = relation === ">>" ? [left, right] : [right, left];
    if (more.kind === "name" && !(more.name in constants) && less.kind === "number" && less.value === 0)
      return { name: more.name, definite: true };
    const name = nameOf(less);
    const zero = more.kind === "number" && more.value === 0;
    return fail(
      "analysis",
      `${pointing(text, at)}\n${
        zero && name !== undefined
          ? `negative definite matrices are asked about by their negatives: write -${name} for ${name} in the formula, and ${name} >> 0.`
          : "of matrices only A >> 0 is known, for a variable A. For A >> B write A + B in place of A in the formula, and A >> 0."
      }`,
    );
  }
  if (relation !== "==") return undefined;
  const [a, b] = [nameOf(left), nameOf(right)];
  return a !== undefined && a === b && isT(left) !== isT(right) ? { name: a, definite: false } : undefined;
}

/** The names that a domain takes for symmetric matrices. Throws as parseDomain does for what cannot be read. */
export function matricesOfDomain(text: string): readonly string[] {
  if (text.trim() === "" || /^R(\^\d+)?$/.test(text.trim())) return [];
  return [...new Set(parseComparisons(text).flatMap((c) => matrixComparison(c, text)?.name ?? []))];
}
