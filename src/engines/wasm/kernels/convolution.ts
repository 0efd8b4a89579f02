// Convolutions as WebAssembly, over one to three spatial axes, channels last: the three bilinear maps between x, w and y in
//   y[n, o, c] = Σ over k, i of x[n, o·stride + k·dilation − low, i] · w[k, i, c].
// Each is a matrix product whose left operand, the patches of an image, is never formed: with the image in a frame that holds its
// padding (frame.ts), neighbouring windows are a constant apart and the elements of a window stand at constant places in it, so
// the register tile (tile.ts) reads them where they are.

import { fail } from "../../../graph/errors.ts";
import { type Expression, type FunctionBuilder, type Operand, op, relaxedSimd, scaled, sum } from "../assembler.ts";
import { type LaneFormat, laneFormats } from "../simd.ts";
import { type Axes, axes, clearFrames, copyIntoFrame, type Frame, planFrame } from "./frame.ts";
import { emitMatmul, type MatmulSpec, matmulScratchBytes } from "./matmul.ts";
import { type Epilogue, outputTile } from "./output.ts";
import { packPanel, panelStep } from "./panel.ts";
import { type Blocks, emitOutputTile, multiples, tileVectors } from "./partial-sums.ts";
import type { Reduction } from "./tile.ts";

/** Which of the three tensors is computed from the other two. */
export type ConvolutionKind = "forward" | "inputGradient" | "filterGradient";

/**
 * x [examples, ...input, inputChannels], w [...kernel, inputChannels / groups, outputChannels],
 * y [examples, ...output, outputChannels]; one entry per spatial axis, one to three of them.
 */
export interface ConvolutionSpec {
  readonly kind: ConvolutionKind;
  readonly dtype: "float32" | "float64";
  readonly examples: number;
  readonly input: readonly number[];
  readonly kernel: readonly number[];
  readonly output: readonly number[];
  readonly inputChannels: number;
  readonly outputChannels: number;
  readonly strides: readonly number[];
  /** Zeros before and after each axis; negative: cut off. */
  readonly padding: readonly (readonly [low: number, high: number])[];
  readonly dilation: readonly number[];
  readonly groups: number;
  /** Whether an epilogue will be given. */
  readonly epilogue?: boolean;
  readonly relaxed?: boolean;
}

/** Addresses of the operands, in the order of the graph's operations: x and w, y and w (input gradient), x and y (filter gradient). */
export interface ConvolutionOperands {
  readonly a: Operand;
  readonly b: Operand;
  /** The tensor that is computed. */
  /** May be left out when the epilogue stores everything itself. */
  readonly result?: Operand;
  /** `convolutionScratchBytes(spec)` bytes, 16-byte aligned. */
  readonly scratch?: Operand;
  /**
   * Sees the result as a matrix with the channels (for the filter: outputChannels) as columns and everything else, flattened, as
   * rows.
   */
  readonly epilogue?: Epilogue;
}

interface Shared {
  readonly format: LaneFormat;
  readonly relaxed: boolean;
  readonly kernel: Axes;
  readonly groups: number;
  /** Channel by channel: one input and one output channel in each of several groups. */
  readonly depthwise: boolean;
}

/** y or x from the other: windows that slide over a frame. */
interface SlidingPlan extends Shared {
  readonly kind: "sliding";
  readonly frame: Frame;
  /** Positions of the result, of windows `step` apart in the frame, whose elements are `dilation` apart. */
  readonly output: Axes;
  readonly step: Axes;
  readonly dilation: Axes;
  /** Channels of the frame that one window reads, and of the result that it makes, in each group. */
  readonly channelsIn: number;
  readonly channelsOut: number;
  readonly terms: number;
  /** The last element of the filter meets the first of a window. */
  readonly reversed: boolean;
  /** Whether w is copied into panels. */
  readonly packed: boolean;
  readonly packedGroupBytes: number;
  readonly tileRows: readonly [number, number];
  readonly frameBytes: number;
  readonly scratchBytes: number;
}

interface FilterPlan extends Shared {
  readonly kind: "filter";
  readonly frame: Frame;
  readonly output: Axes;
  readonly step: Axes;
  readonly dilation: Axes;
  readonly channelsIn: number;
  readonly channelsOut: number;
  /** Images that are summed over at a time. */
  readonly images: number;
  readonly frameBytes: number;
  readonly sumsInScratch: boolean;
  readonly scratchBytes: number;
}

const maximumVectors = 2;
const tileRows = 4;
/** Packed filters larger than this are read panel by panel for all positions, instead of whole for each position. */
const residentBytes = 98304;

function three(values: readonly number[], filler: number): Axes {
  const missing = 3 - values.length;
  return axes((a) => (a < missing ? filler : values[a - missing]));
}

function planSliding(spec: ConvolutionSpec): SlidingPlan {
  const format = laneFormats[spec.dtype];
  const { groups } = spec;
  const forward = spec.kind === "forward";
  const kernel = three(spec.kernel, 1);
  const strides = three(spec.strides, 1);
  const dilation = three(spec.dilation, 1);
  const low = three(
    spec.padding.map(([before]) => before),
    0,
  );
  const input = three(spec.input, 1);
  const output = three(spec.output, 1);
  const [perIn, perOut] = [spec.inputChannels / groups, spec.outputChannels / groups];
  // The gradient of the input is the convolution of the output's, zeros between its elements, with the kernel reversed.
  const frame = forward
    ? planFrame(
        input,
        spec.inputChannels,
        axes((a) => (output[a] - 1) * strides[a] + (kernel[a] - 1) * dilation[a] + 1),
        [1, 1, 1],
        low,
      )
    : planFrame(
        output,
        spec.outputChannels,
        axes((a) => input[a] + (kernel[a] - 1) * dilation[a]),
        strides,
        axes((a) => (kernel[a] - 1) * dilation[a] - low[a]),
      );
  const result = forward ? output : input;
  const step: Axes = forward ? strides : [1, 1, 1];
  const [channelsIn, channelsOut] = forward ? [perIn, perOut] : [perOut, perIn];
  const taps = kernel[0] * kernel[1] * kernel[2];
  const depthwise = groups > 1 && perIn === 1 && perOut === 1;
  const terms = depthwise ? taps : taps * channelsIn;
  const width = maximumVectors * format.lanes;
  const columns = depthwise ? groups : channelsOut;
  const groupBytes = (Math.floor(columns / width) * panelStep(format, width) + panelStep(format, columns % width)) * terms;
  // A filter that fits beside everything else in the cache is read in place, where it is in the order of the windows.
  const packed = !depthwise && (!forward || taps * perIn * spec.outputChannels * format.bytes > 4096);
  // Tiles of 2 × 2 positions where rows of positions do not divide into fours.
  const square = result[2] % tileRows !== 0 && result[2] % 2 === 0 && result[1] % 2 === 0;
  const frameBytes = frame.elements * format.bytes;
  return {
    kind: "sliding",
    format,
    relaxed: spec.relaxed ?? relaxedSimd(),
    kernel,
    groups,
    depthwise,
    frame,
    output: result,
    step,
    dilation,
    channelsIn,
    channelsOut,
    terms,
    reversed: !forward,
    packed,
    packedGroupBytes: groupBytes,
    tileRows: square ? [2, 2] : [1, tileRows],
    frameBytes,
    scratchBytes: frameBytes + (packed ? groupBytes * groups : 0),
  };
}

function planFilter(spec: ConvolutionSpec): FilterPlan {
  const format = laneFormats[spec.dtype];
  const { groups, examples } = spec;
  const kernel = three(spec.kernel, 1);
  const step = three(spec.strides, 1);
  const dilation = three(spec.dilation, 1);
  const low = three(
    spec.padding.map(([before]) => before),
    0,
  );
  const output = three(spec.output, 1);
  const [channelsIn, channelsOut] = [spec.inputChannels / groups, spec.outputChannels / groups];
  const reach = axes((a) => (output[a] - 1) * step[a] + (kernel[a] - 1) * dilation[a] + 1);
  const frame = planFrame(three(spec.input, 1), spec.inputChannels, reach, [1, 1, 1], low);
  // Enough terms between loading and storing the sums, few enough for the frames to stay in the cache.
  const positions = output[0] * output[1] * output[2];
  let images = Math.max(1, Math.min(examples, Math.ceil(128 / Math.max(1, positions))));
  while (images > 1 && examples % images !== 0) images--;
  const frameBytes = frame.elements * images * format.bytes;
  const sumsInScratch = spec.epilogue === true && images < examples;
  const rows = kernel[0] * kernel[1] * kernel[2] * channelsIn;
  return {
    kind: "filter",
    format,
    relaxed: spec.relaxed ?? relaxedSimd(),
    kernel,
    groups,
    depthwise: groups > 1 && channelsIn === 1 && channelsOut === 1,
    frame,
    output,
    step,
    dilation,
    channelsIn,
    channelsOut,
    images,
    frameBytes,
    sumsInScratch,
    scratchBytes: frameBytes + (sumsInScratch ? rows * panelStep(format, spec.outputChannels) : 0),
  };
}

/** The matrix product that a convolution is when its windows are single positions, each used once; else undefined. */
function asMatmul(spec: ConvolutionSpec): MatmulSpec | undefined {
  const single = spec.kernel.every((size, a) => {
    return size === 1 && spec.strides[a] === 1 && spec.padding[a][0] === 0 && spec.input[a] === spec.output[a];
  });
  if (!single || spec.groups !== 1) return undefined;
  const positions = spec.output.reduce((product, size) => product * size, spec.examples);
  const { inputChannels: i, outputChannels: o, dtype } = spec;
  const shared = {
    dtype,
    ...(spec.epilogue && { epilogue: true }),
    ...(spec.relaxed !== undefined && { tuning: { relaxed: spec.relaxed } }),
  };
  const rowMajor = (columns: number) => ({ row: columns, column: 1 });
  switch (spec.kind) {
    case "forward":
      return { ...shared, m: positions, k: i, n: o, a: rowMajor(i), b: rowMajor(o) };
    case "inputGradient":
      // dx = dy · wᵀ
      return { ...shared, m: positions, k: o, n: i, a: rowMajor(o), b: { row: 1, column: o } };
    case "filterGradient":
      return { ...shared, m: i, k: positions, n: o, a: { row: 1, column: i }, b: rowMajor(o) };
  }
}

/** Bytes of scratch memory that the convolution needs. */
export function convolutionScratchBytes(spec: ConvolutionSpec): number {
  const product = asMatmul(spec);
  if (product !== undefined) return matmulScratchBytes(product);
  return (spec.kind === "filterGradient" ? planFilter(spec) : planSliding(spec)).scratchBytes;
}

/** Writes the convolution into `f`. Throws an engine error when an operand that it needs is missing. */
export function emitConvolution(f: FunctionBuilder, spec: ConvolutionSpec, operands: ConvolutionOperands): void {
  const needed = convolutionScratchBytes(spec);
  const { result, epilogue, scratch } = operands;
  if (needed > 0 && scratch === undefined) fail("engine", `convolution (${spec.kind}) needs ${needed} bytes of scratch memory.`);
  if (epilogue !== undefined && spec.epilogue !== true)
    fail("engine", "convolution: an epilogue was given but not announced in the spec.");
  if (result === undefined && epilogue === undefined) fail("engine", "convolution: no output was given.");
  const product = asMatmul(spec);
  f.scoped(() => {
    if (product !== undefined) {
      const { a, b } = operands;
      const rest = { ...(scratch !== undefined && { scratch }), ...(epilogue && { epilogue }) };
      emitMatmul(f, product, { a, b, ...(result !== undefined && { c: result }), ...rest });
    } else if (spec.kind === "filterGradient") emitFilterGradient(f, spec, planFilter(spec), operands);
    else emitSliding(f, spec, planSliding(spec), operands);
  });
}

/** Stores a finished vector, through the epilogue if there is one. */
function finisher({ result, epilogue }: ConvolutionOperands, columns: number) {
  return (value: Expression, at: Parameters<Epilogue>[1]): void => {
    const final = epilogue === undefined ? value : epilogue(value, at);
    if (final === undefined) return;
    if (result === undefined) fail("engine", "convolution: the epilogue returned a value, but no output was given.");
    at.store(result, columns, 1, final);
  };
}

// Forward and input gradient ----------------------------------------------------------------------------------------------

function emitSliding(f: FunctionBuilder, spec: ConvolutionSpec, plan: SlidingPlan, operands: ConvolutionOperands): void {
  const { format, frame, output, step, groups, depthwise, channelsOut, terms, packed, tileRows: block } = plan;
  const { bytes, lanes } = format;
  const { a: image, b: filter } = operands;
  const scratch = operands.scratch ?? 0;
  const packedAt = sum(scratch, plan.frameBytes);
  if (packed) packFilter(f, spec, plan, filter, packedAt);
  clearFrames(f, format, frame, scratch, 1);

  const columns = depthwise ? groups : channelsOut;
  const allColumns = channelsOut * groups;
  const width = maximumVectors * lanes;
  const panels = Math.floor(columns / width);
  const finish = finisher(operands, allColumns);
  const [sd, sh, sw] = axes((a) => frame.strides[a] * step[a] * bytes);

  f.forLoop(0, spec.examples, 1, (n) => {
    const source = f.let(sum(image, scaled(n, imageElements(frame) * bytes)));
    if (!frame.inPlace) copyIntoFrame(f, format, frame, source, scratch);
    const base = frame.inPlace ? f.let(sum(source, frame.origin * bytes)) : f.let(sum(scratch));

    const group = (g: Operand) => {
      const inGroup = depthwise ? base : f.let(sum(base, scaled(g, plan.channelsIn * bytes)));
      const firstColumn = f.let(scaled(g, channelsOut));

      /** One tile: `rows` × `wide` positions from (d, h, w) on, the columns of one panel. */
      const tile = (d: Operand, h: Operand, w: Operand, rows: number, wide: number, panel: Operand, count: number) =>
        f.scoped(() => {
          const column = f.let(sum(firstColumn, scaled(panel, width)));
          const bStep = packed ? panelStep(format, count) : spec.outputChannels * bytes;
          const b = packed
            ? sum(packedAt, scaled(g, plan.packedGroupBytes), scaled(panel, terms * panelStep(format, width)))
            : sum(filter, scaled(column, bytes));
          const position = sum(scaled(d, sd), scaled(h, sh), scaled(w, sw));
          const row = f.let(sum(scaled(sum(scaled(sum(scaled(n, output[0]), d), output[1]), h), output[2]), w));
          const places = multiples(rows, 1).flatMap((i) =>
            multiples(wide, 1).map((j) => ({ a: i * sh + j * sw, out: i * output[2] + j })),
          );
          emitOutputTile(f, {
            tile: {
              format,
              relaxed: plan.relaxed,
              lanewise: depthwise,
              vectors: Math.ceil(count / lanes),
              a: sum(inGroup, position, depthwise ? sum(scaled(column, bytes), firstTap(plan)) : 0),
              aRows: places.map((p) => p.a),
              b,
              reduction: windowLevels(plan, bStep),
            },
            vectors: tileVectors(
              places.map((p) => p.out),
              count,
              lanes,
            ),
            output: () => outputTile(f, format, row, column, false),
            finish,
          });
        });
      const positions = (each: (d: Operand, h: Operand, w: Operand, rows: number, wide: number) => void) =>
        f.forLoop(0, output[0], 1, (d) =>
          inBlocks(f, output[1], block[0], (h, rows) =>
            inBlocks(f, output[2], rows === block[0] ? block[1] : tileRows, (w, wide) => each(d, h, w, rows, wide)),
          ),
        );
      const eachPanel = (each: (panel: Operand, count: number) => void) => {
        f.forLoop(0, panels, 1, (p) => each(p, width));
        if (columns % width > 0) each(panels, columns % width);
      };
      if (plan.packedGroupBytes <= residentBytes) {
        positions((d, h, w, rows, wide) => eachPanel((panel, count) => tile(d, h, w, rows, wide, panel, count)));
      } else eachPanel((panel, count) => positions((d, h, w, rows, wide) => tile(d, h, w, rows, wide, panel, count)));
    };
    if (depthwise) group(0);
    else f.forLoop(0, groups, 1, group);
  });
}

/** Elements of one image where it comes from. */
function imageElements({ image, channels }: Frame): number {
  return image[0] * image[1] * image[2] * channels;
}

/** body(i, size) for the parts of 0 … length of the given size, and the rest. */
function inBlocks(f: FunctionBuilder, length: number, size: number, body: (from: Operand, size: number) => void): void {
  const rest = length % size;
  f.forLoop(0, length - rest, size, (i) => body(i, size));
  if (rest > 0) body(length - rest, rest);
}

/** Bytes from one element of a window to the next, along each axis; negative where an unpacked filter is to be read in reverse. */
function tapSteps({ format, frame, dilation, reversed, packed }: SlidingPlan): Axes {
  const sign = reversed && !packed ? -1 : 1;
  return axes((a) => sign * frame.strides[a] * dilation[a] * format.bytes);
}

/** Bytes from the start of a window to the element that belongs to the filter's first. */
function firstTap(plan: SlidingPlan): number {
  const steps = tapSteps(plan);
  return [0, 1, 2].reduce((total, a) => total + Math.max(0, -steps[a] * (plan.kernel[a] - 1)), 0);
}

/** The terms of one window, in the order of the filter's rows. */
function windowLevels(plan: SlidingPlan, bStep: number): Reduction[] {
  const { format, kernel, channelsIn, depthwise } = plan;
  const channels = depthwise ? 1 : channelsIn;
  const { bytes } = format;
  const [d, h, w] = tapSteps(plan);
  return [
    { count: kernel[0], aStep: d, bStep: kernel[1] * kernel[2] * channels * bStep },
    { count: kernel[1], aStep: h, bStep: kernel[2] * channels * bStep },
    { count: kernel[2], aStep: w, bStep: channels * bStep },
    { count: channels, aStep: bytes, bStep },
  ];
}

/** Copies the filter into panels [group][panel][term]; for the input gradient with its taps reversed and its channels exchanged. */
function packFilter(f: FunctionBuilder, spec: ConvolutionSpec, plan: SlidingPlan, filter: Operand, target: Expression): void {
  const { format, kernel, groups, channelsIn, channelsOut, terms, packedGroupBytes } = plan;
  const { bytes } = format;
  const taps = kernel[0] * kernel[1] * kernel[2];
  const width = maximumVectors * format.lanes;
  const perIn = spec.inputChannels / groups;
  const perOut = spec.outputChannels / groups;
  const row = spec.outputChannels * bytes;
  const forward = spec.kind === "forward";
  const panel = (g: Operand, p: Operand, count: number) => {
    const step = panelStep(format, count);
    const to = sum(target, scaled(g, packedGroupBytes), scaled(p, terms * panelStep(format, width)));
    const groupColumns = sum(filter, scaled(g, perOut * bytes));
    if (forward) {
      const source = sum(groupColumns, scaled(p, width * bytes));
      f.scoped(() => packPanel(f, { format, source, laneStep: bytes, termStep: row, width: count, terms, target: to }));
      return;
    }
    f.forLoop(0, taps, 1, (tap) =>
      f.scoped(() => {
        const reversed = op("i32.sub", taps - 1, tap);
        packPanel(f, {
          format,
          source: sum(groupColumns, scaled(reversed, perIn * row), scaled(p, width * row)),
          laneStep: row,
          termStep: bytes,
          width: count,
          terms: channelsIn,
          target: sum(to, scaled(tap, channelsIn * step)),
        });
      }),
    );
  };
  f.forLoop(0, groups, 1, (g) => {
    const panels = Math.floor(channelsOut / width);
    f.forLoop(0, panels, 1, (p) => panel(g, p, width));
    if (channelsOut % width > 0) panel(g, panels, channelsOut % width);
  });
}

// Filter gradient ---------------------------------------------------------------------------------------------------------

/** w[k, i, c] = Σ over n, o of x[n, o·stride + k·dilation − low, i] · y[n, o, c]: rows (k, i), columns c, terms (n, o). */
function emitFilterGradient(f: FunctionBuilder, spec: ConvolutionSpec, plan: FilterPlan, operands: ConvolutionOperands): void {
  const { format, frame, output, step, dilation, kernel, groups, depthwise, channelsIn, channelsOut, images } = plan;
  const { bytes, lanes } = format;
  const { examples, outputChannels } = spec;
  const [x, y] = [operands.a, operands.b];
  const scratch = operands.scratch ?? 0;
  clearFrames(f, format, frame, scratch, images);
  const width = maximumVectors * lanes;
  const finish = finisher(operands, outputChannels);
  const positions = output[0] * output[1] * output[2];
  const tap = axes((a) => frame.strides[a] * dilation[a] * bytes);
  const yStep = outputChannels * bytes;
  const levels: Reduction[] = [
    { count: images, aStep: frame.imageStride * bytes, bStep: positions * yStep },
    ...([0, 1, 2] as const).map((a) => ({
      count: output[a],
      aStep: frame.strides[a] * step[a] * bytes,
      bStep: output.slice(a + 1).reduce((product, size) => product * size, 1) * yStep,
    })),
  ];

  f.forLoop(0, examples, images, (n) => {
    if (!frame.inPlace) {
      f.forLoop(0, images, 1, (i) => {
        const source = f.let(sum(x, scaled(sum(n, i), imageElements(frame) * bytes)));
        copyIntoFrame(f, format, frame, source, f.let(sum(scratch, scaled(i, frame.imageStride * bytes))));
      });
    }
    const base = f.let(frame.inPlace ? sum(x, scaled(n, frame.imageStride * bytes), frame.origin * bytes) : sum(scratch));
    const yBase = f.let(sum(y, scaled(n, positions * yStep)));
    const blocks: Blocks | undefined =
      images === examples
        ? undefined
        : {
            isFirst: op("i32.eqz", n),
            isLast: op("i32.eq", n, examples - images),
            sums: plan.sumsInScratch ? sum(scratch, plan.frameBytes) : (operands.result ?? 0),
            rowStride: plan.sumsInScratch ? panelStep(format, outputChannels) / bytes : outputChannels,
            columnStride: 1,
          };

    /** Rows of the filter from `row` on whose elements of x stand at aRows; the columns of one panel of a group. */
    const tile = (row: Expression, a: Expression, aRows: readonly number[], column: Expression, count: number) =>
      f.scoped(() => {
        const [firstRow, firstColumn] = [f.let(row), f.let(column)];
        emitOutputTile(f, {
          tile: {
            format,
            relaxed: plan.relaxed,
            lanewise: depthwise,
            vectors: Math.ceil(count / lanes),
            a: depthwise ? sum(a, scaled(firstColumn, bytes)) : a,
            aRows,
            b: sum(yBase, scaled(firstColumn, bytes)),
            reduction: levels,
          },
          vectors: tileVectors(multiples(aRows.length, 1), count, lanes),
          output: () => outputTile(f, format, firstRow, firstColumn, false),
          blocks,
          finish,
        });
      });
    const columns = depthwise ? groups : channelsOut;
    const eachPanel = (g: Operand, each: (column: Expression, count: number) => void) => {
      const panels = Math.floor(columns / width);
      const first = scaled(g, channelsOut);
      f.forLoop(0, panels, 1, (p) => each(sum(first, scaled(p, width)), width));
      if (columns % width > 0) each(sum(first, panels * width), columns % width);
    };
    /** Consecutive rows of the filter whose elements of x are `rowStep` bytes apart. */
    const run = (g: Operand, length: number, rowStep: number, row: Expression, a: Expression) =>
      inBlocks(f, length, tileRows, (r, size) =>
        eachPanel(g, (column, count) => tile(sum(row, r), sum(a, scaled(r, rowStep)), multiples(size, rowStep), column, count)),
      );

    f.forLoop(0, depthwise ? 1 : groups, 1, (g) => {
      const inGroup = f.let(sum(base, scaled(g, channelsIn * bytes)));
      f.forLoop(0, kernel[0], 1, (d) =>
        f.forLoop(0, kernel[1], 1, (h) => {
          const row = sum(scaled(d, kernel[1]), h);
          const a = sum(inGroup, scaled(d, tap[0]), scaled(h, tap[1]));
          if (depthwise) run(g, kernel[2], tap[2], scaled(row, kernel[2]), a);
          else if (dilation[2] === 1 && groups === 1) {
            run(g, kernel[2] * channelsIn, bytes, scaled(row, kernel[2] * channelsIn), a);
          } else {
            f.forLoop(0, kernel[2], 1, (w) => {
              run(g, channelsIn, bytes, scaled(sum(scaled(row, kernel[2]), w), channelsIn), sum(a, scaled(w, tap[2])));
            });
          }
        }),
      );
    });
  });
}
