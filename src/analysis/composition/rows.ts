// The linear part of affine nodes: for each element its row of coefficients, over the coordinates. Rows share their values and columns where
// they can, so that ten classes over the same 10,000 × 100 data hold the data once.

import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { isIdentity } from "../../graph/structural.ts";
import { spend } from "../../numeric/effort.ts";
import { type Interval, point, reciprocal } from "../../numeric/interval.ts";
import { addDown, addUp, divUp, mulDown, mulUp, sqrtDown, sqrtUp } from "../../numeric/rounding.ts";
import { reduceIndices } from "../../ops/sum.ts";
import { exactValue, isMovement, sources } from "./constants.ts";
import type { Entries } from "./entries.ts";

/** scale·values at columns (all different); every coefficient is right to a relative error of at most `relative`. */
export interface Row {
  readonly columns: Int32Array;
  readonly values: Float64Array;
  readonly scale: number;
  readonly relative: number;
}

const unit = Float64Array.of(1);
export const emptyRow: Row = { columns: new Int32Array(0), values: new Float64Array(0), scale: 1, relative: 0 };

const isEmptyRow = (r: Row) => r.columns.length === 0 || r.scale === 0;

/** c·row for a number in the interval. */
export function scaleRow(row: Row, c: Interval): Row {
  if (c.lower === 0 && c.upper === 0) return emptyRow;
  const middle = c.lower === c.upper ? c.lower : c.lower / 2 + c.upper / 2;
  const uncertain = c.lower === c.upper ? 0 : divUp(Math.max(addUp(c.upper, -middle), addUp(middle, -c.lower)), Math.abs(middle));
  const scale = row.scale * middle;
  const rounded = mulDown(row.scale, middle) === mulUp(row.scale, middle) ? 0 : 2 ** -52;
  const relative = row.relative + uncertain + rounded;
  return { ...row, scale, relative: relative === 0 ? 0 : relative * (1 + 2 ** -20) };
}

const joinedColumns = new WeakMap<Int32Array, WeakMap<Int32Array, Int32Array | null>>();
const joinedValues = new WeakMap<Float64Array, WeakMap<Float64Array, Float64Array>>();

function columnsTogether(a: Int32Array, b: Int32Array): Int32Array | null {
  let known = joinedColumns.get(a);
  if (!known) {
    known = new WeakMap();
    joinedColumns.set(a, known);
  }
  let result = known.get(b);
  if (result === undefined) {
    const taken = new Set(a);
    result = b.some((c) => taken.has(c)) ? null : Int32Array.of(...a, ...b);
    known.set(b, result);
  }
  return result;
}

function valuesTogether(a: Float64Array, b: Float64Array): Float64Array {
  let known = joinedValues.get(a);
  if (!known) {
    known = new WeakMap();
    joinedValues.set(a, known);
  }
  let result = known.get(b);
  if (!result) {
    result = new Float64Array(a.length + b.length);
    result.set(a);
    result.set(b, a.length);
    known.set(b, result);
  }
  return result;
}

/** The scale multiplied in. */
function plain(row: Row): Row {
  if (row.scale === 1) return row;
  let exact = true;
  const values = row.values.map((v) => {
    exact &&= mulDown(v, row.scale) === mulUp(v, row.scale);
    return v * row.scale;
  });
  return { columns: row.columns, values, scale: 1, relative: row.relative + (exact ? 0 : 2 ** -52) };
}

/** Σ cⱼ·rowⱼ in general, in interval arithmetic. */
export function combineRows(rows: readonly Row[], coefficients?: ArrayLike<number>, from = 0, step = 1): Row | undefined {
  const total = new Map<number, [number, number]>();
  rows.forEach((row, j) => {
    const c = coefficients ? coefficients[from + j * step] : 1;
    if (c === 0 || isEmptyRow(row)) return;
    const { columns, values, relative } = plain(row);
    spend(1 + columns.length);
    for (let i = 0; i < columns.length; i++) {
      const v = values[i];
      const error = relative === 0 ? 0 : mulUp(Math.abs(v), relative);
      const [lo, hi] = [addDown(v, -error), addUp(v, error)];
      const [l, h] = c > 0 ? [mulDown(lo, c), mulUp(hi, c)] : [mulDown(hi, c), mulUp(lo, c)];
      const before = total.get(columns[i]);
      if (before) {
        before[0] = addDown(before[0], l);
        before[1] = addUp(before[1], h);
      } else total.set(columns[i], [l, h]);
    }
  });
  const columns: number[] = [];
  const values: number[] = [];
  let relative = 0;
  for (const [column, [lo, hi]] of total) {
    if (lo === 0 && hi === 0) continue;
    if (lo <= 0 && hi >= 0) return undefined;
    const middle = lo === hi ? lo : lo / 2 + hi / 2;
    if (lo !== hi) relative = Math.max(relative, divUp(Math.max(addUp(hi, -middle), addUp(middle, -lo)), Math.abs(middle)));
    columns.push(column);
    values.push(middle);
  }
  return { columns: Int32Array.from(columns), values: Float64Array.from(values), scale: 1, relative };
}

export function addRows(a: Row, b: Row): Row | undefined {
  if (isEmptyRow(a)) return b;
  if (isEmptyRow(b)) return a;
  const columns = columnsTogether(a.columns, b.columns);
  if (!columns) return combineRows([a, b]);
  const relative = Math.max(a.relative, b.relative);
  if (a.scale === b.scale) return { columns, values: valuesTogether(a.values, b.values), scale: a.scale, relative };
  const [p, q] = [plain(a), plain(b)];
  return { columns, values: valuesTogether(p.values, q.values), scale: 1, relative: Math.max(p.relative, q.relative) };
}

/** Rows of nodes, remembered. `coordinatesOf` gives the first coordinate of what counts as a variable. */
export interface RowReader {
  /** One row per element; undefined where the node is not understood as an affine function. */
  rowsOf(node: Node): readonly Row[] | undefined;
}

const mostRows = 2 ** 21;

export function rowReader(coordinatesOf: ReadonlyMap<Node, number>, entriesOf: (node: Node) => Entries): RowReader {
  const known = new Map<Node, readonly Row[] | undefined>();
  const rowsOf = (node: Node): readonly Row[] | undefined => {
    if (known.has(node)) return known.get(node);
    const result = sizeOf(node.shape) > mostRows ? undefined : compute(node);
    known.set(node, result);
    return result;
  };
  const constantsOf = (node: Node): Interval[] | undefined => {
    const value = exactValue(node);
    if (value) return value.every((x) => Number.isFinite(x)) ? Array.from(value, point) : undefined;
    return node.symbolic ? undefined : entriesOf(node).map((e) => e.range);
  };
  const all = (rows: readonly (Row | undefined)[]): readonly Row[] | undefined =>
    rows.every((r) => r !== undefined) ? (rows as readonly Row[]) : undefined;
  const compute = (node: Node): readonly Row[] | undefined => {
    const size = sizeOf(node.shape);
    const first = coordinatesOf.get(node);
    if (first !== undefined) {
      return Array.from({ length: size }, (_, i) => ({ columns: Int32Array.of(first + i), values: unit, scale: 1, relative: 0 }));
    }
    if (!node.symbolic) return new Array<Row>(size).fill(emptyRow);
    const [a, b] = node.inputs;
    if (isIdentity(node)) return rowsOf(a);
    if (isMovement(node)) {
      const list = node.op.name === "concat" ? node.inputs.map(rowsOf) : [rowsOf(a)];
      if (list.some((r) => r === undefined) || node.inputs.slice(1).some((n) => node.op.name !== "concat" && !exactValue(n)))
        return undefined;
      const from = list.length === 1 ? list[0]! : list.flatMap((r) => r as readonly Row[]);
      if (node.op.name === "reshape" || node.op.name === "cast") return from;
      return Array.from(sources(node), (i) => (i < 0 ? emptyRow : from[i]));
    }
    switch (node.op.name) {
      case "neg":
        return rowsOf(a)?.map((r) => scaleRow(r, point(-1)));
      case "add":
      case "sub": {
        const [p, q] = [rowsOf(a), rowsOf(b)];
        if (!p || !q) return undefined;
        return all(p.map((r, i) => addRows(r, node.op.name === "add" ? q[i] : scaleRow(q[i], point(-1)))));
      }
      case "mul":
      case "div": {
        const [factor, other] = a.symbolic ? [b, a] : [a, b];
        const c = constantsOf(factor);
        const rows = rowsOf(other);
        if (!c || !rows || (node.op.name === "div" && factor !== b)) return undefined;
        return rows.map((r, i) => scaleRow(r, node.op.name === "div" ? reciprocal(c[i]) : c[i]));
      }
      case "sum": {
        const rows = rowsOf(a);
        if (!rows) return undefined;
        const starts: number[] = [];
        const offsets = reduceIndices(
          { shape: a.shape, dtype: a.dtype, data: new Float64Array(0) },
          node.attributes.axes as number[],
          (at, s) => {
            starts[at] = s;
          },
        );
        return all(starts.map((s) => combineRows(Array.from(offsets, (o) => rows[s + o]))));
      }
      case "matmul":
        return matmulRows(node, rowsOf);
      default:
        return undefined;
    }
  };
  return { rowsOf };
}

/** One constant matrix times unknowns, or unknowns times one; stacks are left out. */
function matmulRows(node: Node, rowsOf: (n: Node) => readonly Row[] | undefined): readonly Row[] | undefined {
  const [a, b] = node.inputs;
  if (a.shape.length !== 2 || b.shape.length !== 2) return undefined;
  const [rows, inner] = a.shape;
  const columns = b.shape[1];
  const left = exactValue(a);
  const right = exactValue(b);
  const result: (Row | undefined)[] = [];
  if (left) {
    const of = rowsOf(b);
    if (!of) return undefined;
    const data = left instanceof Float64Array ? left : Float64Array.from(left);
    if (!data.every((x) => Number.isFinite(x))) return undefined;
    // Unknowns themselves, each once in a column: the row of data is the row of coefficients.
    const direct = Array.from({ length: columns }, (_, j) => {
      const at = new Int32Array(inner);
      for (let p = 0; p < inner; p++) {
        const r = of[p * columns + j];
        if (r.columns.length !== 1 || r.values[0] !== 1 || r.scale !== 1 || r.relative !== 0) return undefined;
        at[p] = r.columns[0];
      }
      return new Set(at).size === inner ? at : undefined;
    });
    for (let i = 0; i < rows; i++) {
      const values = data.subarray(i * inner, (i + 1) * inner);
      for (let j = 0; j < columns; j++) {
        const at = direct[j];
        result.push(
          at
            ? { columns: at, values, scale: 1, relative: 0 }
            : combineRows(
                Array.from({ length: inner }, (_, p) => of[p * columns + j]),
                data,
                i * inner,
              ),
        );
      }
    }
  } else if (right) {
    const of = rowsOf(a);
    if (!of || !Array.from(right).every((x) => Number.isFinite(x))) return undefined;
    for (let i = 0; i < rows; i++) {
      for (let j = 0; j < columns; j++) result.push(combineRows(of.slice(i * inner, (i + 1) * inner), right, j, columns));
    }
  }
  return result.length === rows * columns && result.every((r) => r !== undefined) ? (result as Row[]) : undefined;
}

const knownSquares = new WeakMap<Float64Array, Interval>();

/** Σ v², from below and above; rows share their values. */
function squares(values: Float64Array): Interval {
  const known = knownSquares.get(values);
  if (known) return known;
  spend(values.length / 5);
  let lower = 0;
  let upper = 0;
  for (const v of values) {
    lower = addDown(lower, mulDown(v, v));
    upper = addUp(upper, mulUp(v, v));
  }
  const result = { lower, upper };
  knownSquares.set(values, result);
  return result;
}

/** ‖row‖₂, from below and above. */
export function rowNorm(row: Row): Interval {
  const { lower, upper } = squares(row.values);
  const s = Math.abs(row.scale);
  const exact = row.relative === 0;
  return {
    lower: mulDown(mulDown(sqrtDown(lower), s), exact ? 1 : Math.max(0, addDown(1, -row.relative))),
    upper: mulUp(mulUp(sqrtUp(upper), s), exact ? 1 : addUp(1, row.relative)),
  };
}
