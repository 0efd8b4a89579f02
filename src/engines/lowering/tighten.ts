// The last step of building a loop kernel: values and stores that speak of loops become accesses by slot and stride. Loops that every
// access runs through as one are made one, and what nothing needs is left out.

import type { DType } from "../../graph/dtype.ts";
import { type Affine, type Dim, dim } from "./affine.ts";
import type { Access, LoopKernel, Reduction, Slot, Step, Store, Value } from "./ir.ts";

export interface BuiltKernel {
  readonly kernel: LoopKernel;
  readonly buffers: readonly number[];
  readonly flops: number;
}

// Accesses while the kernel is being built: in terms of loops, not yet of positions.
export interface LooseAccess {
  readonly buffer: number;
  readonly length: number;
  readonly at: Affine;
}
export type Loose =
  | Exclude<Value, { kind: "load" | "index" }>
  | { readonly kind: "load"; readonly dtype: DType; readonly loose: LooseAccess }
  | { readonly kind: "index"; readonly dtype: "int32"; readonly at: Affine };
export interface LooseStore {
  readonly value: number;
  readonly dtype: DType;
  readonly loose: LooseAccess;
}
export interface LooseStep {
  readonly inner: readonly Dim[];
  readonly reductions: number[];
  readonly stores: LooseStore[];
}

/** Loops that every access runs through as one become one. */
function coalesce(list: readonly Dim[], accesses: readonly Affine[]): Dim[] {
  const dims: Dim[] = [];
  for (const d of list) {
    const last = dims.at(-1);
    if (last && accesses.every((a) => coefficient(a, last) === coefficient(a, d) * d.extent)) {
      // The merged loop keeps the identity of the inner one's coefficients.
      const merged: Dim = { id: d.id, extent: last.extent * d.extent };
      dims[dims.length - 1] = merged;
      for (const a of accesses) {
        const c = coefficient(a, d);
        (a.terms as Map<Dim, number>).delete(last);
        (a.terms as Map<Dim, number>).delete(d);
        if (c !== 0) (a.terms as Map<Dim, number>).set(merged, c);
      }
    } else dims.push(d);
  }
  return dims;
}

const coefficient = (a: Affine, d: Dim) => a.terms.get(d) ?? 0;

/**
 * The kernel of loops over `outer`, with rows in its steps, from values and stores that speak of loops. With `axes`, loops become one
 * within an axis only, and each axis has a loop.
 */
export function finish(
  name: string,
  outer: readonly Dim[],
  all: readonly Loose[],
  reductions: Reduction[],
  steps: LooseStep[],
  padded: boolean,
  axes?: readonly (readonly Dim[])[],
): BuiltKernel {
  // Only what is stored or reduced is kept, in order.
  const live = new Set<number>();
  const mark = (index: number) => {
    if (live.has(index)) return;
    live.add(index);
    const value = all[index];
    if ("operands" in value) value.operands.forEach(mark);
    else if (value.kind === "reduced") mark(reductions[value.reduction].value);
  };
  for (const step of steps) {
    for (const s of step.stores) mark(s.value);
    for (const r of step.reductions) mark(reductions[r].value);
  }
  const order = [...live].sort((a, b) => a - b);
  const position = new Map(order.map((index, i) => [index, i]));

  // Copies of the affine functions, which coalescing changes in place.
  const own = (a: Affine): Affine => ({ constant: a.constant, terms: new Map(a.terms) });
  const looseValues = order.map((i): Loose => {
    const v = all[i];
    if (v.kind === "index") return { ...v, at: own(v.at) };
    return v.kind === "load" ? { ...v, loose: { ...v.loose, at: own(v.loose.at) } } : v;
  });
  const looseSteps = steps.map((s) => ({
    ...s,
    stores: s.stores.map((t) => ({ ...t, loose: { ...t.loose, at: own(t.loose.at) } })),
  }));
  const accesses = [
    ...looseValues.flatMap((v) => (v.kind === "load" ? [v.loose.at] : v.kind === "index" ? [v.at] : [])),
    ...looseSteps.flatMap((s) => s.stores.map((t) => t.loose.at)),
  ];
  const outerDims = (axes ?? [outer]).flatMap((list) => (axes && list.length === 0 ? dim(1) : coalesce(list, accesses)));
  const rowDims = new Map<readonly Dim[], Dim[]>();
  for (const s of looseSteps) {
    if (s.inner.length > 0 && !rowDims.has(s.inner)) rowDims.set(s.inner, coalesce(s.inner, accesses));
  }
  const innerSet = new Set([...rowDims.values()].flat());
  const rowOfDim = new Map<Dim, Dim[]>();
  for (const dims of rowDims.values()) for (const d of dims) rowOfDim.set(d, dims);

  const slots: { dtype: DType; length: number; access: Slot["access"] }[] = [];
  const buffers: number[] = [];
  const slotOf = ({ buffer, length }: LooseAccess, dtype: DType, access: "read" | "write"): number => {
    const at = buffers.indexOf(buffer);
    if (at < 0) {
      buffers.push(buffer);
      slots.push({ dtype, length, access });
      return slots.length - 1;
    }
    if (slots[at].access !== access) slots[at].access = "both";
    return at;
  };
  const stridesAt = (at: Affine): number[] => {
    let row: readonly Dim[] = [];
    for (const d of at.terms.keys()) if (innerSet.has(d)) row = rowOfDim.get(d)!;
    return [...outerDims, ...row].map((d) => coefficient(at, d));
  };
  const tight = (loose: LooseAccess, dtype: DType, access: "read" | "write"): Access => ({
    slot: slotOf(loose, dtype, access),
    offset: loose.at.constant,
    strides: stridesAt(loose.at),
  });
  const values = looseValues.map((v): Value => {
    switch (v.kind) {
      case "load":
        return { kind: "load", dtype: v.dtype, access: tight(v.loose, v.dtype, "read") };
      case "index":
        return { kind: "index", dtype: "int32", offset: v.at.constant, strides: stridesAt(v.at) };
      case "apply":
      case "cast":
      case "random":
        return { ...v, operands: v.operands.map((o) => position.get(o)!) };
      default:
        return v;
    }
  });
  const finalReductions = reductions.map((r) => ({ ...r, value: position.get(r.value) ?? -1 }));
  const finalSteps = looseSteps.map((s): Step => {
    const dims = rowDims.get(s.inner) ?? [];
    return {
      inner: dims.map((d) => d.extent),
      reductions: s.reductions,
      stores: s.stores.map(
        (t): Store => ({ access: tight(t.loose, t.dtype, "write"), dtype: t.dtype, value: position.get(t.value)! }),
      ),
    };
  });
  const outerExtents = outerDims.map((d) => d.extent);
  const volume = outerExtents.reduce((a, b) => a * b, 1);
  const rowVolume = Math.max(1, ...finalSteps.map((s) => s.inner.reduce((a, b) => a * b, 1)));
  const kernel: LoopKernel = {
    kind: "loop",
    name,
    key: "",
    slots,
    outer: outerExtents,
    values,
    reductions: finalReductions,
    steps: finalSteps,
    padded,
  };
  const applied = values.filter((v) => v.kind === "apply").length + reductions.length;
  return { kernel: { ...kernel, key: keyOfLoop(kernel) }, buffers, flops: applied * volume * rowVolume };
}

function keyOfLoop(kernel: LoopKernel): string {
  return JSON.stringify([
    kernel.slots.map((s) => `${s.dtype}${s.length}`),
    kernel.outer,
    kernel.padded,
    kernel.values.map((v) => {
      if (v.kind === "apply") return [v.op.name, v.compute, v.dtype, v.attributes, v.operands];
      return v.kind === "constant" && (Object.is(v.value, -0) || !Number.isFinite(v.value))
        ? { ...v, value: `${1 / v.value}${v.value}` }
        : v;
    }),
    kernel.reductions,
    kernel.steps,
  ]);
}
