// The shapes of names that a formula does not give values to: what the data demand of them (X*w with a matrix of two columns makes w
// a vector of 2), what is declared, and else numbers.

import { fail } from "../../graph/errors.ts";
import { formatShape } from "../../graph/shape.ts";
import { constants, knownFunctions, type MatrixKind } from "./functions.ts";
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
 * Shapes of the free names. `known` are those of data and of declared names, `matrices` the names that are matrices. The size of a vector
 * or matrix that nothing tells is taken to be 2, and said to be. Throws a shape error where the formula's own demands contradict.
 */
export function inferShapes(
  formula: Syntax,
  known: ReadonlyMap<string, Dimensions>,
  free: readonly string[],
  matrices: ReadonlyMap<string, MatrixKind> = new Map(),
): Shapes {
  const shapes = new Map(known);
  const vectors = new Set<string>();
  const assumed: string[] = [];
  // Each round gives a shape to at least one more name.
  for (let before = -1; shapes.size > before; ) {
    before = shapes.size;
    shapeOf(formula, { shapes, vectors, matrices });
    if (shapes.size > before) continue;
    const matrix = free.find((name) => matrices.has(name) && !shapes.has(name));
    if (matrix !== undefined) {
      const kind = matrices.get(matrix) === "symmetric" ? "a symmetric 2×2 matrix" : "a 2×2 matrix";
      assumed.push(`${matrix} is taken to be ${kind}; for another size write ", ${matrix}(3,3)" after the formula`);
      shapes.set(matrix, [2, 2]);
      continue;
    }
    const open = free.find((name) => vectors.has(name) && !shapes.has(name));
    if (open === undefined) break;
    assumed.push(`${open} is taken to have 2 entries; for another number write ", ${open}(3)" after the formula`);
    shapes.set(open, [2]);
  }
  for (const name of free) if (!shapes.has(name)) shapes.set(name, []);
  return { of: shapes, assumed };
}

/** The shape of a part, all names being known; undefined where that is not told by the formula. */
export function shapeIn(part: Syntax, shapes: ReadonlyMap<string, Dimensions>): Dimensions | undefined {
  return shapeOf(part, { shapes: new Map(shapes), vectors: new Set(), matrices: new Map() });
}

interface Inference {
  readonly shapes: Map<string, Dimensions>;
  /** Names that stand where vectors do. */
  readonly vectors: Set<string>;
  readonly matrices: ReadonlyMap<string, MatrixKind>;
}

/** The shape of a part, undefined where it is not known yet; gives names the shapes that operations demand of them. */
function shapeOf(part: Syntax, known: Inference): Dimensions | undefined {
  const { shapes, vectors, matrices } = known;
  const of = (child: Syntax) => shapeOf(child, known);
  switch (part.kind) {
    case "number":
    case "word":
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
      if (part.operator !== "*") {
        if (part.operator === "^" || part.operator === ".^") return left;
        for (const [shape, side] of [
          [left, part.right],
          [right, part.left],
        ] as const) {
          // Beside a matrix stands a matrix, and a residual X*w - y is one of vectors.
          if (shape?.length === 2) giveMatrix(side, shape, known);
          else if (
            shape?.length === 1 &&
            part.operator === "-" &&
            isName(side) &&
            vectors.has(side.name) &&
            !shapes.has(side.name)
          )
            shapes.set(side.name, shape);
        }
        return joined(left, right);
      }
      if (part.right.kind === "transpose") mark(part.left, vectors);
      if (left?.length === 2 && right === undefined) give(part.right, [left[1]], known);
      if (right !== undefined && right.length > 0 && left === undefined) {
        if (right.length === 2 && part.left.kind === "transpose") give(part.left.of, [right[0]], known);
        else if (isName(part.left) && matrices.has(part.left.name)) give(part.left, [right[0]], known);
      }
      return left && right && productShape(left, right);
    }
    case "call": {
      const args = part.args.map(of);
      if (part.name === "quadoverlin" || part.name === "diag") mark(part.args[0], vectors);
      else if (knownFunctions[part.name]?.kind === "scalar" || part.name === "softmax") {
        const { matrices: taken } = knownFunctions[part.name];
        for (const [i, arg] of part.args.entries()) if (!taken?.[i]) mark(arg, vectors);
      }
      if (["dot", "vdot", "quadform", "matrixfrac"].includes(part.name)) {
        const size = args.find((shape) => shape !== undefined && shape.length > 0)?.[0];
        if (size !== undefined) for (const [i, arg] of part.args.entries()) if (args[i] === undefined) give(arg, [size], known);
      }
      const called = knownFunctions[part.name];
      if (called?.kind === "scalar") return [];
      if (called?.shape) return args.every((shape) => shape !== undefined) ? called.shape(args) : undefined;
      if (part.name === "max" || part.name === "min") return args.length === 1 ? [] : args.reduce(joined);
      if (part.name === "diag" && args[0]) return args[0].length === 1 ? [args[0][0], args[0][0]] : [args[0][0]];
      return called?.kind === "elementwise" ? args.reduce(joined) : args[0];
    }
  }
}

/** Names that stand in a part as vectors do: sums, norms and transposes of numbers are not what anybody writes. */
function mark(part: Syntax, vectors: Set<string>): void {
  if (isName(part)) vectors.add(part.name);
  else if (part.kind === "negate" || (part.kind === "binary" && part.operator !== "*") || part.kind === "call") {
    if (part.kind === "call" && knownFunctions[part.name]?.kind !== "elementwise") return;
    for (const child of childrenOf(part)) mark(child, vectors);
  }
}

/** Gives a name without a shape this one, also under operations that go entry by entry; a matrix has as many columns. */
function give(part: Syntax, shape: readonly [number], known: Inference): void {
  const { shapes, matrices } = known;
  if (isName(part)) {
    if (!shapes.has(part.name)) shapes.set(part.name, matrices.has(part.name) ? [shape[0], shape[0]] : shape);
  } else if (part.kind === "negate") give(part.of, shape, known);
  else if (part.kind === "call" && (part.name === "diag" || knownFunctions[part.name]?.kind === "elementwise")) {
    for (const child of part.args) give(child, shape, known);
  } else if (part.kind === "binary" && (part.operator === "+" || part.operator === "-")) {
    give(part.left, shape, known);
    give(part.right, shape, known);
  }
}

/** Gives matrices without a shape this one, also under sums and multiples. */
function giveMatrix(part: Syntax, shape: Dimensions, known: Inference): void {
  const { shapes, matrices } = known;
  if (isName(part)) {
    if (matrices.has(part.name) && !shapes.has(part.name)) shapes.set(part.name, shape);
  } else if (part.kind === "negate") giveMatrix(part.of, shape, known);
  else if (part.kind === "binary") {
    const { operator, left, right } = part;
    const isSum = operator === "+" || operator === "-";
    if (isSum || right.kind === "number") giveMatrix(left, shape, known);
    if (isSum || left.kind === "number") giveMatrix(right, shape, known);
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
