// Differentiation of graphs: reverse mode (pullback) and forward mode (pushforward) over nodes, reading each operation's rules. The
// result is more graph, so it can be differentiated again.

import { isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { atPath, makeNode, type Node, topologicalOrder, typeOf } from "../graph/node.ts";
import type { Adjoints, TensorType } from "../graph/primitive.ts";
import { instantiate } from "../graph/rewrite.ts";
import { alias, barrier, callAttributes, installCallRules, isPick, parameter, picks, scalar } from "../graph/structural.ts";
import { add } from "./arithmetic.ts";
import { broadcastTo } from "./shape.ts";

/** Zeros of a type. */
export function zerosOf(type: TensorType): Node {
  return broadcastTo(scalar(0, type.dtype), type.shape);
}

/** The nodes among `order` whose values move, smoothly, when `wrt` do. */
function activeNodes(order: readonly Node[], wrt: readonly Node[]): Set<Node> {
  const active = new Set<Node>();
  for (const n of wrt) if (isFloat(n.dtype)) active.add(n);
  for (const node of order) {
    if (active.has(node) || !node.inputs.some((n) => active.has(n))) continue;
    if (isPick(node) ? isFloat(node.dtype) : node.op.derivative.kind !== "zero") active.add(node);
  }
  return active;
}

/**
 * Reverse mode: the cotangents of `wrt`, given those of `outputs` (undefined: zero). Undefined in the result: no path leads there.
 * Equation: v̄ᵢ = Σⱼ (∂vⱼ/∂vᵢ)ᵀ v̄ⱼ over the users j of i, in reverse topological order.
 */
export function pullback(outputs: readonly Node[], cotangents: Adjoints, wrt: readonly Node[]): (Node | undefined)[] {
  const adjoints = pullThrough(outputs, cotangents, wrt);
  return wrt.map((n) => adjoints.get(n)?.[0]);
}

/** Reverse mode with the cotangents of all that lies on the way: of every node between `wrt` and `outputs`, one for each of its outputs. */
export function pullThrough(outputs: readonly Node[], cotangents: Adjoints, wrt: readonly Node[]): ReadonlyMap<Node, Adjoints> {
  const order = topologicalOrder(outputs);
  const active = activeNodes(order, wrt);
  const variables = new Set(wrt);
  const adjoints = new Map<Node, (Node | undefined)[]>();
  const accumulate = (node: Node, index: number, part: Node | undefined) => {
    if (!part) return;
    let slots = adjoints.get(node);
    if (!slots) {
      slots = [];
      adjoints.set(node, slots);
    }
    const sofar = slots[index];
    slots[index] = sofar ? add(sofar, part) : part;
  };
  outputs.forEach((node, i) => {
    if (active.has(node)) accumulate(node, 0, cotangents[i]);
  });
  for (let i = order.length - 1; i >= 0; i--) {
    const node = order[i];
    const slots = adjoints.get(node);
    if (!slots || variables.has(node)) continue;
    if (isPick(node)) {
      accumulate(node.inputs[0], node.attributes.index as number, slots[0]);
      continue;
    }
    const { derivative } = node.op;
    if (derivative.kind === "zero") continue;
    if (derivative.kind === "none") fail("derivative", `${where(node)}${node.op.name} has no derivative: ${derivative.reason}`);
    const needed = node.inputs.map((n) => active.has(n));
    const parts = atPath(node.path, () =>
      derivative.vjp(
        node,
        node.outputs.map((_, k) => slots[k]),
        needed,
      ),
    );
    node.inputs.forEach((input, k) => {
      if (needed[k]) accumulate(input, 0, parts[k]);
    });
  }
  return adjoints;
}

const where = (node: Node) => (node.path === "" ? "" : `in ${node.path}: `);

/** Forward mode: the tangents of `outputs`, given those of `wrt` (undefined: zero). */
export function pushforward(outputs: readonly Node[], wrt: readonly Node[], tangents: Adjoints): (Node | undefined)[] {
  const order = topologicalOrder(outputs);
  const active = activeNodes(order, wrt);
  const known = new Map<Node, Adjoints>();
  wrt.forEach((n, i) => known.set(n, [tangents[i]]));
  for (const node of order) {
    if (!active.has(node) || known.has(node)) continue;
    if (isPick(node)) {
      known.set(node, [known.get(node.inputs[0])?.[node.attributes.index as number]]);
      continue;
    }
    const incoming = node.inputs.map((n) => known.get(n)?.[0]);
    if (incoming.every((t) => t === undefined)) continue;
    known.set(
      node,
      atPath(node.path, () => pushNode(node, incoming)),
    );
  }
  return outputs.map((n) => known.get(n)?.[0]);
}

function pushNode(node: Node, tangents: Adjoints): Adjoints {
  const { derivative } = node.op;
  if (derivative.kind === "none") fail("derivative", `${where(node)}${node.op.name} has no derivative: ${derivative.reason}`);
  if (derivative.kind === "zero") return [];
  const { jvp } = derivative;
  if (typeof jvp === "function") return jvp(node, tangents);
  switch (jvp) {
    case "linear": {
      const inputs = node.inputs.map((n, i) => (isFloat(n.dtype) ? (tangents[i] ?? zerosOf(typeOf(n))) : n));
      return picks(makeNode(node.op, inputs, node.attributes));
    }
    case "bilinear": {
      let total: Node | undefined;
      tangents.forEach((t, i) => {
        if (!t) return;
        const part = makeNode(
          node.op,
          node.inputs.map((n, k) => (k === i ? t : n)),
          node.attributes,
        );
        total = total ? add(total, part) : part;
      });
      return [total];
    }
    case "transpose":
      return transposedPush(node, tangents);
  }
}

/** J·t as the transpose of u ↦ Jᵀ·u, which is linear: pull t back through the pulled-back graph of a dummy cotangent u. */
function transposedPush(node: Node, tangents: Adjoints): Adjoints {
  const { derivative } = node.op;
  if (derivative.kind !== "rules") return [];
  const dummies = node.outputs.map((type) => (isFloat(type.dtype) ? parameter(type, "u") : undefined));
  const pulled = derivative.vjp(
    node,
    dummies,
    tangents.map((t) => t !== undefined),
  );
  const reached: Node[] = [];
  const weights: (Node | undefined)[] = [];
  pulled.forEach((p, i) => {
    if (!p || !tangents[i]) return;
    reached.push(p);
    weights.push(tangents[i]);
  });
  const present = dummies.filter((d): d is Node => d !== undefined);
  const pushed = pullback(reached, weights, present);
  return dummies.map((d) => d && pushed[present.indexOf(d)]);
}

installCallRules({
  derivative: {
    kind: "rules",
    vjp: (node, cotangents, needed) => {
      const { body, vjp, recompute } = callAttributes(node);
      if (vjp) {
        return vjp(
          node.inputs,
          picks(node),
          node.outputs.map((type, i) => cotangents[i] ?? zerosOf(type)),
        );
      }
      // Recomputation starts only once a cotangent is there; aliases keep apart operands that are one node (f(x, x)).
      const after = cotangents.filter((c): c is Node => c !== undefined);
      const operands = node.inputs.map((n) => (recompute ? barrier(n, after) : alias(n)));
      const pulled = pullback(instantiate(body, operands), cotangents, operands);
      return pulled.map((p, i) => (needed[i] ? p : undefined));
    },
    jvp: (node, tangents) => {
      const { body, vjp, jvp } = callAttributes(node);
      if (jvp) return jvp(node.inputs, picks(node), tangents);
      if (vjp) return transposedPush(node, tangents);
      const operands = node.inputs.map((n) => alias(n));
      return pushforward(instantiate(body, operands), operands, tangents);
    },
  },
});
