// How fast the WASM matrix products are, shape by shape, in GFLOP/s (a multiply-add is two). From the repository's root:
//
//   npx rolldown bench/micro/matmul.ts --platform node --format esm -o /tmp/matmul.mjs && node /tmp/matmul.mjs [filter] [json tuning]
//
// On a busy machine put `taskset -c 1` before node.

import { performance } from "node:perf_hooks";
import { ModuleBuilder } from "../../src/engines/wasm/assembler.ts";
import { emitMatmul, type MatmulSpec, type MatmulTuning, matmulScratchBytes } from "../../src/engines/wasm/kernels/matmul.ts";

type Transposed = "nn" | "tn" | "nt";

/** Name, m, k, n, and which operand is stored transposed. */
const shapes: [name: string, m: number, k: number, n: number, transposed: Transposed][] = [
  ["xor layer 1", 4, 2, 8, "nn"],
  ["xor layer 2", 4, 8, 1, "nn"],
  ["spiral layer 1", 64, 2, 32, "nn"],
  ["spiral layer 2", 64, 32, 32, "nn"],
  ["spiral layer 2, weights", 32, 64, 32, "tn"],
  ["spiral layer 2, input", 64, 32, 32, "nt"],
  ["spiral layer 3", 64, 32, 3, "nn"],
  ["mlp128 layer 1", 64, 784, 128, "nn"],
  ["mlp128 layer 1, weights", 784, 64, 128, "tn"],
  ["mlp128 layer 2", 64, 128, 10, "nn"],
  ["mlp128 layer 2, weights", 128, 64, 10, "tn"],
  ["mlp128 layer 2, input", 64, 10, 128, "nt"],
  ["mlp512 layer 1", 128, 784, 512, "nn"],
  ["mlp512 layer 1, weights", 784, 128, 512, "tn"],
  ["mlp512 layer 2", 128, 512, 512, "nn"],
  ["mlp512 layer 2, weights", 512, 128, 512, "tn"],
  ["mlp512 layer 2, input", 128, 512, 512, "nt"],
  ["mlp512 layer 3, input", 128, 10, 512, "nt"],
  ["gpt projection", 512, 128, 384, "nn"],
  ["gpt projection, weights", 128, 512, 384, "tn"],
  ["gpt projection, input", 512, 384, 128, "nt"],
  ["gpt scores, one head", 64, 32, 64, "nt"],
  ["gpt mix, one head", 64, 64, 32, "nn"],
  ["gru step", 32, 64, 192, "nn"],
  ["gru step, input", 32, 192, 64, "nt"],
  ["infer1 layer 1", 1, 784, 128, "nn"],
  ["batch 8", 8, 784, 128, "nn"],
  ["batch 16", 16, 784, 128, "nn"],
  ["batch 4, wide", 4, 512, 512, "nn"],
  ["batch 8, wide", 8, 512, 512, "nn"],
  ["batch 16, wide", 16, 512, 512, "nn"],
  ["logreg", 10000, 100, 1, "nn"],
  ["logreg, weights", 100, 10000, 1, "tn"],
  ["square 1024", 1024, 1024, 1024, "nn"],
];

function measure(spec: MatmulSpec): number {
  const bytes = spec.dtype === "float32" ? 4 : 8;
  const align = (x: number) => Math.ceil(x / 64) * 64;
  const { m, n, k } = spec;
  const a = 64;
  const b = align(a + m * k * bytes);
  const c = align(b + k * n * bytes);
  const scratch = align(c + m * n * bytes);
  const end = scratch + matmulScratchBytes(spec) + 64;
  const module = new ModuleBuilder({ memory: { pages: Math.ceil(end / 65536), export: "memory" } });
  const kernel = module.define("kernel", [], "void", (f) => emitMatmul(f, spec, { a, b, c, scratch }));
  module.define(
    "run",
    ["i32"],
    "void",
    (f) =>
      f.repeat(f.parameters[0], [[f.local("i32", 0), 1]], () =>
        f.run({ kind: "call", type: "void", callee: kernel, operands: [] }),
      ),
    { export: true },
  );
  const { run, memory } = new WebAssembly.Instance(new WebAssembly.Module(module.finish())).exports as {
    run: (times: number) => void;
    memory: WebAssembly.Memory;
  };
  const all = spec.dtype === "float32" ? new Float32Array(memory.buffer, 0, c / 4) : new Float64Array(memory.buffer, 0, c / 8);
  for (let i = 0; i < all.length; i++) all[i] = Math.sin(i);
  const time = (times: number) => {
    const start = performance.now();
    run(times);
    return performance.now() - start;
  };
  // Warm up until the optimising compiler has been and gone; then the best of many short runs, for the machine may be shared.
  let times = 1;
  while (time(times) < 1) times *= 2;
  for (let i = 0; i < 100; i++) time(times);
  while (time(times) < 1) times *= 2;
  let best = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 300; i++) best = Math.min(best, time(times) / times);
  return best;
}

const [filter = "", json = "{}"] = process.argv.slice(2);
const tuning = JSON.parse(json) as MatmulTuning;
console.log(
  `${"product".padEnd(26)} ${"m×k×n".padEnd(16)} layout ${"f32 GFLOP/s".padStart(12)} ${"µs".padStart(9)} ${"f64 GFLOP/s".padStart(12)}`,
);
for (const [name, m, k, n, transposed] of shapes) {
  if (!name.includes(filter)) continue;
  const layout = (rows: number, columns: number, swap: boolean) =>
    swap ? { row: 1, column: rows } : { row: columns, column: 1 };
  const row = { m, n, k, a: layout(m, k, transposed === "tn"), b: layout(k, n, transposed === "nt"), tuning };
  const [single, double] = (["float32", "float64"] as const).map((dtype) => measure({ dtype, ...row }));
  const rate = (ms: number) => ((2 * m * n * k) / ms / 1e6).toFixed(1).padStart(12);
  console.log(
    `${name.padEnd(26)} ${`${m}×${k}×${n}`.padEnd(16)} ${transposed.padEnd(6)} ${rate(single)} ${(single * 1000).toFixed(2).padStart(9)} ${rate(double)}`,
  );
}
