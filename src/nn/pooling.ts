// Pooling over sequences and images, channels last. No parameters; the channels stay.

import type { Shape } from "../graph/shape.ts";
import type { AveragePoolOptions } from "../ops/pooling.ts";
import type { WindowOptions } from "../ops/windows.ts";
import { averagePool, maxPool } from "../tensor/functions/contraction.ts";
import { integerOrList } from "../tensor/operands.ts";
import { known } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { expectImage } from "./convolution.ts";
import { type ChannelPreserving, leaf } from "./module.ts";

type Sequence = readonly [number, number, number];
type Image = readonly [number, number, number, number];

const windowOptions = ["strides", "padding", "dilation"] as const;

function pool<S extends Shape, O extends WindowOptions>(
  kind: string,
  axes: readonly string[],
  window: number | readonly number[],
  options: O,
  run: (x: Tensor, window: number | readonly number[], options: O) => Tensor,
): ChannelPreserving<S, S> {
  integerOrList(kind, "the window", window);
  const settings: WindowOptions = options;
  const module = leaf<S, S>({
    kind,
    options: { window, ...settings },
    apply: (_parameters, x) => {
      expectImage(`${kind}(${JSON.stringify(window)})`, x, axes);
      return run(x, window, options);
    },
  });
  return { ...module, keeps: "channels" };
}

/** The largest of each window of `window` steps, which are `strides` (default: window) apart: [N, time, C] gives [N, out, C]. */
export function maxPool1d(window: number, options: WindowOptions = {}): ChannelPreserving<Sequence, Sequence> {
  return pool("maxPool1d", ["time"], window, known("maxPool1d", options, windowOptions), maxPool);
}

/** The largest of each window: [N, height, width, C] gives [N, out, out, C]. Padding never wins. */
export function maxPool2d(
  window: number | readonly [number, number],
  options: WindowOptions = {},
): ChannelPreserving<Image, Image> {
  return pool("maxPool2d", ["height", "width"], window, known("maxPool2d", options, windowOptions), maxPool);
}

/** The mean of each window: [N, time, C] gives [N, out, C]. Padding is left out of the mean unless countPadding (as in PyTorch). */
export function averagePool1d(window: number, options: AveragePoolOptions = {}): ChannelPreserving<Sequence, Sequence> {
  return pool(
    "averagePool1d",
    ["time"],
    window,
    known("averagePool1d", options, [...windowOptions, "countPadding"]),
    averagePool,
  );
}

/** The mean of each window: [N, height, width, C] gives [N, out, out, C]. */
export function averagePool2d(
  window: number | readonly [number, number],
  options: AveragePoolOptions = {},
): ChannelPreserving<Image, Image> {
  return pool(
    "averagePool2d",
    ["height", "width"],
    window,
    known("averagePool2d", options, [...windowOptions, "countPadding"]),
    averagePool,
  );
}

/** The mean over everything between batch and channels: [N, ...spatial, C] gives [N, C]. (Lin, Chen & Yan 2014.) */
export function globalAveragePool(): ChannelPreserving<Shape, readonly [number, number]> {
  const module = leaf<Shape, readonly [number, number]>({
    kind: "globalAveragePool",
    options: {},
    apply: (_parameters, x) => x.mean(x.shape.map((_, i) => i).slice(1, -1)),
  });
  return { ...module, keeps: "channels" };
}
