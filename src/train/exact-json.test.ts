import fc from "fast-check";
import { expect, test } from "vitest";
import { fromExactJson, toExactJson } from "./exact-json.ts";

test("every number comes back, NaN, infinities and -0 included", () => {
  fc.assert(
    fc.property(fc.array(fc.record({ value: fc.double(), list: fc.array(fc.double()) }, { noNullPrototype: true })), (value) => {
      expect(fromExactJson(toExactJson(value))).toStrictEqual(value);
    }),
  );
  expect(fromExactJson(toExactJson([NaN, Infinity, -Infinity, -0, 0]))).toStrictEqual([NaN, Infinity, -Infinity, -0, 0]);
});

test("what JSON has is written as JSON has it", () => {
  const value = { best: 0.1, names: ["a", null, true], nested: { epoch: 3 } };
  expect(toExactJson(value)).toBe(JSON.stringify(value));
});
