import { describe, expect, it } from "vitest";
import { kernelFlags, targetFor } from "./target.ts";

describe("what C is written for", () => {
  it.each([
    ["a processor with AVX2 and fused multiply-adds", { __x86_64__: "1", __AVX2__: "1", __FMA__: "1" }, "avx2", 8, true],
    ["one with AVX-512 besides", { __x86_64__: "1", __AVX2__: "1", __FMA__: "1", __AVX512F__: "1" }, "avx2", 8, true],
    ["one with AVX only", { __x86_64__: "1", __AVX__: "1" }, "generic", 4, false],
    ["any x86", { __x86_64__: "1" }, "generic", 4, false],
    ["64-bit ARM", { __aarch64__: "1" }, "neon", 4, true],
    ["anything else", {}, "generic", 4, false],
  ])("is %s, by the macros of its compiler", (_, macros, name, floatLanes, fma) => {
    expect(targetFor(macros)).toMatchObject({ name, floatLanes, doubleLanes: floatLanes / 2, fma });
  });

  it("rounds every operation for itself, but for the multiply-adds that are asked for", () => {
    for (const macros of [{}, { __aarch64__: "1" }, { __AVX2__: "1", __FMA__: "1" }])
      expect(targetFor(macros).flags).toContain("-ffp-contract=off");
  });

  it("uses the whole width of AVX-512 in products, where Clang would cut it in two", () => {
    expect(kernelFlags({ __AVX512F__: "1" })).toEqual(["-mprefer-vector-width=512"]);
    expect(kernelFlags({ __AVX2__: "1" })).toEqual([]);
  });
});
