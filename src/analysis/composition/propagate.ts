// One pass through a function, inputs before users: the entries of every node, by the rules of transfer.ts, and where those leave the
// curvature open, by recognising a larger pattern (patterns.ts). What was used is recorded, so that a proof can be written from it.

import type { Node } from "../../graph/node.ts";
import { isParameter } from "../../graph/structural.ts";
import { type Interval, isPoint, point } from "../../numeric/interval.ts";
import type { Domain } from "../domain.ts";
import { rationalExponent } from "../rational-power.ts";
import { exactValue } from "./constants.ts";
import { isDefined } from "./elementwise.ts";
import { affineEntry, constantEntry, type Entries } from "./entries.ts";
import { type MatrixRules, matrixRules, type Ruled } from "./matrix-rules.ts";
import type { Normalised } from "./normalise.ts";
import { applyPattern, type Pattern, recognise } from "./patterns.ts";
import { constantEntries, transfer } from "./transfer.ts";

export interface Propagation {
  /** The entries of a node of the function (those of constants are made on demand). */
  entriesOf(node: Node): Entries;
  /** Nodes whose curvature a pattern established. */
  readonly patterns: ReadonlyMap<Node, Pattern>;
  /** Nodes of whose curvature a rule for functions of matrices has made something. */
  readonly ruled: ReadonlyMap<Node, Ruled>;
  /** The rules for functions of matrices, where the domain is known. */
  readonly matrices?: MatrixRules;
}

/** The entries of a parameter: its coordinates, on the box of the domain. */
export function coordinateEntries(box: readonly Interval[], from: number, size: number): Entries {
  const made = new Map<string, Entries[number]>();
  return Array.from({ length: size }, (_, i) => {
    const range = box[from + i];
    const key = `${range.lower},${range.upper}`;
    let e = made.get(key);
    if (!e) {
      e = isPoint(range) ? constantEntry(point(range.lower)) : affineEntry(range);
      made.set(key, e);
    }
    return e;
  });
}

/** Propagation with some entries given: those of parameters, or of the atoms that a pattern treats as variables. */
export function propagateFrom(
  given: ReadonlyMap<Node, Entries>,
  withPatterns = true,
  rulesWith?: (entriesOf: (node: Node) => Entries) => MatrixRules,
): Propagation {
  const known = new Map<Node, Entries>(given);
  const patterns = new Map<Node, Pattern>();
  const ruled = new Map<Node, Ruled>();
  const entriesOf = (node: Node): Entries => {
    const before = known.get(node);
    if (before) return before;
    const value = exactValue(node);
    const result = value ? constantEntries(value) : compute(node);
    known.set(node, result);
    return result;
  };
  const matrices = rulesWith?.(entriesOf);
  const compute = (node: Node): Entries => {
    const plain = transfer(
      node,
      node.inputs.map((n) => () => entriesOf(n)),
    );
    // What rules for matrices ask of the node itself is what is known of it so far.
    known.set(node, plain);
    const found = matrices?.refine(node, plain);
    if (found && found.rule !== "") ruled.set(node, found);
    const base = found?.entries ?? plain;
    if (!withPatterns || !node.symbolic || base.every((e) => e.convex || e.concave)) return base;
    const pattern = recognise(node, entriesOf);
    if (!pattern) return base;
    const better = applyPattern(pattern, node, base, entriesOf);
    if (!better) return base;
    patterns.set(node, pattern);
    return better;
  };
  return { entriesOf, patterns, ruled, ...(matrices && { matrices }) };
}

export function propagate({ nodes, offsets }: Normalised, domain: Domain): Propagation {
  const given = new Map<Node, Entries>();
  for (const [p, from] of offsets) {
    given.set(
      p,
      coordinateEntries(
        domain.box,
        from,
        p.shape.reduce((n, d) => n * d, 1),
      ),
    );
  }
  const result = propagateFrom(given, true, (entriesOf) => matrixRules(offsets, domain, entriesOf));
  // In order, so that no recursion goes deep.
  for (const node of nodes) if (node.symbolic && !isParameter(node)) result.entriesOf(node);
  return result;
}

/** Whether every operation of the function has a value everywhere inside the domain. */
export function isDefinedThroughout(
  nodes: readonly Node[],
  { entriesOf, matrices }: Pick<Propagation, "entriesOf" | "matrices">,
): boolean {
  return nodes.every((node) => {
    if (matrices && !matrices.isDefined(node)) return false;
    if (rationalExponent(node) && !entriesOf(node.inputs[0]).every((e) => e.range.lower >= 0)) return false;
    if (node.op.kind !== "elementwise" || !node.symbolic) return true;
    const inputs = node.inputs.map(entriesOf);
    return inputs[0].every((_, i) => {
      if (i > 0 && inputs.every((list) => list[i] === list[i - 1])) return true;
      return isDefined(
        node,
        inputs.map((list) => list[i]),
      );
    });
  });
}
