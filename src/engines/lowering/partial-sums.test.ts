// Sums of many elements into few are cut in two kernels; what they add up to is the sum.

import { describe, expect, it } from "vitest";
import { parameter } from "../../graph/structural.ts";
import { mul } from "../../ops/arithmetic.ts";
import { sum } from "../../ops/sum.ts";
import { interpreter } from "../interpreter/index.ts";
import { wasmEngine } from "../wasm/index.ts";
import { lowerSimplified } from "./lower.ts";
import { cutSums } from "./partial-sums.ts";

const F = "float32" as const;
const p = (shape: number[]) => parameter({ shape, dtype: F }, "x");
const loops = (shape: number[], axes: number[]) => {
  const x = p(shape);
  return lowerSimplified({ parameters: [x], outputs: cutSums([sum(mul(x, x), axes)]) }).launches.map(({ kernel }) =>
    kernel.kind === "loop" ? kernel.outer : [],
  );
};

describe("sums of many elements into few", () => {
  it("are sums of a sum for each element of the first axis", () => {
    expect(loops([64, 28, 28, 16], [0, 1, 2])).toEqual([[64, 16], [16]]);
  });

  it("stay as they are where there is nothing to gain, or no axis to cut along", () => {
    expect(loops([64, 28, 28, 128], [0, 1, 2])).toEqual([[128]]);
    expect(loops([64, 4, 4, 16], [0, 1, 2])).toEqual([[16]]);
    expect(loops([8, 100, 100, 16], [0, 1, 2])).toEqual([[16]]);
    expect(loops([65536, 16], [0])).toEqual([[16]]);
    expect(loops([16, 64, 1024], [1, 2])).toEqual([[16]]);
  });

  it("add up to what the interpreter gives", () => {
    const x = p([32, 40, 20, 3]);
    const data = Float32Array.from({ length: 32 * 40 * 20 * 3 }, (_, i) => Math.sin(i) + (i % 3));
    const graph = { parameters: [x], outputs: [sum(x, [0, 1, 2])] };
    const [expected] = interpreter.compile(graph).run([data]);
    const [got] = wasmEngine.compile({ ...graph, outputs: cutSums(graph.outputs) }).run([data]);
    // Of 25,600 numbers up to 3: a sum of blocks loses less than 100 roundings of its largest part.
    got.forEach((value, i) => expect(Math.abs(value - expected[i])).toBeLessThan(100 * 2 ** -24 * 25_600 * 3));
  });
});
