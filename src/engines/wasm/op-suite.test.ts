import { expect, test } from "vitest";
import { runOpSuite } from "../op-suite.ts";
import { wasmEngine } from "./index.ts";

test("every operation agrees with the interpreter, in value and in first and second derivative", () => {
  const { failures, passed } = runOpSuite(wasmEngine);
  expect(failures).toEqual([]);
  expect(passed).toBeGreaterThan(500);
});
