// vmap over graphs: every node that depends on a batched one gets a new leading axis, by its operation's batch rule.

import { atPath, type Node, topologicalOrder, typeOf } from "../graph/node.ts";
import type { TensorType } from "../graph/primitive.ts";
import { withInputs } from "../graph/rewrite.ts";
import { call, installCallRules, isBarrier, isPick, parameter, pick } from "../graph/structural.ts";
import { expandLeading } from "./shape.ts";
import { sum } from "./sum.ts";

/** What a node of the original graph became: for each of its outputs the new node, and whether that carries the new axis. */
interface Image {
  readonly outputs: readonly Node[];
  readonly batched: boolean;
}

/**
 * `outputs` with each node in `batched` replaced by one that carries a leading axis of length `size` (and each in `plain` replaced
 * by one of the same type). Every result carries the axis, except that with `expand` false results that do not depend on the batch
 * are returned as they are, which `isBatched` tells.
 */
export function batchGraph(
  outputs: readonly Node[],
  batched: ReadonlyMap<Node, Node>,
  plain: ReadonlyMap<Node, Node>,
  size: number,
): { readonly nodes: Node[]; readonly isBatched: boolean[] } {
  const images = new Map<Node, Image>();
  for (const [from, to] of batched) images.set(from, { outputs: [to], batched: true });
  for (const [from, to] of plain) images.set(from, { outputs: [to], batched: false });
  for (const node of topologicalOrder(outputs)) {
    if (images.has(node)) continue;
    const inputs = node.inputs.map((n) => images.get(n)!);
    // A barrier is its first operand; the others only say when.
    if (isBarrier(node) ? !inputs[0].batched : !inputs.some((i) => i.batched)) {
      const same = withInputs(
        node,
        inputs.map((i) => i.outputs[0]),
      );
      // A pick of an unbatched node goes through the node itself; other consumers see its first output, which is the node.
      images.set(node, { outputs: [same], batched: false });
    } else if (isPick(node)) {
      images.set(node, { outputs: [inputs[0].outputs[node.attributes.index as number]], batched: true });
    } else {
      const result = atPath(node.path, () =>
        node.op.batch(
          inputs.map((i) => i.outputs[0]),
          inputs.map((i) => i.batched),
          node.attributes,
          size,
        ),
      );
      const list = "outputs" in result ? result.outputs.map((_, i) => pick(result, i)) : result;
      images.set(node, { outputs: list, batched: true });
    }
  }
  const found = outputs.map((n) => images.get(n)!);
  return { nodes: found.map((i) => i.outputs[0]), isBatched: found.map((i) => i.batched) };
}

/** `batchGraph` with every result carrying the axis. */
export function batchOutputs(
  outputs: readonly Node[],
  batched: ReadonlyMap<Node, Node>,
  plain: ReadonlyMap<Node, Node>,
  size: number,
): Node[] {
  const { nodes, isBatched } = batchGraph(outputs, batched, plain, size);
  return nodes.map((n, i) => (isBatched[i] ? n : expandLeading(n, size)));
}

/** Splits formals → actuals by whether the actual is batched. */
export function partition(
  formals: readonly Node[],
  actuals: readonly Node[],
  batched: readonly boolean[],
): [Map<Node, Node>, Map<Node, Node>] {
  const yes = new Map<Node, Node>();
  const no = new Map<Node, Node>();
  formals.forEach((f, i) => (batched[i] ? yes : no).set(f, actuals[i]));
  return [yes, no];
}

installCallRules({
  // The call stays a call: its body is batched, and its derivative rules speak of one example and are batched when they are used.
  batch: (inputs, batched, attributes, size) => {
    const { body, vjp, jvp, parameters } = attributes;
    const formals = inputs.map((n, i) => parameter(typeOf(n), `x${i}`));
    const [yes, no] = partition(body.parameters, formals, batched);
    const outputs = batchOutputs(body.outputs, yes, no, size);
    const perExample = (types: readonly TensorType[], drop: readonly boolean[]) =>
      types.map((t, i) => parameter(drop[i] ? { shape: t.shape.slice(1), dtype: t.dtype } : t));
    const all = body.outputs.map(() => true);
    return call(inputs, {
      ...attributes,
      body: { parameters: formals, outputs },
      parameters: { ...parameters, batchAxes: Number(parameters.batchAxes ?? 0) + 1 },
      vjp:
        vjp &&
        ((xs, ys, cotangents) => {
          const x = perExample(xs.map(typeOf), batched);
          const y = perExample(ys.map(typeOf), all);
          const g = perExample(cotangents.map(typeOf), all);
          const results = vjp(x, y, g);
          const [in1, in0] = partition([...x, ...y, ...g], [...xs, ...ys, ...cotangents], [...batched, ...all, ...all]);
          return results.map((r, i) => {
            if (!r) return undefined;
            const [full] = batchOutputs([r], in1, in0, size);
            return batched[i] ? full : sum(full, 0);
          });
        }),
      jvp:
        jvp &&
        ((xs, ys, tangents) => {
          const x = perExample(xs.map(typeOf), batched);
          const y = perExample(ys.map(typeOf), all);
          const present = tangents.flatMap((t, i) => (t ? [{ t, i }] : []));
          const t = perExample(
            present.map((p) => typeOf(p.t)),
            present.map((p) => batched[p.i]),
          );
          const slots: (Node | undefined)[] = tangents.map(() => undefined);
          present.forEach((p, k) => {
            slots[p.i] = t[k];
          });
          const results = jvp(x, y, slots);
          const [in1, in0] = partition(
            [...x, ...y, ...t],
            [...xs, ...ys, ...present.map((p) => p.t)],
            [...batched, ...all, ...present.map((p) => batched[p.i])],
          );
          return results.map((r) => r && batchOutputs([r], in1, in0, size)[0]);
        }),
    });
  },
});
