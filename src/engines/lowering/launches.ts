// Kernels of operations that are not loop nests of formulas: assembly of parts, matrix products, and operations that are computed
// whole. Those of control flow are in control.ts.

import { bytesPerElement, type DType } from "../../graph/dtype.ts";
import { type Graph, type Node, typeOf } from "../../graph/node.ts";
import type { TensorType } from "../../graph/primitive.ts";
import { type Shape, sizeOf, stridesOf } from "../../graph/shape.ts";
import type { PadAttributes } from "../../ops/slicing.ts";
import { affine, type Dim, dim, flatten, type IndexMap, indexOf, NeedsSplit, splitIn } from "./affine.ts";
import { buildFill, buildWriting, type Home, type Surroundings } from "./build.ts";
import { NotAffine } from "./groups.ts";
import type {
  Access,
  Buffer,
  Epilogue,
  Kernel,
  Launch,
  MatmulKernel,
  MatrixOperand,
  Plan,
  ProductKernel,
  Slot,
  WholeKernel,
} from "./ir.ts";
import { denseSource } from "./items.ts";
import type { BuiltKernel } from "./tighten.ts";
import { kindOf, reducerOf, throughView } from "./views.ts";

export type AddBuffer = (dtype: DType, length: number, role: Buffer["role"], name: string, data?: Buffer["data"]) => number;

export interface Homes extends Surroundings {
  /** The buffer of output `index` of a node. */
  homeAt(node: Node, index: number): Home;
}

export interface Context extends Homes {
  readonly addBuffer: AddBuffer;
  /** The plan of a body: output donate[i] is left in parameter i; outputs from `externalOutputs` on get their memory from outside. */
  lowerBody(graph: Graph, donate: readonly (number | undefined)[], externalOutputs: number): Plan;
}

export function bytesOfKernel(kernel: { readonly slots: readonly Slot[] }): number {
  return kernel.slots.reduce((total, s) => total + s.length * bytesPerElement[s.dtype] * (s.access === "both" ? 2 : 1), 0);
}

export function launchOf(built: BuiltKernel): Launch {
  return { kernel: built.kernel, buffers: built.buffers, flops: built.flops, bytes: bytesOfKernel(built.kernel) };
}

export function copyLaunch(buffers: readonly Buffer[], from: number, to: number): Launch {
  const { dtype, length } = buffers[from];
  const slots: Slot[] = [
    { dtype, length, access: "read" },
    { dtype, length, access: "write" },
  ];
  const kernel: Kernel = { kind: "copy", name: "copy", key: `copy ${dtype} ${length}`, slots };
  return { kernel, buffers: [from, to], flops: 0, bytes: bytesOfKernel(kernel) };
}

export type LaunchMaker = (node: Node, context: Context) => Launch;

/** By the name of the operation. */
const known: Record<string, LaunchMaker> = {};

/**
 * Makes operations known that few programs have: those of control flow. The functions on tensors that build such nodes say so when they
 * are called, so that an application that imports none of them does not carry their lowering.
 */
export function useLaunches(makers: Readonly<Record<string, LaunchMaker>>): void {
  Object.assign(known, makers);
}

/** The launches that compute `node`. */
export function launchesOf(node: Node, context: Context): Launch[] {
  if (node.outputs.every((type) => sizeOf(type.shape) === 0)) return [];
  // A reduction of nothing.
  if (kindOf(node) === "reduce") {
    const empty = { sum: 0, prod: 1, max: Number.NEGATIVE_INFINITY, min: Number.POSITIVE_INFINITY, any: 0, all: 1 };
    return [launchOf(buildFill(context.homeOf(node), node.dtype, empty[reducerOf(node)], context.padded))];
  }
  switch (node.op.name) {
    case "concat":
      return concatenated(node, context);
    case "pad":
      return padded(node, context);
    case "matmul":
      return [product(node, context)];
    default:
      return [(known[node.op.name] ?? whole)(node, context)];
  }
}

/**
 * A product or convolution with what `built` computes at its elements; undefined if that has more loops than the product has axes, but for
 * the rows of a matrix, which may be those of several that are not too small.
 */
export function fusedLaunch(node: Node, homes: Homes, built: BuiltKernel): ProductLaunch | undefined {
  const { outer } = built.kernel;
  if (node.op.name !== "matmul") return outer.length > 2 ? undefined : whole(node, homes, built);
  const rank = node.shape.length;
  const fits =
    outer.length === rank || (outer.length === rank + 1 && outer[rank] === node.shape[rank - 1] && outer[rank - 1] >= 8);
  return fits && outer.slice(0, rank - 2).every((d, i) => d === node.shape[i]) ? product(node, homes, built) : undefined;
}

// Assembly ----------------------------------------------------------------------------------------------------------------

/** Writes `source` into the target, the element at `map` to `place(map)`; the loops over `axes` are split as the views ask. */
function written(
  name: string,
  source: Node,
  axes: readonly Dim[],
  start: IndexMap,
  place: (map: IndexMap) => IndexMap,
  target: Node,
  context: Context,
): Launch {
  let dims = axes.filter((d) => d.extent > 1);
  let map = start;
  for (;;) {
    try {
      const at = flatten(place(map), stridesOf(target.shape));
      return launchOf(buildWriting(name, dims, [{ source, map, target: at, home: context.homeOf(target) }], context));
    } catch (error) {
      if (!(error instanceof NeedsSplit)) throw error;
      const { dim: from, inner } = error;
      const [high, low] = [dim(from.extent / inner), dim(inner)];
      dims = dims.flatMap((d) => (d === from ? [high, low] : [d]));
      map = splitIn(map, from, high, low);
    }
  }
}

function concatenated(node: Node, context: Context): Launch[] {
  const axis = node.attributes.axis as number;
  let start = 0;
  return node.inputs.flatMap((part) => {
    const from = start;
    start += part.shape[axis];
    if (sizeOf(part.shape) === 0) return [];
    const axes = part.shape.map(dim);
    const place = (map: IndexMap) => map.map((a, i) => (i === axis ? affine(a, 1, from) : a));
    return [written("concat", part, axes, axes.map(indexOf), place, node, context)];
  });
}

function padded(node: Node, context: Context): Launch[] {
  const { low, interior, value } = node.attributes as PadAttributes;
  const [source] = node.inputs;
  const fill = launchOf(buildFill(context.homeOf(node), node.dtype, value, context.padded));
  // The source indices that land inside, per axis.
  const first = source.shape.map((_, i) => Math.max(0, Math.ceil(-low[i] / (interior[i] + 1))));
  const end = source.shape.map((d, i) => Math.min(d, Math.floor((node.shape[i] - 1 - low[i]) / (interior[i] + 1)) + 1));
  if (first.some((f, i) => f >= end[i])) return [fill];
  const axes = source.shape.map((_, i) => dim(end[i] - first[i]));
  const start = axes.map((d, i) => affine(indexOf(d), 1, first[i]));
  const place = (map: IndexMap) => map.map((a, i) => affine(a, interior[i] + 1, low[i]));
  return [fill, written("pad", source, axes, start, place, node, context)];
}

type ProductLaunch = Launch & { readonly kernel: ProductKernel };

// Products ----------------------------------------------------------------------------------------------------------------

/** Where a tensor is read through views: the stored node below them, and the strides of its axes there. */
function stridedSource(node: Node, context: Homes): { source: Node; offset: number; strides: number[] } {
  const axes = node.shape.map(dim);
  let map: IndexMap = axes.map(indexOf);
  let at = node;
  let flat = flatten(map, stridesOf(at.shape));
  while (!context.items.stored.has(at) && kindOf(at) === "view") {
    // Below a view that keeps the order of a dense array the offsets are the same.
    const dense = denseSource(at, context.items.stored);
    if (dense !== at && (kindOf(dense) !== "view" || context.items.stored.has(dense))) {
      at = dense;
      break;
    }
    const next = throughView(at, map);
    if (next === undefined) throw new NotAffine(at.inputs[0]);
    map = next;
    at = at.inputs[0];
    flat = flatten(map, stridesOf(at.shape));
  }
  const strides = axes.map((d) => flat.terms.get(d) ?? 0);
  // Kernels walk forwards only: what is read backwards is copied first.
  if (strides.some((s) => s < 0)) throw new NotAffine(node);
  return { source: at, offset: flat.constant, strides };
}

function product(node: Node, context: Homes, built?: BuiltKernel): ProductLaunch {
  const rank = node.shape.length;
  let lead = node.shape.slice(0, -2);
  let [m] = node.shape.slice(-2);
  const n = node.shape[rank - 1];
  const k = node.inputs[0].shape[node.inputs[0].shape.length - 1];
  const slots: Slot[] = [];
  const buffers: number[] = [];
  const operand = (input: Node): MatrixOperand => {
    const { source, offset, strides } = stridedSource(input, context);
    const home = context.homeOf(source);
    let slot = buffers.indexOf(home.buffer);
    if (slot < 0) {
      slot = buffers.push(home.buffer) - 1;
      slots.push({ dtype: source.dtype, length: home.length, access: "read" });
    }
    const r = input.shape.length;
    // Leading axes that the operand lacks or has once are the same matrix for all.
    const batch = lead.map((_, i) => {
      const axis = i - (rank - r);
      return axis < 0 || input.shape[axis] === 1 ? 0 : strides[axis];
    });
    return { slot, offset, batch, row: strides[r - 2], column: strides[r - 1] };
  };
  const a = operand(node.inputs[0]);
  const b = operand(node.inputs[1]);
  const dtype = node.dtype as "float32" | "float64";
  const flops = 2 * sizeOf(lead) * m * n * k;
  if (built) {
    const attached = attach(built, slots, buffers);
    const lists: (readonly number[])[] = [a.batch, b.batch];
    const { outer } = built.kernel;
    if (outer.length > rank) {
      // Rows in two loops are the rows of several matrices.
      m = outer[rank - 1];
      lead = outer.slice(0, -2);
      lists[0] = [...a.batch, a.row * m];
      lists[1] = [...b.batch, 0];
    }
    withStrides(attached, (strides) => {
      lists.push(strides.slice(0, -2));
      return strides;
    });
    const { batch, strides } = mergeBatch(lead, lists);
    let next = 2;
    const epilogue = withStrides(attached, (s) => [...strides[next++], ...s.slice(-2)]);
    const description = { dtype, m, n, k, batch, a: { ...a, batch: strides[0] }, b: { ...b, batch: strides[1] } };
    const { name } = built.kernel;
    const key = `matmul ${JSON.stringify([description, slots.map((s) => s.length), slotsOf(built, buffers)])} ${built.kernel.key}`;
    const kernel: MatmulKernel = { kind: "matmul", name, key, slots, ...description, epilogue };
    return { kernel, buffers, flops: flops + built.flops, bytes: bytesOfKernel(kernel) };
  }
  const home = context.homeOf(node);
  buffers.push(home.buffer);
  slots.push({ dtype: node.dtype, length: home.length, access: "write" });
  const { batch, strides } = mergeBatch(lead, [a.batch, b.batch, stridesOf(node.shape).slice(0, -2)]);
  const c: MatrixOperand = { slot: slots.length - 1, offset: 0, batch: strides[2], row: n, column: 1 };
  const description = { dtype, m, n, k, batch, a: { ...a, batch: strides[0] }, b: { ...b, batch: strides[1] }, c };
  const key = `matmul ${JSON.stringify([description, slots.map((s) => s.length)])}`;
  const kernel: MatmulKernel = { kind: "matmul", name: "matmul", key, slots, ...description };
  return { kernel, buffers, flops, bytes: bytesOfKernel(kernel) };
}

const slotsOf = (built: BuiltKernel, buffers: readonly number[]) => built.buffers.map((b) => buffers.indexOf(b));

/** The epilogue `built` on the slots of a product, to which those that it lacks are added. */
function attach(built: BuiltKernel, slots: Slot[], buffers: number[]): Epilogue {
  built.buffers.forEach((buffer, i) => {
    if (buffers.includes(buffer)) return;
    slots.push(built.kernel.slots[i]);
    buffers.push(buffer);
  });
  const slotOf = slotsOf(built, buffers);
  const moved = (access: Access): Access => ({ ...access, slot: slotOf[access.slot] });
  return {
    values: built.kernel.values.map((v) => (v.kind === "load" ? { ...v, access: moved(v.access) } : v)),
    stores: built.kernel.steps.flatMap((step) => step.stores.map((s) => ({ ...s, access: moved(s.access) }))),
  };
}

/** The epilogue with other strides, asked for in a fixed order. */
function withStrides({ values, stores }: Epilogue, change: (strides: readonly number[]) => readonly number[]): Epilogue {
  const moved = (access: Access): Access => ({ ...access, strides: change(access.strides) });
  return {
    values: values.map((v) => {
      if (v.kind === "load") return { ...v, access: moved(v.access) };
      return v.kind === "index" ? { ...v, strides: change(v.strides) } : v;
    }),
    stores: stores.map((s) => ({ ...s, access: moved(s.access) })),
  };
}

/** Batch axes that all operands, given by their strides along them, walk through alike become one; axes of size 1 go. */
function mergeBatch(lead: Shape, operands: readonly (readonly number[])[]): { batch: number[]; strides: number[][] } {
  const batch: number[] = [];
  const strides = operands.map((): number[] => []);
  lead.forEach((extent, i) => {
    if (extent === 1) return;
    const next = operands.map((list) => list[i]);
    const last = batch.length - 1;
    if (last >= 0 && strides.every((s, o) => s[last] === next[o] * extent)) {
      batch[last] *= extent;
      for (const [o, s] of strides.entries()) s[last] = next[o];
    } else {
      batch.push(extent);
      for (const [o, s] of strides.entries()) s.push(next[o]);
    }
  });
  return { batch, strides };
}

// Whole operations --------------------------------------------------------------------------------------------------------

export interface Operands {
  readonly slots: Slot[];
  readonly buffers: number[];
  readonly inputs: readonly TensorType[];
}

/** Slots of the dense inputs, then of the outputs. */
export function operandsOf(node: Node, context: Homes): Operands {
  const inputs = node.inputs.map(typeOf);
  const homes = node.inputs.map((n) => context.homeOf(denseSource(n, context.items.stored)));
  const results = node.outputs.map((_, i) => context.homeAt(node, i));
  return {
    inputs,
    buffers: [...homes, ...results].map((h) => h.buffer),
    slots: [
      ...homes.map((h, i): Slot => ({ dtype: inputs[i].dtype, length: h.length, access: "read" })),
      ...results.map((h, i): Slot => ({ dtype: node.outputs[i].dtype, length: h.length, access: "write" })),
    ],
  };
}

function whole(node: Node, context: Homes, built?: BuiltKernel): ProductLaunch {
  const { inputs, buffers, slots } = operandsOf(node, context);
  if (built) for (const list of [buffers, slots]) list.length = inputs.length;
  const epilogue = built && attach(built, slots, buffers);
  const fused = built ? `${slotsOf(built, buffers)} ${built.kernel.key}` : "";
  const key = `whole ${JSON.stringify([node.op.name, node.attributes, inputs, node.outputs])}${fused}`;
  const kernel: WholeKernel = {
    kind: "whole",
    name: built?.kernel.name ?? node.op.name,
    key,
    slots,
    node,
    inputs,
    outputs: node.outputs,
    ...(epilogue && { epilogue }),
  };
  const cost = node.op.cost(inputs, node.outputs, node.attributes);
  return {
    kernel,
    buffers,
    flops: 2 * cost.multiplyAdds + cost.elementary + cost.transcendental + (built?.flops ?? 0),
    bytes: bytesOfKernel(kernel),
  };
}
