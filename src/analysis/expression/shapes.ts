// The shapes of names that a formula does not give values to: what the data demand of them (X*w with a matrix of two columns makes w
// a vector of 2), what is declared, and else numbers.

import { fail } from "../../graph/errors.ts";
import { formatShape } from "../../graph/shape.ts";
import { constants, knownFunctions } from "./functions.ts";
import type { Syntax } from "./syntax.ts";

type Dimensions = readonly number[];

export interface Shapes {
  readonly of: ReadonlyMap<string, Dimensions>;
  /** What had to be assumed, in words. */
  readonly assumed: readonly string[];
}

/** The matrix that stands for itself where nothing else bears its name; its size is that of what it stands beside. */
export const identity = "I";

const isName = (part: Syntax): part is Syntax & { kind: "name" } => part.kind === "name" && !(part.name in constants);

/** Names in the order in which they appear, functions and constants left out. */
export function namesIn(syntax: Syntax): readonly string[] {
  const found = new Set<string>();
  visit(syntax, (part) => {
    if (isName(part) && part.name !== identity) found.add(part.name);
  });
  return [...found];
}

export function visit(syntax: Syntax, see: (part: Syntax) => void): void {
  see(syntax);
  for (const child of childrenOf(syntax)) visit(child, see);
}

export function childrenOf(syntax: Syntax): readonly Syntax[] {
  if (syntax.kind === "negate" || syntax.kind === "transpose") return [syntax.of];
  if (syntax.kind === "binary" || syntax.kind === "relation") return [syntax.left, syntax.right];
  if (syntax.kind === "call") return syntax.args;
  return syntax.kind === "list" ? syntax.entries : [];
}

/**
 * Shapes of the free names. `known` are those of data and of declared names. The size of a vector that nothing tells is taken to be 2,
 * and said to be. Throws a shape error where the formula's own demands contradict.
 */
export function inferShapes(formula: Syntax, known: ReadonlyMap<string, Dimensions>, free: readonly string[]): Shapes {
  const shapes = new Map(known);
  const vectors = new Set<string>();
  const assumed: string[] = [];
  // Each round gives a shape to at least one more name.
  for (let before = -1; shapes.size > before; ) {
    before = shapes.size;
    shapeOf(formula, shapes, vectors);
    if (shapes.size > before) continue;
    const open = free.find((name) => vectors.has(name) && !shapes.has(name));
    if (open === undefined) break;
    assumed.push(`${open} is taken to have 2 entries; for another number write ", ${open}(3)" after the formula`);
    shapes.set(open, [2]);
  }
  for (const name of free) if (!shapes.has(name)) shapes.set(name, []);
  return { of: shapes, assumed };
}

/** The shape of a part, undefined where it is not known yet; gives names the shapes that operations demand of them. */
function shapeOf(part: Syntax, shapes: Map<string, Dimensions>, vectors: Set<string>): Dimensions | undefined {
  const of = (child: Syntax) => shapeOf(child, shapes, vectors);
  switch (part.kind) {
    case "number":
      return [];
    case "name":
      return part.name in constants && !shapes.has(part.name) ? [] : shapes.get(part.name);
    case "negate":
      return of(part.of);
    case "transpose": {
      mark(part.of, vectors);
      const shape = of(part.of);
      return shape && (shape.length === 1 ? [1, shape[0]] : [...shape].reverse());
    }
    case "list": {
      const first = of(part.entries[0]);
      for (const entry of part.entries.slice(1)) of(entry);
      return first && [part.entries.length, ...first];
    }
    case "relation":
      return joined(of(part.left), of(part.right));
    case "binary": {
      const [left, right] = [of(part.left), of(part.right)];
      if (part.operator !== "*") return part.operator === "^" || part.operator === ".^" ? left : joined(left, right);
      if (part.right.kind === "transpose") mark(part.left, vectors);
      if (left?.length === 2 && right === undefined) give(part.right, [left[1]], shapes);
      if (right?.length === 2 && left === undefined && part.left.kind === "transpose") give(part.left.of, [right[0]], shapes);
      return left && right && productShape(left, right);
    }
    case "call": {
      const args = part.args.map(of);
      if (part.name === "quadoverlin") mark(part.args[0], vectors);
      else if (knownFunctions[part.name]?.kind === "scalar" || part.name === "softmax") {
        for (const arg of part.args) if (!takesMatrix.has(part.name)) mark(arg, vectors);
      }
      if (["dot", "vdot", "quadform", "matrixfrac"].includes(part.name)) {
        const size = args.find((shape) => shape !== undefined && shape.length > 0)?.[0];
        if (size !== undefined) for (const [i, arg] of part.args.entries()) if (args[i] === undefined) give(arg, [size], shapes);
      }
      const known = knownFunctions[part.name];
      if (known?.kind === "scalar") return [];
      if (part.name === "max" || part.name === "min") return args.length === 1 ? [] : args.reduce(joined);
      if (part.name === "diag" && args[0]) return args[0].length === 1 ? [args[0][0], args[0][0]] : [args[0][0]];
      return known?.kind === "elementwise" ? args.reduce(joined) : args[0];
    }
  }
}

const takesMatrix: ReadonlySet<string> = new Set(["trace", "det", "logdet", "lambdamax", "lambdamin", "trinv"]);

/** Names that stand in a part as vectors do: sums, norms and transposes of numbers are not what anybody writes. */
function mark(part: Syntax, vectors: Set<string>): void {
  if (isName(part)) vectors.add(part.name);
  else if (part.kind === "negate" || (part.kind === "binary" && part.operator !== "*") || part.kind === "call") {
    if (part.kind === "call" && knownFunctions[part.name]?.kind !== "elementwise") return;
    for (const child of childrenOf(part)) mark(child, vectors);
  }
}

/** Gives a name without a shape this one, also under operations that go entry by entry. */
function give(part: Syntax, shape: Dimensions, shapes: Map<string, Dimensions>): void {
  if (isName(part)) {
    if (!shapes.has(part.name)) shapes.set(part.name, shape);
  } else if (part.kind === "negate") give(part.of, shape, shapes);
  else if (part.kind === "call" && knownFunctions[part.name]?.kind === "elementwise") {
    for (const child of part.args) give(child, shape, shapes);
  } else if (part.kind === "binary" && (part.operator === "+" || part.operator === "-")) {
    give(part.left, shape, shapes);
    give(part.right, shape, shapes);
  }
}

/** A number takes the shape of the other side; else the longer shape, as broadcasting has it. */
function joined(a: Dimensions | undefined, b: Dimensions | undefined): Dimensions | undefined {
  if (a === undefined || b === undefined) return a?.length ? a : b?.length ? b : undefined;
  return a.length >= b.length ? a : b;
}

/** The shape of a matrix product. Throws a shape error that says how to write the product that may be meant. */
export function productShape(a: Dimensions, b: Dimensions): Dimensions {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  if (a.length === 1 && b.length === 1) {
    fail(
      "shape",
      `the product of two vectors of shapes ${formatShape(a)} and ${formatShape(b)} is ambiguous. Write u.*v (entry by entry), u'*v (a number) or u*v' (a matrix).`,
    );
  }
  if (a.length === 1) {
    if (b[0] !== 1)
      fail(
        "shape",
        `a vector of shape ${formatShape(a)} times a matrix of shape ${formatShape(b)} does not exist; transpose the vector: u'*A.`,
      );
    return [a[0], b[1]];
  }
  if (a[1] !== b[0]) {
    fail(
      "shape",
      `a matrix of shape ${formatShape(a)} times ${formatShape(b)} does not exist: ${a[1]} columns meet ${b[0]} rows.`,
    );
  }
  if (b.length === 1) return a[0] === 1 ? [] : [a[0]];
  return a[0] === 1 && b[1] === 1 ? [] : [a[0], b[1]];
}
