// Examples to predict, from files: IDX images, npy arrays, or CSV with one example per row. Node only.

import { type Column, column, pixels } from "../data/dataset.ts";
import { encodeInputs, type TableEncoding } from "../data/table.ts";
import { fail } from "../graph/errors.ts";
import { formatShape, sizeOf } from "../graph/shape.ts";
import { parseCsv, type Table } from "../io/csv.ts";
import { readFile, readText } from "../io/files.ts";
import { decodeIdx } from "../io/idx.ts";
import { decodeNpy } from "../io/npy.ts";

/**
 * The examples in a file, shaped like those the model was trained on. Bytes of images are scaled to [0, 1]; rows of a table are encoded as
 * those of the training data were. Throws a data error for a file that does not hold such examples.
 */
export async function readExamples(path: string, like: Column, encoding: TableEncoding | undefined): Promise<Column> {
  if (/\.(csv|tsv|txt)$/i.test(path)) {
    const table = await readTable(path);
    return encoding ? encodeInputs(encoding, table) : shaped(numbersOf(table), like, path);
  }
  const bytes = await readFile(path);
  if (/\.npy$/i.test(path)) return shaped(decodeNpy(bytes, path).data, like, path);
  const { data } = await decodeIdx(bytes, path);
  return shaped(data instanceof Uint8Array ? pixels(data, []).data : data, like, path);
}

export async function readTable(path: string): Promise<Table> {
  return parseCsv(await readText(path), { source: path });
}

function shaped(values: ArrayLike<number>, { shape, dtype }: Column, path: string): Column {
  const width = sizeOf(shape);
  if (values.length === 0 || values.length % width !== 0) {
    fail("data", `${path} holds ${values.length} numbers; examples of shape ${formatShape(shape)} have ${width} each.`);
  }
  return column(values, shape, dtype);
}

/** The cells row by row. */
function numbersOf({ name, columns, size, lines }: Table): Float64Array {
  const values = new Float64Array(size * columns.length);
  columns.forEach((c, j) => {
    if (c.kind !== "number") fail("data", `${name}: column ${j + 1} "${c.name}" holds text; the model takes numbers.`);
    c.values.forEach((v, i) => {
      if (!Number.isFinite(v))
        fail("data", `${name}, line ${lines[i]} (row ${i + 1}), column ${j + 1} "${c.name}": there is no number.`);
      values[i * columns.length + j] = v;
    });
  });
  return values;
}
