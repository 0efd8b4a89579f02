import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { decodeSafetensors, encodeSafetensors, type TensorToStore } from "./safetensors.ts";
import { fileFixtures } from "./test-support.ts";

/** A file of a header, given as text or as what to write as JSON, and so many zero bytes. */
function file(header: string | object, dataLength = 0, padTo = 1): Uint8Array {
  const text = typeof header === "string" ? header : JSON.stringify(header);
  const json = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + Math.ceil(json.length / padTo) * padTo + dataLength);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(bytes.length - 8 - dataLength), true);
  bytes.fill(0x20, 8, bytes.length - dataLength);
  bytes.set(json, 8);
  return bytes;
}

const f32 = (shape: number[], begin: number, end: number) => ({ dtype: "F32", shape, data_offsets: [begin, end] });

const tensors: fc.Arbitrary<TensorToStore> = fc.array(fc.nat(3), { maxLength: 3 }).chain((shape) => {
  const length = shape.reduce((a, b) => a * b, 1);
  const size = { minLength: length, maxLength: length };
  return fc.oneof(
    fc.float32Array(size).map((data) => ({ dtype: "float32" as const, shape, data, stored: "F32" })),
    fc.float64Array(size).map((data) => ({ dtype: "float64" as const, shape, data, stored: "F64" })),
    fc.int32Array(size).map((data) => ({ dtype: "int32" as const, shape, data, stored: "I32" })),
    fc.uint8Array({ ...size, max: 1 }).map((data) => ({ dtype: "bool" as const, shape, data, stored: "BOOL" })),
    fc.int32Array({ ...size, min: 0, max: 255 }).map((data) => ({ dtype: "int32" as const, shape, data, stored: "U8" })),
  );
});
const names = fc
  .oneof(fc.string({ unit: "binary" }), fc.constantFrom("a.0.weight", "toString", "__proto__"))
  .filter((n) => n !== "__metadata__");
const text = fc.string({ unit: "grapheme" });

describe("safetensors", () => {
  it("come back as they were written, data aligned to their type", () => {
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(names, tensors), { selector: ([n]) => n, maxLength: 6 }),
        fc.dictionary(text, text),
        (entries, metadata) => {
          const bytes = encodeSafetensors(new Map(entries), metadata);
          const read = decodeSafetensors(bytes);
          expect([...read.tensors].sort(([a], [b]) => (a < b ? -1 : 1))).toEqual(
            [...entries].sort(([a], [b]) => (a < b ? -1 : 1)),
          );
          expect({ ...read.metadata }).toEqual({ ...metadata });
          expect(encodeSafetensors(new Map(entries.reverse()), metadata)).toEqual(bytes);
          const headerLength = Number(new DataView(bytes.buffer).getBigUint64(0, true));
          expect(headerLength % 8).toBe(0);
          const header = JSON.parse(new TextDecoder().decode(bytes.subarray(8, 8 + headerLength)));
          for (const [name, tensor] of entries) {
            const [begin, end] = header[name].data_offsets;
            if (end > begin) expect(begin % ((end - begin) / tensor.data.length)).toBe(0);
          }
        },
      ),
    );
  });

  it.each(fileFixtures("safetensors"))("of the reference implementation are read: $name", ({ bytes, arrays }) => {
    // At an odd address, as within a larger file.
    const shifted = new Uint8Array(bytes.length + 1).subarray(1);
    shifted.set(bytes);
    const read = decodeSafetensors(shifted).tensors;
    expect([...read.keys()].sort()).toEqual(Object.keys(arrays).sort());
    for (const [name, { shape, values }] of Object.entries(arrays)) {
      const tensor = read.get(name);
      expect(tensor?.shape).toEqual(shape);
      expect(Array.from(tensor?.data ?? [])).toEqual(tensor?.stored === "F32" ? values.map(Math.fround) : values);
    }
  });

  it("are written as the reference implementation writes them, byte for byte", () => {
    const [ours] = fileFixtures("safetensors");
    const { tensors, metadata } = decodeSafetensors(ours.bytes);
    expect(metadata).toEqual({ format: "pt" });
    expect(encodeSafetensors(tensors, metadata)).toEqual(ours.bytes);
  });

  it("are refused at every length but the right one", () => {
    const whole = encodeSafetensors({ a: { dtype: "float32", shape: [3], data: Float32Array.of(1, 2, 3) } });
    for (let length = 0; length < whole.length; length++) {
      expect(() => decodeSafetensors(whole.subarray(0, length), "m.safetensors")).toThrow(
        /^m\.safetensors, offset \d+: .*The file is cut short\.$/,
      );
    }
    expect(() => decodeSafetensors(new Uint8Array([...whole, 0]), "m")).toThrow(
      "expected 12 bytes of tensors, found 13. Bytes too many follow",
    );
  });

  it.each<[string, Uint8Array, string]>([
    [
      "overlap",
      file({ a: f32([2], 0, 8), b: f32([2], 4, 12) }, 12),
      'tensor "b" starts at data offset 4, expected 8; it overlaps',
    ],
    ["leave a hole", file({ a: f32([1], 0, 4), b: f32([1], 8, 12) }, 12), "it leaves a hole of 4 bytes before it"],
    ["do not start at 0", file({ a: f32([1], 4, 8) }, 8), 'tensor "a" starts at data offset 4, expected 0'],
    ["have too few bytes", file({ a: f32([2], 0, 4) }, 4), "F32 of shape [2] takes 8 bytes, but the offsets span 4"],
    ["run backwards", file({ a: f32([0], 4, 0) }, 4), "has the offsets [4,0]"],
    ["have negative shapes", file({ a: f32([-1], 0, 4) }, 4), "has the shape [-1]; expected whole numbers"],
    ["have fractional offsets", file({ a: f32([1], 0.5, 4.5) }, 5), "has the offsets [0.5,4.5]"],
    [
      "have an unknown type",
      file({ a: { dtype: "F8_E4M3", shape: [1], data_offsets: [0, 1] } }, 1),
      'has type "F8_E4M3"; those that can be read are BOOL',
    ],
    ["have an inherited type", file({ a: { dtype: "toString", shape: [1], data_offsets: [0, 1] } }, 1), 'has type "toString"'],
    ["lack a description", file({ a: 3 }), 'tensor "a" is not described by an object'],
    [
      "name a tensor twice",
      file('{"a":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"\\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]}}'),
      'the key "a" twice',
    ],
    [
      "name an attribute twice",
      file('{"a":{"dtype":"U8","shape":[0],"shape":[0],"data_offsets":[0,0]}}'),
      'the key "shape" twice',
    ],
    ["have metadata that are no strings", file({ __metadata__: { n: 3 } }), 'the metadata "n" are not a string'],
    ["have broken JSON", file('{"a":'), "the header is not valid JSON"],
    ["start with a space", file(" {}"), 'expected the header to start with "{"'],
    [
      "claim a huge header",
      Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 1, 0x7b, 0x7d),
      "the header length is 72057594037927940; expected 2 to 100000000",
    ],
    [
      "hold too large integers",
      (() => {
        const bytes = file({ n: { dtype: "I64", shape: [1], data_offsets: [0, 8] } }, 8);
        bytes[bytes.length - 4] = 1;
        return bytes;
      })(),
      'tensor "n" has 4294967296 at position 0, which does not fit into int32',
    ],
  ])("are refused when they %s", (_, bytes, message) => {
    expect(() => decodeSafetensors(bytes, "m.safetensors")).toThrow(message);
    expect(() => decodeSafetensors(bytes, "m.safetensors")).toThrow(/^m\.safetensors/);
  });

  it("never fail but with an error of ours, whatever byte is damaged", () => {
    const whole = encodeSafetensors({ a: { dtype: "float32", shape: [2], data: Float32Array.of(1, 2) } }, { k: "v" });
    fc.assert(
      fc.property(fc.nat(whole.length - 1), fc.nat(255), (at, value) => {
        const bytes = whole.slice();
        bytes[at] = value;
        try {
          decodeSafetensors(bytes);
        } catch (error) {
          expect(error).toMatchObject({ name: "GradusError", code: "data" });
        }
      }),
      { numRuns: 500 },
    );
  });

  it("are not written with a reserved name, data that do not fit or bytes that are none", () => {
    const data = Int32Array.of(1, 256);
    expect(() => encodeSafetensors({ __metadata__: { dtype: "int32", shape: [2], data } })).toThrow("may not be named");
    expect(() => encodeSafetensors({ a: { dtype: "int32", shape: [3], data } })).toThrow(
      '"a" has 2 values, but its shape [3] holds 3',
    );
    expect(() => encodeSafetensors({ a: { dtype: "int32", shape: [2], data, stored: "U8" } })).toThrow(
      "has 256 at position 1, which is not a byte",
    );
  });
});
