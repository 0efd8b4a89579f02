// Square products from 64 to 2048, in float32 and float64, of operands as they are and transposed. Usage: matmul.ts ENGINE THREADS
//
// The speed of a processor varies from moment to moment, more so of a shared one: the peak is measured between the rounds of each product
// and the best of both counts.

import { nativeMissing } from "../../src/engines/native/index.ts";
import { loadRuntimeFile } from "../../src/engines/native/library.ts";
import { random, type Tensor } from "../../src/index.ts";
import { placeGiven, print, programOf } from "./place.ts";

/** Of whose operands the first, the second or none lies transposed in memory. */
const layouts: Readonly<Record<string, (a: Tensor, b: Tensor) => Tensor>> = {
  nn: (a, b) => a.matmul(b),
  nt: (a, b) => a.matmul(b.transpose()),
  tn: (a, b) => a.transpose().matmul(b),
};

/** Rounds of a product last at least so long, in milliseconds; all of them; how many there are at least. */
const [shortest, longest, fewest] = [1, 1000, 5];

const place = placeGiven();

/** Multiply-adds per second from registers, counted as two operations: a millisecond's worth, on one thread. */
function peakMeter(): ((dtype: string) => number) | undefined {
  if (place.threads > 1 || nativeMissing() !== undefined) return undefined;
  const library = loadRuntimeFile("peaks.c", ["-O3", "-ffp-contract=fast"]);
  const meters = ["gradus_peak_f32", "gradus_peak_f64"].map((name) => library.func(name, "double", ["int"]));
  return (dtype) => (meters[dtype === "float32" ? 0 : 1] as (rounds: number) => number)(1);
}

const meter = peakMeter();

/** Milliseconds: of the processor where there is one thread, for the machine may be shared; of the clock where there are several. */
function now(): number {
  if (place.threads > 1) return performance.now();
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}

for (const dtype of ["float32", "float64"] as const)
  for (const size of [64, 128, 256, 512, 1024, 2048])
    for (const [layout, product] of Object.entries(layouts)) {
      if (layout !== "nn" && size < 256) continue;
      // The interpreter is the reference, not a contestant.
      if (place.engine === "interpreter" && size > 256) continue;
      const operands = [1, 2].map((seed) => random.normal(random.key(seed), [size, size]).cast(dtype));
      const program = programOf(product, operands, place);
      program.execute();
      let [us, peak, calls] = [Number.POSITIVE_INFINITY, 0, 1];
      const start = performance.now();
      for (let round = 0; round < fewest || performance.now() - start < longest; round++) {
        if (meter) peak = Math.max(peak, meter(dtype));
        const begin = now();
        for (let i = 0; i < calls; i++) program.execute();
        const spent = now() - begin;
        if (spent < shortest) calls *= 2;
        else us = Math.min(us, (spent / calls) * 1000);
      }
      const gflops = Number(((2 * size ** 3) / us / 1e3).toPrecision(4));
      print({
        dtype,
        size,
        layout,
        us: Number(us.toPrecision(4)),
        gflops,
        ...(meter && { peak: Number((peak / 1e9).toPrecision(4)) }),
      });
    }
