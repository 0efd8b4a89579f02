import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeNpy, decodeNpz, encodeNpy, encodeNpz, type NpyArray } from "./npy.ts";
import { fileFixtures } from "./test-support.ts";

const arrays: fc.Arbitrary<NpyArray> = fc.array(fc.nat(4), { maxLength: 4 }).chain((shape) => {
  const length = shape.reduce((a, b) => a * b, 1);
  const size = { minLength: length, maxLength: length };
  return fc.oneof(
    fc.float32Array(size).map((data) => ({ dtype: "float32" as const, shape, data })),
    fc.float64Array(size).map((data) => ({ dtype: "float64" as const, shape, data })),
    fc.int32Array(size).map((data) => ({ dtype: "int32" as const, shape, data })),
    fc.uint8Array({ ...size, max: 1 }).map((data) => ({ dtype: "bool" as const, shape, data })),
  );
});
const files = fileFixtures("npy");

describe("npy", () => {
  it("comes back as it was written", () => {
    fc.assert(
      fc.property(arrays, (array) => {
        expect(decodeNpy(encodeNpy(array))).toEqual(array);
      }),
    );
  });

  it.each(files)("of NumPy is read: $name", ({ bytes, arrays: { "": expected } }) => {
    const { data, shape } = decodeNpy(bytes);
    expect(shape).toEqual(expected.shape);
    expect(Array.from(data)).toEqual(expected.values);
  });

  it.each(files.filter(({ name }) => ["f4", "f8", "i4", "b1", "scalar", "empty"].includes(name)))(
    "is written as NumPy writes it: $name",
    ({ bytes }) => {
      expect(encodeNpy(decodeNpy(bytes))).toEqual(bytes);
    },
  );

  it("is refused at every length but the right one", () => {
    const whole = encodeNpy({ dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 3) });
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeNpy(whole.subarray(0, length), "a.npy")).toThrow(/^a\.npy, offset \d+: .*The file is cut short\.$/);
    }
    expect(() => decodeNpy(new Uint8Array([...whole, 0]), "a.npy")).toThrow("expected 12 bytes for the shape [3], found 13");
  });

  it("is refused in types there is no place for", () => {
    const text = (header: string) =>
      Uint8Array.of(0x93, ...new TextEncoder().encode("NUMPY"), 1, 0, header.length, 0, ...new TextEncoder().encode(header));
    const header = (descr: string) => text(`{'descr': ${descr}, 'fortran_order': False, 'shape': (0,), }\n`);
    expect(() => decodeNpy(header("'<c16'"), "a.npy")).toThrow("a.npy holds the type '<c16'; those that can be read are b1, u1");
    expect(() => decodeNpy(header("[('x', '<f4')]"), "a.npy")).toThrow("holds the type [('x', '<f4')]");
    expect(() => decodeNpy(header("'|O'"), "a.npy")).toThrow("holds the type '|O'");
    expect(() => decodeNpy(text("{'descr': '<f4'}"), "a.npy")).toThrow("lacks descr, fortran_order or shape");
    expect(() => decodeNpy(Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10), "a.npy")).toThrow("It is not a .npy file");
    const wide = Uint8Array.from(files.find(({ name }) => name === "i8")?.bytes ?? []);
    wide[wide.length - 1] = 1;
    expect(() => decodeNpy(wide, "a.npy")).toThrow("at position 1 does not fit into int32");
  });
});

describe("npz", () => {
  it.each(fileFixtures("npz"))("of NumPy is read: $name", async ({ bytes, arrays: expected }) => {
    const read = await decodeNpz(bytes);
    expect([...read.keys()]).toEqual(Object.keys(expected));
    for (const [name, { shape, values }] of Object.entries(expected)) {
      expect(read.get(name)?.shape).toEqual(shape);
      expect(Array.from(read.get(name)?.data ?? [])).toEqual(values);
    }
  });

  it("comes back as it was written", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.tuple(fc.string({ unit: "grapheme" }), arrays), { selector: ([n]) => n, maxLength: 4 }),
        async (entries) => {
          expect(await decodeNpz(encodeNpz(new Map(entries)))).toEqual(new Map(entries));
        },
      ),
      { numRuns: 30 },
    );
  });

  it("is refused when damaged or cut short", async () => {
    const whole = encodeNpz({ a: { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) } });
    for (let length = 0; length < whole.length; length++) {
      await expect(decodeNpz(whole.subarray(0, length), "a.npz")).rejects.toThrow(/^a\.npz has no end record/);
    }
    const flipped = whole.slice();
    flipped[30 + 5 + 128] ^= 1; // the first byte of the values
    await expect(decodeNpz(flipped, "a.npz")).rejects.toThrow("a.npz: a.npy does not match its checksum");
    const deflated = fileFixtures("npz")[1].bytes.slice();
    deflated[60] ^= 0xff;
    await expect(decodeNpz(deflated, "a.npz")).rejects.toMatchObject({ name: "GradusError", code: "data" });
  });
});
