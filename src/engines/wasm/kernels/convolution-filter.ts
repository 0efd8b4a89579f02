// The filter gradient of a convolution: a product of an image's patches, transposed, with the output's gradient, summed over images.

import { type Expression, type FunctionBuilder, type Operand, op, relaxedSimd, scaled, sum } from "../assembler.ts";
import { dealer } from "../part.ts";
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
import { type Blocks, emitOutputTile, multiples, tileVectors } from "./partial-sums.ts";
import type { Reduction } from "./tile.ts";

export interface FilterPlan extends Shared {
  readonly kind: "filter";
  readonly frame: Frame;
  readonly output: Axes;
  readonly step: Axes;
  readonly dilation: Axes;
  readonly channelsIn: number;
  readonly channelsOut: number;
  /** Images that are summed over at a time. */
  readonly images: number;
  /** Whether y is copied into panels, image by image. */
  readonly packed: boolean;
  readonly packedGroupBytes: number;
  readonly sumsInScratch: boolean;
  /** Where the panels stand, behind the frames: each thread has its own of both, and tiles of the sums in what all of them share. */
  readonly packedAt: number;
  readonly threadBytes: number;
  readonly sumsAt: number;
  readonly scratchBytes: number;
}

export function planFilter(spec: ConvolutionSpec): FilterPlan {
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
  const rows = kernel[0] * kernel[1] * kernel[2] * channelsIn;
  // Copied once, y is read once for every four rows: worth it where its rows are wider than a panel and there are many of them.
  const width = maximumVectors * format.lanes;
  const depthwise = groups > 1 && channelsIn === 1 && channelsOut === 1;
  const packed = !depthwise && spec.outputChannels > width && rows >= 32;
  const panelBytes = Math.floor(channelsOut / width) * panelStep(format, width) + panelStep(format, channelsOut % width);
  const packedGroupBytes = packed ? panelBytes * positions * images : 0;
  const sumsInScratch = spec.epilogue === true && images < examples;
  const packedAt = frame.elements * images * format.bytes;
  const threadBytes = perThread(spec, packedAt + packedGroupBytes * groups);
  const sumsAt = threadBytes * (spec.threads ?? 1);
  return {
    kind: "filter",
    format,
    relaxed: spec.relaxed ?? relaxedSimd(),
    kernel,
    groups,
    depthwise,
    frame,
    output,
    step,
    dilation,
    channelsIn,
    channelsOut,
    images,
    packed,
    packedGroupBytes,
    sumsInScratch,
    packedAt,
    threadBytes,
    sumsAt,
    scratchBytes: sumsAt + (sumsInScratch ? rows * panelStep(format, spec.outputChannels) : 0),
  };
}

/** w[k, i, c] = Σ over n, o of x[n, o·stride + k·dilation − low, i] · y[n, o, c]: rows (k, i), columns c, terms (n, o). */
export function emitFilterGradient(
  f: FunctionBuilder,
  spec: ConvolutionSpec,
  plan: FilterPlan,
  operands: ConvolutionOperands,
): void {
  const { format, frame, output, step, dilation, kernel, groups, depthwise, channelsIn, channelsOut, images } = plan;
  const { bytes, lanes } = format;
  const { examples, outputChannels } = spec;
  const [x, y] = [operands.a, operands.b];
  const { part, scratch: memory = 0 } = operands;
  const scratch = part ? f.let(sum(memory, op("i32.mul", part.thread, plan.threadBytes))) : memory;
  clearFrames(f, format, frame, scratch, images);
  const width = maximumVectors * lanes;
  const finish = finisher(operands, outputChannels);
  const positions = output[0] * output[1] * output[2];
  const tap = axes((a) => frame.strides[a] * dilation[a] * bytes);
  const yStep = outputChannels * bytes;
  const terms = images * positions;
  const levels = (bStep: number): Reduction[] => [
    { count: images, aStep: frame.imageStride * bytes, bStep: positions * bStep },
    ...([0, 1, 2] as const).map((a) => ({
      count: output[a],
      aStep: frame.strides[a] * step[a] * bytes,
      bStep: output.slice(a + 1).reduce((product, size) => product * size, 1) * bStep,
    })),
  ];

  f.forLoop(0, examples, images, (n) => {
    // Each thread has the same tiles for every image, since they add up their own sums.
    const deal = dealer(f, part);
    if (!frame.inPlace) {
      f.forLoop(0, images, 1, (i) => {
        const source = f.let(sum(x, scaled(sum(n, i), imageElements(frame) * bytes)));
        copyIntoFrame(f, format, frame, source, f.let(sum(scratch, scaled(i, frame.imageStride * bytes))));
      });
    }
    const base = f.let(frame.inPlace ? sum(x, scaled(n, frame.imageStride * bytes), frame.origin * bytes) : sum(scratch));
    const yBase = f.let(sum(y, scaled(n, positions * yStep)));
    /** Where a packed panel of a group stands. */
    const panelAt = (g: Operand, p: Operand) => {
      return sum(scratch, plan.packedAt, scaled(g, plan.packedGroupBytes), scaled(p, terms * panelStep(format, width)));
    };
    const blocks: Blocks | undefined =
      images === examples
        ? undefined
        : {
            isFirst: op("i32.eqz", n),
            isLast: op("i32.eq", n, examples - images),
            sums: plan.sumsInScratch ? sum(memory, plan.sumsAt) : (operands.result ?? 0),
            rowStride: plan.sumsInScratch ? panelStep(format, outputChannels) / bytes : outputChannels,
            columnStride: 1,
          };

    /** Rows of the filter from `row` on whose elements of x stand at aRows; the columns of panel p of group g. */
    const tile = (row: Expression, a: Expression, aRows: readonly number[], g: Operand, p: Operand, count: number) =>
      f.scoped(() => {
        const [firstRow, firstColumn] = [f.let(row), f.let(sum(scaled(g, channelsOut), scaled(p, width)))];
        emitOutputTile(f, {
          tile: {
            format,
            relaxed: plan.relaxed,
            lanewise: depthwise,
            vectors: Math.ceil(count / lanes),
            a: depthwise ? sum(a, scaled(firstColumn, bytes)) : a,
            aRows,
            b: plan.packed ? panelAt(g, p) : sum(yBase, scaled(firstColumn, bytes)),
            reduction: levels(plan.packed ? panelStep(format, count) : yStep),
          },
          vectors: tileVectors(multiples(aRows.length, 1), count, lanes),
          output: () => outputTile(f, format, firstRow, firstColumn, false),
          blocks,
          finish,
        });
      });
    const columns = depthwise ? groups : channelsOut;
    const eachPanel = (each: (p: Operand, count: number) => void) => {
      f.forLoop(0, Math.floor(columns / width), 1, (p) => each(p, width));
      if (columns % width > 0) each(Math.floor(columns / width), columns % width);
    };
    /** Consecutive rows of the filter whose elements of x are `rowStep` bytes apart. */
    const run = (g: Operand, length: number, rowStep: number, row: Expression, a: Expression) =>
      inBlocks(f, length, tileRows, (r, size) =>
        eachPanel((p, count) => deal(() => tile(sum(row, r), sum(a, scaled(r, rowStep)), multiples(size, rowStep), g, p, count))),
      );

    f.forLoop(0, depthwise ? 1 : groups, 1, (g) => {
      if (plan.packed) {
        eachPanel((p, count) =>
          f.scoped(() => {
            const source = sum(yBase, scaled(g, channelsOut * bytes), scaled(p, width * bytes));
            packPanel(f, { format, source, laneStep: bytes, termStep: yStep, width: count, terms, target: panelAt(g, p) });
          }),
        );
      }
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
