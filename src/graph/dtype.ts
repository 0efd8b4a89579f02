// Element types and the typed arrays that hold them.

import { GradusError } from "./errors.ts";

export type DType = "float32" | "float64" | "int32" | "bool";
export type FloatDType = "float32" | "float64";
export type TypedArray = Float32Array | Float64Array | Int32Array | Uint8Array;

const order: Record<DType, number> = { bool: 0, int32: 1, float32: 2, float64: 3 };

/** Bytes of one element; a bool takes one byte, 0 or 1. */
export const bytesPerElement: Record<DType, number> = { float32: 4, float64: 8, int32: 4, bool: 1 };

/** A zero-filled array of `length` elements. Throws an argument error where that is more than there is memory for. */
export function allocate(dtype: DType, length: number): TypedArray {
  try {
    switch (dtype) {
      case "float32":
        return new Float32Array(length);
      case "float64":
        return new Float64Array(length);
      case "int32":
        return new Int32Array(length);
      case "bool":
        return new Uint8Array(length);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    const megabytes = Math.ceil((length * bytesPerElement[dtype]) / 1e6);
    throw new GradusError("argument", `a ${dtype} tensor of ${length} elements takes ${megabytes} MB, more than can be had.`, {
      cause: error,
    });
  }
}

/** `data` as elements of `dtype`: the same array when it already is, else a converted copy (int32 truncates, bool is x ≠ 0). */
export function convert(data: ArrayLike<number>, dtype: DType): TypedArray {
  if (dtypeOf(data) === dtype) return data as TypedArray;
  const result = allocate(dtype, data.length);
  if (dtype === "bool") for (let i = 0; i < data.length; i++) result[i] = data[i] !== 0 ? 1 : 0;
  else for (let i = 0; i < data.length; i++) result[i] = data[i];
  return result;
}

/** The dtype a typed array holds, or undefined for other array-likes. */
export function dtypeOf(data: ArrayLike<number>): DType | undefined {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Float64Array) return "float64";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Uint8Array) return "bool";
  return undefined;
}

export function isFloat(dtype: DType): dtype is FloatDType {
  return dtype === "float32" || dtype === "float64";
}

/** The wider of two dtypes: bool < int32 < float32 < float64. */
export function promote(a: DType, b: DType): DType {
  return order[a] >= order[b] ? a : b;
}
