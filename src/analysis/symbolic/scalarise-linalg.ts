// Determinants, inverses, eigenvalues and singular values of small matrices as expressions. The factorizations that compute them choose pivots
// and have branches; what they are used for has none, so their whole pattern in the graph is recognised. Of larger matrices the results stand
// as unknowns of their own (opaque.ts), where whoever asks can do with that.

import type { Node } from "../../graph/node.ts";
import type { Dense, Structured } from "../../graph/primitive.ts";
import { sizeOf } from "../../graph/shape.ts";
import { callAttributes, isCall, isPick } from "../../graph/structural.ts";
import {
  add as addR,
  div as divR,
  isZero as isZeroR,
  mul as mulR,
  neg as negR,
  one,
  type Rational,
  rational,
  sign as signR,
  sub as subR,
  zero,
} from "../../numeric/exact/rational.ts";
import type { Context, Elements } from "./elements.ts";
import { numbers } from "./elements.ts";
import { abs, add, linear, mul, neg, power, scale, sqrt, sub } from "./expression.ts";
import { log, max, min, sign } from "./functions.ts";
import { constant, type Expression, isRational, isZero, type Store } from "./store.ts";

/** What is made of an LU factorization, and of which matrices. */
export interface Pattern {
  readonly kind: "determinant" | "log determinant" | "determinant sign";
  readonly matrix: Node;
}

/** The nodes among these by which determinants are read off an LU factorization. */
export function patternsIn(nodes: readonly Node[]): ReadonlyMap<Node, Pattern> {
  const found = new Map<Node, Pattern>();
  if (!nodes.some((n) => n.op.name === "lu")) return found;
  for (const node of nodes) {
    const pattern = patternOf(node);
    if (pattern) found.set(node, pattern);
  }
  return found;
}

function patternOf(node: Node): Pattern | undefined {
  if (node.op.name === "sum" && node.inputs[0].op.name === "log" && node.inputs[0].inputs[0].op.name === "abs") {
    const factors = overPivots(node, node.inputs[0].inputs[0].inputs[0]);
    return factors && { kind: "log determinant", matrix: factors.inputs[0] };
  }
  if (node.op.name !== "mul") return undefined;
  for (const [product, parity] of [node.inputs, [...node.inputs].reverse()]) {
    if (product.op.name !== "prod" || !isPick(parity) || parity.attributes.index !== 2) continue;
    const [inner] = product.inputs;
    const signs = inner.op.name === "sign";
    const factors = overPivots(product, signs ? inner.inputs[0] : inner);
    if (factors && factors === parity.inputs[0])
      return { kind: signs ? "determinant sign" : "determinant", matrix: factors.inputs[0] };
  }
  return undefined;
}

/** The factorization whose pivots `pivots` are, if `reduction` takes them all together, matrix by matrix. */
function overPivots(reduction: Node, pivots: Node): Node | undefined {
  const axes = reduction.attributes.axes as readonly number[];
  const rank = pivots.shape.length;
  if (axes.length !== 1 || axes[0] !== rank - 1) return undefined;
  let source = pivots;
  const chain: Node[] = [];
  while (source.op.name === "reshape" || source.op.name === "slice") {
    chain.unshift(source);
    [source] = source.inputs;
  }
  if (!isPick(source) || source.attributes.index !== 0 || source.inputs[0].op.name !== "lu") return undefined;
  const size = sizeOf(source.shape);
  let places: Dense = { shape: source.shape, dtype: "float64", data: Float64Array.from({ length: size }, (_, i) => i) };
  for (const node of chain) {
    const next: Dense = { shape: node.shape, dtype: "float64", data: new Float64Array(sizeOf(node.shape)) };
    (node.op as Structured).evaluate([places], [next], node.attributes);
    places = next;
  }
  const n = source.shape[source.shape.length - 1];
  const isDiagonal = (place: number, k: number) => place === Math.floor(k / n) * n * n + (k % n) * (n + 1);
  return pivots.shape[rank - 1] === n && Array.from(places.data).every(isDiagonal) ? source.inputs[0] : undefined;
}

/** The matrices of a stack, as lists of rows without breaks. */
function pieces(list: readonly Expression[], size: number): (readonly Expression[])[] {
  return Array.from({ length: size === 0 ? 0 : list.length / size }, (_, k) => list.slice(k * size, (k + 1) * size));
}

/** A pattern's elements, from those of the matrices [..., n, n]. */
export function ofPattern({ kind, matrix }: Pattern, a: Elements, context: Context): Elements {
  if (a.kind !== "numbers") return context.refuse("lu", "a matrix of truth values has no determinant");
  const n = matrix.shape[matrix.shape.length - 1];
  return numbers(pieces(a.list, n * n).map((m) => determinantLike(kind, m, n, context)));
}

function determinantLike(kind: Pattern["kind"], matrix: readonly Expression[], n: number, context: Context): Expression {
  const { store } = context;
  const exact = exactly(matrix);
  if (n > context.largestExpanded && !exact) {
    const [value] = context.opaque(kind, n, n, matrix, 1);
    return value;
  }
  const definite = isPositiveDefinite(matrix, n, store);
  const det = exact ? constant(store, exactDeterminant(exact, n)) : minorsOf(matrix, n, store)(every(n), every(n));
  if (kind === "determinant") return det;
  if (kind === "determinant sign") return definite ? constant(store, 1) : sign(det);
  if (definite) return log(det);
  context.require(det, "nonzero", "logdet");
  return log(abs(det));
}

const every = (n: number) => 2 ** n - 1;

/** The minor of these rows and columns (sets of bits), each made once. */
function minorsOf(a: readonly Expression[], n: number, store: Store): (rows: number, columns: number) => Expression {
  const known = new Map<number, Expression>();
  const symmetric = a.every((e, k) => e === a[(k % n) * n + Math.floor(k / n)]);
  const minor = (rows: number, columns: number): Expression => {
    if (symmetric && columns < rows) return minor(columns, rows);
    if (rows === 0) return constant(store, 1);
    const key = rows * 2 ** n + columns;
    const before = known.get(key);
    if (before) return before;
    const row = 31 - Math.clz32(rows & -rows);
    const parts: (readonly [Rational, Expression])[] = [];
    let odd = false;
    for (let j = 0; j < n; j++) {
      if (!((columns >> j) & 1)) continue;
      const entry = a[row * n + j];
      if (!isZero(entry)) parts.push([rational(odd ? -1 : 1), mul(entry, minor(rows & ~(1 << row), columns & ~(1 << j)))]);
      odd = !odd;
    }
    const made = linear(store, zero, parts);
    known.set(key, made);
    return made;
  };
  return minor;
}

/** X with A·X = B, [n, columns]: by cofactors, defined where the determinant is not 0. */
function solved(
  a: readonly Expression[],
  b: readonly Expression[],
  n: number,
  columns: number,
  context: Context,
): readonly Expression[] {
  const { store } = context;
  const exact = exactly(a);
  if (exact) {
    const inverse = exactInverse(exact, n);
    if (!inverse) return context.refuse("solve", "the matrix of a system of equations is singular");
    return product(
      inverse.map((c) => constant(store, c)),
      b,
      n,
      columns,
      store,
    );
  }
  if (n > context.largestExpanded) return context.opaque("solution", n, columns, [...a, ...b], n * columns);
  const minor = minorsOf(a, n, store);
  const det = minor(every(n), every(n));
  if (!isPositiveDefinite(a, n, store)) context.require(det, "nonzero", "solve");
  const without = (i: number) => every(n) & ~(1 << i);
  const adjugate = Array.from({ length: n * n }, (_, k) => {
    const [i, j] = [Math.floor(k / n), k % n];
    const cofactor = minor(without(j), without(i));
    return (i + j) % 2 === 0 ? cofactor : neg(cofactor);
  });
  const over = power(det, rational(-1));
  return product(adjugate, b, n, columns, store).map((e) => mul(e, over));
}

function product(a: readonly Expression[], b: readonly Expression[], n: number, columns: number, store: Store): Expression[] {
  return Array.from({ length: n * columns }, (_, k) => {
    const [i, j] = [Math.floor(k / columns), k % columns];
    return linear(
      store,
      zero,
      Array.from({ length: n }, (_x, p) => termOf(a[i * n + p], b[p * columns + j])),
    );
  });
}

const termOf = (a: Expression, b: Expression): readonly [Rational, Expression] =>
  isRational(a) ? [a.value, b] : isRational(b) ? [b.value, a] : [one, mul(a, b)];

/** The elements of a composition of this room; undefined for other calls. */
export function linalgCall(node: Node, operands: readonly Elements[], context: Context): readonly Elements[] | undefined {
  if (!isCall(node) || callAttributes(node).name !== "solve") return undefined;
  const [a, b] = operands;
  if (a.kind !== "numbers" || b.kind !== "numbers") return undefined;
  const [n, columns] = node.shape.slice(-2);
  const matrices = pieces(a.list, n * n);
  return [numbers(pieces(b.list, n * columns).flatMap((right, k) => solved(matrices[k], right, n, columns, context)))];
}

/** Eigenvalues, singular values; undefined for other nodes, and where they are numbers. Vectors are not given. */
export function spectral(node: Node, [x]: readonly Elements[], context: Context): readonly Elements[] | undefined {
  if (x?.kind !== "numbers" || x.list.every(isRational)) return undefined;
  const [m, n] = node.inputs[0].shape.slice(-2);
  if (node.op.name === "eigh") return [numbers(pieces(x.list, n * n).flatMap((a) => eigenvalues(a, n, context)))];
  if (node.op.name !== "svd") return undefined;
  // The left vectors are output 0.
  return [numbers([]), numbers(pieces(x.list, m * n).flatMap((a) => singularValues(a, m, n, context)))];
}

/** Ascending; of the symmetric part, of which the node is given all entries. */
function eigenvalues(a: readonly Expression[], n: number, context: Context): readonly Expression[] {
  if (n === 1) return a;
  if (n > 2) return context.opaque("eigenvalues", n, n, a, n);
  return pairOf(a[0], a[1], a[3]);
}

/** The eigenvalues of [[a, b], [b, c]]: their mean, less and plus half their distance. */
function pairOf(a: Expression, b: Expression, c: Expression): [Expression, Expression] {
  if (isZero(b)) return [min(a, c), max(a, c)];
  const half = rational(1, 2);
  const mean = scale(half, add(a, c));
  const distance = norm([scale(half, sub(a, c)), b]);
  return [sub(mean, distance), add(mean, distance)];
}

function norm(parts: readonly Expression[]): Expression {
  return parts.length === 1 ? abs(parts[0]) : sqrt(add(...parts.map((e) => power(e, rational(2)))));
}

/** Descending. */
function singularValues(a: readonly Expression[], m: number, n: number, context: Context): readonly Expression[] {
  const k = Math.min(m, n);
  if (k === 1) return [norm(a)];
  if (k > 2 || m !== n) return context.opaque("singular values", m, n, a, k);
  // σ₁ ± σ₂ are the lengths of (a + d, b − c) and (a − d, b + c).
  const [p, q] = [norm([add(a[0], a[3]), sub(a[1], a[2])]), norm([sub(a[0], a[3]), add(a[1], a[2])])];
  const half = rational(1, 2);
  return [scale(half, add(p, q)), scale(half, abs(sub(p, q)))];
}

/** The numbers that all of these are. */
function exactly(list: readonly Expression[]): Rational[] | undefined {
  return list.every(isRational) ? list.map((e) => e.value) : undefined;
}

/** Of a matrix of numbers. */
export function exactDeterminant(matrix: readonly Rational[], n: number): Rational {
  return reduced(matrix, n).determinant;
}

function exactInverse(matrix: readonly Rational[], n: number): readonly Rational[] | undefined {
  return reduced(matrix, n).inverse;
}

/** By elimination over the rational numbers (Gauss–Jordan). */
function reduced(
  matrix: readonly Rational[],
  n: number,
): { readonly determinant: Rational; readonly inverse?: readonly Rational[] } {
  const rows = Array.from({ length: n }, (_, i) => [
    ...matrix.slice(i * n, (i + 1) * n),
    ...Array.from({ length: n }, (_x, j) => (i === j ? one : zero)),
  ]);
  let determinant = one;
  for (let k = 0; k < n; k++) {
    const pivot = rows.findIndex((row, i) => i >= k && !isZeroR(row[k]));
    if (pivot < 0) return { determinant: zero };
    if (pivot !== k) {
      [rows[k], rows[pivot]] = [rows[pivot], rows[k]];
      determinant = negR(determinant);
    }
    determinant = mulR(determinant, rows[k][k]);
    const lead = rows[k][k];
    rows[k] = rows[k].map((x) => divR(x, lead));
    for (let i = 0; i < n; i++) {
      const factor = rows[i][k];
      if (i !== k && !isZeroR(factor)) rows[i] = rows[i].map((x, j) => subR(x, mulR(factor, rows[k][j])));
    }
  }
  return { determinant, inverse: rows.flatMap((row) => row.slice(n)) };
}

/**
 * Whether the matrix is seen to be positive definite on the store's domain: a sum of matrices of the domain's cones (or of principal
 * submatrices) with factors ≥ 0, not all 0, and of a positive semidefinite matrix of numbers.
 */
function isPositiveDefinite(a: readonly Expression[], n: number, store: Store): boolean {
  if (!a.every((e, k) => e === a[(k % n) * n + Math.floor(k / n)])) return false;
  const rest = a.map(affineParts);
  if (!rest.every((r) => r !== undefined)) return false;
  let strict = false;
  for (const { entries } of store.domain.cones) {
    // Which row of the cone's matrix each row of this one has.
    const rows = Array.from({ length: n }, (_, i) => entries.findIndex((row, k) => rest[i * n + i].coefficients.has(row[k])));
    if (rows.includes(-1) || new Set(rows).size < n) continue;
    const factor = rest[0].coefficients.get(entries[rows[0]][rows[0]]) ?? zero;
    if (signR(factor) <= 0) return false;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        const { coefficients } = rest[i * n + j];
        const index = entries[rows[i]][rows[j]];
        const left = subR(coefficients.get(index) ?? zero, factor);
        if (isZeroR(left)) coefficients.delete(index);
        else coefficients.set(index, left);
      }
    }
    strict = true;
  }
  return (
    strict &&
    rest.every((r) => r.coefficients.size === 0) &&
    isSemidefinite(
      rest.map((r) => r.constant),
      n,
    )
  );
}

function affineParts(e: Expression): { constant: Rational; coefficients: Map<number, Rational> } | undefined {
  if (e.kind === "rational") return { constant: e.value, coefficients: new Map() };
  if (e.kind === "variable") return { constant: zero, coefficients: new Map([[e.index, one]]) };
  if (e.kind !== "sum") return undefined;
  const coefficients = new Map<number, Rational>();
  for (const { coefficient, term } of e.terms) {
    if (term.kind !== "variable") return undefined;
    coefficients.set(term.index, addR(coefficients.get(term.index) ?? zero, coefficient));
  }
  return { constant: e.constant, coefficients };
}

/** By elimination: every pivot ≥ 0, and the row of a pivot that is 0 is 0. */
function isSemidefinite(matrix: readonly Rational[], n: number): boolean {
  const a = [...matrix];
  for (let k = 0; k < n; k++) {
    const pivot = a[k * n + k];
    if (signR(pivot) < 0) return false;
    for (let i = k + 1; i < n; i++) {
      if (isZeroR(a[i * n + k])) continue;
      if (isZeroR(pivot)) return false;
      const factor = divR(a[i * n + k], pivot);
      for (let j = k; j < n; j++) a[i * n + j] = subR(a[i * n + j], mulR(factor, a[k * n + j]));
    }
  }
  return true;
}
