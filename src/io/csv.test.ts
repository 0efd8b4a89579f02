import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { type CsvOptions, parseCsv, type TableColumn } from "./csv.ts";

/** Cells of a column as they were written, missing ones as null. */
const cells = (c: TableColumn) =>
  c.kind === "number"
    ? Array.from(c.values, (x) => (Number.isNaN(x) ? null : x))
    : Array.from(c.codes, (code) => (code < 0 ? null : c.categories[code]));
const read = (text: string, options: CsvOptions = {}) =>
  Object.fromEntries(parseCsv(text, options).columns.map((c) => [c.name, cells(c)]));

describe("parseCsv", () => {
  it("tells numbers from categories, and finds missing values", () => {
    const table = parseCsv("x,kind,y\n1,a,\n-2.5e3,b,4\n.5,NA,+7.\n");
    expect(table.columns.map((c) => [c.name, c.kind, c.missing])).toEqual([
      ["x", "number", 0],
      ["kind", "category", 1],
      ["y", "number", 1],
    ]);
    expect(table.columns.map(cells)).toEqual([
      [1, -2500, 0.5],
      ["a", "b", null],
      [null, 4, 7],
    ]);
    expect([...table.lines]).toEqual([2, 3, 4]);
  });

  it("reads quotes, delimiters, quotes within quotes and newlines within cells", () => {
    expect(read('a,b\n"x, y","say ""hi"""\n"two\r\nlines","5"" pipe"\n')).toEqual({
      a: ["x, y", "two\r\nlines"],
      b: ['say "hi"', '5" pipe'],
    });
    const table = parseCsv('a,b\n"1\n2",x\n3,y');
    expect([...table.lines]).toEqual([2, 4]);
  });

  it("takes any line ending, a byte order mark, blank lines and no final newline", () => {
    for (const end of ["\n", "\r\n", "\r"]) {
      expect(read(`\uFEFFa,b${end}1,2${end}${end}3,4`)).toEqual({ a: [1, 3], b: [2, 4] });
    }
    expect(read("\uFEFF1,2\n")).toEqual({ "column 1": [1], "column 2": [2] });
  });

  it("finds the delimiter and the header", () => {
    expect(read("a\tb\n1\t2,5\n")).toEqual({ a: [1], b: ["2,5"] });
    expect(read("a;b\n1;2\n")).toEqual({ a: [1], b: [2] });
    expect(read('"a;b",c\n1,2\n')).toEqual({ "a;b": [1], c: [2] });
    expect(read("1,x\n2,y\n")).toEqual({ "column 1": [1, 2], "column 2": ["x", "y"] });
    expect(read("1,x\n2,y\n", { header: true })).toEqual({ "1": [2], x: ["y"] });
    expect(read("a,b\nc,d\n", { header: false })).toEqual({ "column 1": ["a", "c"], "column 2": ["b", "d"] });
    expect(read("a|b\n1|2\n", { delimiter: "|" })).toEqual({ a: [1], b: [2] });
  });

  it("takes kinds and missing values as told", () => {
    expect(read("zip,x\n01,-\n02,3\n", { types: { zip: "category" }, missing: ["-"] })).toEqual({
      zip: ["01", "02"],
      x: [null, 3],
    });
  });

  it("reads back any table that is written by the rules of RFC 4180", () => {
    const cell = fc
      .string({ unit: fc.constantFrom("a", "é", ",", '"', "\n", "\r\n", ";", "\t", "x", "1", " ") })
      .map((s) => s.trim());
    const tables = fc
      .integer({ min: 1, max: 4 })
      .chain((width) => fc.array(fc.array(cell, { minLength: width, maxLength: width }), { minLength: 1, maxLength: 6 }));
    fc.assert(
      fc.property(tables, fc.constantFrom("\n", "\r\n"), (rows, end) => {
        const quote = (s: string) => `"${s.replaceAll('"', '""')}"`;
        const names = rows[0].map((_, i) => `n${i}`);
        const text = [names, ...rows].map((r) => r.map(quote).join(",")).join(end);
        const types = Object.fromEntries(names.map((n) => [n, "category" as const]));
        const columns = names.map((_, c) => rows.map((r) => r[c]));
        expect(parseCsv(text, { types, missing: [], delimiter: "," }).columns.map(cells)).toEqual(columns);
      }),
    );
  });

  it("names file, line, row and column of what does not fit", () => {
    const source = "p.csv";
    expect(() => parseCsv("a,b\n1,2\n3\n", { source })).toThrow(
      'p.csv, line 3 (row 2): 1 cells where 2 columns are expected; the value of column 2 "b" is absent',
    );
    expect(() => parseCsv('a,b\n"x\ny",2\n3,4,5\n', { source })).toThrow(
      "p.csv, line 4 (row 2): 3 cells where 2 columns are expected",
    );
    expect(() => parseCsv("a,b\n1,2\n3,4\n5,6x\n", { source })).toThrow(
      'p.csv, line 4 (row 3), column 2 "b": "6x" is not a number, but 2 other cells of the column are.',
    );
    expect(() => parseCsv("a\nred\n2\n", { source, types: { a: "number" } })).toThrow(
      'line 2 (row 1), column 1 "a": "red" is not a number',
    );
    for (const bad of ["0x10", "1e999", "Infinity", "1,5", "--1"]) {
      expect(() => parseCsv(`a\n1\n2\n"${bad}"\n`, { source })).toThrow(`${JSON.stringify(bad)} is not a number`);
    }
    expect(() => parseCsv('a,b\n1,"2\n3,4\n', { source })).toThrow("p.csv, line 2: column 2 opens a quote that is never closed");
    expect(() => parseCsv('a,b\n1,"2"x\n', { source })).toThrow('p.csv, line 2: column 2 has "x" after its closing quote');
    expect(() => parseCsv("a,a\n1,2\n", { source })).toThrow('columns 1 and 2 are both named "a"');
    expect(() => parseCsv("a,b\n", { source })).toThrow("p.csv has a header but no rows");
    expect(() => parseCsv("", { source })).toThrow("p.csv is empty");
    expect(() => parseCsv("a\n1\n", { source, types: { b: "number" } })).toThrow('no column "b" to give a type; it has a');
    expect(() => parseCsv(Uint8Array.of(0x61, 0xff), { source })).toThrow("p.csv is not UTF-8");
  });
});
