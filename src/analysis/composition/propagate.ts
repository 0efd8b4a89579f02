// One pass through a function, inputs before users: the entries of every node, by the rules of transfer.ts, and where those leave the
// curvature open, by recognising a larger pattern (patterns.ts). What was used is recorded, so that a proof can be written from it.

import type { Node } from "../../graph/node.ts";
import { isParameter } from "../../graph/structural.ts";
import { type Interval, isPoint, point } from "../../numeric/interval.ts";
import type { Domain } from "../domain.ts";
import { exactValue } from "./constants.ts";
import { isDefined } from "./elementwise.ts";
import { affineEntry, constantEntry, type Entries } from "./entries.ts";
import type { Normalised } from "./normalise.ts";
import { applyPattern, type Pattern, recognise } from "./patterns.ts";
import { constantEntries, transfer } from "./transfer.ts";

export interface Propagation {
  /** The entries of a node of the function (those of constants are made on demand). */
  entriesOf(node: Node): Entries;
  /** Nodes whose curvature a pattern established. */
  readonly patterns: ReadonlyMap<Node, Pattern>;
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
export function propagateFrom(given: ReadonlyMap<Node, Entries>, withPatterns = true): Propagation {
  const known = new Map<Node, Entries>(given);
  const patterns = new Map<Node, Pattern>();
  const entriesOf = (node: Node): Entries => {
    const before = known.get(node);
    if (before) return before;
    const value = exactValue(node);
    const result = value ? constantEntries(value) : compute(node);
    known.set(node, result);
    return result;
  };
  const compute = (node: Node): Entries => {
    const base = transfer(
      node,
      node.inputs.map((n) => () => entriesOf(n)),
    );
    if (!withPatterns || !node.symbolic || base.every((e) => e.convex || e.concave)) return base;
    const pattern = recognise(node, entriesOf);
    if (!pattern) return base;
    const better = applyPattern(pattern, node, base, entriesOf);
    if (!better) return base;
    patterns.set(node, pattern);
    return better;
  };
  return { entriesOf, patterns };
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
  const result = propagateFrom(given);
  // In order, so that no recursion goes deep.
  for (const node of nodes) if (node.symbolic && !isParameter(node)) result.entriesOf(node);
  return result;
}

/** Whether every operation of the function has a value everywhere inside the domain. */
export function isDefinedThroughout(nodes: readonly Node[], entriesOf: (node: Node) => Entries): boolean {
  return nodes.every((node) => {
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
