// Epilogues of products and convolutions as WebAssembly: formulas of lowered values on the vectors that the kernels finish.

import { bytesPerElement } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import type { Access, Epilogue, ProductKernel } from "../lowering/ir.ts";
import { touchesDoubles } from "../lowering/vectorise.ts";
import { type Expression, type FunctionBuilder, type Local, op, scaled, sum, wordsConstant } from "./assembler.ts";
import type { Epilogue as Finish, OutputVector } from "./kernels/output.ts";
import { loadElements, type Place, storeElements, type Width } from "./lanes.ts";
import { routineFor } from "./routines.ts";
import { formulaWriter } from "./values.ts";

/** Operations in an epilogue from which on it is better off in a loop of its own: its code is written for every vector of a tile. */
const longest = 200;

/** Whether the kernel can be rendered with its epilogue: it must work on as many lanes as the product does. */
export function takesEpilogue(kernel: ProductKernel): boolean {
  const { values, stores } = kernel.epilogue!;
  const dtype = kernel.kind === "matmul" ? kernel.dtype : kernel.outputs[0].dtype;
  if (values.length > longest || (kernel.kind === "whole" && routineFor(kernel) === undefined)) return false;
  return dtype === "float64" || !touchesDoubles({ values, steps: [{ inner: [], reductions: [], stores }] });
}

/** A pointer that a product's batch loops move, with its strides in elements: where an access, or an index, is in each matrix. */
export interface Moving {
  readonly local: Local;
  readonly bytes: number;
  readonly batch: readonly number[];
}

/**
 * The epilogue as the kernels call it, and the pointers that must move with the batch axes. `bases`: addresses of the slots.
 */
export function epilogueFinish(
  f: FunctionBuilder,
  dtype: "float32" | "float64",
  { values, stores }: Epilogue,
  bases: readonly Local[],
): { readonly finish: Finish; readonly moving: readonly Moving[] } {
  const width: Width = dtype === "float64" ? 2 : 4;
  const formula = formulaWriter(f, width, values);
  const moving = new Map<string, Moving>();
  const pointer = (name: string, start: Expression | number, bytes: number, strides: readonly number[]): Local | undefined => {
    const batch = strides.slice(0, -2);
    if (batch.every((s) => s === 0)) return undefined;
    const key = `${name}:${bytes}:${batch}`;
    const known = moving.get(key) ?? { local: f.local("i32", start), bytes, batch };
    moving.set(key, known);
    return known.local;
  };
  const baseOf = ({ slot, strides }: Access, bytes: number): Local =>
    pointer(`${slot}`, bases[slot], bytes, strides) ?? bases[slot];
  // All are known before the first is used.
  for (const v of values) {
    if (v.kind === "load") baseOf(v.access, bytesPerElement[v.dtype]);
    if (v.kind === "index") pointer("", 0, 1, v.strides);
  }
  for (const s of stores) baseOf(s.access, bytesPerElement[s.dtype]);

  const laneStride = (at: OutputVector, strides: readonly number[]) =>
    strides[strides.length - (at.lanesAlong === "rows" ? 2 : 1)];
  const placeOf = (at: OutputVector, access: Access, bytes: number): Place => {
    const [row, column] = access.strides.slice(-2);
    const { address, offset } = at.place(baseOf(access, bytes), row, column, bytes);
    // An offset in an instruction must not make up for a negative address.
    if (row < 0 || column < 0) return { address: sum(address, offset + access.offset * bytes), offset: 0 };
    return { address, offset: offset + access.offset * bytes };
  };
  const finish: Finish = (product, at) => {
    const known: Expression[] = [];
    for (const v of values) {
      switch (v.kind) {
        case "product":
          known.push(product);
          break;
        case "load": {
          const place = placeOf(at, v.access, bytesPerElement[v.dtype]);
          known.push(loadElements(f, width, v.dtype, place, laneStride(at, v.access.strides), at.lanes));
          break;
        }
        case "index": {
          const [row, column] = v.strides.slice(-2);
          const start = sum(pointer("", 0, 1, v.strides) ?? 0, scaled(at.row, row), scaled(at.column, column), v.offset);
          const step = laneStride(at, v.strides);
          const lanes = f.hoisted(wordsConstant([0, step, 2 * step, 3 * step]));
          known.push(f.let(op("i32x4.add", op("i32x4.splat", start), lanes)));
          break;
        }
        case "reduced":
          return fail("engine", "wasm: an epilogue cannot reduce.");
        default:
          known.push(formula(v, (o) => known[o]));
      }
    }
    for (const { access, dtype, value } of stores) {
      storeElements(
        f,
        width,
        dtype,
        placeOf(at, access, bytesPerElement[dtype]),
        laneStride(at, access.strides),
        at.lanes,
        known[value],
      );
    }
    return undefined;
  };
  return { finish, moving: [...moving.values()] };
}
