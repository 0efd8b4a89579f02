import { expect, test } from "vitest";
import { didYouMean, editDistance, nearest } from "./suggest.ts";

test("a swap of neighbours is one edit, as are insertion, deletion and substitution", () => {
  expect(editDistance("epohcs", "epochs")).toBe(1);
  expect(editDistance("epoch", "epochs")).toBe(1);
  expect(editDistance("epochss", "epochs")).toBe(1);
  expect(editDistance("apochs", "epochs")).toBe(1);
  expect(editDistance("", "abc")).toBe(3);
  expect(editDistance("kitten", "sitting")).toBe(3);
});

test("the nearest word is offered, and none when none is near", () => {
  const words = ["epochs", "seed", "set", "resume"];
  expect(nearest("ephocs", words)).toBe("epochs");
  expect(nearest("Seeed", words)).toBe("seed");
  expect(nearest("res", words)).toBe("resume");
  expect(nearest("banana", words)).toBeUndefined();
  expect(nearest("x", [])).toBeUndefined();
  expect(didYouMean("sed", words)).toBe(' Did you mean "seed"?');
  expect(didYouMean("banana", words)).toBe("");
});
