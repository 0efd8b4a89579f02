// A quantity ready to be worked out: the graph from the quantities it is made of, its formula, and from these its value and its lines.

import { evaluateGraph } from "../engines/interpreter/evaluate.ts";
import { isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { type Graph, type Node, topologicalOrder } from "../graph/node.ts";
import type { Dense } from "../graph/primitive.ts";
import { sizeOf } from "../graph/shape.ts";
import { entryOf } from "./entries.ts";
import type { Formula, Line, Shown, Step } from "./explanation.ts";
import { evaluate } from "./formula.ts";
import { roundTo } from "./rounding.ts";
import { Opaque, type ScalarOperations, type Scope, scopeOf, unravel } from "./scope.ts";
import { type Fixed, wholeOf } from "./whole.ts";

/** What nodes are called where a formula ends: quantities, or a number that a node is everywhere. */
export type Leaves = ReadonlyMap<Node, string | number>;

export interface Prepared {
  /** The quantity. */
  readonly id: string;
  readonly node: Node;
  /** The leaves that it is made of. */
  readonly leaves: Leaves;
  /** From those leaves to the value. */
  readonly graph: Graph;
  readonly whole: Formula;
}

/** `node` as quantity `id` over `leaves`; `own`, whether it may be one of them itself. `fixed` values are put into its formula. */
export function prepare(id: string, node: Node, leaves: Leaves, own: "computed" | "copied", fixed?: Fixed): Prepared {
  const stops = { has: (n: Node) => leaves.has(n) && (own === "copied" || n !== node) };
  const used = new Map<Node, string | number>();
  const visit = (n: Node) => {
    const leaf = leaves.get(n);
    if (leaf !== undefined && stops.has(n)) used.set(n, leaf);
  };
  visit(node);
  for (const inner of topologicalOrder([node], stops)) inner.inputs.forEach(visit);
  return { id, node, leaves: used, graph: { parameters: [...used.keys()], outputs: [node] }, whole: wholeOf(node, used, fixed) };
}

/** Values by quantity. */
export type Track = Map<string, Dense>;

const filled = (node: Node, value: number): Dense => ({
  shape: node.shape,
  dtype: node.dtype,
  data: new Float64Array(sizeOf(node.shape)).fill(value),
});

/** What the leaves of a quantity are on a track. */
export function valuesOf(leaves: Leaves, track: ReadonlyMap<string, Dense>): Map<Node, Dense> {
  const known = new Map<Node, Dense>();
  for (const [node, leaf] of leaves) {
    const value = typeof leaf === "number" ? filled(node, leaf) : track.get(leaf);
    if (!value) fail("engine", `explain: ${leaf} is used before it is worked out.`);
    known.set(node, value);
  }
  return known;
}

/** The value of a quantity from those on the track. */
export function compute({ graph, leaves }: Prepared, track: ReadonlyMap<string, Dense>): Dense {
  return evaluateGraph(graph, [...valuesOf(leaves, track).values()])[0];
}

/** Digits after the point to which every number is rounded on the way; undefined: none is. */
export type Digits = number | undefined;

/** A value as it is carried on. */
export function carried(value: Dense, digits: Digits): Dense {
  if (digits === undefined || !isFloat(value.dtype)) return value;
  return { ...value, data: Float64Array.from(value.data, (v) => roundTo(v, digits)) };
}

export interface Manner {
  readonly digits: Digits;
  readonly operations: ScalarOperations;
  readonly mostTerms: number;
  /** Which entries of a quantity are worked out. */
  picked(id: string, value: Dense): readonly number[];
}

/** The two ways of calculating, side by side; without rounding they are one. */
export interface Tracks {
  readonly exact: Track;
  readonly carried: Track;
}

/** Works a quantity out on both tracks, where it is found from now on. */
export function advance(prepared: Prepared, { exact, carried: byHand }: Tracks, digits: Digits): void {
  const value = compute(prepared, exact);
  if (byHand !== exact) byHand.set(prepared.id, carried(compute(prepared, byHand), digits));
  exact.set(prepared.id, value);
}

/**
 * The same, said as a step. Where numbers are rounded on the way, entries that are written out are carried on as they are written.
 */
export function work(prepared: Prepared, tracks: Tracks, manner: Manner): Step {
  const { id, node, leaves, whole } = prepared;
  const scope = scopeOf(leaves, valuesOf(leaves, tracks.carried), manner.operations, manner.mostTerms);
  const exact = compute(prepared, tracks.exact);
  const value = tracks.carried === tracks.exact ? exact : carried(compute(prepared, tracks.carried), manner.digits);
  const lines = linesOf(node, manner.picked(id, value), scope, exact, value, manner);
  tracks.exact.set(id, exact);
  tracks.carried.set(id, value);
  return { quantity: id, formula: whole, lines, omitted: value.data.length - lines.length, value: shown(value) };
}

function linesOf(node: Node, picked: readonly number[], scope: Scope, exact: Dense, value: Dense, { digits }: Manner): Line[] {
  const lines: Line[] = [];
  for (const flat of picked) {
    try {
      const formula = digits === undefined ? entryOf(node, flat, scope) : withRoundedRests(entryOf(node, flat, scope), digits);
      if (digits !== undefined && isFloat(value.dtype)) value.data[flat] = roundTo(evaluate(formula, scope.operations), digits);
      lines.push({ index: unravel(flat, value.shape), formula, value: value.data[flat], exact: exact.data[flat] });
    } catch (error) {
      if (error instanceof Opaque) return [];
      throw error;
    }
  }
  return lines;
}

/** What is left out of a sum is a number on paper too. */
function withRoundedRests(f: Formula, digits: number): Formula {
  if (f.kind === "apply") return { ...f, operands: f.operands.map((x) => withRoundedRests(x, digits)) };
  if (f.kind !== "sum") return f;
  const terms = f.terms.map((t) => withRoundedRests(t, digits));
  return f.omitted ? { ...f, terms, omitted: { ...f.omitted, value: roundTo(f.omitted.value, digits) } } : { ...f, terms };
}

/** Values up to this size are shown entry by entry. */
const smallEnough = 32;

export function shown({ shape, data }: Dense): Shown {
  if (data.length <= smallEnough) return { shape, entries: Array.from(data) };
  let [min, max, sum, squares, notFinite] = [Infinity, -Infinity, 0, 0, 0];
  for (const v of data) {
    if (!Number.isFinite(v)) {
      notFinite++;
      continue;
    }
    min = Math.min(min, v);
    max = Math.max(max, v);
    sum += v;
    squares += v * v;
  }
  const count = data.length - notFinite;
  return { shape, summary: { min, max, mean: count === 0 ? Number.NaN : sum / count, norm: Math.sqrt(squares), notFinite } };
}
