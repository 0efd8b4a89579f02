// A plan in words and numbers: which kernels run, over what, what they read and write, how much they work. For whoever wants to see
// what became of a program.

import type { Kernel, Launch, Plan } from "./ir.ts";

export interface KernelDescription {
  readonly kind: Kernel["kind"];
  readonly name: string;
  /** The loops or sizes: "[64, 128]", "rows [64] of [10], [10]", "64×784×128". */
  readonly over: string;
  /** Names and bytes of the buffers. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly flops: number;
  readonly bytes: number;
  /** The kernels of a loop's or a choice's bodies. */
  readonly bodies: readonly (readonly KernelDescription[])[];
}

function overOf(kernel: Kernel): string {
  switch (kernel.kind) {
    case "loop": {
      const rows = kernel.steps.filter((s) => s.inner.length > 0).map((s) => `[${s.inner.join(", ")}]`);
      const outer = `[${kernel.outer.join(", ")}]`;
      return rows.length === 0 ? outer : `rows ${outer} of ${rows.join(", ")}`;
    }
    case "matmul":
      return `${kernel.batch.map((b) => `${b}·`).join("")}${kernel.m}×${kernel.k}×${kernel.n}`;
    case "whole":
      return kernel.inputs.map((t) => `[${t.shape.join(", ")}]`).join(", ");
    case "scan":
      return `${kernel.length} rounds`;
    default:
      return "";
  }
}

/** One kernel of a plan. */
export function describeLaunch(plan: Plan, { kernel, buffers, flops, bytes }: Launch): KernelDescription {
  const named = (wanted: readonly string[]) =>
    kernel.slots.flatMap((slot, i) => {
      if (!wanted.includes(slot.access)) return [];
      const { name, role, dtype, length } = plan.buffers[buffers[i]];
      return [`${role === "temporary" ? `${name}#${buffers[i]}` : name} ${dtype}×${length}`];
    });
  const bodies: Plan[] = [];
  if (kernel.kind === "scan") bodies.push(kernel.body.plan);
  if (kernel.kind === "while") bodies.push(kernel.condition.plan, kernel.body.plan);
  if (kernel.kind === "cond") for (const b of kernel.branches) bodies.push(b.plan);
  return {
    kind: kernel.kind,
    name: kernel.name,
    over: overOf(kernel),
    reads: named(["read", "both"]),
    writes: named(["write", "both"]),
    flops,
    bytes,
    bodies: bodies.map(describePlan),
  };
}

/** The kernels of a plan, in the order in which they run. */
export function describePlan(plan: Plan): KernelDescription[] {
  return plan.launches.map((launch) => describeLaunch(plan, launch));
}
