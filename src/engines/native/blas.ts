// An installed BLAS for large products, where it is asked for by the environment variable GRADUS_BLAS: the path of a library, or "auto",
// which takes the first one there is if it is faster than our own kernels on this processor. By default nothing is asked: where our
// kernels have tiles for the processor they are as fast as OpenBLAS, and results do not depend on what else is installed.

import { fail } from "../../graph/errors.ts";

/** The part of a loaded library that is used here. */
export interface BlasLibrary {
  func(name: string, result: string, parameters: readonly string[]): (...args: never[]) => unknown;
  symbol(name: string): unknown;
}

/** Our kernel for products of one width, and how libraries come to be. */
export interface OwnProducts {
  readonly bits: "32" | "64";
  /** The address of our own function. */
  readonly own: bigint;
  /** The address of struct gradus_runtime. */
  readonly table: bigint;
  load(path: string): BlasLibrary;
  /** blas.c, compiled for that width. */
  compile(): BlasLibrary;
}

/** Where to look, by platform; names without a folder are found by the system's loader. */
const known: Readonly<Partial<Record<NodeJS.Platform, readonly string[]>>> = {
  darwin: ["/System/Library/Frameworks/Accelerate.framework/Accelerate"],
  linux: ["libmkl_rt.so.2", "libmkl_rt.so", "libopenblas.so.0", "libopenblas.so", "libblis.so.4"],
};

/** What makes a BLAS run on one thread; the others are ours. */
const setters = ["openblas_set_num_threads", "MKL_Set_Num_Threads", "bli_thread_set_num_threads"];

/** How much faster it must be. */
const worth = 1.05;

const said = new Map<string, string>();

/** What multiplies large matrices, for people: a line for each width that has been needed. */
export function productsBy(): string {
  const lines = [...said].map(([bits, text]) => `float${bits}: ${text}`);
  return lines.length === 0 ? "own kernels" : lines.join("; ");
}

/** The address of a function that multiplies by a BLAS, or undefined: our own it is. Throws an engine error for a path that is none. */
export function blasFor(products: OwnProducts): bigint | undefined {
  const asked = process.env.GRADUS_BLAS ?? "off";
  if (asked === "off" || asked === "") return undefined;
  const { bits } = products;
  const automatic = asked === "auto";
  const found = firstOf(automatic ? (known[process.platform] ?? []) : [asked], products);
  if (!found) {
    if (!automatic) {
      fail(
        "engine",
        `native: GRADUS_BLAS=${asked} is no library with cblas_sgemm and cblas_dgemm. Give its full path, auto, or off.`,
      );
    }
    said.set(bits, "own kernels (no BLAS was found)");
    return undefined;
  }
  const library = products.compile();
  (library.func("gradus_blas_use", "void", ["void *", "void *"]) as (theirs: bigint, ours: bigint) => void)(
    found.gemm,
    products.own,
  );
  const address = library.symbol("gradus_blas_matmul");
  if (typeof address !== "bigint") return undefined;
  if (!automatic) {
    said.set(bits, found.path);
    return address;
  }
  const rate = library.func("gradus_blas_rate", "double", ["void *", "int"]) as (table: bigint, theirs: number) => number;
  const [ours, theirs] = [0, 1].map((which) => rate(products.table, which));
  const figures = `${(theirs / 1e9).toFixed(0)} GFLOP/s, own kernels ${(ours / 1e9).toFixed(0)}`;
  const uses = theirs > worth * ours;
  said.set(bits, uses ? `${found.path} (${figures})` : `own kernels, for ${found.path} is not faster (${figures})`);
  return uses ? address : undefined;
}

function firstOf(
  paths: readonly string[],
  { bits, load }: OwnProducts,
): { readonly path: string; readonly gemm: bigint } | undefined {
  for (const path of paths) {
    try {
      const library = load(path);
      const gemm = library.symbol(bits === "64" ? "cblas_dgemm" : "cblas_sgemm");
      if (typeof gemm !== "bigint") continue;
      for (const name of setters) {
        try {
          (library.func(name, "void", ["int"]) as (threads: number) => void)(1);
        } catch {
          // It is another's.
        }
      }
      loaded.push(library);
      return { path, gemm };
    } catch {
      // The next one.
    }
  }
  return undefined;
}

/** Never let go of: programs call them. */
const loaded: BlasLibrary[] = [];
