// The convolution and its input gradient: windows that slide over a frame, one tile of neighbouring windows at a time.

import { type Expression, type FunctionBuilder, type Operand, op, relaxedSimd, scaled, sum } from "../assembler.ts";
import { balance, dealer } from "../part.ts";
import { laneFormats } from "../simd.ts";
import {
  type ConvolutionOperands,
  type ConvolutionSpec,
  finisher,
  imageElements,
  inBlocks,
  maximumVectors,
  perThread,
  type Shared,
  three,
  tileRows,
} from "./convolution-spec.ts";
import { type Axes, axes, clearFrames, copyIntoFrame, type Frame, planFrame } from "./frame.ts";
import { outputTile } from "./output.ts";
import { packPanel, panelStep } from "./panel.ts";
import { emitOutputTile, multiples, tileVectors } from "./partial-sums.ts";
import type { Reduction } from "./tile.ts";

/** y or x from the other: windows that slide over a frame. */
export interface SlidingPlan extends Shared {
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
  /** What threads divide: with few images, the tiles of each. */
  readonly divided: "images" | "tiles";
  readonly threadBytes: number;
  readonly scratchBytes: number;
}

/** Packed filters larger than this are read panel by panel for all positions, instead of whole for each position. */
const residentBytes = 98304;

export function planSliding(spec: ConvolutionSpec): SlidingPlan {
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
  const threads = spec.threads ?? 1;
  const threadBytes = perThread(spec, frameBytes + (packed ? groupBytes * groups : 0));
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
    divided: balance(spec.examples, threads) > 0.8 ? "images" : "tiles",
    threadBytes,
    scratchBytes: threadBytes * threads,
  };
}

/** Writes y from x and w, or x from y and w. */
export function emitSliding(f: FunctionBuilder, spec: ConvolutionSpec, plan: SlidingPlan, operands: ConvolutionOperands): void {
  const { format, frame, output, step, groups, depthwise, channelsOut, terms, packed, tileRows: block } = plan;
  const { bytes, lanes } = format;
  const { a: image, b: filter } = operands;
  const { part, scratch: memory = 0 } = operands;
  const scratch = part ? f.let(sum(memory, op("i32.mul", part.thread, plan.threadBytes))) : memory;
  const dealImage = dealer(f, plan.divided === "images" ? part : undefined);
  const dealTile = dealer(f, plan.divided === "tiles" ? part : undefined);
  const packedAt = sum(scratch, plan.frameBytes);
  if (packed) packFilter(f, spec, plan, filter, packedAt);
  clearFrames(f, format, frame, scratch, 1);

  const columns = depthwise ? groups : channelsOut;
  const allColumns = channelsOut * groups;
  const width = maximumVectors * lanes;
  const panels = Math.floor(columns / width);
  const finish = finisher(operands, allColumns);
  const [sd, sh, sw] = axes((a) => frame.strides[a] * step[a] * bytes);

  const example = (n: Expression) => {
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
        positions((d, h, w, rows, wide) => eachPanel((panel, count) => dealTile(() => tile(d, h, w, rows, wide, panel, count))));
      } else {
        eachPanel((panel, count) => positions((d, h, w, rows, wide) => dealTile(() => tile(d, h, w, rows, wide, panel, count))));
      }
    };
    if (depthwise) group(0);
    else f.forLoop(0, groups, 1, group);
  };
  f.forLoop(0, spec.examples, 1, (n) => dealImage(() => example(n)));
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
