// Products xⁿ·exp(u) are enclosed as one where they rise or fall on the whole box. What says so must belong to this box.

import { describe, expect, it } from "vitest";
import { everywhere } from "../domain.ts";
import { compileEnclosure, createStore, differentiate, exp, mul, neg, power, simplify, sub, variable } from "./index.ts";

describe("enclosures of humps", () => {
  const store = createStore(everywhere(1));
  const x = variable(store, 0);
  const bell = exp(neg(power(x, 2)));
  // The growth of x²·exp(x² + exp(−x²)) holds the hump x·exp(−x²), whose own growth has to be known before.
  const nested = mul(power(x, 2), exp(sub(power(x, 2), neg(bell))));
  const roots = [nested, simplify(differentiate(differentiate(exp(bell), 0), 0)), mul(x, bell)];
  const boxes = [
    [0.25, 0.75],
    [0.75, 1.5],
    [0.1, 0.2],
    [0.25, 0.75],
    [1, Infinity],
    [0.25, 0.75],
    [-2, -0.5],
    [0.25, 0.75],
  ].map(([lower, upper]) => [{ lower, upper }]);

  it("do not depend on the box before", () => {
    const together = compileEnclosure(roots);
    for (const box of boxes) expect(together(box)).toEqual(compileEnclosure(roots)(box));
  });

  it("contain the values at points of the box, whichever was asked about before", () => {
    const together = compileEnclosure(roots);
    for (const before of boxes) {
      for (const [{ lower, upper }] of boxes) {
        together(before);
        const found = together([{ lower, upper }]);
        for (let k = 0; k <= 8; k++) {
          const at = upper === Infinity ? lower + k ** 2 : lower + ((upper - lower) * k) / 8;
          compileEnclosure(roots)([{ lower: at, upper: at }]).forEach((value, i) => {
            expect(found[i].lower).toBeLessThanOrEqual(value.upper);
            expect(found[i].upper).toBeGreaterThanOrEqual(value.lower);
          });
        }
      }
    }
  });
});
