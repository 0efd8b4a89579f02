// Kernels that are bound by memory, over a million elements; what they must read and write, divided by their time.
// Usage: elementwise.ts ENGINE THREADS

import { random, type Tensor, zeros } from "../../src/index.ts";
import { gelu, layerNorm } from "../../src/tensor/functions/compositions.ts";
import { microsecondsOf, placeGiven, print, programOf } from "./place.ts";

const place = placeGiven();
const side = 1024;
const n = side * side;
const x = random.normal(random.key(1), [side, side]);
const row = random.normal(random.key(2), [side]);

/** One Adam update; bias correction is a factor that varies with the step alone. */
const adam = (p: Tensor, m: Tensor, v: Tensor, g: Tensor) => {
  const mean = m.mul(0.9).add(g.mul(0.1));
  const square = v.mul(0.999).add(g.square().mul(0.001));
  return [p.sub(mean.mul(1e-3).div(square.sqrt().add(1e-8))), mean, square];
};

const kernels = [
  { kernel: "softmax of rows", f: (t: Tensor) => t.softmax(-1), args: [x], moved: 2 },
  { kernel: "GELU", f: (t: Tensor) => gelu(t), args: [x], moved: 2 },
  { kernel: "layer norm of rows", f: (t: Tensor, scale: Tensor) => layerNorm(t, -1, 1e-5, scale), args: [x, row], moved: 2 },
  { kernel: "Adam", f: adam, args: [x, zeros([side, side]), zeros([side, side]), x.mul(0.1)], moved: 7, donate: [0, 1, 2] },
];

for (const { kernel, f, args, moved, donate } of kernels) {
  const program = programOf(f as (...args: Tensor[]) => unknown, args, place, donate);
  const us = microsecondsOf(() => program.execute());
  print({ kernel, us: Number(us.toPrecision(4)), gbps: Number(((moved * 4 * n) / us / 1e3).toPrecision(4)) });
}
