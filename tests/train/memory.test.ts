// 10,000 training steps leave live bytes where they were after step 10, compiled or eager, in a process of their own.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { build } from "esbuild";
import { beforeAll, expect, test } from "vitest";
import { root } from "./support.ts";

const bundle = join(root, ".cache/memory-test/child.js");

beforeAll(async () => {
  await build({
    absWorkingDir: root,
    entryPoints: [join(import.meta.dirname, "memory-child.ts")],
    outfile: bundle,
    bundle: true,
    format: "esm",
    platform: "node",
    packages: "external",
  });
});

// V8 counts the machine code it makes of hot functions among the live bytes, over 1 MB in the course of eager training. That is no
// growth of the run, so these runs go without.
const flags = ["--expose-gc", "--no-opt", "--no-maglev", "--no-sparkplug", "--no-flush-bytecode"];

test.each(["xor", "mlp", "batches of two sizes", "eager", "fit"])("%s", async (workload) => {
  const { stdout } = await promisify(execFile)(process.execPath, [...flags, bundle, workload]);
  const { after10, after10000 }: { readonly after10: number; readonly after10000: number } = JSON.parse(stdout);
  expect(after10).toBeGreaterThan(1e6);
  expect(Math.abs(after10000 / after10 - 1)).toBeLessThan(0.01);
});
