// How nodes are written: every operation, and nodes that only give a graph its structure.

import { describe, expect, it } from "vitest";
import { alias, parameter, picks, scalar, stopGradient } from "../graph/structural.ts";
import { add, mul } from "./arithmetic.ts";
import { notationOf } from "./notations.ts";
import { power } from "./powers.ts";
import { type PrimitiveName, primitives } from "./registry.ts";
import { samples } from "./samples/index.ts";
import { broadcastTo } from "./shape.ts";

const names = Object.keys(primitives) as PrimitiveName[];
const x = parameter({ shape: [3], dtype: "float32" });

/** A node of the operation as its first sample builds it, on the way to the sample's result. */
function sampled(name: PrimitiveName) {
  const [sample] = samples[name];
  const inputs = sample.inputs.map(({ shape, dtype }) => parameter({ shape, dtype: dtype ?? "float32" }));
  const seen = [sample.build(...inputs)];
  for (const node of seen) {
    if (node.op.name === name) return node;
    seen.push(...node.inputs);
  }
  throw new Error(`no ${name} in its sample`);
}

describe("notation", () => {
  it.each(names)("of %s names every operand, as text and in TeX", (name) => {
    const node = sampled(name);
    const operands = node.inputs.map((_, i) => `operand${i}`);
    const { text, tex } = notationOf(node);
    for (const written of [text(...operands), tex(...operands)]) {
      for (const operand of operands) expect(written).toContain(operand);
    }
  });

  it("reads attributes", () => {
    expect(notationOf(power(x, 3)).text("x")).toBe("(x)^3");
    expect(notationOf(power(x, -1.5)).text("x")).toBe("(x)^(-1.5)");
    expect(notationOf(power(x, -1.5)).tex("x")).toBe("{(x)}^{-1.5}");
  });

  it("of a tree puts in operands as they are written", () => {
    const sum = notationOf(add(x, x)).text("a", "b");
    expect(notationOf(mul(x, x)).text(sum, "c")).toBe("(a + b) * (c)");
  });

  it("of parameters and constants is their name and value", () => {
    expect(notationOf(x).text()).toBe("x");
    expect(notationOf(scalar(2.5, "float32")).tex()).toBe(String.raw`\mathrm{2.5}`);
  });

  it("of what does not change the value is the operand's", () => {
    for (const node of [alias(x), stopGradient(x), broadcastTo(x, [2, 3])]) expect(notationOf(node).text("y")).toBe("y");
  });

  it("of one output of several has the output's number", () => {
    const pair = picks(sampled("qr"));
    expect(notationOf(pair[1]).text("qr(a)")).toBe("qr(a).1");
  });
});
