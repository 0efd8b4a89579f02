// The kernels of the runtime library beside loops as in their definitions: kernels.test.c, compiled with them and run.

import { execFile } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Compiler, findCompiler } from "./cc.ts";
import { nativeMissing } from "./index.ts";

const run = promisify(execFile);
const here = fileURLToPath(new URL(".", import.meta.url));
const kernels = ["tiles.c", "gemm.c", "convolution.c", "pooling.c"].map((file) => join(here, "runtime", file));

/** Compiles the comparison and returns what runs it: fact, seed and rounds to what it prints. */
async function comparison(place: string, { command }: Compiler, flags: readonly string[]) {
  const [program, ...always] = command;
  const objects = await Promise.all(
    [...kernels, join(here, "kernels.test.c")].map(async (file, i) => {
      const object = join(place, `${i}.o`);
      const options = ["-std=gnu11", "-O2", ...flags, `-I${join(here, "runtime")}`];
      await run(program, [...always, ...options, "-c", file, "-o", object]);
      return object;
    }),
  );
  const executable = join(place, "kernels");
  await run(program, [...always, ...objects, "-lpthread", "-lm", "-o", executable]);
  return async (fact: string, seed: number, rounds: number): Promise<string> => {
    // A fact that does not hold is an exit code besides what is printed.
    const { stdout } = await run(executable, [fact, `${seed}`, `${rounds}`]).catch((error: { stdout: string }) => error);
    return stdout.trim();
  };
}

/** What the kernels are compiled for: this processor, and one that has vectors of 128 bits and no fused multiply-add, as ARM has the one. */
const processors: [string, () => readonly string[]][] = [["this processor", () => findCompiler().flags]];
if (process.arch === "x64") processors.push(["any x86", () => ["-march=x86-64"]]);

describe.runIf(nativeMissing() === undefined).each(processors)(
  "kernels of the native engine for %s, for 1 to 8 threads, with and without finish",
  (_processor, flags) => {
    const place = mkdtempSync(join(tmpdir(), "gradus-kernels-test-"));
    let compare: Awaited<ReturnType<typeof comparison>>;

    beforeAll(async () => {
      compare = await comparison(place, findCompiler(), flags());
    }, 120_000);
    afterAll(() => rmSync(place, { recursive: true, force: true }));

    it.each([
      ["matmul", "matrix products of any size, layout and batch", 600],
      ["convolution", "convolutions with any windows, channels and groups, and both gradients", 500],
      ["pooling", "pooling over any windows, NaN and infinities included", 500],
    ])("%s: equals its definition in %s", { timeout: 60_000 }, async (fact, _what, rounds) => {
      expect(await compare(fact, 1, rounds)).toBe("ok");
      expect(await compare(fact, 20_260_101, rounds)).toBe("ok");
    });
  },
);

describe.runIf(nativeMissing() !== undefined)("where there is no compiler", () => {
  it("what is missing is said, and how to get it", () => {
    expect(nativeMissing()).toMatch(/native: .*(compiler|koffi)/);
  });
});
