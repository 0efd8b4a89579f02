// Building formulas and working them out. The constructors leave out what a book would leave out (factors 1, terms 0, double signs),
// because derivative rules are written for all operands at once and say such things where an operand is a constant.

import { fail } from "../graph/errors.ts";
import type { Formula } from "./explanation.ts";
import type { ScalarOperations } from "./scope.ts";

export const number = (value: number): Formula => ({ kind: "number", value });

export const zero: Formula = number(0);
export const one: Formula = number(1);

export const isNumber = (f: Formula, value: number): boolean =>
  f.kind === "number" && (f.value === value || (Number.isNaN(value) && Number.isNaN(f.value)));

/** The operands of a formula that applies `op`. */
const operandsOf = (f: Formula, op: string): readonly Formula[] | undefined =>
  f.kind === "apply" && f.op === op ? f.operands : undefined;

/** A number that people would have worked out in their head: few digits, but for rounding in the last place. */
function short(value: number): Formula | undefined {
  const rounded = Number(value.toPrecision(14));
  return Number.isFinite(value) && String(Math.abs(rounded)).length <= 7 ? number(rounded) : undefined;
}

const plain = (op: string, operands: readonly Formula[], attributes?: Attributes): Formula => ({
  kind: "apply",
  op,
  operands,
  ...(attributes && Object.keys(attributes).length > 0 ? { attributes } : {}),
});

type Attributes = Readonly<Record<string, unknown>>;
type Build = (operands: readonly Formula[], attributes?: Attributes) => Formula | undefined;

/** −f. */
export function negated(f: Formula): Formula {
  if (f.kind === "number") return number(f.value === 0 ? 0 : -f.value);
  const [inner] = operandsOf(f, "neg") ?? [];
  if (inner) return inner;
  const [a, b] = operandsOf(f, "sub") ?? [];
  if (b?.kind === "number") return subtracted(b, a);
  return plain("neg", [f]);
}

/** Terms of a sum, for joining; undefined where f is no sum. */
const termsOf = (f: Formula) => (f.kind === "sum" ? f : undefined);

function added(a: Formula, b: Formula): Formula {
  if (isNumber(a, 0)) return b;
  if (isNumber(b, 0)) return a;
  if (a.kind === "number" && b.kind === "number") {
    const known = short(a.value + b.value);
    if (known) return known;
  }
  const [left, right] = [termsOf(a), termsOf(b)];
  if (left && right?.omitted === undefined) return { ...left, terms: [...left.terms, ...(right ? right.terms : [b])] };
  if (right && !left) return { ...right, terms: [a, ...right.terms] };
  const less = taken(b);
  if (less) return subtracted(a, less);
  const [before] = operandsOf(a, "neg") ?? [];
  if (before) return subtracted(b, before);
  const terms = operandsOf(a, "add");
  if (terms) return { kind: "sum", terms: [...terms, b] };
  return plain("add", [a, b]);
}

/** g for f = −g: a negated formula, a negative number, or a product with one in front. */
function taken(f: Formula): Formula | undefined {
  const [inner] = operandsOf(f, "neg") ?? [];
  if (inner) return inner;
  if (f.kind === "number") return f.value < 0 ? number(-f.value) : undefined;
  if (!operandsOf(f, "mul")) return undefined;
  const [c, ...rest] = factorsOf(f);
  return c.kind === "number" && c.value < 0 ? product([number(-c.value), ...rest]) : undefined;
}

function subtracted(a: Formula, b: Formula): Formula {
  if (isNumber(b, 0)) return a;
  if (isNumber(a, 0)) return negated(b);
  if (a.kind === "number" && b.kind === "number") {
    const known = short(a.value - b.value);
    if (known) return known;
  }
  const more = taken(b);
  if (more) return added(a, more);
  if (a.kind === "sum") return { ...a, terms: [...a.terms, negated(b)] };
  return plain("sub", [a, b]);
}

const factorsOf = (f: Formula): readonly Formula[] => operandsOf(f, "mul")?.flatMap(factorsOf) ?? [f];

/** The product of all, with its numbers in front and worked out where that is short. */
export function product(operands: readonly Formula[]): Formula {
  let coefficient = 1;
  const rest: Formula[] = [];
  const numbers: number[] = [];
  for (const signed of operands.flatMap(factorsOf)) {
    const [inner] = operandsOf(signed, "neg") ?? [];
    if (inner) coefficient = -coefficient;
    const factor = inner ?? signed;
    if (factor.kind === "number") numbers.push(factor.value);
    else rest.push(factor);
  }
  if (numbers.includes(0)) return zero;
  const long: Formula[] = [];
  for (const value of numbers) {
    const known = short(coefficient * value);
    if (known?.kind === "number") coefficient = known.value;
    else long.push(number(value));
  }
  const factors = [...(Math.abs(coefficient) === 1 ? [] : [number(coefficient)]), ...long, ...rest];
  if (factors.length === 0) return number(coefficient);
  const result = factors.reduce((a, b) => plain("mul", [a, b]));
  return coefficient === -1 ? negated(result) : result;
}

const builds: Readonly<Record<string, Build>> = {
  neg: ([x]) => negated(x),
  add: ([a, b]) => added(a, b),
  sub: ([a, b]) => subtracted(a, b),
  mul: product,
  div: ([a, b]) => {
    if (isNumber(b, 1)) return a;
    if (isNumber(a, 0)) return zero;
    const [inner] = operandsOf(a, "neg") ?? [];
    if (inner) return negated(plain("div", [inner, b]));
    if (a.kind === "number" && b.kind === "number") return short(a.value / b.value);
    return undefined;
  },
  square: ([x]) => (x.kind === "number" ? short(x.value * x.value) : undefined),
  power: ([x], attributes) => {
    const exponent = attributes?.exponent;
    return exponent === 1 ? x : exponent === 2 ? plain("square", [x]) : exponent === -1 ? apply("div", [one, x]) : undefined;
  },
  // 1 − βᵏ is computed as −expm1(k·log β), which keeps its digits.
  expm1: ([x]) => {
    if (!operandsOf(x, "mul")) return undefined;
    const [c, ...rest] = factorsOf(x);
    const base = c.kind === "number" ? short(Math.exp(c.value)) : undefined;
    return base && subtracted(plain("pow", [base, product(rest)]), one);
  },
  transpose: ([x], attributes) => {
    const permutation = attributes?.permutation as readonly number[] | undefined;
    const isMatrix = permutation === undefined || permutation.length === 2;
    const [inner] = operandsOf(x, "transpose") ?? [];
    if (isMatrix && inner) return inner;
    return x.kind === "number" ? x : undefined;
  },
  // A branch that is NaN guards against what is not there.
  where: ([c, a, b]) =>
    isNumber(b, Number.NaN)
      ? a
      : a.kind === "number" && b.kind === "number" && a.value === b.value
        ? a
        : c.kind === "number"
          ? c.value !== 0
            ? a
            : b
          : undefined,
  and: ([a, b]) => (isNumber(a, 1) ? b : isNumber(b, 1) ? a : undefined),
  sum: ([x]) => (isNumber(x, 0) ? x : undefined),
  matmul: ([a, b]) => (isNumber(a, 0) || isNumber(b, 0) ? zero : undefined),
};

/** `op` applied to operands, without what changes nothing. */
export function apply(op: string, operands: readonly Formula[], attributes?: Attributes): Formula {
  return builds[op]?.(operands, attributes) ?? plain(op, operands, attributes);
}

/** The sum of terms; of none it is 0. */
export function sumOf(terms: readonly Formula[], omitted?: { readonly count: number; readonly value: number }): Formula {
  const present = terms.filter((t) => !isNumber(t, 0));
  if (omitted !== undefined && omitted.count > 0) return { kind: "sum", terms: present, omitted };
  if (present.length <= 2) return present.length === 0 ? zero : present.length === 1 ? present[0] : added(present[0], present[1]);
  return { kind: "sum", terms: present };
}

/** The number a formula comes to, with the values its quantities carry. Throws where a quantity is meant whole. */
export function evaluate(f: Formula, operations: ScalarOperations): number {
  switch (f.kind) {
    case "number":
      return f.value;
    case "quantity":
      return f.value ?? fail("symbolic", `explain: ${f.id} is meant as a whole here and has no single value.`);
    case "sum":
      return f.terms.reduce((total, term) => total + evaluate(term, operations), f.omitted?.value ?? 0);
    case "apply": {
      const operation = operations.get(f.op) ?? fail("engine", `explain: ${f.op} has no value entry by entry.`);
      return operation(
        f.operands.map((x) => evaluate(x, operations)),
        f.attributes ?? {},
      );
    }
  }
}

/** Whether a quantity occurs in a formula. */
export function mentions(f: Formula, id: string): boolean {
  if (f.kind === "quantity") return f.id === id;
  return f.kind === "apply" ? f.operands.some((x) => mentions(x, id)) : f.kind === "sum" && f.terms.some((x) => mentions(x, id));
}

/**
 * The factor by which a formula that is linear in the quantity `id` multiplies it: h(1 − h) of δ·h(1 − h), W₂ᵀ of W₂ᵀδ. Where it is no
 * plain product, the formula with 1 in place of the quantity.
 */
export function factorOf(f: Formula, id: string): Formula {
  if (f.kind === "quantity") return f.id === id ? one : f;
  if (f.kind === "number") return f;
  if (f.kind === "sum") return { ...f, terms: f.terms.map((t) => factorOf(t, id)) };
  const inside = f.operands.map((x) => mentions(x, id));
  if (inside.filter(Boolean).length === 1) {
    const at = inside.indexOf(true);
    const factor = factorOf(f.operands[at], id);
    if (f.op === "matmul" && isNumber(factor, 1)) return f.operands[1 - at];
    if (["sum", "transpose", "reshape", "broadcast"].includes(f.op)) return factor;
  }
  return apply(
    f.op,
    f.operands.map((x) => factorOf(x, id)),
    f.attributes,
  );
}
