import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { GradusError } from "./errors.ts";
import {
  broadcastShapes,
  formatShape,
  normalizeAxes,
  normalizeAxis,
  reducedShape,
  sameShape,
  sizeOf,
  stridesOf,
} from "./shape.ts";

describe("shapes", () => {
  test("size and row-major strides", () => {
    expect([sizeOf([]), sizeOf([2, 3, 4]), sizeOf([2, 0])]).toEqual([1, 24, 0]);
    expect([stridesOf([]), stridesOf([5]), stridesOf([2, 3, 4])]).toEqual([[], [1], [12, 4, 1]]);
    expect([sameShape([], []), sameShape([2], [2, 1]), sameShape([1, 2], [1, 2])]).toEqual([true, false, true]);
    expect([formatShape([]), formatShape([2, 3])]).toEqual(["[]", "[2, 3]"]);
  });

  test("broadcasting is that of NumPy: commutative, associative, idempotent, with the scalar as identity", () => {
    // Shapes that fit: some dimensions of one full shape, others 1, leading ones dropped.
    const family = fc
      .array(fc.integer({ min: 1, max: 4 }), { maxLength: 4 })
      .chain((full) =>
        fc.tuple(
          ...Array.from({ length: 3 }, () =>
            fc
              .tuple(fc.array(fc.boolean(), { minLength: full.length, maxLength: full.length }), fc.nat(full.length))
              .map(([ones, drop]) => full.map((d, i) => (ones[i] ? 1 : d)).slice(drop)),
          ),
        ),
      );
    fc.assert(
      fc.property(family, ([a, b, c]) => {
        const join = (...shapes: number[][]) => [...broadcastShapes("test", ...shapes)];
        expect(join(a, b)).toEqual(join(b, a));
        expect(join(join(a, b), c)).toEqual(join(a, join(b, c)));
        expect(join(a, b, c)).toEqual(join(join(a, b), c));
        expect(join(a, a)).toEqual(a);
        expect(join(a, [])).toEqual(a);
      }),
    );
  });

  test("a dimension of 0 stretches from 1 and fits nothing else", () => {
    expect(broadcastShapes("test", [0, 3], [1, 3])).toEqual([0, 3]);
    expect(() => broadcastShapes("test", [0], [2])).toThrow(/do not broadcast/);
  });

  test("shapes that do not fit: operation, shapes, axis, sizes and a remedy are named", () => {
    expect(() => broadcastShapes("add", [2, 3], [4, 3])).toThrow(
      /^add: shapes \[2, 3\] and \[4, 3\] do not broadcast: axis -2 has sizes 2 and 4, .*expandDims/,
    );
  });

  test("axes count from either end, and everything else is refused with the range", () => {
    expect([normalizeAxis("t", 1, 3), normalizeAxis("t", -1, 3), normalizeAxis("t", -3, 3)]).toEqual([1, 2, 0]);
    expect([normalizeAxes("t", undefined, 2), normalizeAxes("t", -1, 2), normalizeAxes("t", [1, -2], 2)]).toEqual([
      [0, 1],
      [1],
      [0, 1],
    ]);
    expect(() => normalizeAxis("sum", 3, 3)).toThrow(/sum: axis 3 does not exist in a tensor of rank 3; axes run from -3 to 2/);
    expect(() => normalizeAxis("sum", 0, 0)).toThrow(/a scalar has no axes/);
    expect(() => normalizeAxes("sum", [0, -2], 2)).toThrow(/name an axis twice/);
    for (const axis of [Number.NaN, 0.5, Number.POSITIVE_INFINITY, "0", null, [0]] as unknown as number[]) {
      expect(() => normalizeAxis("sum", axis, 2)).toThrow(GradusError);
    }
    for (const axes of ["0", {}, [Number.NaN], [undefined], true] as unknown as number[]) {
      expect(() => normalizeAxes("sum", axes, 2)).toThrow(GradusError);
    }
  });

  test("reduced shapes", () => {
    expect([reducedShape([2, 3, 4], [0, 2]), reducedShape([2, 3, 4], [0, 2], true)]).toEqual([[3], [1, 3, 1]]);
  });
});
