import fc from "fast-check";
import { expect, test } from "vitest";
import * as nn from "../../nn/index.ts";
import { flatten, random, type Tensor, tensor } from "../../tensor/index.ts";
import { dot, norm } from "../spectrum/operator.ts";
import { assignment } from "./align.ts";
import { alignPermutation, interpolate, planeSlice, randomDirection, slice, trajectoryPlane } from "./index.ts";

const vector = (tree: unknown) => Float64Array.from(flatten(tree).leaves.flatMap((leaf) => Array.from(leaf.data(), Number)));
const bowl = (x: Float64Array) => x.reduce((sum, v, i) => sum + (i + 1) * v * v, 0);

test("slices of a quadratic are the quadratics they must be", () => {
  const origin = Float64Array.of(1, 2);
  const line = slice(bowl, origin, Float64Array.of(1, -1), { range: [-2, 2], points: 5 });
  expect([...line.steps]).toEqual([-2, -1, 0, 1, 2]);
  expect([...line.values]).toEqual([-2, -1, 0, 1, 2].map((t) => (1 + t) ** 2 + 2 * (2 - t) ** 2));
  const plane = planeSlice(bowl, origin, [Float64Array.of(1, 0), Float64Array.of(0, 1)], { points: 3, secondRange: [0, 1] });
  expect([...plane.second]).toEqual([0, 0.5, 1]);
  expect([...plane.values]).toEqual([-1, 0, 1].flatMap((s) => [0, 0.5, 1].map((t) => (1 + s) ** 2 + 2 * (2 + t) ** 2)));
});

test("the barrier between two minima is the height above the straight line of their losses", () => {
  const wells = (x: Float64Array) => (x[0] ** 2 - 1) ** 2 + 0.5 * x[0];
  const { values, barrier } = interpolate(wells, Float64Array.of(-1), Float64Array.of(1), 21);
  expect([values[0], values[20]]).toEqual([-0.5, 0.5]);
  expect(barrier).toBeCloseTo(1, 12);
  expect(interpolate(bowl, Float64Array.of(-1, 1), Float64Array.of(2, 0)).barrier).toBe(0);
});

test("each filter of a direction is as long as the network's own, and vectors are kept", () => {
  const { parameters } = nn.sequential(nn.conv2d(2, 3, 3), nn.relu(), nn.flatten(), nn.linear(12, 4)).init(random.key(1));
  const direction = randomDirection(parameters, { seed: 4 });
  let from = 0;
  for (const leaf of flatten(parameters).leaves) {
    const own = direction.subarray(from, from + leaf.data().length);
    from += own.length;
    const filters = leaf.shape[leaf.shape.length - 1];
    for (let filter = 0; filter < filters; filter++) {
      const of = (values: ArrayLike<number>) => Math.hypot(...Array.from(values).filter((_, i) => i % filters === filter));
      expect(of(own)).toBeCloseTo(leaf.shape.length > 1 ? of(leaf.data() as Float32Array) : 0, 5);
    }
  }
  expect(norm(randomDirection(parameters, { normalize: "none", keepVectors: false }))).toBeGreaterThan(5);
});

test("a trajectory in a plane is described by two directions", () => {
  const [u, v] = [Float64Array.of(3, 0, 4, 0), Float64Array.of(0, 1, 0, 1)];
  const points = Array.from({ length: 9 }, (_, k) => u.map((x, i) => 1 + x * Math.cos(k) * 2 + v[i] * Math.sin(k)));
  const { directions, explained, coordinates, origin } = trajectoryPlane(points, 3);
  expect(directions).toHaveLength(2);
  expect(explained[0] + explained[1]).toBeCloseTo(1, 12);
  expect(dot(directions[0], directions[1])).toBeCloseTo(0, 12);
  for (const [k, point] of points.entries()) {
    const back = origin.map((x, i) => x + coordinates[k][0] * directions[0][i] + coordinates[k][1] * directions[1][i]);
    expect(norm(back.map((x, i) => x - point[i]))).toBeLessThan(1e-12);
  }
});

test("an assignment has the greatest sum of all permutations", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.array(fc.integer({ min: -20, max: 20 }), { minLength: 36, maxLength: 36 }),
      (n, entries) => {
        const gain = Float64Array.from(entries.slice(0, n * n));
        const permutations = (rest: readonly number[]): number[][] =>
          rest.length === 0
            ? [[]]
            : rest.flatMap((unit) => permutations(rest.filter((other) => other !== unit)).map((tail) => [unit, ...tail]));
        const sum = (order: readonly number[]) => order.reduce((s, unit, place) => s + gain[place * n + unit], 0);
        const found = assignment(gain, n);
        expect([...found].sort((a, b) => a - b)).toEqual(Array.from({ length: n }, (_, i) => i));
        expect(sum(found)).toBe(Math.max(...permutations(Array.from({ length: n }, (_, i) => i)).map(sum)));
      },
    ),
  );
});

test("a network whose units were exchanged is put back, and computes the same function", () => {
  const model = nn.sequential(nn.linear(5, 8), nn.tanh(), nn.linear(8, 6), nn.relu(), nn.linear(6, 2));
  const a = model.init(random.key(7)).parameters;
  const layers = (a as { layers: readonly { weight?: Tensor; bias?: Tensor }[] }).layers;
  const first = [3, 1, 7, 0, 2, 6, 5, 4];
  const second = [5, 0, 4, 1, 3, 2];
  const take = (x: Tensor, indices: readonly number[], axis: number) => x.gather(tensor([...indices], { dtype: "int32" }), axis);
  const [one, two, three] = [layers[0], layers[2], layers[4]] as Required<(typeof layers)[number]>[];
  const b = {
    layers: [
      { weight: take(one.weight, first, 1), bias: take(one.bias, first, 0) },
      layers[1],
      { weight: take(take(two.weight, first, 0), second, 1), bias: take(two.bias, second, 0) },
      layers[3],
      { weight: take(three.weight, second, 0), bias: three.bias },
    ],
  };
  const aligned = alignPermutation(model, a, b as typeof a);
  expect([...vector(aligned.parameters)]).toEqual([...vector(a)]);
  expect(aligned.permutations[0].map((unit) => first[unit])).toEqual([0, 1, 2, 3, 4, 5, 6, 7]);
  const x = random.normal(random.key(2), [4, 5]);
  const other = model.init(random.key(8)).parameters;
  const moved = alignPermutation(model, a, other).parameters;
  const [y, z] = [other, moved].map((p) => model.apply(p, x).data());
  for (const [i, value] of y.entries()) expect(z[i]).toBeCloseTo(Number(value), 5);
  expect(norm(vector(moved).map((v, i) => v - vector(a)[i]))).toBeLessThan(norm(vector(other).map((v, i) => v - vector(a)[i])));
});

test("what cannot be drawn or aligned is refused", () => {
  const x = Float64Array.of(1, 2);
  expect(() => slice(bowl, x, Float64Array.of(1))).toThrow("the point has 2 entries, the direction 1");
  expect(() => slice(bowl, { w: tensor([1, 2]) } as never, x)).toThrow("vectorOf(parameters) makes one");
  expect(() => slice(bowl, x, x, { points: 1 })).toThrow("at least 2 points");
  expect(() => slice(bowl, x, x, { range: [1, 0] })).toThrow("smaller end first");
  expect(() => trajectoryPlane([x])).toThrow("at least 2 points");
  expect(() => trajectoryPlane([x, Float64Array.of(1)])).toThrow("2 entries each".replace("2", "1"));
  const model = nn.sequential(nn.linear(2, 3), nn.layerNorm(3), nn.linear(3, 1));
  const { parameters } = model.init(random.key(0));
  expect(() => alignPermutation(model, parameters, parameters)).toThrow(/layerNorm/);
});
