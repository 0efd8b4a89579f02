import { describe, expect, it } from "vitest";
import { readBack } from "../writing/check.ts";
import { sampleExplanation } from "./test-support.ts";
import { textOf } from "./text.ts";

describe("an explanation as text", () => {
  it.each(["exact", "by hand"] as const)("can be computed again line by line, worked %s", (rounding) => {
    const reading = readBack(textOf(sampleExplanation(rounding)), { digits: 4, rounding });
    expect(reading).toEqual({ numeric: 15, symbolic: 15, faults: [] });
  });

  it("folded to a narrow window says the same", () => {
    const narrow = textOf(sampleExplanation("by hand"), { width: 42 });
    expect(readBack(narrow, { digits: 4, rounding: "by hand" })).toMatchObject({ numeric: 15, symbolic: 15, faults: [] });
    expect(narrow).toContain("z₁[2] = W₁[2,1]·x[1] + W₁[2,2]·x[2]\n          + b₁[2]\n        = −0.5·1 + 0.3·2 + (−0.2)\n");
  });

  it("aligns equations, matrices and tables", () => {
    const text = textOf(sampleExplanation("by hand"));
    expect(text).toContain("  h[1] = σ(z₁[1])\n       = σ(1.1)\n       ≈ 0.7503\n");
    expect(text).toContain("  W₁ = ⎡  0.2  0.4 ⎤ – weights, 2×2\n       ⎣ −0.5  0.3 ⎦\n");
    expect(text).toContain("iteration       L   z₁[1]\n        1  0.0774  1.1000\n");
  });

  it("shows a rule that disagrees, a summary of what is large, and where by hand and exactly part", () => {
    const text = textOf(sampleExplanation());
    expect(text).toContain("The derivative rule of logistic is wrong");
    expect(text).toContain("∂L/∂z₁: 2 numbers from −0.1235 to 2, mean 0.3, norm 4.25.");
    expect(text).toContain("1  z₁[2]   0.6060  0.6061");
  });

  it("keeps zeros of what was rounded and of nothing else", () => {
    const text = textOf(sampleExplanation("by hand"));
    expect(text).toContain("h = (0.7503, 0.4750)");
    expect(text).toContain("b₁ = (0.1, −0.2) – bias, 2 numbers");
  });

  it("has colours only when asked", () => {
    expect(textOf(sampleExplanation())).not.toContain("\u001b");
    const coloured = textOf(sampleExplanation(), { colour: true });
    expect(coloured).toContain("\u001b[1m0.7503\u001b[22m");
    expect(readBack(coloured, { digits: 4, rounding: "exact" }).faults).toEqual([]);
  });
});
