import { gzipSync } from "node:zlib";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeIdx, type IdxArray, type IdxType, parseIdx } from "./idx.ts";

const codes: Record<IdxType, [number, number]> = {
  uint8: [8, 1],
  int8: [9, 1],
  int16: [11, 2],
  int32: [12, 4],
  float32: [13, 4],
  float64: [14, 8],
};

/** The format written independently of the reader. */
function encode({ type, shape, data }: IdxArray): Uint8Array {
  const [code, width] = codes[type];
  const out = Buffer.alloc(4 + 4 * shape.length + width * data.length);
  out.set([0, 0, code, shape.length]);
  for (const [i, d] of shape.entries()) out.writeUInt32BE(d, 4 + 4 * i);
  for (const [i, x] of data.entries()) {
    const at = 4 + 4 * shape.length + i * width;
    if (type === "uint8") out.writeUInt8(x, at);
    else if (type === "int8") out.writeInt8(x, at);
    else if (type === "int16") out.writeInt16BE(x, at);
    else if (type === "int32") out.writeInt32BE(x, at);
    else if (type === "float32") out.writeFloatBE(x, at);
    else out.writeDoubleBE(x, at);
  }
  return out;
}

const arrays: fc.Arbitrary<IdxArray> = fc.array(fc.nat(4), { maxLength: 4 }).chain((shape) => {
  const length = shape.reduce((a, b) => a * b, 1);
  const size = { minLength: length, maxLength: length };
  return fc.oneof(
    fc.uint8Array(size).map((data) => ({ type: "uint8" as const, shape, data })),
    fc.int8Array(size).map((data) => ({ type: "int8" as const, shape, data })),
    fc.int16Array(size).map((data) => ({ type: "int16" as const, shape, data })),
    fc.int32Array(size).map((data) => ({ type: "int32" as const, shape, data })),
    fc.float32Array(size).map((data) => ({ type: "float32" as const, shape, data })),
    fc.float64Array(size).map((data) => ({ type: "float64" as const, shape, data })),
  );
});

describe("IDX", () => {
  it("is read in every type, rank and size, at any place in memory", () => {
    fc.assert(
      fc.property(arrays, fc.nat(7), (array, shift) => {
        const bytes = new Uint8Array([...new Uint8Array(shift), ...encode(array)]).subarray(shift);
        expect(parseIdx(bytes)).toEqual(array);
      }),
    );
  });

  it("is read from gzip", async () => {
    const array: IdxArray = { type: "uint8", shape: [2, 3], data: Uint8Array.of(1, 2, 3, 4, 5, 6) };
    expect(await decodeIdx(gzipSync(encode(array)))).toEqual(array);
    expect(await decodeIdx(encode(array))).toEqual(array);
  });

  it("is refused at every length but the right one", () => {
    const whole = encode({ type: "int16", shape: [2, 3], data: Int16Array.of(1, 2, 3, 4, 5, 6) });
    for (let length = 0; length < whole.length; length++) {
      expect(() => parseIdx(whole.subarray(0, length), "f.idx")).toThrow(/^f\.idx, offset (0|4|12): expected .* cut short\.$/);
    }
    expect(() => parseIdx(Buffer.concat([whole, Buffer.of(0)]), "f.idx")).toThrow(
      "f.idx, offset 12: expected 12 bytes of int16 of shape [2, 3], found 13. 1 bytes too many follow",
    );
  });

  it("is refused with another magic number", () => {
    expect(() => parseIdx(Uint8Array.of(0x89, 0x50, 0x4e, 0x47), "x.png")).toThrow(
      "x.png, offset 0: expected an IDX magic number (00 00, a type code of 08, 09, 0b, 0c, 0d or 0e, the rank), found 89 50 4e 47",
    );
    expect(() => parseIdx(Uint8Array.of(0, 0, 10, 0))).toThrow("found 00 00 0a 00");
  });

  it("is refused from gzip that is damaged or cut short", async () => {
    const random = Uint8Array.from({ length: 500 }, (_, i) => (i * i * 31) >>> 3);
    const whole = gzipSync(encode({ type: "uint8", shape: [500], data: random }));
    for (const length of [2, 20, whole.length - 1]) {
      await expect(decodeIdx(whole.subarray(0, length), "f.gz")).rejects.toThrow(
        /^f\.gz: the compressed data are damaged or cut short/,
      );
    }
    const flipped = Uint8Array.from(whole);
    flipped[whole.length - 6] ^= 1; // in the checksum
    await expect(decodeIdx(flipped, "f.gz")).rejects.toThrow("damaged");
  });
});
