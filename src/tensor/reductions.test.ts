// Reductions of tensors, as methods and as functions, against plain JavaScript.

import { describe, expect, test } from "vitest";
import { GradusError } from "../graph/errors.ts";
import * as t from "./index.ts";
import { type Tensor, tensor } from "./index.ts";
import { expectList, method } from "./test-support.ts";

const vector = (...xs: number[]) => tensor(xs, { dtype: "float64" });
const matrix = (rows: number[][]) => tensor(rows, { dtype: "float64" });

describe("reductions", () => {
  const rows = [
    [3, -1, 2],
    [0.5, 4, -2],
  ];
  const x = matrix(rows);
  const add = (v: number[]) => v.reduce((a, b) => a + b, 0);
  const columns = [0, 1, 2].map((j) => rows.map((r) => r[j]));
  const all = rows.flat();
  const mean = (v: number[]) => add(v) / v.length;
  const spread = (v: number[]) => mean(v.map((a) => (a - mean(v)) ** 2));
  const table: [
    string,
    (v: number[]) => number | boolean,
    (x: Tensor, axes?: number | readonly number[], keepDims?: boolean) => Tensor,
  ][] = [
    ["sum", add, t.sum],
    ["prod", (v) => v.reduce((a, b) => a * b, 1), t.prod],
    ["mean", mean, t.mean],
    ["max", (v) => Math.max(...v), (y, axes, keep) => y.max(axes, keep)],
    ["min", (v) => Math.min(...v), (y, axes, keep) => y.min(axes, keep)],
    ["norm", (v) => Math.hypot(...v), (y, axes, keepDims = false) => t.norm(y, axes, { keepDims })],
    ["logSumExp", (v) => Math.log(add(v.map(Math.exp))), t.logSumExp],
    ["any", (v) => v.some((a) => a > 2), (y, axes, keep) => y.greater(2).any(axes, keep)],
    ["all", (v) => v.every((a) => a > -2), (y, axes, keep) => y.greater(-2).all(axes, keep)],
    ["variance", spread, (y, axes, keepDims = false) => t.variance(y, axes, { keepDims })],
    ["standardDeviation", (v) => Math.sqrt(spread(v)), (y, axes, keepDims = false) => t.standardDeviation(y, axes, { keepDims })],
  ];
  test.each(table)("%s over any axes", (name, f, op) => {
    expectList(op(x), [f(all)]);
    expectList(op(x, 0), columns.map(f));
    expectList(op(x, -1), rows.map(f));
    expectList(op(x, [0, 1]), [f(all)]);
    expect([op(x).shape, op(x, 0).shape, op(x, 1, true).shape, op(x, undefined, true).shape]).toEqual([[], [3], [2, 1], [1, 1]]);
    const own = method(x, name);
    if (own && name !== "any" && name !== "all") expectList(own(1), rows.map(f));
  });

  test("argmax, argmin, softmax, layer norm, running sums", () => {
    expect([x.argmax(1).toArray(), x.argmin(0).toArray(), x.argmax(0).dtype]).toEqual([[0, 1], [1, 0, 1], "int32"]);
    const soft = (v: number[]) => v.map((a) => Math.exp(a) / add(v.map(Math.exp)));
    expectList(x.softmax(), rows.flatMap(soft));
    expectList(t.softmax(x, 0).transpose(), columns.flatMap(soft));
    expectList(
      x.logSoftmax(),
      rows.flatMap((r) => soft(r).map(Math.log)),
    );
    expectList(
      t.logSoftmax(x),
      rows.flatMap((r) => soft(r).map(Math.log)),
    );
    expectList(
      t.layerNorm(x, -1, 0, vector(1, 2, 3), vector(0, 0, 1)),
      rows.flatMap((r) => r.map((a, i) => ((a - mean(r)) / Math.sqrt(spread(r))) * (i + 1) + (i === 2 ? 1 : 0))),
    );
    expectList(
      t.cumulativeSum(x, 1),
      rows.flatMap((r) => r.map((_, i) => add(r.slice(0, i + 1)))),
    );
    expectList(
      t.cumulativeSum(x, 1, { exclusive: true, reverse: true }),
      rows.flatMap((r) => r.map((_, i) => add(r.slice(i + 1)))),
    );
    expectList(
      t.cumulativeProduct(x, 1),
      rows.flatMap((r) => r.map((_, i) => r.slice(0, i + 1).reduce((a, b) => a * b, 1))),
    );
  });

  test("of nothing: the neutral element, or an error that says so", () => {
    const none = t.zeros([0, 3], "float64");
    expect([none.sum().item(), none.prod(0).toArray(), none.greater(0).all().toArray(), none.greater(0).any().toArray()]).toEqual(
      [0, [1, 1, 1], true, false],
    );
    expect(() => none.max(0)).toThrow(GradusError);
    expect(none.sum(1).shape).toEqual([0]);
  });
});
