// The formula of one entry of a node over entries of named quantities: what moves elements is followed to where they come from, what
// works element by element is applied to entries, and what sums becomes its terms. Nodes that have no formula entry by entry
// (factorizations, loops) have none here.

import type { Node } from "../graph/node.ts";
import { instantiate } from "../graph/rewrite.ts";
import { callAttributes, constantData, isCall, isConstant, isIdentity, isPick } from "../graph/structural.ts";
import { isScalarFunction, isWrittenOut, register, scalarFunction, writtenOut } from "./compositions.ts";
import type { Formula } from "./explanation.ts";
import { apply, evaluate, number, sumOf } from "./formula.ts";
import { placesOf } from "./places.ts";
import { Opaque, type Scope, unravel, valueIn } from "./scope.ts";
import { elementsOf, type Pair, pairsOf, pooled } from "./terms.ts";
import { isMaxPool } from "./whole.ts";

/** Entry `flat` (row-major) of a node. Throws Opaque where it has no formula. */
export function entryOf(node: Node, flat: number, scope: Scope): Formula {
  const leaf = scope.leaves.get(node);
  if (typeof leaf === "number") return number(leaf);
  if (leaf !== undefined) {
    const value = scope.known.get(node)?.data[flat];
    return { kind: "quantity", id: leaf, index: unravel(flat, node.shape), ...(value === undefined ? {} : { value }) };
  }
  if (isConstant(node)) return number(constantData(node)[flat]);
  if (isIdentity(node)) return entryOf(node.inputs[0], flat, scope);
  if (isPick(node)) {
    if (!isCall(node.inputs[0])) throw new Opaque(node.inputs[0].op.name);
    return entryOf(spelledOut(node.inputs[0], node.attributes.index as number, scope), flat, scope);
  }
  if (isCall(node)) return callEntry(node, flat, scope);
  if (node.op.kind === "elementwise") {
    register(scope.operations, node.op);
    if (node.op.name === "where" && isSettled(node.inputs[0], scope)) {
      const holds = evaluate(entryOf(node.inputs[0], flat, scope), scope.operations) !== 0;
      return entryOf(node.inputs[holds ? 1 : 2], flat, scope);
    }
    return apply(
      node.op.name,
      node.inputs.map((x) => entryOf(x, flat, scope)),
      node.attributes,
    );
  }
  return movedEntry(node, flat, scope) ?? truthAsNumber(node, flat, scope) ?? joinedEntry(node, flat, scope);
}

/** Whether a condition hangs on no real number: a label that is this class is no question that the reader has to answer. */
function isSettled(node: Node, scope: Scope): boolean {
  if (isConstant(node)) return true;
  if (scope.leaves.has(node)) return node.dtype === "int32" || node.dtype === "bool";
  return node.inputs.length > 0 && !isCall(node) && node.inputs.every((x) => isSettled(x, scope));
}

/** Compositions that are read as one function stay; others are spelled out. */
function callEntry(node: Node, flat: number, scope: Scope): Formula {
  const { name, parameters } = callAttributes(node);
  const [x] = node.inputs;
  if (isScalarFunction(name)) {
    if (!scope.operations.has(name)) scope.operations.set(name, (xs, attributes) => scalarFunction(name, attributes)(xs, {}));
    return apply(name, [entryOf(x, flat, scope)], parameters);
  }
  const written =
    isWrittenOut(name) &&
    writtenOut(node, flat, {
      entry: (element) => entryOf(x, element, scope),
      value: (element) => valueIn(scope, x).data[element],
      total: (terms) => {
        const values = terms.map((term) => evaluate(term, scope.operations));
        return total(
          terms.length,
          (i) => terms[i],
          (i) => values[i],
          scope.mostTerms,
        );
      },
    });
  return written || entryOf(spelledOut(node, 0, scope), flat, scope);
}

/** Output `index` of a call as nodes over its operands. */
function spelledOut(node: Node, index: number, { opened }: Scope): Node {
  let outputs = opened.get(node);
  if (!outputs) {
    outputs = instantiate(callAttributes(node).body, node.inputs);
    opened.set(node, outputs);
  }
  return outputs[index];
}

function movedEntry(node: Node, flat: number, scope: Scope): Formula | undefined {
  if (isMaxPool(node, scope.leaves)) return pooledMaximum(node, flat, scope);
  let places = scope.places.get(node);
  if (!places) {
    places = placesOf(node, (operand) => valueIn(scope, operand));
    if (!places) return undefined;
    scope.places.set(node, places);
  }
  const operand = places.operand[flat];
  return operand < 0 ? number(places.fill) : entryOf(node.inputs[operand], places.element[flat], scope);
}

/** max of a window: computed as the element at the place of the largest. */
function pooledMaximum(node: Node, flat: number, scope: Scope): Formula | undefined {
  const [, indices] = node.inputs;
  const [source] = indices.inputs;
  const list = pooled(source.shape, indices.shape, indices.attributes as never, flat);
  return extreme(
    "maximum",
    list.map((i) => entryOf(source, i, scope)),
    scope,
  );
}

function truthAsNumber(node: Node, flat: number, scope: Scope): Formula | undefined {
  const [x] = node.inputs;
  if (node.op.name !== "cast") return undefined;
  if (x.dtype === "bool") {
    scope.operations.set("cast", ([value]) => value);
    return apply("cast", [entryOf(x, flat, scope)], { dtype: node.dtype });
  }
  if (node.dtype !== "bool") throw new Opaque("cast");
  return apply("notEqual", [entryOf(x, flat, scope), number(0)]);
}

/** Sums, products and extremes over elements. */
function joinedEntry(node: Node, flat: number, scope: Scope): Formula {
  const pairs = pairsOf(node, flat);
  if (pairs) return dotProduct(node, pairs, scope);
  const elements = elementsOf(node, flat, (operand) => valueIn(scope, operand));
  if (!elements) throw new Opaque(node.op.name);
  const { how, list } = elements;
  const x = node.inputs[elements.operand];
  const at = (i: number) => entryOf(x, list[i], scope);
  if (how === "sum") {
    const values = list.length > scope.mostTerms ? valueIn(scope, x).data : undefined;
    return total(list.length, at, (i) => values?.[list[i]] ?? 0, scope.mostTerms);
  }
  if (how !== "prod")
    return extreme(
      how,
      list.map((_, i) => at(i)),
      scope,
    );
  return list.map((_, i) => at(i)).reduce((a, b) => apply("mul", [a, b]), number(1));
}

function dotProduct(node: Node, pairs: readonly Pair[], scope: Scope): Formula {
  const [a, b] = node.inputs;
  const known = pairs.length > scope.mostTerms ? [valueIn(scope, a).data, valueIn(scope, b).data] : undefined;
  return total(
    pairs.length,
    (k) => apply("mul", [entryOf(a, pairs[k][0], scope), entryOf(b, pairs[k][1], scope)]),
    (k) => (known ? known[0][pairs[k][0]] * known[1][pairs[k][1]] : 0),
    scope.mostTerms,
  );
}

function extreme(how: "maximum" | "minimum", operands: readonly Formula[], { operations }: Scope): Formula {
  operations.set(how, (xs) => (how === "maximum" ? Math.max(...xs) : Math.min(...xs)));
  return operands.length === 1 ? operands[0] : apply(how, operands);
}

/** How many terms of a long sum are written. */
const shownOfMany = 4;

/**
 * A sum of `count` terms. Of more than `most` only those are written that count most, in their order, and the rest is said to be left
 * out; terms that are 0 are no loss.
 */
function total(count: number, term: (i: number) => Formula, value: (i: number) => number, most: number): Formula {
  const places = Array.from({ length: count }, (_, i) => i);
  if (count <= most) return sumOf(places.map(term));
  const present = places.filter((i) => value(i) !== 0);
  if (present.length <= most) return sumOf(present.map(term));
  const size = (i: number) => Math.abs(value(i));
  const shown = new Set([...present].sort((a, b) => size(b) - size(a)).slice(0, shownOfMany));
  const rest = present.filter((i) => !shown.has(i));
  return sumOf(present.filter((i) => shown.has(i)).map(term), {
    count: rest.length,
    value: rest.reduce((sum, i) => sum + value(i), 0),
  });
}
