// The memory plan: where each buffer of a program lies. Buffers that are never needed at the same time share memory; a result may take
// over the memory of an operand that dies with the same kernel, where the kernel reads each element before it writes it.

import { bytesPerElement } from "../../graph/dtype.ts";
import type { Access, Buffer, Kernel, Launch, LoopKernel } from "./ir.ts";

export const alignment = 64;

export function align(bytes: number): number {
  return Math.ceil(bytes / alignment) * alignment;
}

export function sizeInBytes(buffer: Pick<Buffer, "dtype" | "length">): number {
  return buffer.length * bytesPerElement[buffer.dtype];
}

/** When a buffer is needed: from the launch that first writes it to the last one that touches it. */
export interface Life {
  first: number;
  last: number;
}

export function livesOf(buffers: readonly Buffer[], launches: readonly Launch[], kept: ReadonlySet<number>): Life[] {
  const lives = buffers.map((): Life => ({ first: Number.POSITIVE_INFINITY, last: -1 }));
  launches.forEach((launch, at) => {
    for (const b of launch.buffers) {
      lives[b].first = Math.min(lives[b].first, at);
      lives[b].last = Math.max(lives[b].last, at);
    }
  });
  for (const b of kept) lives[b].last = launches.length;
  return lives;
}

const sameAccess = (a: Access, b: Access) =>
  a.offset === b.offset && a.strides.length === b.strides.length && a.strides.every((s, i) => s === b.strides[i]);

type Nest = Pick<LoopKernel, "slots" | "outer" | "values" | "steps">;

/** The part of a kernel that computes elements one by one, and the slots that it does not read elsewhere. */
function nestOf(kernel: Kernel): (Nest & { readonly from: number }) | undefined {
  if (kernel.kind === "loop") return { ...kernel, from: 0 };
  if ((kernel.kind !== "matmul" && kernel.kind !== "whole") || !kernel.epilogue) return undefined;
  const { slots, epilogue } = kernel;
  const [{ access }] = epilogue.stores;
  const from = kernel.kind === "whole" ? kernel.inputs.length : Math.max(kernel.a.slot, kernel.b.slot) + 1;
  return {
    slots,
    outer: access.strides,
    values: epilogue.values,
    steps: [{ inner: [], reductions: [], stores: epilogue.stores }],
    from,
  };
}

/** Whether the kernel may write slot `target` over slot `source`: each element of the source is read for the last time where it is written over. */
export function mayOverwrite(kernel: Nest, source: number, target: number): boolean {
  if (kernel.slots[source].access !== "read" || kernel.slots[target].access !== "write") return false;
  if (kernel.slots[source].length !== kernel.slots[target].length) return false;
  if (bytesPerElement[kernel.slots[source].dtype] !== bytesPerElement[kernel.slots[target].dtype]) return false;
  const stores: { access: Access; step: number }[] = [];
  kernel.steps.forEach((s, step) => {
    for (const { access } of s.stores) if (access.slot === target) stores.push({ access, step });
  });
  if (stores.length !== 1) return false;
  const [{ access, step }] = stores;
  // In a nest with several steps, later rows may still read what an earlier one wrote over.
  if (kernel.steps.length > 1 && step !== kernel.steps.length - 1) return false;
  const whole = access.strides.length === kernel.outer.length + kernel.steps[step].inner.length;
  return (
    whole &&
    kernel.values.every((v) => {
      return v.kind !== "load" || v.access.slot !== source || sameAccess(v.access, access);
    })
  );
}

/** Pairs (source, target) of buffers of one launch in which the target may take over the source's memory, in slot order. */
export function overwritesOf(launch: Launch): [source: number, target: number][] {
  const kernel = nestOf(launch.kernel);
  if (kernel === undefined) return [];
  const pairs: [number, number][] = [];
  kernel.slots.forEach((target, t) => {
    if (target.access !== "write") return;
    kernel.slots.forEach((_, s) => {
      if (s !== t && s >= kernel.from && mayOverwrite(kernel, s, t)) pairs.push([launch.buffers[s], launch.buffers[t]]);
    });
  });
  return pairs;
}

export interface Placement {
  readonly offsets: (number | undefined)[];
  readonly bytes: number;
}

/**
 * Offsets for `buffers`. `fixed` buffers (parameters, constants) keep their memory for ever; those in `external` get none;
 * `standsIn` maps a buffer to the one whose memory it uses.
 */
export function placeBuffers(
  buffers: readonly Buffer[],
  launches: readonly Launch[],
  options: {
    readonly fixed: ReadonlySet<number>;
    readonly kept: ReadonlySet<number>;
    readonly external: ReadonlySet<number>;
    readonly standsIn: ReadonlyMap<number, number>;
  },
): Placement {
  const { fixed, kept, external, standsIn } = options;
  const lives = livesOf(buffers, launches, kept);
  const offsets: (number | undefined)[] = buffers.map(() => undefined);
  let end = 0;
  for (const b of fixed) {
    if (external.has(b) || standsIn.has(b)) continue;
    offsets[b] = end;
    end += align(Math.max(1, sizeInBytes(buffers[b])));
  }
  // Buffers that share memory by taking over: a block is a chain of them.
  const blockOf = new Map<number, number>();
  const placeable = (b: number) => !fixed.has(b) && !external.has(b) && !standsIn.has(b);
  const blocks = new Map<number, Life>();
  buffers.forEach((b) => {
    if (!placeable(b.id) || lives[b.id].last < 0) return;
    blockOf.set(b.id, b.id);
    blocks.set(b.id, { ...lives[b.id] });
  });
  launches.forEach((launch, at) => {
    const taken = new Set<number>();
    for (const [source, target] of overwritesOf(launch)) {
      const from = blockOf.get(source);
      const to = blockOf.get(target);
      if (from === undefined || to === undefined || from === to || taken.has(source) || taken.has(target)) continue;
      if (lives[source].last !== at || lives[target].first !== at || blocks.get(from)!.last !== at) continue;
      blocks.get(from)!.last = blocks.get(to)!.last;
      for (const [b, block] of blockOf) if (block === to) blockOf.set(b, from);
      blocks.delete(to);
      taken.add(source);
      taken.add(target);
    }
  });
  // Best fit, largest first: the smallest gap between blocks alive at the same time.
  const sizes = new Map<number, number>();
  for (const [b, block] of blockOf) {
    sizes.set(block, Math.max(sizes.get(block) ?? 0, align(Math.max(1, sizeInBytes(buffers[b])))));
  }
  const placed: { from: number; to: number; life: Life }[] = [];
  const base = end;
  const blockAt = new Map<number, number>();
  const bySize = [...blocks].sort((p, q) => sizes.get(q[0])! - sizes.get(p[0])! || p[1].first - q[1].first);
  for (const [block, life] of bySize) {
    const size = sizes.get(block)!;
    let at = base;
    let best = -1;
    let bestGap = Number.POSITIVE_INFINITY;
    // `placed` is sorted by address.
    for (const rival of placed) {
      if (rival.life.first > life.last || life.first > rival.life.last) continue;
      const gap = rival.from - at;
      if (gap >= size && gap < bestGap) {
        best = at;
        bestGap = gap;
      }
      at = Math.max(at, rival.to);
    }
    if (best < 0) best = at;
    blockAt.set(block, best);
    let position = placed.length;
    while (position > 0 && placed[position - 1].from > best) position--;
    placed.splice(position, 0, { from: best, to: best + size, life });
    end = Math.max(end, best + size);
  }
  for (const [b, block] of blockOf) offsets[b] = blockAt.get(block)!;
  for (const [b, source] of standsIn) {
    let at = source;
    while (standsIn.has(at)) at = standsIn.get(at)!;
    offsets[b] = offsets[at];
  }
  return { offsets, bytes: end };
}
