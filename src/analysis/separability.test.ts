// Separable or not, with a certificate either way that is checked here anew.

import { describe, expect, it } from "vitest";
import { random, type Tensor, tensor } from "../tensor/index.ts";
import { separability } from "./separability.ts";

const t = (rows: number[][]): Tensor => tensor(rows, { dtype: "float64" });

function check(points: number[][], labels: number[]): boolean {
  const found = separability(t(points), labels);
  if (found.separable) {
    points.forEach((p, i) => {
      const s = p.reduce((sum, v, j) => sum + v * found.weights[j], found.bias);
      expect(s > 0).toBe(labels[i] > 0);
      expect(Math.abs(s)).toBeGreaterThan(0);
    });
    expect(found.margin).toBeGreaterThan(0);
    return true;
  }
  const mean = (list: typeof found.positive) =>
    points[0].map((_, j) => list.reduce((s, { index, weight }) => s + weight * points[index][j], 0));
  expect(found.positive.reduce((s, c) => s + c.weight, 0)).toBeCloseTo(1, 12);
  expect(found.negative.reduce((s, c) => s + c.weight, 0)).toBeCloseTo(1, 12);
  mean(found.positive).forEach((v, j) => {
    expect(v).toBeCloseTo(mean(found.negative)[j], 12);
  });
  for (const { index } of found.positive) expect(labels[index]).toBeGreaterThan(0);
  return false;
}

const corners = [
  [0, 0],
  [0, 1],
  [1, 0],
  [1, 1],
];

describe("separability", () => {
  it("XOR is not: ½(0,1) + ½(1,0) = ½(0,0) + ½(1,1)", () => {
    expect(check(corners, [0, 1, 1, 0])).toBe(false);
    const found = separability(t(corners), [0, 1, 1, 0]);
    if (found.separable) throw new Error("separable");
    expect(found.positive.map((c) => [c.index, c.exact])).toEqual([
      [1, "1/2"],
      [2, "1/2"],
    ]);
    expect(found.point).toEqual([0.5, 0.5]);
  });
  it("XOR with the product as a third feature is", () => {
    expect(
      check(
        corners.map(([a, b]) => [a, b, a * b]),
        [0, 1, 1, 0],
      ),
    ).toBe(true);
  });
  it("AND and OR are", () => {
    expect(check(corners, [0, 0, 0, 1])).toBe(true);
    expect(check(corners, [-1, 1, 1, 1])).toBe(true);
  });
  it("cyclic shifts of two patterns with as many ones are not", () => {
    const shifts = (p: number[]) => p.map((_, k) => p.map((_, i) => p[(i + k) % p.length]));
    const a = shifts([1, 1, 1, 1, ...new Array<number>(12).fill(0)]);
    const b = shifts([1, 0, 0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0]);
    expect(check([...a, ...b], [...a.map(() => 1), ...b.map(() => 0)])).toBe(false);
  });
  it("one class alone is; a point in both classes is not; a gap of 1e-9 is", () => {
    expect(
      check(
        [
          [1, 2],
          [3, 4],
        ],
        [1, 1],
      ),
    ).toBe(true);
    expect(
      check(
        [
          [1, 2],
          [1, 2],
        ],
        [1, 0],
      ),
    ).toBe(false);
    expect(check([[0], [1], [1 + 1e-9], [2]], [0, 0, 1, 1])).toBe(true);
    expect(check([[0], [1], [1], [2]], [0, 0, 1, 1])).toBe(false);
  });
  it("decides random sets, each with its certificate", () => {
    const answers = new Set<boolean>();
    for (let k = 0; k < 30; k++) {
      const data = random.normal(random.key(k), [7, 2]).toArray() as number[][];
      const labels = (random.uniform(random.key(100 + k), [7]).toArray() as number[]).map((v) => (v > 0.5 ? 1 : 0));
      answers.add(check(data, labels));
    }
    expect(answers.size).toBe(2);
  });
  it("refuses NaN", () => {
    expect(() => separability(t([[Number.NaN]]), [1])).toThrow(/NaN/);
  });
});
