import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { allocateBatch, column, dataset, fingerprint, pixels, subset, take } from "./dataset.ts";

const small = () =>
  dataset({
    name: "small",
    inputs: column([1, 2, 3, 4, 5, 6], [2]),
    targets: [0, 1, 1],
    classes: ["no", "yes"],
  });

describe("dataset", () => {
  it("holds classes as int32 and values as they came", () => {
    const d = small();
    expect(d.size).toBe(3);
    expect(d.inputs.dtype).toBe("float32");
    expect(d.targets.data).toEqual(Int32Array.of(0, 1, 1));
    expect(d.targets.shape).toEqual([]);
    const regression = dataset({ inputs: column(Float64Array.of(1, 2)), targets: column(Float64Array.of(0.5, 1.5)) });
    expect(regression.targets.data).toEqual(Float64Array.of(0.5, 1.5));
    expect(regression.classes).toBeUndefined();
    expect(dataset({ inputs: column([1, 2]), targets: [0.5, 1.5] }).targets).toEqual({
      data: Float32Array.of(0.5, 1.5),
      shape: [1],
      dtype: "float32",
    });
  });

  it("takes a number of classes for their names", () => {
    expect(dataset({ inputs: column([1, 2]), targets: Uint8Array.of(2, 0), classes: 3 }).classes).toEqual(["0", "1", "2"]);
  });

  it("scales grey levels to [0, 1]", () => {
    expect([...pixels(Uint8Array.of(0, 51, 255, 128), [2, 2]).data]).toEqual([0, 51 / 255, 1, 128 / 255].map(Math.fround));
  });

  it("names what is wrong with the data, and where", () => {
    const inputs = column([1, 2, 3, 4], [2]);
    expect(() => dataset({ name: "d", inputs: column([], [2]), targets: [] })).toThrow("d is empty");
    expect(() => dataset({ name: "d", inputs, targets: [1, 2, 3] })).toThrow("2 inputs but 3 targets");
    expect(() => dataset({ name: "d", inputs: column([1, 2, 3, NaN], [2]), targets: [0, 1], features: ["a", "b"] })).toThrow(
      'd: example 1 (counting from 0) has NaN as input value 1 ("b")',
    );
    expect(() => dataset({ name: "d", inputs, targets: column([0, -Infinity]) })).toThrow(
      "example 1 (counting from 0) has -Infinity as target",
    );
    expect(() => dataset({ name: "d", inputs, targets: [1, 2], classes: 2 })).toThrow(
      "is 2, which is out of range; there are 2 classes",
    );
    expect(() => dataset({ name: "d", inputs, targets: [1, 2], classes: 2 })).toThrow("Labels that start at 1");
    expect(() => dataset({ name: "d", inputs, targets: [0, -1], classes: 2 })).toThrow(
      "label of example 1 (counting from 0) is -1",
    );
    expect(() => dataset({ name: "d", inputs, targets: [0.5, 1], classes: 2 })).toThrow("is 0.5, which is not a whole number");
    expect(() => dataset({ name: "d", inputs, targets: inputs, classes: 2 })).toThrow("each has shape [2]");
    expect(() => column([1, 2, 3], [2])).toThrow("3 values do not divide into examples of shape [2]");
  });
});

describe("take", () => {
  it("gathers rows, narrow and wide, into the same memory every time", () => {
    for (const width of [1, 3, 40]) {
      const data = Float32Array.from({ length: 10 * width }, (_, i) => i);
      const d = dataset({ inputs: column(data, [width]), targets: Int32Array.from({ length: 10 }, (_, i) => i) });
      const out = allocateBatch(d, 4);
      fc.assert(
        fc.property(fc.array(fc.nat(9), { maxLength: 4 }), (indices) => {
          expect(take(d, indices, out)).toBe(out);
          indices.forEach((index, i) => {
            expect(out.targets[i]).toBe(index);
            expect(out.inputs.subarray(i * width, (i + 1) * width)).toEqual(data.subarray(index * width, (index + 1) * width));
          });
        }),
        { numRuns: 50 },
      );
    }
  });

  it("refuses indices that do not exist and batches that do not fit", () => {
    expect(() => take(small(), [3])).toThrow("there is no example 3; they are numbered 0 to 2");
    expect(() => take(small(), [-1])).toThrow("there is no example -1");
    expect(() => take(small(), [0, 1], allocateBatch(small(), 1))).toThrow("2 examples do not fit");
  });
});

describe("fingerprint", () => {
  it("is that of the contents, not of the name or the memory", () => {
    const d = small();
    expect(fingerprint(subset(d, [0, 1, 2], "other"))).toBe(fingerprint(d));
    const shifted = new Float32Array(7).subarray(1);
    shifted.set(d.inputs.data);
    expect(fingerprint({ ...d, inputs: column(shifted, [2]) })).toBe(fingerprint(d));
  });

  it("changes with any value, order, type, shape or class", () => {
    const d = small();
    const changed = d.inputs.data.slice();
    changed[5] += 1e-6;
    const variants = [
      d,
      subset(d, [0, 2, 1]),
      subset(d, [0, 1]),
      { ...d, inputs: { ...d.inputs, data: changed } },
      { ...d, inputs: { ...d.inputs, shape: [2, 1] } },
      { ...d, classes: ["yes", "no"] },
      { ...d, targets: { ...d.targets, data: Int32Array.of(0, 1, 0) } },
    ];
    expect(subset(d, [1, 2]).targets.data).toEqual(Int32Array.of(1, 1));
    expect(new Set(variants.map(fingerprint)).size).toBe(variants.length);
  });
});
