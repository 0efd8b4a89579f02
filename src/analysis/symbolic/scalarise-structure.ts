// Structured operations on expressions: those that move elements, reductions, products of matrices, factorizations of small ones, and
// whatever is linear in one operand while the others are known.

import type { Node } from "../../graph/node.ts";
import type { Dense, Structured } from "../../graph/primitive.ts";
import { sizeOf, stridesOf } from "../../graph/shape.ts";
import { exactly, one, type Rational, rational, zero } from "../../numeric/exact/rational.ts";
import { type Context, type Elements, groupsOf, numbers, type Truth, toDense } from "./elements.ts";
import { div, isNonnegative, linear, mul, sqrt, sub } from "./expression.ts";
import { max, min } from "./functions.ts";
import { constant, type Expression, isRational, type Store } from "./store.ts";

/** Operations whose result has elements of their operands only, and which operands those are; the others must be known. */
const moving: Readonly<Record<string, (node: Node) => readonly number[]>> = {
  reshape: () => [0],
  transpose: () => [0],
  broadcast: () => [0],
  slice: () => [0],
  pad: () => [0],
  flip: () => [0],
  concat: (node) => node.inputs.map((_, i) => i),
  gather: () => [0],
  dynamicSlice: () => [0],
  dynamicUpdateSlice: () => [0, 1],
};

/** The elements of a node that moves elements, found by its room on their numbers; undefined for other nodes. */
export function moved(node: Node, operands: readonly Elements[], context: Context): Elements | undefined {
  if (node.op.name === "cast") return cast(node, operands[0], context);
  const carriers = moving[node.op.name]?.(node);
  if (!carriers || node.op.kind !== "structured") return undefined;
  const all: (Expression | Truth)[] = [];
  const inputs: Dense[] = [];
  for (const [i, operand] of operands.entries()) {
    const { shape } = node.inputs[i];
    if (carriers.includes(i)) {
      const from = all.length + 1;
      all.push(...operand.list);
      inputs.push({ shape, dtype: "float64", data: Float64Array.from({ length: operand.list.length }, (_, k) => from + k) });
    } else {
      const known = toDense(operand, node.inputs[i]);
      if (!known) context.refuse(node.op.name, `${node.op.name} at places that depend on the parameters`);
      inputs.push(known);
    }
  }
  // Number 0 is what is filled in.
  const [{ shape }] = node.outputs;
  const places: Dense = { shape, dtype: "float64", data: new Float64Array(sizeOf(shape)) };
  const fill = node.op.name === "pad" ? (node.attributes.value as number) : 0;
  const attributes = node.op.name === "pad" ? { ...node.attributes, value: 0 } : node.attributes;
  (node.op as Structured).evaluate(inputs, [places], attributes);
  const list = Array.from(places.data, (k) => (k === 0 ? constant(context.store, fill) : all[k - 1]));
  return collected(list, operands[carriers[0]].kind);
}

function collected(list: readonly (Expression | Truth)[], kind: Elements["kind"]): Elements {
  return kind === "numbers"
    ? { kind, list: list.filter((e): e is Expression => "id" in e) }
    : { kind, list: list.filter((e): e is Truth => "choose" in e) };
}

function cast(node: Node, x: Elements, context: Context): Elements | undefined {
  const { store } = context;
  if (node.dtype === "bool") {
    if (x.kind === "truths") return x;
    return undefined;
  }
  if (x.kind === "truths") return numbers(x.list.map((t) => t.choose(constant(store, 1), constant(store, 0))));
  // Real numbers have no precision; only what is rounded to integers is another function.
  return node.dtype === "int32" && node.inputs[0].dtype !== "int32" ? undefined : x;
}

const total = (store: Store, parts: readonly (readonly [Rational, Expression])[]) => linear(store, zero, parts);

const dot = (store: Store, pairs: readonly (readonly [Expression, Expression])[]): Expression =>
  total(
    store,
    pairs.map(([a, b]) => (isRational(a) ? [a.value, b] : isRational(b) ? [b.value, a] : [one, mul(a, b)])),
  );

/** Reductions, matrix products, running sums and small factorizations; undefined for other nodes. */
export function reduced(node: Node, operands: readonly Elements[], context: Context): Elements | undefined {
  const { store } = context;
  const [x, y] = operands;
  if (x?.kind !== "numbers") return undefined;
  const [{ shape }] = node.inputs;
  const fold = (f: (members: readonly Expression[]) => Expression) =>
    numbers(groupsOf(shape, node.attributes.axes as readonly number[]).map((places) => f(places.map((i) => x.list[i]))));
  switch (node.op.name) {
    case "sum":
      return fold((members) =>
        total(
          store,
          members.map((e) => [one, e] as const),
        ),
      );
    case "prod":
      return fold((members) => mul(constant(store, 1), ...members));
    case "reduceMax":
      return fold((members) => members.reduce((a, b) => (isOrdered(b, a) ? a : isOrdered(a, b) ? b : max(a, b))));
    case "reduceMin":
      return fold((members) => members.reduce((a, b) => (isOrdered(b, a) ? b : isOrdered(a, b) ? a : min(a, b))));
    case "matmul":
      return y.kind === "numbers" ? matmul(node, x.list, y.list, store) : undefined;
    case "cholesky":
      return perMatrix(node, x.list, (a, n) =>
        n > largestFactorized ? context.opaque("cholesky", n, n, a, n * n) : cholesky(a, n, context),
      );
    case "triangularSolve":
      return y.kind === "numbers" ? triangularSolve(node, x.list, y.list, context) : undefined;
    default:
      return undefined;
  }
}

/** Whether a ≤ b is seen at once, as it is of the eigenvalues of a 2×2 matrix. */
const isOrdered = (a: Expression, b: Expression): boolean => isNonnegative(sub(b, a));

function matmul(node: Node, a: readonly Expression[], b: readonly Expression[], store: Store): Elements {
  const [{ shape: sa }, { shape: sb }] = node.inputs;
  const { shape } = node;
  const [rows, inner] = sa.slice(-2);
  const columns = sb[sb.length - 1];
  const lead = shape.slice(0, -2);
  const offset = (s: readonly number[], index: readonly number[]) => {
    const strides = stridesOf(s);
    const missing = lead.length - (s.length - 2);
    return index.reduce((at, i, axis) => (axis < missing || s[axis - missing] === 1 ? at : at + i * strides[axis - missing]), 0);
  };
  const list: Expression[] = [];
  const strides = stridesOf(lead);
  for (let batch = 0; batch < sizeOf(lead); batch++) {
    const index = lead.map((size, axis) => Math.floor(batch / strides[axis]) % size);
    const [fromA, fromB] = [offset(sa, index), offset(sb, index)];
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) {
        list.push(
          dot(
            store,
            Array.from({ length: inner }, (_, p) => [a[fromA + i * inner + p], b[fromB + p * columns + j]] as const),
          ),
        );
      }
    }
  }
  return numbers(list);
}

const largestFactorized = 6;

function perMatrix(
  node: Node,
  x: readonly Expression[],
  f: (matrix: readonly Expression[], n: number) => readonly Expression[],
): Elements | undefined {
  const n = node.shape[node.shape.length - 1];
  if (n === 0) return undefined;
  const list: Expression[] = [];
  for (let from = 0; from < x.length; from += n * n) list.push(...f(x.slice(from, from + n * n), n));
  return numbers(list);
}

/** L with L·Lᵀ = (A + Aᵀ)/2, row by row. Defined where A is positive definite. */
function cholesky(a: readonly Expression[], n: number, { store, require }: Context): Expression[] {
  const half = rational(1, 2);
  const l: Expression[] = new Array(n * n).fill(constant(store, 0));
  for (let i = 0; i < n; i++) {
    for (let j = 0; j <= i; j++) {
      const done = Array.from({ length: j }, (_, k) => [l[i * n + k], l[j * n + k]] as const);
      const entry = total(store, [
        [half, a[i * n + j]],
        [half, a[j * n + i]],
      ]);
      const rest = sub(entry, dot(store, done));
      if (i === j) require(rest, "positive", "cholesky");
      l[i * n + j] = i === j ? sqrt(rest) : div(rest, l[j * n + j]);
    }
  }
  return l;
}

function triangularSolve(node: Node, a: readonly Expression[], b: readonly Expression[], context: Context): Elements | undefined {
  const { store } = context;
  const n = node.inputs[0].shape[node.inputs[0].shape.length - 1];
  const columns = node.shape[node.shape.length - 1];
  const { lower, transpose, unitDiagonal } = node.attributes;
  if (n > largestFactorized) return undefined;
  const list: Expression[] = new Array(b.length);
  const forward = lower !== transpose;
  for (let piece = 0; piece * n * columns < b.length; piece++) {
    const at = (i: number, j: number) => a[piece * n * n + (transpose ? j * n + i : i * n + j)];
    const place = (i: number, j: number) => piece * n * columns + i * columns + j;
    for (let j = 0; j < columns; j++) {
      for (let step = 0; step < n; step++) {
        const i = forward ? step : n - 1 - step;
        const solved = Array.from({ length: step }, (_, k) => (forward ? k : n - 1 - k));
        const rest = sub(
          b[place(i, j)],
          dot(
            store,
            solved.map((k) => [at(i, k), list[place(k, j)]] as const),
          ),
        );
        if (!unitDiagonal) context.require(at(i, i), "nonzero", "triangularSolve");
        list[place(i, j)] = unitDiagonal ? rest : div(rest, at(i, i));
      }
    }
  }
  return numbers(list);
}

/** Operations linear in one operand, the others being known: each result a sum of few elements with exact weights. */
const linearIn: Readonly<Record<string, readonly number[]>> = {
  convolution: [0, 1],
  convolutionInputGradient: [0, 1],
  convolutionFilterGradient: [0, 1],
  sumPool: [0],
  sumPoolTranspose: [0],
  scatterAdd: [1],
  cumulativeSum: [0],
};

const mostProbes = 600;

/** The elements of a linear operation, its matrix found by its room on unit vectors; undefined for other nodes. */
export function linearForm(node: Node, operands: readonly Elements[], { store }: Context): Elements | undefined {
  const { op } = node;
  const candidates = linearIn[op.name];
  if (!candidates || op.kind !== "structured") return undefined;
  const dense = operands.map((o, i) => toDense(o, node.inputs[i]));
  const free = dense.flatMap((d, i) => (d ? [] : [i]));
  const [at] = free;
  if (free.length !== 1 || !candidates.includes(at)) return undefined;
  const x = operands[at];
  if (x.kind !== "numbers" || x.list.length > mostProbes) return undefined;
  const size = sizeOf(node.shape);
  const parts: (readonly [Rational, Expression])[][] = Array.from({ length: size }, () => []);
  const { shape } = node.inputs[at];
  for (const [i, e] of x.list.entries()) {
    const probe = new Float64Array(x.list.length);
    probe[i] = 1;
    const inputs = dense.map((d) => ({ ...(d ?? { shape, data: probe }), dtype: "float64" as const }));
    const result: Dense = { shape: node.shape, dtype: "float64", data: new Float64Array(size) };
    op.evaluate(inputs, [result], node.attributes);
    result.data.forEach((w, k) => {
      if (w !== 0) parts[k].push([exactly(w), e]);
    });
  }
  return numbers(parts.map((p) => total(store, p)));
}
