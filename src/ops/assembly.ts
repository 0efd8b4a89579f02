// Larger tensors from smaller ones (concat, stack, tile, repeat), and the removal of axes of size 1.

import { promote } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import { makeNode, type Node, typeOf } from "../graph/node.ts";
import type { Attributes, Notation, Structured } from "../graph/primitive.ts";
import { formatShape, normalizeAxes, normalizeAxis, type Shape, sizeOf } from "../graph/shape.ts";
import { zeros } from "./fill.ts";
import { everyLeading } from "./leading.ts";
import { broadcastTo, cast, expandDims, reshape } from "./shape.ts";
import { sliceAxis } from "./slicing.ts";

export interface ConcatAttributes extends Attributes {
  readonly axis: number;
}

export const concatOp: Structured<ConcatAttributes> = {
  kind: "structured",
  name: "concat",
  infer: (inputs, { axis }) => {
    const [first, ...rest] = inputs;
    for (const other of rest) {
      const wrong = first.shape.findIndex((d, i) => i !== axis && d !== other.shape[i]);
      if (other.shape.length !== first.shape.length || wrong >= 0) {
        fail(
          "shape",
          `concat: ${formatShape(first.shape)} and ${formatShape(other.shape)} do not join along axis ${axis}: ` +
            (other.shape.length !== first.shape.length
              ? "the ranks differ."
              : `axis ${wrong} has sizes ${first.shape[wrong]} and ${other.shape[wrong]}.`) +
            " All other axes must agree.",
        );
      }
      if (other.dtype !== first.dtype)
        fail("dtype", `concat: dtypes ${first.dtype} and ${other.dtype} differ. Convert with cast().`);
    }
    return [
      {
        shape: first.shape.with(
          axis,
          inputs.reduce((total, t) => total + t.shape[axis], 0),
        ),
        dtype: first.dtype,
      },
    ];
  },
  evaluate: (inputs, [y], { axis }) => {
    const outer = sizeOf(y.shape.slice(0, axis));
    const stride = sizeOf(y.shape.slice(axis));
    let start = 0;
    for (const { shape, data } of inputs) {
      const block = sizeOf(shape.slice(axis));
      for (let i = 0; i < outer; i++) y.data.set(data.subarray(i * block, (i + 1) * block), i * stride + start);
      start += block;
    }
  },
  derivative: {
    kind: "rules",
    vjp: (node, [g], needed) => {
      const axis = node.attributes.axis as number;
      let start = 0;
      return node.inputs.map((n, i) => {
        const from = start;
        start += n.shape[axis];
        return needed[i] && g ? sliceAxis(g, axis, from, start) : undefined;
      });
    },
    jvp: (node, tangents) => [
      makeNode(
        concatOp,
        tangents.map((t, i) => t ?? zeros(node.inputs[i].shape, node.inputs[i].dtype)),
        { axis: node.attributes.axis as number },
      ),
    ],
  },
  batch: (inputs, batched, { axis }, size) => makeNode(concatOp, everyLeading(inputs, batched, size), { axis: axis + 1 }),
  cost: () => ({ multiplyAdds: 0, elementary: 0, transcendental: 0 }),
};

export const concatNotation = ({ axis }: ConcatAttributes): Notation => ({
  text: (...xs) => `concat([${xs.join(", ")}], ${axis})`,
  tex: (...xs) => String.raw`\left[${xs.join(String.raw` \mid `)}\right]`,
});

function unifyDTypes(xs: readonly Node[]): Node[] {
  const dtype = xs.map((x) => typeOf(x).dtype).reduce(promote);
  return xs.map((x) => cast(x, dtype));
}

/** The tensors one after another along an axis; their other axes must agree. dtypes are promoted. */
export function concat(xs: readonly Node[], axis = 0): Node {
  if (xs.length === 0) fail("argument", "concat: got no tensors; it needs at least one.");
  if (xs[0].shape.length === 0) fail("shape", "concat: scalars have no axis to join along. Use stack.");
  const at = normalizeAxis("concat", axis, xs[0].shape.length);
  return xs.length === 1 ? xs[0] : makeNode(concatOp, unifyDTypes(xs), { axis: at });
}

/** Tensors of one shape side by side along a new axis at position `axis` of the result. */
export function stack(xs: readonly Node[], axis = 0): Node {
  if (xs.length === 0) fail("argument", "stack: got no tensors; it needs at least one.");
  const at = normalizeAxis("stack", axis, xs[0].shape.length + 1);
  for (const x of xs) {
    if (formatShape(x.shape) !== formatShape(xs[0].shape)) {
      fail(
        "shape",
        `stack: shapes ${formatShape(xs[0].shape)} and ${formatShape(x.shape)} differ; all must be equal. Use concat to join along an axis.`,
      );
    }
  }
  return concat(
    xs.map((x) => expandDims(x, at)),
    at,
  );
}

/** x repeated repetitions[i] times along axis i, as whole copies: [a, b] twice is [a, b, a, b]. Missing leading axes are added. */
export function tile(x: Node, repetitions: readonly number[]): Node {
  if (repetitions.some((r) => !Number.isInteger(r) || r < 0)) {
    fail("argument", `tile: repetitions [${repetitions.join(", ")}] must be integers, 0 or more.`);
  }
  const rank = Math.max(x.shape.length, repetitions.length);
  const shape = [...new Array<number>(rank - x.shape.length).fill(1), ...x.shape];
  const times = [...new Array<number>(rank - repetitions.length).fill(1), ...repetitions];
  const pairs = (first: Shape) => shape.flatMap((d, i) => [first[i], d]);
  const stretched = broadcastTo(reshape(x, pairs(new Array<number>(rank).fill(1))), pairs(times));
  return reshape(
    stretched,
    shape.map((d, i) => d * times[i]),
  );
}

/** Every index along an axis repeated `times` in place: [a, b] twice is [a, a, b, b]. */
export function repeat(x: Node, times: number, axis = 0): Node {
  const at = normalizeAxis("repeat", axis, x.shape.length);
  if (!Number.isInteger(times) || times < 0) fail("argument", `repeat: ${times} must be an integer, 0 or more.`);
  const apart = expandDims(x, at + 1);
  return reshape(broadcastTo(apart, apart.shape.with(at + 1, times)), x.shape.with(at, x.shape[at] * times));
}

/** x without `axes`, which must have size 1; without all axes of size 1 when omitted. */
export function squeeze(x: Node, axes?: number | readonly number[]): Node {
  const list =
    axes === undefined ? x.shape.flatMap((d, i) => (d === 1 ? [i] : [])) : normalizeAxes("squeeze", axes, x.shape.length);
  for (const a of list) {
    if (x.shape[a] !== 1)
      fail("shape", `squeeze: axis ${a} of ${formatShape(x.shape)} has size ${x.shape[a]}, not 1. Use select to take one index.`);
  }
  return reshape(
    x,
    x.shape.filter((_, i) => !list.includes(i)),
  );
}
