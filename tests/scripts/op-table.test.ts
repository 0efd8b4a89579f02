import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { operationsPath, operationsTable } from "../../scripts/op-table.ts";

test("docs/operations.md is what the registry says; if not, run node scripts/ts.mjs scripts/op-table.ts", () => {
  expect(readFileSync(operationsPath, "utf8")).toBe(operationsTable());
});
