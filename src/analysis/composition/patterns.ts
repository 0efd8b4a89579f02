// Functions whose curvature is not that of their parts put together, recognised by their form:
//   x·log x                                 t log t on t > 0 is convex.
//   y·g(x₁/y …), x·g(x/y, …)                the perspective of a function, convex where the function is (Boyd & Vandenberghe 3.2.6).
//   where(condition on e, f(e), g(e))       pieces of one function of one affine e: each convex, continuous and with slopes that
//                                           do not fall at the joints (Huber's loss, ELU written out).

import type { Node } from "../../graph/node.ts";
import { sameShape } from "../../graph/shape.ts";
import { isCall } from "../../graph/structural.ts";
import { callTransfer } from "./elementwise.ts";
import { affineEntry, type Entries, type Entry, entry, isAffine } from "./entries.ts";
import { callName } from "./normalise.ts";
import { piecewise } from "./piecewise.ts";
import { propagateFrom } from "./propagate.ts";
import { transfer } from "./transfer.ts";

export type Pattern =
  | { readonly kind: "entropy"; readonly of: Node }
  | { readonly kind: "perspective"; readonly denominator: Node; readonly numerator: Node | undefined; readonly inner: Node }
  | { readonly kind: "piecewise"; readonly of: Node };

type Lookup = (node: Node) => Entries;

/** Whether a node is computed element by element. */
export function isElementwise(node: Node): boolean {
  if (node.op.kind === "elementwise") return true;
  const name = callName(node);
  return isCall(node) && name !== undefined && callTransfer(name, { slope: 0, alpha: 0 }) !== undefined;
}

/** The form of a node, if it is one that a pattern may decide. */
export function recognise(node: Node, entriesOf: Lookup): Pattern | undefined {
  if (node.op.name === "where") {
    const atom = singleAtom(node, entriesOf);
    return atom && { kind: "piecewise", of: atom };
  }
  if (node.op.name !== "mul") return undefined;
  const [a, b] = node.inputs;
  for (const [x, g] of [
    [a, b],
    [b, a],
  ]) {
    if (g.op.name === "log" && g.inputs[0] === x) return { kind: "entropy", of: x };
    const ratios = ratiosIn(g, node, entriesOf);
    if (!ratios || ratios.length === 0) continue;
    const [, denominator] = ratios[0].inputs;
    if (ratios.some((r) => r.inputs[1] !== denominator)) continue;
    if (denominator === x) return { kind: "perspective", denominator, numerator: undefined, inner: g };
    if (ratios.some((r) => r.inputs[0] === x)) return { kind: "perspective", denominator, numerator: x, inner: g };
  }
  return undefined;
}

/** The quotients through which alone g depends on parameters; undefined where it does so otherwise, or not element by element. */
function ratiosIn(g: Node, like: Node, entriesOf: Lookup): Node[] | undefined {
  const found = new Set<Node>();
  const seen = new Set<Node>();
  const visit = (node: Node): boolean => {
    if (!node.symbolic || found.has(node) || seen.has(node)) return true;
    seen.add(node);
    if (!sameShape(node.shape, like.shape)) return false;
    if (node.op.name === "div" && node.inputs.every((n) => n.symbolic && entriesOf(n).every(isAffine))) {
      found.add(node);
      return true;
    }
    return isElementwise(node) && node.inputs.every(visit);
  };
  return visit(g) ? [...found] : undefined;
}

/** The one affine node that all of `node` is an elementwise function of. */
export function singleAtom(node: Node, entriesOf: Lookup): Node | undefined {
  const frontier = new Set<Node>();
  const expanded = new Set<Node>();
  const expand = (n: Node): boolean => {
    if (!isElementwise(n)) return false;
    expanded.add(n);
    for (const input of n.inputs) {
      if (!input.symbolic || expanded.has(input) || frontier.has(input)) continue;
      if (!sameShape(input.shape, node.shape)) return false;
      if (entriesOf(input).every(isAffine)) frontier.add(input);
      else if (!expand(input)) return false;
    }
    return true;
  };
  if (!expand(node)) return undefined;
  while (frontier.size > 1) {
    const latest = [...frontier].reduce((p, q) => (q.id > p.id ? q : p));
    frontier.delete(latest);
    if (!expand(latest)) return undefined;
  }
  return [...frontier][0];
}

/** What the pattern proves of the node's entries; undefined where its conditions do not hold. */
export function applyPattern(pattern: Pattern, node: Node, base: Entries, entriesOf: Lookup): Entries | undefined {
  switch (pattern.kind) {
    case "entropy": {
      const x = entriesOf(pattern.of);
      if (node.inputs.some((n) => n !== pattern.of && !(n.op.name === "log" && n.inputs[0] === pattern.of))) return undefined;
      return base.map((e, i) => (isAffine(x[i]) && x[i].positive ? refined(e, { convex: true }, -0.36787944117144239) : e));
    }
    case "perspective":
      return perspective(pattern, node, base, entriesOf);
    case "piecewise": {
      if (singleAtom(node, entriesOf) !== pattern.of) return undefined;
      const atom = entriesOf(pattern.of);
      if (!atom.every(isAffine)) return undefined;
      const found = piecewise(node, pattern.of, atom);
      return found && base.map((e, i) => refined(e, found[i]));
    }
  }
}

const refined = (
  e: Entry,
  { convex = false, concave = false }: { convex?: boolean; concave?: boolean },
  least = -Infinity,
): Entry => {
  const range = least > e.range.lower && least <= e.range.upper ? { lower: least, upper: e.range.upper } : e.range;
  return entry(range, { ...e, convex: e.convex || convex, concave: e.concave || concave });
};

function perspective(
  { denominator, numerator, inner }: Extract<Pattern, { kind: "perspective" }>,
  node: Node,
  base: Entries,
  entriesOf: Lookup,
): Entries | undefined {
  const y = entriesOf(denominator);
  if (!y.every((e) => isAffine(e) && e.positive)) return undefined;
  const ratios = ratiosIn(inner, node, entriesOf);
  if (!ratios?.every((r) => r.inputs[1] === denominator)) return undefined;
  const other = node.inputs[0] === inner ? node.inputs[1] : node.inputs[0];
  if (node.inputs[0] !== inner && node.inputs[1] !== inner) return undefined;
  if (numerator === undefined ? other !== denominator : other !== numerator) return undefined;
  const given = new Map<Node, Entries>();
  for (const r of ratios) {
    const x = entriesOf(r.inputs[0]);
    given.set(
      r,
      entriesOf(r).map((e, i) => ({ ...affineEntry(e.range), positive: x[i].positive || e.range.lower > 0 })),
    );
  }
  let value: Entries;
  if (numerator === undefined) value = propagateFrom(given).entriesOf(inner);
  else {
    const u = ratios.find((r) => r.inputs[0] === numerator);
    if (!u) return undefined;
    const parts = propagateFrom(given);
    const g = parts.entriesOf(inner);
    const product = transfer(node, [() => given.get(u)!, () => g]);
    // u·log u again, in the ratio.
    const entropy = inner.op.name === "log" && inner.inputs[0] === u;
    value = product.map((e, i) => (entropy && given.get(u)![i].positive ? refined(e, { convex: true }) : e));
  }
  return base.map((e, i) => refined(e, value[i]));
}
