// Domains as people write them: comparisons separated by commas. A bound of one variable becomes a side of the box (of every entry
// of a vector), an inequality of degree one a half-space, x*z > y^2 beside x > 0 the cone of positive definite matrices.

import { fail } from "../../graph/errors.ts";
import { type Cone, type Domain, everywhere, type HalfSpace } from "../domain.ts";
import type { Expression } from "./formula.ts";
import { constants } from "./functions.ts";
import { parseComparisons, type Syntax } from "./syntax.ts";
import { pointing } from "./tokens.ts";

type Variables = Expression["variables"];

/** Coefficients by monomial: "" is the constant, "0" the first coordinate, "0,2" a product of two, in order. */
type Quadratic = ReadonlyMap<string, number>;

/** Throws an analysis error for what is not a box, a half-space or a positive definite cone of the variables. */
export function parseDomain(text: string, variables: Variables): Domain {
  const offsets = offsetsOf(variables);
  const size = variables.reduce((sum, { shape }) => sum + product(shape), 0);
  const whole = everywhere(size);
  if (text.trim() === "" || /^R(\^\d+)?$/.test(text.trim())) return whole;
  const box = whole.box.map((side) => ({ ...side }));
  const open = whole.open.map((side) => ({ ...side }));
  const halfSpaces: HalfSpace[] = [];
  const curved: { readonly quadratic: Quadratic; readonly at: number }[] = [];
  const bound = (i: number, coefficient: number, value: number, strict: boolean) => {
    // coefficient·x ≤ value
    const limit = value / coefficient + 0;
    if (coefficient > 0) {
      if (limit < box[i].upper || (limit === box[i].upper && strict)) [box[i].upper, open[i].upper] = [limit, strict];
    } else if (limit > box[i].lower || (limit === box[i].lower && strict)) [box[i].lower, open[i].lower] = [limit, strict];
  };
  for (const { left, right, relation, at } of parseComparisons(text)) {
    if (relation === "==" || relation === "!=") {
      fail(
        "analysis",
        `${pointing(text, at)}\na domain is given by <, <=, > and >=; put the value of a variable into the formula instead.`,
      );
    }
    const strict = relation === "<" || relation === ">";
    const [less, more] = relation.startsWith("<") ? [left, right] : [right, left];
    const whole = wholeVector(less, more, variables);
    if (whole) {
      for (let k = 0; k < whole.size; k++) bound(offsets[whole.index] + k, whole.coefficient, whole.value, strict);
      continue;
    }
    const difference = subtract(quadraticOf(less, text, variables, offsets), quadraticOf(more, text, variables, offsets));
    const terms = [...difference].filter(([key, value]) => key !== "" && value !== 0);
    const constant = difference.get("") ?? 0;
    if (terms.length === 0)
      fail(
        "analysis",
        `${pointing(text, at)}\nthis comparison names no variable of the formula (${variables.map(({ name }) => name).join(", ")}).`,
      );
    if (terms.some(([key]) => key.includes(","))) curved.push({ quadratic: difference, at });
    else if (terms.length === 1) bound(Number(terms[0][0]), terms[0][1], 0 - constant, strict);
    else {
      const normal = new Array<number>(size).fill(0);
      for (const [key, value] of terms) normal[Number(key)] = value;
      halfSpaces.push({ normal, offset: 0 - constant, strict });
    }
  }
  for (const [i, { lower, upper }] of box.entries()) {
    if (lower < upper || (lower === upper && !open[i].lower && !open[i].upper)) continue;
    fail("analysis", `the domain "${text}" is empty: it bounds one variable by ${lower} below and ${upper} above.`);
  }
  const cones = curved.map(
    ({ quadratic, at }) =>
      coneOf(quadratic, box, open) ??
      fail("analysis", `${pointing(text, at)}\nof curved domains only positive definite cones are known, as x > 0, x*z > y^2.`),
  );
  return { box, open, halfSpaces, cones, text: text.trim() };
}

function product(shape: readonly number[]): number {
  return shape.reduce((size, n) => size * n, 1);
}

/** Where the coordinates of each variable begin. */
function offsetsOf(variables: Variables): readonly number[] {
  let next = 0;
  return variables.map(({ shape }) => {
    next += product(shape);
    return next - product(shape);
  });
}

/** A vector against a number: w > 0 holds for every entry. coefficient·w ≤ value. */
function wholeVector(less: Syntax, more: Syntax, variables: Variables) {
  const index = (part: Syntax) =>
    part.kind === "name" ? variables.findIndex(({ name, shape }) => name === part.name && shape.length > 0) : -1;
  const [left, right] = [index(less), index(more)];
  if (left < 0 === right < 0) return undefined;
  const value = numberOf(left < 0 ? less : more);
  if (value === undefined) return undefined;
  const found = left < 0 ? right : left;
  const size = product(variables[found].shape);
  return left < 0 ? { index: found, size, coefficient: -1, value: 0 - value } : { index: found, size, coefficient: 1, value };
}

function numberOf(part: Syntax): number | undefined {
  if (part.kind === "number") return part.value;
  if (part.kind === "name") return constants[part.name];
  if (part.kind === "negate") {
    const value = numberOf(part.of);
    return value === undefined ? undefined : 0 - value;
  }
  if (part.kind !== "binary") return undefined;
  const [a, b] = [numberOf(part.left), numberOf(part.right)];
  if (a === undefined || b === undefined) return undefined;
  const operator = part.operator.replace(".", "");
  return operator === "+" ? a + b : operator === "-" ? a - b : operator === "*" ? a * b : operator === "/" ? a / b : a ** b;
}

/** A side of a comparison as a polynomial of degree at most two. Throws an analysis error for anything else. */
function quadraticOf(part: Syntax, text: string, variables: Variables, offsets: readonly number[]): Quadratic {
  const wrong = (at: number, message: string): never => fail("analysis", `${pointing(text, at)}\n${message}`);
  const of = (child: Syntax): Quadratic => quadraticOf(child, text, variables, offsets);
  const constant = numberOf(part);
  if (constant !== undefined) return new Map([["", constant]]);
  if (part.kind === "name") {
    const i = variables.findIndex(({ name }) => name === part.name);
    if (i < 0)
      return wrong(
        part.at,
        `${part.name} is no variable of the formula, which has ${variables.map(({ name }) => name).join(", ")}.`,
      );
    if (variables[i].shape.length > 0)
      return wrong(part.at, `${part.name} has several entries; a domain bounds them all, as ${part.name} > 0.`);
    return new Map([[String(offsets[i]), 1]]);
  }
  if (part.kind === "negate") return scaled(of(part.of), -1);
  if (part.kind === "binary") {
    const operator = part.operator.replace(".", "");
    if (operator === "+") return subtract(of(part.left), scaled(of(part.right), -1));
    if (operator === "-") return subtract(of(part.left), of(part.right));
    if (operator === "*") return times(of(part.left), of(part.right)) ?? wrong(part.at, degree);
    if (operator === "/" && numberOf(part.right)) return scaled(of(part.left), 1 / (numberOf(part.right) ?? 1));
    if (operator === "^" && numberOf(part.right) === 2) {
      const base = of(part.left);
      return times(base, base) ?? wrong(part.at, degree);
    }
  }
  return wrong(part.at, degree);
}

const degree = "a domain is bounded by formulas of degree one (x + y <= 1), or is a positive definite cone (x > 0, x*z > y^2).";

const scaled = (p: Quadratic, factor: number): Quadratic => new Map([...p].map(([key, value]) => [key, value * factor]));

function subtract(p: Quadratic, q: Quadratic): Quadratic {
  const result = new Map(p);
  for (const [key, value] of q) result.set(key, (result.get(key) ?? 0) - value);
  return result;
}

/** The product; undefined above degree two. */
function times(p: Quadratic, q: Quadratic): Quadratic | undefined {
  const result = new Map<string, number>();
  for (const [a, x] of p) {
    for (const [b, y] of q) {
      const indices = [...a.split(","), ...b.split(",")].filter((index) => index !== "");
      if (indices.length > 2 && x * y !== 0) return undefined;
      const key = indices.sort((i, j) => Number(i) - Number(j)).join(",");
      result.set(key, (result.get(key) ?? 0) + x * y);
    }
  }
  return result;
}

/** y² − x·z < 0 with x or z positive: the matrix [[x, y], [y, z]] is positive definite, and then both are. */
function coneOf(
  quadratic: Quadratic,
  box: { lower: number; upper: number }[],
  open: { lower: boolean; upper: boolean }[],
): Cone | undefined {
  const terms = [...quadratic].filter(([, value]) => value !== 0);
  const squares = terms.filter(([key, value]) => key.includes(",") && key.split(",")[0] === key.split(",")[1] && value > 0);
  const mixed = terms.filter(([key, value]) => key.includes(",") && key.split(",")[0] !== key.split(",")[1] && value < 0);
  if (terms.length !== 2 || squares.length !== 1 || mixed.length !== 1 || squares[0][1] !== -mixed[0][1]) return undefined;
  const y = Number(squares[0][0].split(",")[0]);
  const [x, z] = mixed[0][0].split(",").map(Number);
  const positive = (i: number) => box[i].lower > 0 || (box[i].lower === 0 && open[i].lower);
  if (y === x || y === z || (!positive(x) && !positive(z))) return undefined;
  for (const i of [x, z]) if (box[i].lower < 0) [box[i].lower, open[i].lower] = [0, true];
  return {
    entries: [
      [x, y],
      [y, z],
    ],
  };
}
