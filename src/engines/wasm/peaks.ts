// What WebAssembly reaches on this machine at most, measured on one thread: floating-point operations from registers, and bytes from memory.

import type { Peaks } from "../engine.ts";
import { constant, type Local, load, ModuleBuilder, op, pageBytes, relaxedSimd, sum } from "./assembler.ts";

/** Enough to hide the latency of the units, and not more than stay in registers. */
const chains = 12;
const rounds = 200_000;
const lanes = 4;
/** Of each of three arrays. */
const arrayBytes = 16 * 2 ** 20;

function build(fused: boolean): WebAssembly.Module {
  const module = new ModuleBuilder({ memory: { export: "memory", pages: (3 * arrayBytes) / pageBytes } });
  module.define(
    "multiplyAdds",
    ["f32"],
    "f32",
    (f) => {
      // What is known only at run time cannot be optimized away.
      const factor = f.let(op("f32x4.splat", f.parameters[0]));
      const term = f.let(op("f32x4.splat", op("f32.mul", f.parameters[0], constant("f32", 0.001))));
      const sums = Array.from({ length: chains }, (_, i): Local => f.let(op("f32x4.splat", constant("f32", i))));
      f.forLoop(0, rounds, 1, () => {
        // Unfused, as many multiplications as additions, which have units of their own.
        sums.forEach((s, i) => {
          const unfused = i % 2 === 0 ? op("f32x4.mul", s, factor) : op("f32x4.add", s, term);
          f.set(s, fused ? op("f32x4.relaxed_madd", s, factor, term) : unfused);
        });
      });
      for (const s of sums.slice(1)) f.set(sums[0], op("f32x4.add", sums[0], s));
      f.return({ kind: "operation", type: "f32", opcode: "f32x4.extract_lane", operands: [sums[0]], immediates: [0] });
    },
    { export: true },
  );
  // z = x + s·y, four vectors a round.
  module.define(
    "stream",
    [],
    "void",
    (f) => {
      const factor = f.let(op("f32x4.splat", constant("f32", 0.5)));
      f.forLoop(0, arrayBytes, 64, (i) => {
        for (let at = 0; at < 64; at += 16) {
          const scaled = op("f32x4.mul", load("v128.load", sum(i, arrayBytes), at), factor);
          f.store("v128.store", sum(i, 2 * arrayBytes), op("f32x4.add", load("v128.load", i, at), scaled), at);
        }
      });
    },
    { export: true },
  );
  return new WebAssembly.Module(module.finish());
}

/** Calls a second, the best of several. */
function rate(call: () => unknown, times: number): number {
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < times; i++) {
    const began = performance.now();
    call();
    best = Math.min(best, performance.now() - began);
  }
  return 1000 / best;
}

/** Takes about a tenth of a second. */
export function measurePeaks(): Peaks {
  const fused = relaxedSimd();
  const { multiplyAdds, stream } = new WebAssembly.Instance(build(fused)).exports as Record<string, (factor?: number) => unknown>;
  return {
    flops: (fused ? 2 : 1) * lanes * chains * rounds * rate(() => multiplyAdds(1), 20),
    bytes: 3 * arrayBytes * rate(() => stream(), 6),
    by: fused ? "WebAssembly with fused multiply-adds" : "WebAssembly, multiplications and additions",
  };
}
