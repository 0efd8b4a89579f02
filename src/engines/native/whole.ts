// Operations that are computed whole, as C: those of the runtime library, and small ones written out. What has no rendering here is
// computed by its own room in JavaScript.

import type { DType } from "../../graph/dtype.ts";
import type { TensorType } from "../../graph/primitive.ts";
import { sizeOf, stridesOf } from "../../graph/shape.ts";
import type { ConvolutionAttributes } from "../../ops/convolution.ts";
import type { CumulativeAttributes } from "../../ops/cumulative.ts";
import type { GatherAttributes } from "../../ops/indexing.ts";
import type { PoolingAttributes } from "../../ops/pooling.ts";
import { threeAxes } from "../../ops/windows.ts";
import type { WholeKernel } from "../lowering/ir.ts";
import { bytesOf } from "./lanes.ts";
import { renderMaxPool, renderMaxPoolTranspose } from "./max-pooling.ts";
import type { Target } from "./target.ts";

/**
 * The body of a kernel's function, with the slots' addresses s0, s1 …, `thread`, `threads` and `rt`. `giveUp` is a statement that has the room
 * compute it instead (what is an error, the room describes). `epilogue`: the name of the function that takes the result, of a convolution.
 */
export type Routine = (kernel: WholeKernel, giveUp: string, epilogue: string | undefined, target: Target) => string;

export interface WholeRendering {
  readonly body: Routine;
  /** Whether threads can divide it. */
  readonly divides: boolean;
}

const scalars: Readonly<Record<DType, string>> = { float32: "float", float64: "double", int32: "int", bool: "unsigned char" };

const braces = (list: readonly number[]) => `{${list.join(", ")}}`;

export function wholeRendering(kernel: WholeKernel): WholeRendering | undefined {
  return renderings[kernel.node.op.name]?.(kernel);
}

const isFloat = (dtype: DType) => dtype === "float32" || dtype === "float64";
const suffixOf = (dtype: DType) => (dtype === "float64" ? "f64" : "f32");
const alone = (body: Routine) => (): WholeRendering => ({ body, divides: false });

const renderings: Readonly<Record<string, (kernel: WholeKernel) => WholeRendering | undefined>> = {
  convolution: () => ({ body: (k, g, e) => convolution(k, "forward", g, e), divides: true }),
  convolutionInputGradient: () => ({ body: (k, g, e) => convolution(k, "inputGradient", g, e), divides: true }),
  convolutionFilterGradient: () => ({ body: (k, g, e) => convolution(k, "filterGradient", g, e), divides: true }),
  maxPoolIndices: ({ inputs }) =>
    isFloat(inputs[0].dtype) ? { body: (k, g) => pooling(k, "max_pool_indices", g, false), divides: true } : undefined,
  maxPool: () => ({ body: (k, _g, _e, target) => renderMaxPool(k, target), divides: true }),
  maxPoolTranspose: () => ({ body: (k, _g, _e, target) => renderMaxPoolTranspose(k, target), divides: true }),
  sumPool: () => ({ body: (k, g) => pooling(k, "sum_pool", g, false), divides: true }),
  sumPoolTranspose: () => ({ body: (k, g) => pooling(k, "sum_pool_transpose", g, true), divides: true }),
  gather: (kernel) => {
    const { count, grain } = blocksOf(kernel, kernel.inputs[0], kernel.inputs[1]);
    return { body: (k, giveUp) => gather(k, giveUp), divides: count >= 4 * grain };
  },
  scatterAdd: (kernel) => {
    const { size, grain } = blocksOf(kernel, kernel.outputs[0], kernel.inputs[0]);
    return { body: (k, giveUp) => scatterAdd(k, giveUp), divides: size >= 4 * grain };
  },
  argmax: alone((k) => position(k, ">")),
  argmin: alone((k) => position(k, "<")),
  cumulativeSum: alone((k) => cumulativeSum(k)),
  dynamicSlice: alone((k) => dynamicSlice(k)),
  dynamicUpdateSlice: alone((k) => dynamicUpdate(k)),
};

// The runtime library -----------------------------------------------------------------------------------------------------

/** Calls a function of the library, or the room where the library lacks it. */
function calling(name: string, argument: string, giveUp: string): string {
  return `  if (rt->${name}) rt->${name}(rt, thread, threads, &${argument});\n  else if (thread == 0) { ${giveUp} }`;
}

function convolution(
  kernel: WholeKernel,
  kind: "forward" | "inputGradient" | "filterGradient",
  giveUp: string,
  epilogue: string | undefined,
): string {
  const { strides, padding, dilation, groups } = kernel.node.attributes as ConvolutionAttributes;
  const [p, q] = kernel.inputs.map((t) => t.shape);
  const { shape: r, dtype } = kernel.outputs[0];
  const [x, w, y] = kind === "forward" ? [p, q, r] : kind === "inputGradient" ? [r, q, p] : [p, r, q];
  const name = { forward: "convolution", inputGradient: "convolution_input", filterGradient: "convolution_filter" }[kind];
  const channels = { in: x[x.length - 1] / groups, out: y[y.length - 1] / groups };
  const fields = [
    `.examples = ${x[0]}, .groups = ${groups}, .channelsIn = ${channels.in}, .channelsOut = ${channels.out}`,
    `.input = ${braces(threeAxes(x.slice(1, -1), 1))}, .kernel = ${braces(threeAxes(w.slice(0, -2), 1))}`,
    `.output = ${braces(threeAxes(y.slice(1, -1), 1))}, .stride = ${braces(threeAxes(strides, 1))}`,
    `.dilation = ${braces(threeAxes(dilation, 1))}`,
    `.low = ${braces(
      threeAxes(
        padding.map((pair) => pair[0]),
        0,
      ),
    )}`,
    ".a = s0, .b = s1",
    epilogue === undefined ? ".result = s2" : `.finish = ${epilogue}, .context = slots`,
  ];
  return [`  struct gradus_convolution c = {${fields.join(", ")}};`, calling(`${name}_${suffixOf(dtype)}`, "c", giveUp)].join(
    "\n",
  );
}

function pooling(kernel: WholeKernel, name: string, giveUp: string, transposed: boolean): string {
  const { window, strides, padding, dilation } = kernel.node.attributes as PoolingAttributes;
  const [from] = kernel.inputs;
  const [to] = kernel.outputs;
  const [image, windows] = transposed ? [to.shape, from.shape] : [from.shape, to.shape];
  const low = threeAxes(
    padding.map((pair) => pair[0]),
    0,
  );
  const fields = [
    `.examples = ${image[0]}, .channels = ${image[image.length - 1]}`,
    `.input = ${braces(threeAxes(image.slice(1, -1), 1))}, .output = ${braces(threeAxes(windows.slice(1, -1), 1))}`,
    `.window = ${braces(threeAxes(window, 1))}, .stride = ${braces(threeAxes(strides, 1))}`,
    `.dilation = ${braces(threeAxes(dilation, 1))}, .low = ${braces(low)}, .x = s0, .y = s1`,
  ];
  return [`  struct gradus_pooling p = {${fields.join(", ")}};`, calling(`${name}_${suffixOf(from.dtype)}`, "p", giveUp)].join(
    "\n",
  );
}

// Indexing ----------------------------------------------------------------------------------------------------------------

interface Blocks {
  /** Loops around the indices: over examples, which have indices of their own, and over what lies before the axis. */
  readonly examples: number;
  readonly outer: number;
  /** Indices of an example. */
  readonly count: number;
  /** Places they may name. */
  readonly size: number;
  /** Elements of a block. */
  readonly block: number;
  /** Blocks that fill a cache line: threads share out no less. */
  readonly grain: number;
}

function blocksOf({ node }: WholeKernel, tensor: TensorType, indices: TensorType): Blocks {
  const { axis, batchDims } = node.attributes as GatherAttributes;
  const block = sizeOf(tensor.shape.slice(axis + 1));
  return {
    examples: sizeOf(tensor.shape.slice(0, batchDims)),
    outer: sizeOf(tensor.shape.slice(batchDims, axis)),
    count: sizeOf(indices.shape.slice(batchDims)),
    size: tensor.shape[axis],
    block,
    grain: Math.max(1, Math.ceil(64 / Math.max(1, block * bytesOf[tensor.dtype]))),
  };
}

/**
 * Threads take ranges of the indices. Each looks whether its own exist; the first looks at all before it starts, since it alone can have the
 * room say which does not.
 */
function gather(kernel: WholeKernel, giveUp: string): string {
  const [x, indices] = kernel.inputs;
  const { examples, outer, count, size, block, grain } = blocksOf(kernel, x, indices);
  const bytes = bytesOf[x.dtype];
  return `  const int *index = (const int *)s1;
  long from, to;
  gradus_part(${count}, ${grain}, thread, threads, &from, &to);
  if (thread == 0 && !all_within(index, ${examples * count}, 0, ${size}u)) { ${giveUp} return; }
  const char *all = s0;
  char *packed = s2;
  for (long e = 0; e < ${examples}; e++, index += ${count})
    for (long p = 0; p < ${outer}; p++, all += ${size * block * bytes}l, packed += ${count * block * bytes}l)
      for (long i = from; i < to; i++) {
        if ((unsigned)index[i] >= ${size}u) return;
        __builtin_memcpy(packed + i * ${block * bytes}l, all + index[i] * ${block * bytes}l, ${block * bytes}l);
      }`;
}

/** Threads take ranges of places, whose sums are then added up by one of them, in the order of the indices. */
function scatterAdd(kernel: WholeKernel, giveUp: string): string {
  const [indices] = kernel.inputs;
  const [y] = kernel.outputs;
  const { examples, outer, count, size, block, grain } = blocksOf(kernel, y, indices);
  const scalar = scalars[y.dtype];
  const bytes = bytesOf[y.dtype];
  return `  const int *index = (const int *)s0;
  if (!all_within(index, ${examples * count}, 0, ${size}u)) { if (thread == 0) { ${giveUp} } return; }
  long from, to;
  gradus_part(${size}, ${grain}, thread, threads, &from, &to);
  ${scalar} *all = (${scalar} *)s2;
  const ${scalar} *packed = (const ${scalar} *)s1;
  for (long e = 0; e < ${examples}; e++, index += ${count})
    for (long p = 0; p < ${outer}; p++, all += ${size * block}l, packed += ${count * block}l) {
      __builtin_memset(all + from * ${block}l, 0, (to - from) * ${block * bytes}l);
      for (long start = 0; start < ${count}; start += 128) {
        const long end = start + 128 < ${count} ? start + 128 : ${count};
        /* Neighbours are often near each other: most groups are another thread's, or all this one's. */
        if (threads > 1 && !any_within(index + start, end - start, from, to - from)) continue;
        for (long i = start; i < end; i++) {
          if ((unsigned)index[i] - (unsigned)from >= (unsigned)(to - from)) continue;
          ${scalar} *restrict one = all + index[i] * ${block}l;
          const ${scalar} *restrict other = packed + i * ${block}l;
          for (long b = 0; b < ${block}; b++) one[b] += other[b];
        }
      }
    }`;
}

/** `at`: the offset of a block whose starts are moved, where necessary, so that it lies inside. */
function blockOffset(shape: readonly number[], sizes: readonly number[], starts: string): string {
  const strides = stridesOf(shape);
  const lines = shape.map((extent, i) => {
    const most = extent - sizes[i];
    return `  { long i = ((const int *)${starts})[${i}]; at += (i < 0 ? 0 : i > ${most} ? ${most} : i) * ${strides[i]}l; }`;
  });
  return ["  long at = 0;", ...lines].join("\n");
}

/** Copies a block row by row: `copy(offset in the tensor, offset in the block, elements)`. */
function eachRow(
  shape: readonly number[],
  sizes: readonly number[],
  copy: (tensor: string, block: string, n: number) => string,
): string {
  const strides = stridesOf(shape);
  const inner = stridesOf(sizes);
  // Trailing axes that are taken whole are one row with the axis before them.
  let depth = Math.max(0, sizes.length - 1);
  while (depth > 0 && sizes[depth] === shape[depth]) depth--;
  const row = sizeOf(sizes.slice(depth));
  const loops = sizes.slice(0, depth).map((n, d) => `  for (long i${d} = 0; i${d} < ${n}; i${d}++)`);
  const at = (list: readonly number[]) => ["0", ...list.slice(0, depth).map((s, d) => `i${d} * ${s}l`)].join(" + ");
  return [...loops, `    ${copy(`(at + ${at(strides)})`, `(${at(inner)})`, row)}`].join("\n");
}

function dynamicSlice(kernel: WholeKernel): string {
  const [x] = kernel.inputs;
  const [y] = kernel.outputs;
  const bytes = bytesOf[x.dtype];
  const rows = eachRow(
    x.shape,
    y.shape,
    (t, b, n) => `__builtin_memcpy(s2 + ${b} * ${bytes}, s0 + ${t} * ${bytes}, ${n * bytes}l);`,
  );
  return `${blockOffset(x.shape, y.shape, "s1")}\n${rows}`;
}

function dynamicUpdate(kernel: WholeKernel): string {
  const [x, update] = kernel.inputs;
  const bytes = bytesOf[x.dtype];
  const rows = eachRow(
    x.shape,
    update.shape,
    (t, b, n) => `__builtin_memcpy(s3 + ${t} * ${bytes}, s1 + ${b} * ${bytes}, ${n * bytes}l);`,
  );
  const all = `  __builtin_memcpy(s3, s0, ${sizeOf(x.shape) * bytes}l);`;
  return [blockOffset(x.shape, update.shape, "s2"), all, ...(sizeOf(update.shape) > 0 ? [rows] : [])].join("\n");
}

// Along an axis -----------------------------------------------------------------------------------------------------------

function position(kernel: WholeKernel, better: ">" | "<"): string {
  const [{ shape, dtype }] = kernel.inputs;
  const axis = kernel.node.attributes.axis as number;
  const inner = stridesOf(shape)[axis];
  const scalar = scalars[dtype];
  return `  const ${scalar} *x = (const ${scalar} *)s0;
  int *y = (int *)s1;
  for (long o = 0; o < ${sizeOf(shape.slice(0, axis))}; o++, x += ${shape[axis] * inner}l)
    for (long j = 0; j < ${inner}; j++) {
      ${scalar} record = x[j];
      int best = 0;
      for (long i = 1; i < ${shape[axis]}; i++) {
        const ${scalar} value = x[j + i * ${inner}l];
        /* The first NaN wins, as it does in the maximum itself. */
        if (record == record && (value ${better} record || value != value)) { best = i; record = value; }
      }
      *y++ = best;
    }`;
}

function cumulativeSum(kernel: WholeKernel): string {
  const [{ shape, dtype }] = kernel.inputs;
  const { axis, reverse, exclusive } = kernel.node.attributes as CumulativeAttributes;
  const n = shape[axis];
  const inner = stridesOf(shape)[axis];
  const scalar = scalars[dtype];
  const total = dtype === "int32" ? "int" : "double";
  const at = reverse ? `(${n - 1} - i)` : "i";
  return `  const ${scalar} *x = (const ${scalar} *)s0;
  ${scalar} *y = (${scalar} *)s1;
  for (long o = 0; o < ${sizeOf(shape.slice(0, axis))}; o++, x += ${n * inner}l, y += ${n * inner}l)
    for (long j = 0; j < ${inner}; j++) {
      ${total} total = 0;
      for (long i = 0; i < ${n}; i++) {
        const long at = j + ${at} * ${inner}l;
        const ${total} next = total + x[at];
        y[at] = ${exclusive ? "total" : "next"};
        total = next;
      }
    }`;
}
