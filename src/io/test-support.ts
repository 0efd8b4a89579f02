// For tests: the files made by scripts/fixtures/arrays.py, and what they hold.

import { readFileSync } from "node:fs";

interface Case {
  readonly name: string;
  readonly base64: string;
  readonly arrays: Readonly<
    Record<string, { readonly shape: readonly number[]; readonly values: readonly (number | string | boolean)[] }>
  >;
}

export interface FileFixture {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly arrays: Readonly<Record<string, { readonly shape: readonly number[]; readonly values: readonly number[] }>>;
}

const special: Readonly<Record<string, number>> = { nan: Number.NaN, inf: Infinity, "-inf": -Infinity };

/** The files of one kind. */
export function fileFixtures(kind: "npy" | "npz" | "safetensors"): FileFixture[] {
  const all: Record<typeof kind, Case[]> = JSON.parse(readFileSync(new URL("./fixtures/arrays.json", import.meta.url), "utf8"));
  return all[kind].map(({ name, base64, arrays }) => ({
    name,
    bytes: new Uint8Array(Buffer.from(base64, "base64")),
    arrays: Object.fromEntries(
      Object.entries(arrays).map(([key, { shape, values }]) => [
        key,
        { shape, values: values.map((x) => (typeof x === "string" ? special[x] : Number(x))) },
      ]),
    ),
  }));
}
