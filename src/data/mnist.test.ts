import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { mnist } from "./mnist.ts";

const real = fileURLToPath(new URL("../../../shared/data/mnist", import.meta.url));

let folder = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "gradus-mnist-"));
});
afterEach(() => rm(folder, { recursive: true }));

const images = (count: number) =>
  Uint8Array.of(0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 2, 0, 0, 0, 2, ...Array(4 * count).fill(255));
const labels = (...values: number[]) => Uint8Array.of(0, 0, 8, 1, 0, 0, 0, values.length, ...values);

async function put(files: Record<string, Uint8Array>): Promise<void> {
  for (const [name, bytes] of Object.entries(files)) await writeFile(join(folder, name), bytes);
}

describe("mnist", () => {
  it("finds the files plain or compressed, under either spelling", async () => {
    await put({
      "train-images-idx3-ubyte": images(2),
      "train-labels-idx1-ubyte.gz": gzipSync(labels(7, 0)),
      "t10k-images.idx3-ubyte": images(1),
      "t10k-labels.idx1-ubyte.gz": gzipSync(labels(9)),
    });
    const { train, test } = await mnist(folder);
    expect([train.size, test.size]).toEqual([2, 1]);
    expect(train.inputs).toEqual({ data: new Float32Array(8).fill(1), shape: [2, 2], dtype: "float32" });
    expect(train.targets.data).toEqual(Int32Array.of(7, 0));
  });

  it("lists what it looked for", async () => {
    await put({ "train-images-idx3-ubyte": images(2) });
    await expect(mnist(folder)).rejects.toThrow(
      "has none of train-labels-idx1-ubyte, train-labels-idx1-ubyte.gz, train-labels.idx1-ubyte, train-labels.idx1-ubyte.gz",
    );
    await expect(mnist(join(folder, "absent"))).rejects.toThrow("there is no folder");
  });

  it("refuses swapped files, labels out of range and counts that differ", async () => {
    const test = { "t10k-images-idx3-ubyte": images(1), "t10k-labels-idx1-ubyte": labels(9) };
    await put({ ...test, "train-images-idx3-ubyte": labels(1), "train-labels-idx1-ubyte": labels(1) });
    await expect(mnist(folder)).rejects.toThrow("holds uint8 of shape [1]; expected uint8 of rank 3");
    await put({ "train-images-idx3-ubyte": images(2), "train-labels-idx1-ubyte": labels(1, 10) });
    await expect(mnist(folder)).rejects.toThrow("the label of example 1 (counting from 0) is 10, which is out of range");
    await put({ "train-labels-idx1-ubyte": labels(1) });
    await expect(mnist(folder)).rejects.toThrow("2 inputs but 1 targets");
  });

  it.skipIf(!existsSync(real))("reads the real files (skipped where ../shared/data is absent)", async () => {
    const { train, test } = await mnist(real);
    expect([train.size, test.size]).toEqual([10_000, 10_000]);
    expect(test.inputs.shape).toEqual([28, 28]);
    // Published: the first test digits are 7 2 1 0 4 1 4 9 5 9, and the test images have mean 0.1325.
    expect([...test.targets.data.subarray(0, 10)]).toEqual([7, 2, 1, 0, 4, 1, 4, 9, 5, 9]);
    let sum = 0;
    for (const x of test.inputs.data) sum += x;
    expect(sum / test.inputs.data.length).toBeCloseTo(0.1325, 3);
  });
});
