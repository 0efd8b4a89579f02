// MNIST and what has its form (Fashion-MNIST, KMNIST …): four IDX files in a folder. Node only.

import { join } from "node:path";
import { fail } from "../graph/errors.ts";
import { formatShape } from "../graph/shape.ts";
import { exists, readFile } from "../io/files.ts";
import { decodeIdx, type IdxArray } from "../io/idx.ts";
import { type Dataset, dataset, pixels } from "./dataset.ts";

/**
 * Reads `{train,t10k}-{images-idx3,labels-idx1}-ubyte` from `directory`, plain or .gz, the dash before "idx" also as a dot. Inputs are float32
 * [28, 28] in [0, 1], targets classes 0 … 9. Throws a data error that lists what was looked for if a file is missing.
 */
export async function mnist(directory: string): Promise<{ train: Dataset; test: Dataset }> {
  const train = await readPart(directory, "train", "train");
  const test = await readPart(directory, "t10k", "test");
  return { train, test };
}

async function readPart(directory: string, prefix: string, role: string): Promise<Dataset> {
  const imagePath = await find(directory, `${prefix}-images`, "idx3-ubyte");
  const labelPath = await find(directory, `${prefix}-labels`, "idx1-ubyte");
  const images = await decodeIdx(await readFile(imagePath), imagePath);
  const labels = await decodeIdx(await readFile(labelPath), labelPath);
  return dataset({
    name: `${directory} (${role})`,
    inputs: pixels(bytesOf(images, imagePath, 3), images.shape.slice(1)),
    targets: bytesOf(labels, labelPath, 1),
    classes: 10,
  });
}

async function find(directory: string, stem: string, ending: string): Promise<string> {
  const names = [`${stem}-${ending}`, `${stem}.${ending}`].flatMap((name) => [name, `${name}.gz`]);
  for (const name of names) {
    const path = join(directory, name);
    if (await exists(path)) return path;
  }
  if (!(await exists(directory))) fail("data", `there is no folder ${directory}. Check the path given for the MNIST data.`);
  return fail(
    "data",
    `${directory} has none of ${names.join(", ")}. Put the MNIST files there, or give the folder that holds them.`,
  );
}

function bytesOf({ data, shape, type }: IdxArray, path: string, rank: number): Uint8Array {
  if (!(data instanceof Uint8Array) || shape.length !== rank) {
    fail("data", `${path} holds ${type} of shape ${formatShape(shape)}; expected uint8 of rank ${rank}. Are the files swapped?`);
  }
  return data;
}
