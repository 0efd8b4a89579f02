// How fast the WASM convolutions are, in GFLOP/s (a multiply-add is two; products with padding are not counted). From the
// repository's root:
//
//   npx rolldown bench/micro/convolution.ts --platform node --format esm -o /tmp/convolution.mjs && node /tmp/convolution.mjs [filter]
//
// On a busy machine put `taskset -c 1` before node.

import { performance } from "node:perf_hooks";
import { call, ModuleBuilder } from "../../src/engines/wasm/assembler.ts";
import {
  type ConvolutionKind,
  type ConvolutionSpec,
  convolutionScratchBytes,
  emitConvolution,
} from "../../src/engines/wasm/kernels/convolution.ts";

/** Name, examples, size of the square image, kernel, channels in and out, stride, groups; padding as for "same". */
const layers: [
  name: string,
  examples: number,
  size: number,
  kernel: number,
  from: number,
  to: number,
  stride: number,
  groups: number,
][] = [
  ["cnn layer 1", 64, 28, 3, 1, 16, 1, 1],
  ["cnn layer 2", 64, 14, 3, 16, 32, 1, 1],
  ["5×5", 32, 28, 5, 6, 16, 1, 1],
  ["resnet 16", 32, 32, 3, 16, 16, 1, 1],
  ["resnet 16→32 halving", 32, 32, 3, 16, 32, 2, 1],
  ["resnet 64", 32, 8, 3, 64, 64, 1, 1],
  ["single positions", 32, 14, 1, 64, 64, 1, 1],
  ["depthwise", 32, 14, 3, 64, 64, 1, 64],
  ["grouped", 32, 14, 3, 64, 64, 1, 4],
  ["256 channels", 4, 14, 3, 256, 256, 1, 1],
];

function measure(spec: ConvolutionSpec): number {
  const pixels = (sizes: readonly number[]) => sizes.reduce((product, size) => product * size, 4);
  const x = pixels(spec.input) * spec.examples * spec.inputChannels;
  const w = (pixels(spec.kernel) * spec.inputChannels * spec.outputChannels) / spec.groups;
  const y = pixels(spec.output) * spec.examples * spec.outputChannels;
  const sizes = { forward: [x, w, y], inputGradient: [y, w, x], filterGradient: [x, y, w] }[spec.kind];
  const align = (at: number) => Math.ceil(at / 64) * 64;
  const a = 64;
  const b = align(a + sizes[0]);
  const result = align(b + sizes[1]);
  const scratch = align(result + sizes[2]);
  const module = new ModuleBuilder({
    memory: { pages: Math.ceil((scratch + convolutionScratchBytes(spec) + 64) / 65536), export: "memory" },
  });
  const kernel = module.define("kernel", [], "void", (f) => emitConvolution(f, spec, { a, b, result, scratch }));
  module.define("run", ["i32"], "void", (f) => f.repeat(f.parameters[0], [[f.local("i32", 0), 1]], () => f.run(call(kernel))), {
    export: true,
  });
  const { run, memory } = new WebAssembly.Instance(new WebAssembly.Module(module.finish())).exports as {
    run: (times: number) => void;
    memory: WebAssembly.Memory;
  };
  const all = new Float32Array(memory.buffer, 0, result / 4);
  for (let i = 0; i < all.length; i++) all[i] = Math.sin(i);
  const time = (times: number) => {
    const start = performance.now();
    run(times);
    return performance.now() - start;
  };
  let times = 1;
  while (time(times) < 1) times *= 2;
  for (let i = 0; i < 50; i++) time(times);
  while (time(times) < 1) times *= 2;
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 150; i++) best = Math.min(best, time(times) / times);
  return best;
}

const [filter = ""] = process.argv.slice(2);
const kinds: ConvolutionKind[] = ["forward", "inputGradient", "filterGradient"];
console.log(
  `${"float32".padEnd(24)} MFLOP ${kinds.map((kind) => `${`${kind} GFLOP/s`.padStart(22)} ${"µs".padStart(7)}`).join("")}`,
);
for (const [name, examples, size, kernel, from, to, stride, groups] of layers) {
  if (!name.includes(filter)) continue;
  const output = Math.ceil(size / stride);
  const total = Math.max((output - 1) * stride + kernel - size, 0);
  const pair = [Math.floor(total / 2), Math.ceil(total / 2)] as const;
  const spec = {
    dtype: "float32" as const,
    examples,
    input: [size, size],
    kernel: [kernel, kernel],
    output: [output, output],
    inputChannels: from,
    outputChannels: to,
    strides: [stride, stride],
    padding: [pair, pair],
    dilation: [1, 1],
    groups,
  };
  const flop = (2 * examples * output * output * kernel * kernel * from * to) / groups;
  const cells = kinds.map((kind) => {
    const ms = measure({ ...spec, kind });
    return `${(flop / ms / 1e6).toFixed(1).padStart(22)} ${(ms * 1000).toFixed(0).padStart(7)}`;
  });
  console.log(`${name.padEnd(24)} ${(flop / 1e6).toFixed(0).padStart(5)} ${cells.join("")}`);
}
