// Tables from CSV and TSV text (RFC 4180): quoted fields, embedded newlines, either line ending, byte order mark. Columns become
// numbers or categories; whatever does not fit is an error that names the file, the row and the column.

import { fail, GradusError } from "../graph/errors.ts";

interface ColumnBase {
  readonly name: string;
  /** Cells that are missing. */
  readonly missing: number;
}

export interface NumberColumn extends ColumnBase {
  readonly kind: "number";
  /** NaN where missing. */
  readonly values: Float64Array;
}

export interface CategoryColumn extends ColumnBase {
  readonly kind: "category";
  /** Index into `categories`; -1 where missing. */
  readonly codes: Int32Array;
  /** In the order of their code units. */
  readonly categories: readonly string[];
}

export type TableColumn = NumberColumn | CategoryColumn;

export interface Table {
  /** What it was read from, for messages. */
  readonly name: string;
  readonly size: number;
  readonly columns: readonly TableColumn[];
  /** The line of the source, counted from 1, on which each row starts. */
  readonly lines: Int32Array;
}

export interface CsvOptions {
  /** Names the source in errors. */
  readonly source?: string;
  /** Default: the one of comma, tab and semicolon that the first record has most of. */
  readonly delimiter?: "," | "\t" | ";" | "|";
  /** Whether the first record holds names. Default: if none of its cells is a number. */
  readonly header?: boolean;
  /** Cells (trimmed) that stand for a missing value. */
  readonly missing?: readonly string[];
  /** Kinds of columns by name, instead of what their cells suggest. */
  readonly types?: Readonly<Record<string, TableColumn["kind"]>>;
}

export const defaultMissing: readonly string[] = ["", "NA", "N/A", "n/a", "NaN", "nan", "null", "NULL", "None", "?"];

interface RawRecord {
  readonly cells: string[];
  readonly line: number;
}

/**
 * Parses CSV or TSV. Rows are numbered from 1 and do not count the header. Throws a data error that names source, line, row and column
 * for a record with too few or too many cells, an unclosed quote, a cell that is not a number in a column of numbers, names that
 * occur twice, and text without rows.
 */
export function parseCsv(text: string | Uint8Array, options: CsvOptions = {}): Table {
  const { source = "CSV data", missing = defaultMissing } = options;
  const whole = (typeof text === "string" ? text : decodeUtf8(text, source)).replace(/^\uFEFF/, "");
  const delimiter = options.delimiter ?? guessDelimiter(whole);
  const records = splitRecords(whole, delimiter, source);
  if (records.length === 0) fail("data", `${source} is empty: it has no records.`);
  const hasHeader = options.header ?? !records[0].cells.some((cell) => isNumber(cell.trim()));
  const names = records[0].cells.map((cell, i) => (hasHeader && cell.trim() !== "" ? cell.trim() : `column ${i + 1}`));
  const body = hasHeader ? records.slice(1) : records;
  if (body.length === 0) fail("data", `${source} has a header but no rows.`);
  const repeated = names.findIndex((name, i) => names.indexOf(name) !== i);
  if (repeated >= 0) {
    fail(
      "data",
      `${source}: columns ${names.indexOf(names[repeated]) + 1} and ${repeated + 1} are both named "${names[repeated]}". Rename one.`,
    );
  }
  for (const name of Object.keys(options.types ?? {})) {
    if (!names.includes(name)) fail("argument", `${source} has no column "${name}" to give a type; it has ${names.join(", ")}.`);
  }
  for (const [i, { cells, line }] of body.entries()) {
    if (cells.length === names.length) continue;
    const what =
      cells.length < names.length
        ? `the value of column ${cells.length + 1} "${names[cells.length]}" is absent`
        : "there are too many";
    fail(
      "data",
      `${source}, line ${line} (row ${i + 1}): ${cells.length} cells where ${names.length} columns are expected; ${what}. ` +
        "Look for a missing or unquoted delimiter.",
    );
  }
  const absent = new Set(missing);
  const columns = names.map((name, c) => {
    const cells = body.map((record) => record.cells[c].trim());
    return toColumn({ name, number: c + 1, cells, body, source, absent }, options.types?.[name]);
  });
  return { name: source, size: body.length, columns, lines: Int32Array.from(body, (record) => record.line) };
}

function decodeUtf8(bytes: Uint8Array, source: string): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    throw new GradusError("data", `${source} is not UTF-8 text. Convert it, for instance with iconv.`, { cause: error });
  }
}

/** Counts delimiters outside quotes in the first record. */
function guessDelimiter(text: string): "," | "\t" | ";" {
  const counts = { ",": 0, "\t": 0, ";": 0 };
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    const char = text[i];
    if (char === '"') quoted = !quoted;
    else if (!quoted && (char === "\n" || char === "\r")) break;
    else if (!quoted && (char === "," || char === "\t" || char === ";")) counts[char]++;
  }
  if (counts["\t"] > counts[","] && counts["\t"] >= counts[";"]) return "\t";
  return counts[";"] > counts[","] ? ";" : ",";
}

/** The grammar of RFC 4180, and: lone CR ends a line, blank lines are skipped, a quote inside an unquoted cell is itself. */
function splitRecords(text: string, delimiter: string, source: string): RawRecord[] {
  const records: RawRecord[] = [];
  let cells: string[] = [];
  let line = 1;
  let start = 1;
  let i = 0;
  let anyQuoted = false;
  while (i <= text.length) {
    let cell: string;
    if (text[i] === '"') {
      anyQuoted = true;
      const opened = line;
      cell = "";
      let from = ++i;
      for (;;) {
        const close = text.indexOf('"', i);
        if (close < 0) fail("data", `${source}, line ${opened}: column ${cells.length + 1} opens a quote that is never closed.`);
        i = close + 1;
        if (text[i] !== '"') {
          cell += text.slice(from, close);
          break;
        }
        cell += text.slice(from, i);
        from = ++i;
      }
      line += countLines(cell);
      if (i < text.length && text[i] !== delimiter && text[i] !== "\n" && text[i] !== "\r") {
        fail(
          "data",
          `${source}, line ${line}: column ${cells.length + 1} has ${JSON.stringify(text[i])} after its closing quote. ` +
            'Within a quoted cell, write a quote as "".',
        );
      }
    } else {
      const from = i;
      while (i < text.length && text[i] !== delimiter && text[i] !== "\n" && text[i] !== "\r") i++;
      cell = text.slice(from, i);
    }
    cells.push(cell);
    if (text[i] === delimiter) {
      i++;
      continue;
    }
    if (cells.length > 1 || cell !== "" || anyQuoted) records.push({ cells, line: start });
    if (i >= text.length) break;
    i += text[i] === "\r" && text[i + 1] === "\n" ? 2 : 1;
    start = ++line;
    cells = [];
    anyQuoted = false;
  }
  return records;
}

function countLines(text: string): number {
  return text.match(/\r\n|\r|\n/g)?.length ?? 0;
}

const numeral = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

function isNumber(cell: string): boolean {
  return numeral.test(cell) && Number.isFinite(Number(cell));
}

interface Cells {
  readonly name: string;
  readonly number: number;
  readonly cells: readonly string[];
  readonly body: readonly RawRecord[];
  readonly source: string;
  readonly absent: ReadonlySet<string>;
}

function toColumn(given: Cells, declared: TableColumn["kind"] | undefined): TableColumn {
  const { name, number, cells, body, source, absent } = given;
  let missing = 0;
  let numbers = 0;
  let firstText = -1;
  for (const [i, cell] of cells.entries()) {
    if (absent.has(cell)) missing++;
    else if (isNumber(cell)) numbers++;
    else if (firstText < 0) firstText = i;
  }
  const present = cells.length - missing;
  // A column mostly of numbers is meant to be one: a slip in it must not silently turn it into categories.
  const kind = declared ?? (numbers > present / 2 || present === 0 ? "number" : "category");
  if (kind === "category") {
    const categories = [...new Set(cells.filter((cell) => !absent.has(cell)))].sort();
    const codes = new Map(categories.map((category, code) => [category, code]));
    return { kind, name, missing, categories, codes: Int32Array.from(cells, (cell) => codes.get(cell) ?? -1) };
  }
  if (firstText >= 0) {
    const cell = JSON.stringify(cells[firstText]);
    fail(
      "data",
      `${source}, line ${body[firstText].line} (row ${firstText + 1}), column ${number} "${name}": ${cell} is not a number, but ` +
        `${numbers} other cells of the column are. Correct it, declare it a missing value (missing: [${cell}]), or read the column as ` +
        `categories (types: { ${JSON.stringify(name)}: "category" }).`,
    );
  }
  return { kind, name, missing, values: Float64Array.from(cells, (cell) => (absent.has(cell) ? Number.NaN : Number(cell))) };
}
