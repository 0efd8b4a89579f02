// How a loop kernel is vectorised: which loop the lanes run along, how many vectors a round takes, and what moves with which loop.

import type { Access, LoopKernel, Step } from "./ir.ts";

/** Which loop is vectorised: an outer one, or, per step, an inner one (undefined: the step has no loop). */
export type Vectorised =
  | { readonly kind: "outer"; readonly loop: number }
  | { readonly kind: "inner"; readonly loops: readonly (number | undefined)[] };

const product = (list: readonly number[]) => list.reduce((a, b) => a * b, 1);

/** Whether the kernel works on float64 anywhere, so that a vector has lanes of 64 bits. */
export function touchesDoubles(kernel: Pick<LoopKernel, "values" | "steps">): boolean {
  const wide = (d: string) => d === "float64";
  return (
    kernel.values.some((v) => wide(v.dtype) || (v.kind === "apply" && wide(v.compute))) ||
    kernel.steps.some((s) => s.stores.some((t) => wide(t.dtype)))
  );
}

function accessesOf(kernel: LoopKernel): Access[] {
  const list: Access[] = [];
  for (const v of kernel.values) if (v.kind === "load") list.push(v.access);
  return list;
}

/** Whether each value moves with the loops of its step (else it is computed outside them). */
export function stepValues(kernel: LoopKernel): boolean[] {
  const outer = kernel.outer.length;
  const result: boolean[] = [];
  for (const v of kernel.values) {
    switch (v.kind) {
      case "load":
        result.push(v.access.strides.length > outer);
        break;
      case "index":
        result.push(v.strides.length > outer);
        break;
      case "random":
      case "apply":
      case "cast":
        result.push(v.operands.some((o) => result[o]));
        break;
      default:
        result.push(false);
    }
  }
  return result;
}

/** Values that a step's loops compute, in order. */
export function valuesOfStep(kernel: LoopKernel, step: Step, moving: readonly boolean[]): number[] {
  const found = new Set<number>();
  const visit = (i: number) => {
    if (found.has(i) || !moving[i]) return;
    found.add(i);
    const v = kernel.values[i];
    if ("operands" in v) v.operands.forEach(visit);
  };
  for (const r of step.reductions) visit(kernel.reductions[r].value);
  for (const s of step.stores) visit(s.value);
  return [...found].sort((a, b) => a - b);
}

export function chooseLoop(kernel: LoopKernel, width: number, moving: readonly boolean[]): Vectorised {
  const outerVolume = product(kernel.outer);
  const cost = (access: Access, position: number | undefined, store: boolean) => {
    const stride = position === undefined ? 0 : (access.strides[position] ?? 0);
    if (stride === 1) return 1;
    if (stride === 0 && !store) return 0.8;
    return store ? width * 2 : width * 1.5;
  };
  const stepSets = kernel.steps.map((s) => valuesOfStep(kernel, s, moving));
  /** Work of one round of a step, vectorised at `position`. */
  const round = (step: Step, set: readonly number[], position: number | undefined) => {
    let total = step.reductions.length;
    for (const i of set) {
      const v = kernel.values[i];
      total += v.kind === "load" ? cost(v.access, position, false) : v.kind === "apply" ? 1.5 : 0.5;
    }
    for (const s of step.stores) total += cost(s.access, position, true);
    return total;
  };
  const rounds = (extent: number) => Math.ceil(extent / width) / extent;
  const flat = kernel.values.map((_, i) => i).filter((i) => !moving[i]);
  let best: Vectorised = { kind: "inner", loops: kernel.steps.map(() => undefined) };
  let bestCost = Number.POSITIVE_INFINITY;
  kernel.outer.forEach((extent, loop) => {
    let total = 0;
    kernel.steps.forEach((step, s) => {
      total +=
        (outerVolume * product(step.inner) * round(step, stepSets[s], loop) + (step.inner.length > 0 ? outerVolume * 2 : 0)) *
        rounds(extent);
    });
    const apart: Step = { inner: [], reductions: [], stores: [] };
    total += outerVolume * rounds(extent) * round(apart, flat, loop);
    if (total < bestCost || (total === bestCost && loop > 0)) {
      bestCost = total;
      best = { kind: "outer", loop };
    }
  });
  let total = 0;
  const loops = kernel.steps.map((step, s): number | undefined => {
    if (step.inner.length === 0) {
      total += outerVolume * round(step, stepSets[s], undefined);
      return undefined;
    }
    let chosen = 0;
    let least = Number.POSITIVE_INFINITY;
    step.inner.forEach((extent, i) => {
      const c = outerVolume * product(step.inner) * round(step, stepSets[s], kernel.outer.length + i) * rounds(extent);
      if (c <= least) {
        least = c;
        chosen = i;
      }
    });
    total += least + outerVolume * (4 + 6 * step.reductions.length);
    return chosen;
  });
  total += outerVolume * round({ inner: [], reductions: [], stores: [] }, flat, undefined);
  return total < bestCost ? { kind: "inner", loops } : best;
}

/** For each value the loops it moves with, "o2" or "i0", and whether it waits for a reduction. */
export function dependence(kernel: LoopKernel): { on: Set<string>[]; late: boolean[] } {
  const outer = kernel.outer.length;
  const on: Set<string>[] = [];
  const late: boolean[] = [];
  for (const v of kernel.values) {
    const set = new Set<string>();
    let waits = false;
    const strides = v.kind === "load" ? v.access.strides : v.kind === "index" ? v.strides : [];
    strides.forEach((s, i) => {
      if (s !== 0) set.add(i < outer ? `o${i}` : `i${i - outer}`);
    });
    const from = "operands" in v ? v.operands : [];
    for (const o of from) {
      for (const d of on[o]) set.add(d);
      waits ||= late[o];
    }
    if (v.kind === "reduced") {
      for (let i = 0; i < outer; i++) set.add(`o${i}`);
      waits = true;
    }
    on.push(set);
    late.push(waits);
  }
  return { on, late };
}

/** Vectors per round: several where the work of one is small, so that loop overhead and latency are hidden. */
export function unrollOf(values: number, extent: number, width: number, reducing: boolean): number {
  const vectors = Math.floor(extent / width);
  const wanted = reducing ? (values <= 12 ? 4 : values <= 30 ? 2 : 1) : values <= 8 ? 2 : 1;
  return Math.max(1, Math.min(wanted, vectors));
}

/** Whether the vectorised loop may run past its end: every store fills a whole buffer, and there is room behind each. */
export function roundsUp(kernel: LoopKernel, vector: number | undefined): boolean {
  if (vector === undefined || !kernel.padded || kernel.outer.length !== 1) return false;
  const contiguous = (a: Access) => a.strides[vector] === 0 || a.strides[vector] === 1;
  return (
    kernel.steps.every((s) => s.inner.length === 0 || s.stores.length === 0) &&
    kernel.steps.every((s) =>
      s.stores.every(
        (t) => t.access.offset === 0 && t.access.strides[0] === 1 && kernel.slots[t.access.slot].length === kernel.outer[0],
      ),
    ) &&
    accessesOf(kernel).every(contiguous)
  );
}

/** Rounds of the loop that is brought inside: as many elements as share a cache line. */
const tileRounds = [16, 8, 4];

/**
 * Where lanes jump through memory (a transposed operand), the loop along which that memory is contiguous is brought inside the
 * vectorised one, a cache line at a time, so that a line is used whole before it is gone. The kernel with such a row, if it calls for one.
 */
export function tiled(kernel: LoopKernel, vectorised: Vectorised): LoopKernel | undefined {
  if (vectorised.kind !== "outer" || kernel.steps.length !== 1 || kernel.reductions.length > 0) return undefined;
  const [step] = kernel.steps;
  if (step.inner.length > 0) return undefined;
  const { loop } = vectorised;
  const accesses = [...accessesOf(kernel), ...step.stores.map((s) => s.access)];
  let across: number | undefined;
  for (const { strides } of accesses) {
    const along = strides.findIndex((s, i) => i !== loop && s === 1);
    if (Math.abs(strides[loop] ?? 0) > 8 && along >= 0) across = along;
  }
  if (across === undefined) return undefined;
  const extent = kernel.outer[across];
  const rounds = tileRounds.find((r) => extent % r === 0 && extent > r);
  if (rounds === undefined) return undefined;
  const at = across;
  const moved = (strides: readonly number[]): number[] => {
    const own = strides[at] ?? 0;
    if (own === 0) return [...strides];
    return [...strides.slice(0, at), own * rounds, ...strides.slice(at + 1), own];
  };
  const access = (a: Access): Access => ({ ...a, strides: moved(a.strides) });
  return {
    ...kernel,
    outer: kernel.outer.map((e, i) => (i === at ? e / rounds : e)),
    values: kernel.values.map((v) => {
      if (v.kind === "load") return { ...v, access: access(v.access) };
      return v.kind === "index" ? { ...v, strides: moved(v.strides) } : v;
    }),
    steps: [{ inner: [rounds], reductions: [], stores: step.stores.map((s) => ({ ...s, access: access(s.access) })) }],
  };
}
