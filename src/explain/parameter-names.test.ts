import { expect, test } from "vitest";
import { parameterNames } from "./parameter-names.ts";

test("parameters have their names, patterns have none and hide no other", () => {
  expect(parameterNames((w: number, x: number) => w + x)).toEqual(["w", "x"]);
  expect(
    parameterNames(({ a, b }: { a: number; b: number }, x: number, [c, d]: number[], t: number) => a + b + x + c + d + t),
  ).toEqual([undefined, "x", undefined, "t"]);
  expect(
    parameterNames(function named(weights: number, x = Math.max(1, 2)) {
      return weights + x;
    }),
  ).toEqual(["weights", "x"]);
});
