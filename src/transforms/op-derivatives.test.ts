import { describe, expect, test } from "vitest";
import { instantiateSample } from "../engines/op-suite.ts";
import { isFloat } from "../graph/dtype.ts";
import type { Node } from "../graph/node.ts";
import { constant, picks } from "../graph/structural.ts";
import * as ops from "../ops/index.ts";
import { primitives } from "../ops/registry.ts";
import { samples } from "../ops/samples/index.ts";
import { Tensor } from "../tensor/tensor.ts";
import { checkGradients } from "./check-gradients.ts";

// Generated from the registry: every operation, every sample, first and second derivatives, reverse and forward mode.
describe.each(Object.entries(samples))("%s", (_name, list) => {
  const differentiable = list.filter((s) => (s.order ?? 2) > 0 && s.inputs.some((i) => i.dtype === undefined));
  if (differentiable.length === 0) {
    test("has samples, all without derivatives", () => expect(list.length).toBeGreaterThan(0));
    return;
  }
  test.each(differentiable.map((s) => [s.about, s] as const))("derivatives are right: %s", (_about, sample) => {
    const { parameters, data } = instantiateSample(sample, "float64", 5);
    const tensors = parameters.map((p, i) => new Tensor(constant(data[i], p.shape, p.dtype)));
    const f = (...xs: Tensor[]) => picks(sample.build(...xs.map((x): Node => x.node))).map((n) => new Tensor(n));
    if (!f(...tensors).some((t) => isFloat(t.dtype))) return expect(sample.about).not.toBe("");
    const report = checkGradients(f, tensors, {
      order: sample.order === 1 ? 1 : 2,
      directions: sample.inputs.reduce((n, i) => n + i.shape.reduce((a, b) => a * b, 1), 0) > 60 ? 12 : "all",
    });
    expect(report.ok, report.toString()).toBe(true);
  });
});

describe("the registry", () => {
  test("holds every room that a builder carries", () => {
    const known = new Set(Object.values(primitives).map((op) => op.name));
    for (const builder of Object.values(ops)) {
      if (typeof builder === "function" && "op" in builder) expect([...known]).toContain((builder.op as { name: string }).name);
    }
  });

  test("gives every operation samples", () => {
    for (const name of Object.keys(primitives)) expect(samples[name]?.length ?? 0, name).toBeGreaterThan(0);
  });
});
