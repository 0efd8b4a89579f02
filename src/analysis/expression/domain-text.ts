// Domains as people write them: comparisons separated by commas. A bound of one variable becomes a side of the box (of every entry
// of a vector), an inequality of degree one a half-space, x*z > y^2 beside x > 0 the cone of positive definite matrices; A >> 0 is that
// cone for a symmetric matrix A, and A == A' says no more than that A is symmetric.

import { fail } from "../../graph/errors.ts";
import { type Cone, type Domain, everywhere, type HalfSpace } from "../domain.ts";
import { coordinateNames, coordinatesOf, declarationOf, packedEntries, packedIndex, type Variable } from "../variables.ts";
import { constants } from "./functions.ts";
import { matrixComparison } from "./matrices.ts";
import { parseComparisons, type Syntax } from "./syntax.ts";
import { pointing } from "./tokens.ts";

type Variables = readonly Variable[];

/** Coefficients by monomial: "" is the constant, "0" the first coordinate, "0,2" a product of two, in order. */
type Quadratic = ReadonlyMap<string, number>;

/** Throws an analysis error for what is not a box, a half-space or a positive definite cone of the variables. */
export function parseDomain(text: string, variables: Variables): Domain {
  const offsets = offsetsOf(variables);
  const size = variables.reduce((sum, v) => sum + coordinatesOf(v), 0);
  const whole = everywhere(size);
  const namesOf = variables.flatMap(coordinateNames);
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
  const cones: Cone[] = [];
  const symmetric = new Set<string>();
  for (const comparison of parseComparisons(text)) {
    const { left, right, relation, at } = comparison;
    const matrix = matrixComparison(comparison, text);
    if (matrix) {
      const { entries } = matrixNamed(matrix.name, text, at, variables, offsets);
      symmetric.add(matrix.name);
      if (matrix.definite && !cones.some((c) => c.entries[0][0] === entries[0][0])) cones.push({ entries });
      continue;
    }
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
  for (const { entries } of cones)
    for (const [k, row] of entries.entries()) if (!(box[row[k]].lower > 0)) [box[row[k]].lower, open[row[k]].lower] = [0, true];
  for (const [i, { lower, upper }] of box.entries()) {
    if (lower < upper || (lower === upper && !open[i].lower && !open[i].upper)) continue;
    fail("analysis", `the domain "${text}" is empty: it bounds ${namesOf[i]} by ${lower} below and ${upper} above.`);
  }
  for (const { normal, offset } of halfSpaces) {
    const least = normal.reduce((sum, n, i) => (n === 0 ? sum : sum + n * (n > 0 ? box[i].lower : box[i].upper)), 0);
    if (least > offset + 1e-9 * (Math.abs(least) + Math.abs(offset)))
      fail(
        "analysis",
        `the domain "${text}" is empty: a sum that has to be at most ${offset} is at least ${least} within the other bounds.`,
      );
  }
  for (const { quadratic, at } of curved) {
    const cone = coneOf(quadratic, box, open);
    if (!cone)
      return fail(
        "analysis",
        `${pointing(text, at)}\nof curved domains only positive definite cones are known, as x > 0, x*z > y^2.`,
      );
    cones.push(cone);
  }
  const written = text.trim().replace(/[≻⪰≽]/g, ">>");
  return { box, open, halfSpaces, cones, text: written, ...(symmetric.size > 0 && { symmetric: [...symmetric] }) };
}

/** The symmetric matrix of a name. */
function matrixNamed(name: string, text: string, at: number, variables: Variables, offsets: readonly number[]) {
  const index = variables.findIndex((v) => v.name === name);
  const wrong = (message: string): never => fail("analysis", `${pointing(text, at)}\n${message}`);
  if (index < 0) return wrong(`${name} is no variable of the formula, which has ${variables.map((v) => v.name).join(", ")}.`);
  const v = variables[index];
  const [n] = v.shape;
  if (v.shape.length === 2 && n === v.shape[1] && v.symmetric) return { entries: packedEntries(n, offsets[index]) };
  const is = v.shape.length === 0 ? "a number" : `declared as ${declarationOf(v)}`;
  return wrong(`a symmetric matrix has as many rows as columns; ${name} is ${is}. Declare it as ${name}(3,3).`);
}

/** Where the coordinates of each variable begin. */
function offsetsOf(variables: Variables): readonly number[] {
  let next = 0;
  return variables.map((v) => {
    next += coordinatesOf(v);
    return next - coordinatesOf(v);
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
  const size = coordinatesOf(variables[found]);
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
      return wrong(
        part.at,
        `${part.name} has several entries; a domain bounds them all, as ${part.name} > 0, or one, as ${entryExample(variables[i])} > 0.`,
      );
    return new Map([[String(offsets[i]), 1]]);
  }
  if (part.kind === "call" && ["entry", "trace", "sum"].includes(part.name) && part.args[0].kind === "name") {
    const [{ name }] = part.args;
    const i = variables.findIndex((v) => v.name === name);
    const { shape } = variables[i] ?? wrong(part.at, `${name} is no variable of the formula.`);
    const places = part.args.slice(1).map((arg) => (arg.kind === "number" ? arg.value : 0));
    const at = (place: readonly number[]) => String(offsets[i] + coordinateOf(variables[i], place));
    if (part.name === "entry") {
      if (places.length !== shape.length || places.some((place, axis) => place >= shape[axis]))
        return wrong(part.at, `${name} is declared as ${declarationOf(variables[i])}; places of its entries count from 0.`);
      return new Map([[at(places), 1]]);
    }
    const isSquare = shape.length === 2 && shape[0] === shape[1];
    if (shape.length === 0 || (part.name === "trace" && !isSquare))
      return wrong(
        part.at,
        `${part.name} needs ${part.name === "trace" ? "a square matrix" : "a vector or matrix"}; ${declarationOf(variables[i])} is none.`,
      );
    const result = new Map<string, number>();
    for (const place of placesOf(shape)) {
      if (part.name === "trace" && place[0] !== place[1]) continue;
      result.set(at(place), (result.get(at(place)) ?? 0) + 1);
    }
    return result;
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

const entryExample = ({ name, shape }: Variable) => `${name}[${shape.map(() => 0).join(",")}]`;

const placesOf = (shape: readonly number[]): number[][] =>
  shape.reduce<number[][]>((all, n) => all.flatMap((place) => Array.from({ length: n }, (_, k) => [...place, k])), [[]]);

/** Which of the coordinates of a variable one of its entries is. */
function coordinateOf({ shape, symmetric }: Variable, place: readonly number[]): number {
  if (symmetric) return packedIndex(shape[0], place[0], place[1]);
  return place.reduce((at, k, axis) => at * shape[axis] + k, 0);
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
