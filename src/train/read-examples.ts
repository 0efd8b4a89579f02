// Examples to predict, from files: IDX images, npy arrays, or CSV with one example per row. Node only.

import type { Column } from "../data/dataset.ts";
import { fail } from "../graph/errors.ts";
import { formatShape, sizeOf } from "../graph/shape.ts";
import { constant } from "../graph/structural.ts";
import { readFile, readText } from "../io/files.ts";
import { decodeIdx } from "../io/idx.ts";
import { Tensor } from "../tensor/tensor.ts";

/** Each file as one batch of examples shaped like those the model was trained on. Bytes of images are scaled to [0, 1]. */
export async function readExamples(
  paths: readonly string[],
  like: Column,
): Promise<{ readonly source: string; readonly data: Tensor }[]> {
  return Promise.all(paths.map(async (path) => ({ source: path, data: await readOne(path, like) })));
}

async function readOne(path: string, like: Column): Promise<Tensor> {
  const values = /\.(csv|tsv|txt)$/i.test(path) ? await readNumbers(path) : await readIdx(path);
  const width = sizeOf(like.shape);
  if (values.length === 0 || values.length % width !== 0) {
    fail("data", `${path} holds ${values.length} numbers; examples of shape ${formatShape(like.shape)} have ${width} each.`);
  }
  return new Tensor(constant(values, [values.length / width, ...like.shape], "float32"));
}

async function readIdx(path: string): Promise<Float32Array> {
  const { data } = await decodeIdx(await readFile(path), path);
  return data instanceof Uint8Array ? Float32Array.from(data, (v) => v / 255) : Float32Array.from(data);
}

async function readNumbers(path: string): Promise<Float32Array> {
  const rows = (await readText(path)).split(/\r?\n/).filter((line) => line.trim() !== "");
  const numbers: number[] = [];
  let width: number | undefined;
  rows.forEach((line, row) => {
    const cells = line.split(/[,\t;]/);
    width ??= cells.length;
    if (cells.length !== width) fail("data", `${path}: row ${row + 1} has ${cells.length} cells, the first has ${width}.`);
    cells.forEach((cell, column) => {
      const value = Number(cell);
      if (cell.trim() === "" || !Number.isFinite(value))
        fail("data", `${path}: row ${row + 1}, column ${column + 1}: "${cell}" is not a number.`);
      numbers.push(value);
    });
  });
  return Float32Array.from(numbers);
}
