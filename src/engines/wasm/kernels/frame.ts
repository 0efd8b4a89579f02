// Frames: the part of an image that the windows of a convolution reach, zeros included, so that the windows need no conditions.
// A frame is either read in place, where it lies within the image, or copied to scratch memory image by image.

import { type Expression, type FunctionBuilder, type Local, load, type Operand, op, scaled, sum } from "../assembler.ts";
import type { LaneFormat } from "../simd.ts";
import { storeLanes } from "./output.ts";

/** One entry per spatial axis, outermost first; always three, the missing ones trivial. */
export type Axes = readonly [number, number, number];

export interface Frame {
  /** Whether the image can be read in place, from element `origin` on. */
  readonly inPlace: boolean;
  readonly origin: number;
  /** Elements from one image, and along each axis from one position, to the next. */
  readonly imageStride: number;
  readonly strides: Axes;
  /** Spatial size of the image, and of the frame. */
  readonly image: Axes;
  readonly extents: Axes;
  readonly channels: number;
  /** Position i of the image is position i·step + shift of the frame; the positions between are zero. */
  readonly step: Axes;
  readonly shift: Axes;
  /** Elements of one frame in scratch memory, to whole vectors; 0 when read in place. */
  readonly elements: number;
}

export function axes(values: (axis: number) => number): Axes {
  return [values(0), values(1), values(2)];
}

/** The frame of `extents` positions that images of `image` positions fill as told by step and shift. */
export function planFrame(image: Axes, channels: number, extents: Axes, step: Axes, shift: Axes): Frame {
  const inPlace = [0, 1, 2].every((a) => (step[a] === 1 || image[a] === 1) && shift[a] <= 0 && extents[a] - shift[a] <= image[a]);
  const size = inPlace ? image : extents;
  const strides: Axes = [size[1] * size[2] * channels, size[2] * channels, channels];
  const imageStride = size[0] * strides[0];
  return {
    inPlace,
    origin: inPlace ? -(shift[0] * strides[0] + shift[1] * strides[1] + shift[2] * strides[2]) : 0,
    imageStride: inPlace ? imageStride : Math.ceil(imageStride / 4) * 4,
    strides,
    image,
    extents,
    channels,
    step,
    shift,
    elements: inPlace ? 0 : Math.ceil(imageStride / 4) * 4,
  };
}

/** Zeros `count` frames at `target`: once, since the copies always fill the same positions. */
export function clearFrames(f: FunctionBuilder, format: LaneFormat, frame: Frame, target: Operand, count: number): void {
  if (!frame.inPlace) f.fillMemory(target, 0, frame.elements * count * format.bytes);
}

/** Copies the image at `source` into the frame at `target`. */
export function copyIntoFrame(f: FunctionBuilder, format: LaneFormat, frame: Frame, source: Operand, target: Operand): void {
  const { bytes } = format;
  const { image, extents, channels, step, shift, strides } = frame;
  const first = axes((a) => Math.max(0, Math.ceil(-shift[a] / step[a])));
  const end = axes((a) => Math.min(image[a], Math.floor((extents[a] - 1 - shift[a]) / step[a]) + 1));
  if ([0, 1, 2].some((a) => first[a] >= end[a])) return;
  const width = end[2] - first[2];
  f.forLoop(first[0], end[0], 1, (d) => {
    f.forLoop(first[1], end[1], 1, (h) =>
      f.scoped(() => {
        const row = op("i32.add", op("i32.mul", d, image[1]), h);
        const from = sum(source, scaled(row, image[2] * channels * bytes), first[2] * channels * bytes);
        const at = (index: Expression, axis: 0 | 1) => scaled(sum(scaled(index, step[axis]), shift[axis]), strides[axis] * bytes);
        const to = sum(target, at(d, 0), at(h, 1), (first[2] * step[2] + shift[2]) * strides[2] * bytes);
        const [pFrom, pTo] = [f.local("i32", from), f.local("i32", to)];
        if (step[2] === 1) copyRun(f, format, pFrom, pTo, width * channels);
        else {
          const pointers = [
            [pFrom, channels * bytes],
            [pTo, step[2] * channels * bytes],
          ] as const;
          f.repeat(width, pointers, () => f.scoped(() => copyRun(f, format, f.let(sum(pFrom, 0)), f.let(sum(pTo, 0)), channels)));
        }
      }),
    );
  });
}

/** Copies `elements` elements and not a byte more; advances the pointers. */
function copyRun(f: FunctionBuilder, format: LaneFormat, from: Local, to: Local, elements: number): void {
  const vectors = Math.floor(elements / format.lanes);
  const copy = (count: number) => {
    for (let v = 0; v < count; v++) f.store("v128.store", to, load("v128.load", from, v * 16), v * 16);
  };
  const pointers = (count: number) =>
    [
      [from, 16 * count],
      [to, 16 * count],
    ] as const;
  f.repeat(Math.floor(vectors / 4), pointers(4), () => copy(4));
  if (vectors % 4 > 0) f.repeat(1, pointers(vectors % 4), () => copy(vectors % 4));
  const rest = elements % format.lanes;
  if (rest > 0) storeLanes(f, format, to, 0, format.bytes, rest, load("v128.load", from));
}
