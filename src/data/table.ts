// From tables to data sets: which column is to be predicted from which, how categories become numbers, what is done about missing
// values. The encoding that was fitted is plain data: it is saved with the model, and encodes new rows in the same way.

import { fail } from "../graph/errors.ts";
import type { Table, TableColumn } from "../io/csv.ts";
import { permutedParts } from "./batches.ts";
import { type Column, column, type Dataset, dataset } from "./dataset.ts";

export interface TableOptions {
  /** Name of the column to predict. */
  readonly target: string;
  /** Names of the columns to predict it from. Default: all others but `exclude`. */
  readonly features?: readonly string[];
  readonly exclude?: readonly string[];
  /** Default: "classification" for categories, "regression" for numbers. */
  readonly task?: "classification" | "regression";
  /** About features that are missing: "error" (default), "drop" the row, or fill in the "mean" (of categories the commonest). */
  readonly missing?: "error" | "drop" | "mean";
  /** Bring numeric features to mean 0 and standard deviation 1. Default true. */
  readonly standardize?: boolean;
  /** The same for a numeric target. Default false. */
  readonly standardizeTarget?: boolean;
}

/** x ↦ (x - offset) · scale, `fill` where missing (absent: an error). */
export interface NumberEncoding {
  readonly kind: "number";
  readonly name: string;
  readonly offset: number;
  readonly scale: number;
  readonly fill?: number;
}

/** One 1 among zeros, in the order of `categories`; a target: the position. */
export interface CategoryEncoding {
  readonly kind: "category";
  readonly name: string;
  readonly categories: readonly string[];
  readonly fill?: string;
}

/** How rows become inputs and targets. JSON-serialisable. */
export interface TableEncoding {
  readonly features: readonly (NumberEncoding | CategoryEncoding)[];
  readonly target: NumberEncoding | CategoryEncoding;
  readonly dropMissing: boolean;
}

const mostCategories = 100;

/** The whole table as a data set, and the encoding fitted to it. Errors as `fitTable` and `encodeTable`. */
export function tableDataset(table: Table, options: TableOptions): { dataset: Dataset; encoding: TableEncoding } {
  const encoding = fitTable(table, options);
  return { dataset: encodeTable(encoding, table), encoding };
}

/**
 * The table in parts at random (see `split`; stratified by the target where it has classes), with the encoding fitted to the first
 * part alone, so that nothing of the others leaks into training.
 */
export function splitTable(
  table: Table,
  { fractions, seed, ...options }: TableOptions & { readonly fractions: readonly number[]; readonly seed: number },
): { parts: Dataset[]; encoding: TableEncoding } {
  const kept = (options.missing ?? "error") === "drop" ? completeRows(table, usedColumns(table, options)) : allRows(table);
  const target = findColumn(table, options.target);
  const labels = isClassification(target, options) ? classCodes(target) : undefined;
  const rowsOfParts = permutedParts({
    name: table.name,
    order: kept,
    fractions,
    seed,
    ...(labels && { labels }),
  });
  const encoding = fitTable(table, options, rowsOfParts[0]);
  const parts = rowsOfParts.map((part, i) =>
    encodeTable(encoding, table, part, `${table.name} (part ${i + 1} of ${fractions.length})`),
  );
  return { parts, encoding };
}

/**
 * Fits an encoding to `rows` (default all). Throws an argument error naming the columns there are if one does not exist, and a data
 * error for missing values where they are not allowed for, or a text column with over 100 different values as a feature.
 */
export function fitTable(table: Table, options: TableOptions, rows: Int32Array = allRows(table)): TableEncoding {
  const { missing = "error", standardize = true, standardizeTarget = false } = options;
  const target = findColumn(table, options.target);
  const used = usedColumns(table, options);
  if (used.length === 1) fail("argument", `${table.name}: no columns are left to predict "${target.name}" from.`);
  if (missing === "error") for (const c of used) refuseMissing(table, c, rows);
  const fitted = missing === "drop" ? completeRows(table, used, rows) : rows;
  if (fitted.length === 0)
    fail("data", `${table.name}: every row has a missing value, so dropping them leaves nothing. Use missing: "mean".`);
  const features = used.slice(1).map((c) => {
    if (c.kind === "number") return fitNumber(table, c, fitted, standardize, missing === "mean");
    if (c.categories.length > mostCategories) {
      fail(
        "data",
        `${table.name}: column "${c.name}" has ${c.categories.length} different texts, which would become as many inputs. ` +
          `Leave it out with exclude: [${JSON.stringify(c.name)}].`,
      );
    }
    return fitCategory(c, fitted, missing === "mean");
  });
  return { features, target: fitTarget(table, target, options, fitted, standardizeTarget), dropMissing: missing === "drop" };
}

/**
 * Encodes the given rows (default all): inputs float32 [features], targets int32 classes or float32. Throws a data error naming
 * row and column for a missing value that is neither dropped nor filled and for a category the encoding does not know.
 */
export function encodeTable(
  encoding: TableEncoding,
  table: Table,
  rows: Int32Array = allRows(table),
  name = table.name,
): Dataset {
  const columns = [encoding.target, ...encoding.features].map((e) => findColumn(table, e.name));
  const kept = encoding.dropMissing ? completeRows(table, columns, rows) : rows;
  if (kept.length === 0)
    fail("data", `${name} is empty: no rows are left${rows.length > 0 ? " after dropping those with missing values" : ""}.`);
  const inputs = encodeInputs(encoding, table, kept);
  const features = featureNames(encoding);
  const { target } = encoding;
  if (target.kind === "category") {
    const codes = encodeCategory(target, table, columns[0], kept);
    return dataset({ name, inputs, targets: codes, classes: target.categories, features });
  }
  const values = Float32Array.from(encodeNumber(target, table, columns[0], kept));
  return dataset({ name, inputs, targets: column(values, [1]), features });
}

/** The inputs alone, as for rows whose target is not known. */
export function encodeInputs(encoding: TableEncoding, table: Table, rows: Int32Array = allRows(table)): Column {
  const width = featureNames(encoding).length;
  const data = new Float32Array(rows.length * width);
  let at = 0;
  for (const feature of encoding.features) {
    const c = findColumn(table, feature.name);
    if (feature.kind === "number") {
      const values = encodeNumber(feature, table, c, rows);
      for (let i = 0; i < rows.length; i++) data[i * width + at] = values[i];
      at++;
    } else {
      const codes = encodeCategory(feature, table, c, rows);
      for (let i = 0; i < rows.length; i++) data[i * width + at + codes[i]] = 1;
      at += feature.categories.length;
    }
  }
  return column(data, [width]);
}

/** Names of the input values, in order: a number's own name, and "name = category" for each category. */
export function featureNames(encoding: TableEncoding): string[] {
  return encoding.features.flatMap((f) =>
    f.kind === "number" ? [f.name] : f.categories.map((category) => `${f.name} = ${category}`),
  );
}

/** What a standardized target value stands for, in the units of the table. */
export function decodeTarget(encoding: TableEncoding, value: number): number | string {
  const { target } = encoding;
  return target.kind === "number" ? value / target.scale + target.offset : target.categories[value];
}

function allRows(table: Table): Int32Array {
  return Int32Array.from({ length: table.size }, (_, i) => i);
}

function findColumn(table: Table, name: string): TableColumn {
  const found = table.columns.find((c) => c.name === name);
  return (
    found ?? fail("argument", `${table.name} has no column "${name}"; it has ${table.columns.map((c) => c.name).join(", ")}.`)
  );
}

/** The target, then the features. */
function usedColumns(table: Table, { target, features, exclude = [] }: TableOptions): TableColumn[] {
  for (const name of exclude) findColumn(table, name);
  if (features?.includes(target)) fail("argument", `${table.name}: "${target}" is the target and cannot be a feature as well.`);
  const names = features ?? table.columns.map((c) => c.name).filter((name) => name !== target);
  return [target, ...names.filter((name) => !exclude.includes(name))].map((name) => findColumn(table, name));
}

function isMissing(c: TableColumn, row: number): boolean {
  return c.kind === "number" ? Number.isNaN(c.values[row]) : c.codes[row] < 0;
}

function completeRows(table: Table, columns: readonly TableColumn[], rows: Int32Array = allRows(table)): Int32Array {
  const gappy = columns.filter((c) => c.missing > 0);
  return rows.filter((row) => !gappy.some((c) => isMissing(c, row)));
}

function refuseMissing(table: Table, c: TableColumn, rows: Int32Array): void {
  if (c.missing === 0) return;
  const row = rows.find((r) => isMissing(c, r));
  if (row === undefined) return;
  fail(
    "data",
    `${place(table, c, row)} is missing (${c.missing} of ${table.size} cells of the column are). Choose missing: "drop" to leave out ` +
      'such rows, or missing: "mean" to fill features in.',
  );
}

function place(table: Table, c: TableColumn, row: number): string {
  return `${table.name}, line ${table.lines[row]} (row ${row + 1}), column ${table.columns.indexOf(c) + 1} "${c.name}": the value`;
}

function isClassification(target: TableColumn, options: TableOptions): boolean {
  if (target.kind === "category" && options.task === "regression") {
    fail("argument", `column "${target.name}" holds text, which cannot be the target of a regression.`);
  }
  return target.kind === "category" || options.task === "classification";
}

/** Class numbers for stratifying; numbers that are classes are numbered by value. Missing: -1. */
function classCodes(target: TableColumn): Int32Array {
  if (target.kind === "category") return target.codes;
  const categories = numberCategories(target.values);
  return Int32Array.from(target.values, (x) => categories.indexOf(String(x)));
}

function numberCategories(values: Iterable<number>): string[] {
  return [...new Set(values)]
    .filter((x) => !Number.isNaN(x))
    .sort((a, b) => a - b)
    .map(String);
}

function fitNumber(
  table: Table,
  c: TableColumn & { kind: "number" },
  rows: Int32Array,
  standardize: boolean,
  fillGaps: boolean,
): NumberEncoding {
  let count = 0;
  let mean = 0;
  let squares = 0;
  let low = Infinity;
  let high = -Infinity;
  for (const row of rows) {
    const x = c.values[row];
    if (Number.isNaN(x)) continue;
    count++;
    const delta = x - mean;
    mean += delta / count;
    squares += delta * (x - mean);
    low = Math.min(low, x);
    high = Math.max(high, x);
  }
  if (count === 0) {
    fail("data", `${table.name}: column "${c.name}" has no values, so there is no mean to fill in. Leave it out with exclude.`);
  }
  const scale = high > low ? 1 / Math.sqrt(squares / count) : 1;
  const use = standardize && Number.isFinite(scale);
  return {
    kind: "number",
    name: c.name,
    offset: standardize ? mean : 0,
    scale: use ? scale : 1,
    ...(fillGaps && { fill: mean }),
  };
}

function fitCategory(c: TableColumn & { kind: "category" }, rows: Int32Array, fillGaps: boolean): CategoryEncoding {
  const counts = new Int32Array(c.categories.length);
  for (const row of rows) if (c.codes[row] >= 0) counts[c.codes[row]]++;
  const commonest = c.categories[counts.indexOf(Math.max(...counts))];
  return { kind: "category", name: c.name, categories: c.categories, ...(fillGaps && { fill: commonest }) };
}

function fitTarget(
  table: Table,
  c: TableColumn,
  options: TableOptions,
  rows: Int32Array,
  standardize: boolean,
): NumberEncoding | CategoryEncoding {
  refuseMissing(table, c, rows);
  if (!isClassification(c, options)) {
    if (c.kind === "number") return fitNumber(table, c, rows, standardize, false);
  } else {
    const categories = c.kind === "category" ? c.categories : numberCategories(c.values);
    if (categories.length < 2)
      fail("data", `${table.name}: column "${c.name}" has only one value, so there is nothing to predict.`);
    return { kind: "category", name: c.name, categories };
  }
  return fail("argument", `column "${c.name}" cannot be the target of a ${options.task}.`);
}

function encodeNumber(e: NumberEncoding, table: Table, c: TableColumn, rows: Int32Array): Float64Array {
  if (c.kind !== "number") return fail("data", `${table.name}: column "${c.name}" holds text where numbers were learnt from.`);
  const result = new Float64Array(rows.length);
  for (const [i, row] of rows.entries()) {
    const x = Number.isNaN(c.values[row]) ? (e.fill ?? gap(table, c, row)) : c.values[row];
    result[i] = (x - e.offset) * e.scale;
  }
  return result;
}

function encodeCategory(e: CategoryEncoding, table: Table, c: TableColumn, rows: Int32Array): Int32Array {
  const result = new Int32Array(rows.length);
  const known = new Map(e.categories.map((category, code) => [category, code]));
  for (const [i, row] of rows.entries()) {
    const text = isMissing(c, row)
      ? (e.fill ?? gap(table, c, row))
      : c.kind === "category"
        ? c.categories[c.codes[row]]
        : String(c.values[row]);
    result[i] =
      known.get(text) ??
      fail(
        "data",
        `${place(table, c, row)} ${JSON.stringify(text)} is not one that was learnt from: ${e.categories.join(", ")}.`,
      );
  }
  return result;
}

function gap(table: Table, c: TableColumn, row: number): never {
  return fail("data", `${place(table, c, row)} is missing. Choose missing: "drop" or missing: "mean".`);
}
