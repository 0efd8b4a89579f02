// What a formula means: a function of tensors in float64.

import { fail } from "../../graph/errors.ts";
import { formatShape } from "../../graph/shape.ts";
import { didYouMean } from "../../graph/suggest.ts";
import { eye, type NestedArray, outer, stack, Tensor, tensor } from "../../tensor/index.ts";
import { rationalPower } from "../rational-power.ts";
import { declarationOf, type Variable } from "../variables.ts";
import { constants, knownFunctions, type MatrixKind, type Value } from "./functions.ts";
import { definiteIn, matricesIn, matricesOfDomain } from "./matrices.ts";
import { isMatrixShape } from "./matrix-functions.ts";
import { childrenOf, identity, inferShapes, namesIn, productShape, shapeIn, visit } from "./shapes.ts";
import { parseDeclaration, parseStatement, parseValue, type Relation, type Syntax } from "./syntax.ts";
import { pointing } from "./tokens.ts";

/** A formula as a function: `f` takes one float64 tensor for each variable, a matrix as a whole. */
export interface Expression {
  readonly text: string;
  readonly syntax: Syntax;
  readonly variables: readonly Variable[];
  /** The matrix variables that a function of positive definite matrices is taken of, with its name. */
  readonly definite: ReadonlyMap<string, string>;
  /** Throws a shape error where shapes do not fit. */
  f(parameters: Readonly<Record<string, Tensor>>): Tensor;
  /** What had to be assumed (sizes that nothing tells), in words. */
  readonly assumed: readonly string[];
  /** The values of all parts of the formula, the formula itself included. */
  partsAt(parameters: Readonly<Record<string, Tensor>>): ReadonlyMap<Syntax, Tensor>;
  /** Another formula with the same data; shapes of variables that both name are kept. Throws as parseExpression does. */
  rewritten(formula: string, declared?: Expression["variables"]): Expression;
}

export interface ExpressionOptions {
  /** Values of names: numbers, nested lists or tensors. */
  readonly values?: Readonly<Record<string, number | NestedArray | Tensor>>;
  /** The variables, as "x" or "w(2)"; then any other name without a value is an error. */
  readonly variables?: readonly string[];
  /** The domain the formula is asked about: what it calls positive definite or symmetric (A >> 0, A == A') is a symmetric matrix. */
  readonly domain?: string;
}

/**
 * Reads a formula as people write it: "log(1+exp(x)) - 0.3*x", "0.5*sum((X*w-y)^2), X=[[1,2],[3,4]], y=[1,2]". Names without a value
 * are its variables, in alphabetical order or that of `options.variables`; those that begin with a capital letter are data and need a
 * value, unless they are declared or stand where functions of matrices take theirs (logdet(A)). Throws an analysis error that points at the
 * fault, a shape error where the data do not fit.
 */
export function parseExpression(text: string, options: ExpressionOptions = {}): Expression {
  const { formula, bindings, declarations } = parseStatement(text);
  const at = (place: number, message: string): never => fail("analysis", `${pointing(text, place)}\n${message}`);
  checkFunctions(formula, at);
  const values = new Map<string, Tensor>();
  for (const [name, value] of Object.entries(options.values ?? {})) values.set(name, asTensor(value, name));
  for (const { name, value } of bindings) values.set(name, evaluateConstant(value, `${name} = …`));
  const declared = new Map(
    [...declarations, ...(options.variables ?? []).map(parseDeclaration)].map(({ name, shape }) => [name, shape] as const),
  );
  const free = namesIn(formula).filter((name) => !values.has(name));
  const used = new Set(namesIn(formula));
  for (const { name } of bindings)
    if (!used.has(name)) fail("analysis", `${name} has a value, but the formula does not name it.`);
  const matrices = new Map<string, MatrixKind>(matricesIn(formula));
  const named = options.domain === undefined ? [] : matricesOfDomain(options.domain);
  for (const name of named) matrices.set(name, "symmetric");
  for (const name of free) {
    if (declared.has(name) || (options.variables === undefined && (matrices.has(name) || !/^\p{Lu}/u.test(name)))) continue;
    // A name of one letter is no other name misspelled.
    const others = [...values.keys(), ...declared.keys(), ...Object.keys(constants)].filter((other) => other.length > 1);
    const near = name.length > 1 ? didYouMean(name, others) : "";
    visit(formula, (part) => {
      if (part.kind !== "name" || part.name !== name) return;
      at(
        part.at,
        `${name} has no value.${near} Give it one after the formula, as "${text}, ${name}=[[1,2],[3,4]]", or declare the variable: "${name}(2)", a matrix "${name}(2,2)".`,
      );
    });
  }
  const known = new Map([...values].map(([name, value]) => [name, value.shape] as const));
  for (const [name, shape] of declared) if (!known.has(name)) known.set(name, shape);
  const { of, assumed: sizes } = inferShapes(formula, known, free, matrices);
  const assumed = [...sizes];
  visit(formula, (part) => {
    // ||A|| is Frobenius' by convention; norm(A) is not for MATLAB and CVXPY, but for NumPy.
    if (part.kind !== "call" || part.name !== "norm" || part.args.length !== 1) return;
    if (!isMatrixShape(shapeIn(part.args[0], of) ?? [])) return;
    const inner = text.slice(part.args[0].from, part.args[0].to);
    assumed.push(
      `norm(${inner}) of a matrix is its largest singular value; the root of the sum of squares is norm(${inner}, 'fro')`,
    );
  });
  const ordered = options.variables ? [...declared.keys()].filter((name) => free.includes(name)) : [...free].sort();
  const variables = ordered.map((name): Variable => {
    const shape = of.get(name) ?? [];
    const symmetric = matrices.get(name) === "symmetric" && shape.length === 2 && shape[0] === shape[1];
    if (symmetric && declared.has(name) && !named.includes(name)) assumed.push(`${name} is taken to be symmetric`);
    return symmetric ? { name, shape, symmetric } : { name, shape };
  });
  const names = (parameters: Readonly<Record<string, Tensor>>) => new Map([...values, ...Object.entries(parameters)]);
  return {
    text,
    syntax: formula,
    variables,
    definite: definiteIn(formula),
    f: (parameters) => asFloat64(evaluate(formula, { names: names(parameters), at })),
    assumed,
    partsAt: (parameters) => {
      const seen = new Map<Syntax, Tensor>();
      evaluate(formula, { names: names(parameters), at, see: (part, value) => seen.set(part, asFloat64(value)) });
      return seen;
    },
    rewritten: (other, known = variables) =>
      parseExpression(other, {
        values: Object.fromEntries(values),
        variables: known.map(declarationOf),
        domain: known.flatMap((v) => (v.symmetric ? [`${v.name} == ${v.name}'`] : [])).join(", "),
      }),
  };
}

/** A value that an option gives: "3", "[1, 2]", "[[1, 2], [3, 4]]". Throws an analysis error that points at the fault. */
export function parseConstant(text: string): Tensor {
  return evaluateConstant(parseValue(text), text);
}

function evaluateConstant(value: Syntax, text: string): Tensor {
  const [name] = namesIn(value);
  if (name !== undefined) fail("analysis", `${text}: a value is made of numbers, and ${name} is none.`);
  const at = (_: number, message: string): never => fail("analysis", `${text}: ${message}`);
  return asFloat64(evaluate(value, { names: new Map(), at }));
}

function asTensor(value: number | NestedArray | Tensor, name: string): Tensor {
  const found = value instanceof Tensor ? value : tensor(value, { dtype: "float64" });
  if (found.data().some((x) => Number.isNaN(Number(x))))
    fail("data", `${name} contains NaN; leave out such rows or fill them first.`);
  return found.dtype === "float64" ? found : found.cast("float64");
}

const asFloat64 = (value: Value): Tensor => (typeof value === "number" ? tensor(value, { dtype: "float64" }) : value);

function checkFunctions(formula: Syntax, at: (place: number, message: string) => never): void {
  visit(formula, (part) => {
    if (part.kind !== "call") return;
    const known = Object.hasOwn(knownFunctions, part.name) ? knownFunctions[part.name] : undefined;
    if (known === undefined) {
      at(
        part.at,
        `there is no function "${part.name}".${didYouMean(part.name, Object.keys(knownFunctions))} A product is written ${part.name}*(…).`,
      );
    }
    const [least, most] = known.arity;
    const word = part.args.find((arg) => arg.kind === "word");
    if (word && part.name !== "norm") at(word.at, `${part.name} takes no word in quotes; norm(A, 'fro') does.`);
    if (part.args.length < least || part.args.length > most) {
      at(
        part.at,
        `${part.name} takes ${least === most ? least : `${least} to ${most}`} argument${most === 1 ? "" : "s"}, not ${part.args.length}.`,
      );
    }
  });
}

interface Scope {
  readonly names: ReadonlyMap<string, Tensor>;
  at(place: number, message: string): never;
  see?(part: Syntax, value: Value): void;
}

function evaluate(part: Syntax, scope: Scope): Value {
  const value = valueOf(part, scope);
  scope.see?.(part, value);
  return value;
}

function valueOf(part: Syntax, scope: Scope): Value {
  switch (part.kind) {
    case "number":
      return part.value;
    case "word":
      return scope.at(part.at, "a word in quotes stands where a function takes one, as in norm(A, 'fro').");
    case "name":
      return scope.names.get(part.name) ?? constants[part.name] ?? scope.at(part.at, `${part.name} has no value here.`);
    case "negate": {
      const value = evaluate(part.of, scope);
      return typeof value === "number" ? -value : value.neg();
    }
    case "transpose": {
      const value = asFloat64(evaluate(part.of, scope));
      return value.shape.length === 1 ? value.expandDims(0) : value.shape.length === 0 ? value : value.transpose();
    }
    case "list":
      return listOf(part, scope);
    case "relation":
      return compare[part.relation](asFloat64(evaluate(part.left, scope)), asFloat64(evaluate(part.right, scope)));
    case "call":
      return call(part, scope);
    case "binary":
      return binary(part, scope);
  }
}

const compare: Readonly<Record<Relation, (a: Tensor, b: Tensor) => Tensor>> = {
  "<": (a, b) => a.less(b),
  "<=": (a, b) => a.lessEqual(b),
  ">": (a, b) => a.greater(b),
  ">=": (a, b) => a.greaterEqual(b),
  "==": (a, b) => a.equal(b),
  "!=": (a, b) => a.notEqual(b),
  // Refused where formulas are read.
  ">>": (a, b) => a.greater(b),
  "<<": (a, b) => a.less(b),
};

function listOf(part: Syntax & { kind: "list" }, scope: Scope): Tensor {
  const entries = part.entries.map((entry) => asFloat64(evaluate(entry, scope)));
  const [first] = entries;
  const odd = entries.find((entry) => formatShape(entry.shape) !== formatShape(first.shape));
  if (odd)
    scope.at(
      part.at,
      `the rows of a matrix have the same length; here are ${formatShape(first.shape)} and ${formatShape(odd.shape)}.`,
    );
  return stack(entries);
}

function call(part: Syntax & { kind: "call" }, scope: Scope): Value {
  const words = part.args.map((arg) => (arg.kind === "word" ? arg.word : undefined));
  const values = part.args.map((arg) => (arg.kind === "word" ? Number.NaN : evaluate(arg, scope)));
  const { apply, matrices } = knownFunctions[part.name];
  const tensors = values.map(asFloat64);
  for (const [i, kind] of (matrices ?? []).entries()) if (tensors[i]) demandMatrix(part, i, kind, tensors[i], scope);
  const result = apply(
    tensors,
    values.map((value, i) => (typeof value === "number" && words[i] === undefined ? value : undefined)),
    words,
  );
  // A function of constants is a constant: exp(1)*x, x^sqrt(2).
  const isConstant =
    values.every((value) => typeof value === "number") && result.shape.length === 0 && result.dtype === "float64";
  return isConstant ? result.item() : result;
}

/** What a function takes must be a matrix, and square where it asks for that. */
function demandMatrix(
  part: Syntax & { kind: "call" },
  i: number,
  kind: MatrixKind | undefined,
  { shape }: Tensor,
  scope: Scope,
): void {
  if (kind === undefined || (shape.length >= 2 && (kind === "matrix" || shape[shape.length - 1] === shape[shape.length - 2])))
    return;
  const arg = part.args[i];
  const name = arg.kind === "name" ? arg.name : "what stands here";
  const wanted = kind === "matrix" ? "a matrix" : `a ${kind} matrix, as many rows as columns`;
  const declare = arg.kind === "name" ? ` Declare it as ${name}(3,3), or give it a value of that form.` : "";
  const is =
    shape.length === 0 ? "a number" : shape.length === 1 ? `a vector of ${shape[0]} entries` : `of shape ${formatShape(shape)}`;
  scope.at(arg.at, `${part.name} takes ${wanted}; ${name} is ${is}.${declare}`);
}

function binary(part: Syntax & { kind: "binary" }, scope: Scope): Value {
  const { operator } = part;
  const [left, right] = withIdentity(part, scope);
  if (typeof left === "number" && typeof right === "number") return ofNumbers[operator](left, right);
  const [a, b] = [asFloat64(left), asFloat64(right)];
  switch (operator) {
    case "+":
      return typeof right === "number" ? a.add(right) : a.add(b);
    case "-":
      return typeof right === "number" ? a.sub(right) : a.sub(b);
    case ".*":
      return typeof right === "number" ? a.mul(right) : a.mul(b);
    case "*":
      return typeof right === "number" ? a.mul(right) : product(a, b);
    case "./":
    case "/":
      if (operator === "/" && b.shape.length === 2)
        scope.at(part.at, "to divide by a matrix write inv(A)*b; entry by entry write ./");
      return typeof right === "number" ? a.div(right) : a.div(b);
    case "^":
    case ".^": {
      if (operator === "^" && a.shape.length === 2)
        scope.at(part.at, "the power of a matrix is ambiguous: write A*A, or .^ to raise its entries.");
      if (typeof right !== "number") return a.pow(b);
      const { right: exponent } = part;
      return exponent.kind === "binary" && exponent.operator === "/" && right > 0
        ? rationalPower(a, Number(evaluate(exponent.left, scope)), Number(evaluate(exponent.right, scope)))
        : a.pow(right);
    }
  }
}

const ofNumbers: Readonly<Record<(Syntax & { kind: "binary" })["operator"], (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  ".*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "./": (a, b) => a / b,
  "^": (a, b) => a ** b,
  ".^": (a, b) => a ** b,
};

/** Both sides; an identity matrix without a value takes the size of the other side. */
function withIdentity(part: Syntax & { kind: "binary" }, scope: Scope): readonly [Value, Value] {
  const isIdentity = (side: Syntax) => side.kind === "name" && side.name === identity && !scope.names.has(identity);
  const [leftIs, rightIs] = [isIdentity(part.left), isIdentity(part.right)];
  if (!leftIs && !rightIs) return [evaluate(part.left, scope), evaluate(part.right, scope)];
  if (leftIs && rightIs) scope.at(part.at, "the size of I is not known here; give it a value, as I=[[1,0],[0,1]].");
  const value = asFloat64(evaluate(leftIs ? part.right : part.left, scope));
  if (value.shape.length === 0) {
    scope.at(
      part.at,
      "I is the identity matrix, and stands beside a matrix. To use the name for a number, give it a value after the formula.",
    );
  }
  const unit = eye(value.shape[value.shape.length - 1], "float64");
  return leftIs ? [unit, value] : [value, unit];
}

/** The product of numbers, vectors and matrices; a row times a column is a number. */
function product(a: Tensor, b: Tensor): Tensor {
  if (a.shape.length === 0 || b.shape.length === 0) return a.mul(b);
  const shape = productShape(a.shape, b.shape);
  if (a.shape.length === 1) return outer(a, b.reshape([b.shape[1]]));
  return a.matmul(b as Tensor).reshape([...shape]);
}

/** Whether a part depends on a variable. */
export function dependsOn(part: Syntax, names: readonly string[]): boolean {
  if (part.kind === "name") return names.includes(part.name);
  return childrenOf(part).some((child) => dependsOn(child, names));
}
