// A compiled program as tables: its kernels in the order in which they run, and its memory with who lives in it when.

import { describePlan, type KernelDescription } from "../engines/lowering/describe.ts";
import type { Body, Kernel, Plan } from "../engines/lowering/ir.ts";
import { livesOf, sizeInBytes } from "../engines/lowering/memory.ts";
import { bytes, columns, operations } from "./format.ts";

/** The kernels of a plan, those of loop bodies indented. */
export function kernelsText(plan: Plan): string {
  const rows: string[][] = [["", "kernel", "over", "work", "traffic", "reads → writes"]];
  const put = (kernels: readonly KernelDescription[], prefix: string, indent: string) => {
    kernels.forEach((k, i) => {
      const number = `${prefix}${i + 1}`;
      const moves = `${k.reads.join(", ")} → ${k.writes.join(", ")}`;
      rows.push([number, `${indent}${k.name}`, k.over, operations(k.flops), bytes(k.bytes), moves]);
      k.bodies.forEach((body, j) => {
        put(body, k.bodies.length > 1 ? `${number}.${"ab"[j]}` : `${number}.`, `${indent}  `);
      });
    });
  };
  const kernels = describePlan(plan);
  put(kernels, "", "");
  const sum = (of: (k: KernelDescription) => number) => kernels.reduce((total, k) => total + of(k), 0);
  const total = `${kernels.length} kernels, ${operations(sum((k) => k.flops))}, ${bytes(sum((k) => k.bytes))} read and written`;
  return `${columns(rows, ["left", "left", "left", "right", "right", "left"]).join("\n")}\n\n${total}`;
}

/** A buffer's place and life. */
export interface BufferDescription {
  readonly buffer: number;
  readonly name: string;
  readonly role: "parameter" | "constant" | "temporary";
  readonly dtype: string;
  readonly length: number;
  readonly bytes: number;
  /** Byte offset; absent for what whoever runs the plan provides. */
  readonly offset?: number;
  /** Launches, from 1, at which it is first and last touched. What outlives the program has none. */
  readonly life?: readonly [first: number, last: number];
  /** The buffer whose memory it uses. */
  readonly standsIn?: number;
}

export interface MemoryDescription {
  /** Of the memory map. */
  readonly bytes: number;
  readonly launches: number;
  readonly buffers: readonly BufferDescription[];
  readonly bodies: readonly { readonly name: string; readonly memory: MemoryDescription }[];
}

/** Buffers by their place. */
export function describeMemory(plan: Plan): MemoryDescription {
  const { buffers, launches, outputs, offsets, standsIn, externals } = plan;
  const kept = new Set(outputs);
  const lives = livesOf(buffers, launches, kept);
  const described = buffers.flatMap((buffer): BufferDescription[] => {
    const { id, name, role, dtype, length } = buffer;
    const { first, last } = lives[id];
    const offset = offsets[id];
    // Never touched and without a place: of no account.
    if (offset === undefined && !externals.includes(id)) return [];
    const lasting = role !== "temporary" || !Number.isFinite(first);
    return [
      {
        buffer: id,
        name,
        role,
        dtype,
        length,
        bytes: sizeInBytes(buffer),
        ...(offset === undefined ? {} : { offset }),
        ...(lasting ? {} : { life: [first + 1, Math.min(last, launches.length - 1) + 1] as const }),
        ...(standsIn.has(id) ? { standsIn: standsIn.get(id)! } : {}),
      },
    ];
  });
  const place = (b: BufferDescription) => b.offset ?? Number.POSITIVE_INFINITY;
  return {
    bytes: plan.bytes,
    launches: launches.length,
    buffers: described.sort((a, b) => place(a) - place(b) || (a.life?.[0] ?? 0) - (b.life?.[0] ?? 0)),
    bodies: launches.flatMap(({ kernel }, i) =>
      bodiesOf(kernel).map(([name, { plan: body }]) => ({ name: `kernel ${i + 1}, ${name}`, memory: describeMemory(body) })),
    ),
  };
}

function bodiesOf(kernel: Kernel): (readonly [name: string, body: Body])[] {
  switch (kernel.kind) {
    case "scan":
      return [["body", kernel.body]];
    case "while":
      return [
        ["condition", kernel.condition],
        ["body", kernel.body],
      ];
    case "cond":
      return [
        ["if true", kernel.branches[0]],
        ["if false", kernel.branches[1]],
      ];
    default:
      return [];
  }
}

const barWidth = 32;

/** When a buffer lives, as a bar over the launches. */
function bar(life: readonly [number, number] | undefined, launches: number): string {
  if (life === undefined) return "█".repeat(barWidth);
  const width = Math.min(barWidth, Math.max(1, launches));
  const at = (launch: number) => Math.floor(((launch - 1) * width) / Math.max(1, launches));
  const [from, to] = [at(life[0]), Math.max(at(life[0]), at(life[1]))];
  return `${"·".repeat(from)}${"█".repeat(to - from + 1)}${"·".repeat(width - to - 1)}`;
}

/** The memory map: who lies where, how large, and from which kernel to which. */
export function memoryText({ bytes: total, launches, buffers, bodies }: MemoryDescription): string {
  const rows = [["at", "bytes", "buffer", "", "kernels", "life"]];
  for (const b of buffers) {
    const where = b.offset === undefined ? "outside" : String(b.offset);
    const life = b.life === undefined ? (b.role === "temporary" ? "" : "all") : `${b.life[0]}–${b.life[1]}`;
    const type = `${b.dtype}×${b.length}`;
    const name = b.role === "temporary" ? `${b.name}#${b.buffer}` : b.name;
    const note = b.standsIn === undefined ? b.role : `in the place of #${b.standsIn}`;
    rows.push([where, String(b.bytes), `${name} ${type}`, note, life, bar(b.life, launches)]);
  }
  const sum = buffers.filter((b) => b.offset !== undefined && b.standsIn === undefined).reduce((n, b) => n + b.bytes, 0);
  const lines = [
    columns(rows, ["right", "right", "left", "left", "right", "left"]).join("\n"),
    `\n${bytes(total)} in all; each buffer in a place of its own would take ${bytes(sum)}`,
    ...bodies.map(({ name, memory }) => `\n${name}:\n${memoryText(memory)}`),
  ];
  return lines.join("\n");
}
