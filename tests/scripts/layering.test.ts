import { expect, test } from "vitest";
import { findFaults } from "../../scripts/layering.ts";

test("imports downwards and within a folder are in order", () => {
  expect(
    findFaults({
      "numeric/a.ts": "export const a = 1;",
      "ops/b.ts": 'import { a } from "../numeric/a.ts"; import { c } from "./c.ts"; import { readFile } from "node:fs";',
      "data/d.ts": 'export { e } from "../io/e.ts";',
      "cli/f.ts": 'const { createJiti } = await import("jiti");',
    }),
  ).toEqual([]);
});

test("an import upwards is named with its line and the order, whatever its form", () => {
  const upwards = [
    'import { x } from "../cli/x.ts";',
    'import type { X } from "../cli/x.ts";',
    'export * from "../cli/x.ts";',
    'const x = await import("../cli/x.ts");',
    'type X = import("../cli/x.ts").X;',
  ];
  for (const statement of upwards) {
    const faults = findFaults({ "graph/a.ts": `// first line\n${statement}` });
    expect(faults).toHaveLength(1);
    expect(faults[0]).toContain('src/graph/a.ts:2: imports "../cli/x.ts", but cli stands above graph (the order is numeric <');
  }
});

test("neighbours, packages, tests, the public entry and unknown folders are faults", () => {
  const faults = findFaults({
    "optim/a.ts": 'import "../losses/b.ts";',
    "io/b.ts": 'import "../data/b.ts";',
    "ops/c.ts": 'import "lodash";',
    "ops/d.ts": 'import "./d.test.ts";',
    "nn/e.ts": 'import "../index.ts";',
    "nn/f.ts": 'import "../../bench/f.ts";',
    "misc/g.ts": "",
  });
  expect(faults.map((fault) => fault.replace(/^.*?", /, ""))).toEqual([
    "but optim and losses stand side by side",
    "but io and data stand side by side",
    "a package; the core has no runtime dependencies",
    "which belongs to the tests",
    "the public entry, which stands above the whole library; import the file that defines it",
    "which lies outside src/",
    'src/misc/g.ts: the folder "misc" has no place in the layers of scripts/layering.ts',
  ]);
});

test("a test may import upwards", () => {
  expect(findFaults({ "graph/a.test.ts": 'import { x } from "../cli/x.ts"; import { test } from "vitest";' })).toEqual([]);
});
