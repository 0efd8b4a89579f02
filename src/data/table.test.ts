import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { parseCsv } from "../io/csv.ts";
import { decodeTarget, encodeInputs, encodeTable, featureNames, splitTable, type TableEncoding, tableDataset } from "./table.ts";

const birds = parseCsv("mass,island,species\n1,A,x\n2,B,y\n3,A,x\n6,A,y\n", { source: "birds.csv" });
const gaps = parseCsv("mass,island,species\n1,A,x\n,B,y\n3,NA,x\n8,A,y\n", { source: "gaps.csv" });
const tables = fileURLToPath(new URL("../../../shared/data/tables/", import.meta.url));

describe("tableDataset", () => {
  it("encodes numbers standardized, categories one-hot and the target as classes", () => {
    const { dataset, encoding } = tableDataset(birds, { target: "species" });
    expect(featureNames(encoding)).toEqual(["mass", "island = A", "island = B"]);
    expect(dataset.classes).toEqual(["x", "y"]);
    expect(dataset.targets.data).toEqual(Int32Array.of(0, 1, 0, 1));
    const deviation = Math.sqrt((4 + 1 + 0 + 9) / 4);
    const mass = [-2, -1, 0, 3].map((x) => Math.fround(x / deviation));
    expect([...dataset.inputs.data]).toEqual([mass[0], 1, 0, mass[1], 0, 1, mass[2], 1, 0, mass[3], 1, 0]);
  });

  it("predicts numbers by regression, and whole numbers as classes when told to", () => {
    const regression = tableDataset(birds, { target: "mass", standardize: false });
    expect(regression.dataset.targets).toEqual({ data: Float32Array.of(1, 2, 3, 6), shape: [1], dtype: "float32" });
    const scaled = tableDataset(birds, { target: "mass", standardizeTarget: true });
    expect(decodeTarget(scaled.encoding, scaled.dataset.targets.data[3])).toBeCloseTo(6, 6);
    const classes = tableDataset(birds, { target: "mass", task: "classification" });
    expect(classes.dataset.classes).toEqual(["1", "2", "3", "6"]);
    expect(classes.dataset.targets.data).toEqual(Int32Array.of(0, 1, 2, 3));
    expect(decodeTarget(classes.encoding, 3)).toBe("6");
  });

  it("refuses missing values unless told to drop or fill them", () => {
    expect(() => tableDataset(gaps, { target: "species" })).toThrow(
      'gaps.csv, line 3 (row 2), column 1 "mass": the value is missing (1 of 4 cells of the column are). Choose missing: "drop"',
    );
    const dropped = tableDataset(gaps, { target: "species", missing: "drop", standardize: false }).dataset;
    expect([...dropped.inputs.data]).toEqual([1, 1, 0, 8, 1, 0]);
    expect(dropped.targets.data).toEqual(Int32Array.of(0, 1));
    const filled = tableDataset(gaps, { target: "species", missing: "mean", standardize: false }).dataset;
    expect([...filled.inputs.data]).toEqual([1, 1, 0, 4, 0, 1, 3, 1, 0, 8, 1, 0]);
    expect(() => tableDataset(gaps, { target: "mass", missing: "mean" })).toThrow('column 1 "mass": the value is missing');
    expect(tableDataset(gaps, { target: "species", features: ["island"], missing: "drop" }).dataset.size).toBe(3);
  });

  it("encodes new rows as the old ones, after a journey through JSON", () => {
    const { encoding } = tableDataset(gaps, { target: "species", missing: "mean" });
    const loaded: TableEncoding = JSON.parse(JSON.stringify(encoding));
    expect(loaded).toEqual(encoding);
    const rows = parseCsv("island,mass\nB,4\nA,\n", { source: "new.csv" });
    const { data, shape } = encodeInputs(loaded, rows);
    expect(shape).toEqual([3]);
    expect([...data]).toEqual([0, 0, 1, 0, 1, 0]);
    expect(() => encodeInputs(loaded, parseCsv("island,mass\nC,4\n", { source: "new.csv" }))).toThrow(
      'new.csv, line 2 (row 1), column 1 "island": the value "C" is not one that was learnt from: A, B.',
    );
    expect(() => encodeInputs(loaded, parseCsv("mass\n4\n", { source: "new.csv" }))).toThrow(
      'new.csv has no column "island"; it has mass.',
    );
    expect(() => encodeTable(loaded, rows)).toThrow('no column "species"');
  });

  it("says what is wrong with the choice of columns", () => {
    expect(() => tableDataset(birds, { target: "sex" })).toThrow('birds.csv has no column "sex"; it has mass, island, species.');
    expect(() => tableDataset(birds, { target: "mass", features: ["mass"] })).toThrow(
      "is the target and cannot be a feature as well",
    );
    expect(() => tableDataset(birds, { target: "mass", exclude: ["island", "species"] })).toThrow("no columns are left");
    expect(() => tableDataset(birds, { target: "species", task: "regression" })).toThrow("cannot be the target of a regression");
    const names = parseCsv(`name,y\n${Array.from({ length: 101 }, (_, i) => `n${i},${i}`).join("\n")}`, { source: "n.csv" });
    expect(() => tableDataset(names, { target: "y" })).toThrow(
      '101 different texts, which would become as many inputs. Leave it out with exclude: ["name"].',
    );
  });
});

describe("splitTable", () => {
  const many = parseCsv(
    `x,c\n${Array.from({ length: 90 }, (_, i) => `${i === 7 ? "" : i},${i % 3 === 0 ? "a" : "b"}`).join("\n")}`,
  );

  it("keeps the mixture of classes, and fits the encoding to the first part alone", () => {
    const { parts, encoding } = splitTable(many, { target: "c", missing: "drop", fractions: [0.8, 0.2], seed: 1 });
    expect(parts.map((p) => p.size)).toEqual([71, 18]);
    for (const part of parts) {
      const share = Array.from(part.targets.data).filter((c) => c === 0).length / part.size;
      expect(Math.abs(share - 30 / 89)).toBeLessThan(1.5 / part.size);
    }
    const [x] = encoding.features;
    const values = Array.from(parts[0].inputs.data);
    expect(values.reduce((a, b) => a + b, 0)).toBeCloseTo(0, 4);
    expect(x.kind).toBe("number");
    expect(Array.from(parts[1].inputs.data).reduce((a, b) => a + b, 0)).not.toBeCloseTo(0, 1);
  });
});

describe.skipIf(!existsSync(tables))("real tables (skipped where ../shared/data is absent)", () => {
  const read = (name: string) => parseCsv(readFileSync(tables + name), { source: name });

  it("iris has 150 flowers of three species", () => {
    const { dataset } = tableDataset(read("iris.csv"), { target: "species" });
    expect([dataset.size, dataset.inputs.shape, dataset.classes]).toEqual([150, [4], ["setosa", "versicolor", "virginica"]]);
  });

  it("penguins lack 11 sexes, and 333 of 344 are complete", () => {
    const table = read("penguins.csv");
    expect(() => tableDataset(table, { target: "species" })).toThrow("is missing");
    expect(tableDataset(table, { target: "species", missing: "drop" }).dataset.size).toBe(333);
    expect(tableDataset(table, { target: "species", missing: "mean" }).dataset.size).toBe(344);
  });

  it("cars lack 6 horsepowers, and have too many names to be inputs", () => {
    const table = read("mpg.csv");
    expect(() => tableDataset(table, { target: "mpg", missing: "drop" })).toThrow('exclude: ["name"]');
    const { dataset } = tableDataset(table, { target: "mpg", missing: "drop", exclude: ["name"] });
    expect([dataset.size, dataset.inputs.shape]).toEqual([392, [9]]);
  });
});
