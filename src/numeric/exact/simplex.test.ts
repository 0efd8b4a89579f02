import fc from "fast-check";
import { expect, it } from "vitest";
import { add, exactly, isZero, mul, type Rational, sign, sub, zero } from "./rational.ts";
import { feasibility } from "./simplex.ts";

const dot = (a: readonly Rational[], b: readonly Rational[]) => a.reduce((s, v, i) => add(s, mul(v, b[i])), zero);
const systems = fc
  .tuple(fc.integer({ min: 1, max: 4 }), fc.integer({ min: 1, max: 6 }))
  .chain(([rows, n]) =>
    fc.tuple(
      fc.array(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: rows, maxLength: rows }), { minLength: n, maxLength: n }),
      fc.array(fc.integer({ min: 0, max: 3 }), { minLength: rows, maxLength: rows }),
    ),
  );

it("a system of equations has a solution x ≥ 0, or prices that show that it has none", () => {
  const found = { solution: 0, prices: 0 };
  fc.assert(
    fc.property(systems, ([matrix, right]) => {
      const columns = matrix.map((column) => column.map(exactly));
      const b = right.map(exactly);
      const answer = feasibility(columns, b);
      found[answer.kind]++;
      if (answer.kind === "solution") {
        expect(answer.solution.every((x) => sign(x) >= 0)).toBe(true);
        b.forEach((value, r) =>
          expect(
            isZero(
              sub(
                dot(
                  answer.solution,
                  columns.map((column) => column[r]),
                ),
                value,
              ),
            ),
          ).toBe(true),
        );
      } else {
        expect(columns.every((column) => sign(dot(answer.prices, column)) <= 0)).toBe(true);
        expect(sign(dot(answer.prices, b))).toBe(1);
      }
    }),
    { numRuns: 500 },
  );
  expect(Math.min(found.solution, found.prices)).toBeGreaterThan(50);
});
