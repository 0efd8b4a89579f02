// A plan as one C translation unit: a static function per distinct kernel, one per body of a loop, and gradus_run, which runs the kernels in
// order. All threads run it (see gradus.h): launches are done by thread 0 or divided, with barriers where they must wait for each other.

import { fail } from "../../graph/errors.ts";
import type { Body, Kernel, Launch, MatmulKernel, Plan, ProductKernel, WholeKernel } from "../lowering/ir.ts";
import { align } from "../lowering/memory.ts";
import { bodiesOf, type DivisionOptions, divide } from "../lowering/parallel.ts";
import { bytesOf } from "./lanes.ts";
import { loopsDivide, renderLoops } from "./loops.ts";
import { prelude } from "./prelude.ts";
import { renderFinish, renderProduct } from "./products.ts";
import { clockBytes, lapOfBarrier, renderClock, renderLap, type Timed } from "./profile.ts";
import { isSmall, renderSmallProduct, smallDivides } from "./small-products.ts";
import type { Target } from "./target.ts";
import { wholeRendering } from "./whole.ts";

export interface RenderedProgram {
  /** C, with gradus.h to be found beside it. */
  readonly source: string;
  readonly plan: Plan;
  /** Operations that are computed by their own rooms, by the number of the call. */
  readonly hostCalls: readonly WholeKernel[];
  /** Of the program's memory. */
  readonly bytes: number;
  /** Where the clock of a profiled program is in that memory, and which launches it times. */
  readonly clock?: { readonly at: number; readonly timed: readonly Timed[] };
}

/** Kernels may read this far past their operands. */
const slack = 64;

/** Whether a product or convolution is rendered with an epilogue. */
export function takesEpilogue(kernel: ProductKernel): boolean {
  return kernel.kind === "matmul" || wholeRendering(kernel)?.divides === true;
}

/** Whether threads can divide a kernel, as asked by lowering/parallel.ts. */
export function divisible(target: Target): (kernel: Kernel) => boolean {
  return (kernel) => {
    switch (kernel.kind) {
      case "loop":
        return loopsDivide(kernel, target);
      case "matmul":
        return isSmall(kernel) ? smallDivides(kernel, target) : true;
      case "whole":
        return wholeRendering(kernel)?.divides === true;
      default:
        return true;
    }
  };
}

interface Emission {
  readonly target: Target;
  readonly division: DivisionOptions;
  readonly hostCalls: WholeKernel[];
  /** Functions so far, each after those it calls. */
  readonly functions: string[];
  /** Names of kernels' functions by key, and whether they are divided. */
  readonly kernels: Map<string, string>;
  /** Launches that are timed so far, of a profiled program. */
  readonly timed: Timed[] | undefined;
  count: number;
}

export interface RenderOptions {
  /** Read a clock after every launch, for `Program.profile`. */
  readonly profile?: boolean;
  /** As in DivisionOptions. */
  readonly worth?: number;
}

export function renderProgram(plan: Plan, target: Target, { profile = false, worth }: RenderOptions = {}): RenderedProgram {
  const emission: Emission = {
    target,
    division: { divisible: divisible(target), ...(worth !== undefined && { worth }) },
    hostCalls: [],
    functions: [],
    kernels: new Map(),
    timed: profile ? [] : undefined,
    count: 0,
  };
  const clockAt = align(plan.bytes) + slack;
  const addressOf = (buffer: number): string =>
    `memory + ${plan.offsets[buffer] ?? fail("engine", `buffer ${buffer} has no place.`)}`;
  const run = launchesOf(emission, plan, addressOf, { body: false, everyone: true });
  const source = [
    '#include "gradus.h"',
    prelude(target),
    ...(profile ? [renderClock(clockAt)] : []),
    ...emission.functions,
    '__attribute__((visibility("default")))',
    `void gradus_run(char *memory, long thread, long threads, struct gradus_runtime *rt) {\n${profile ? "  if (thread == 0) start_clock(rt);\n" : ""}${run}\n}`,
    "",
  ].join("\n");
  const { hostCalls, timed } = emission;
  if (!timed) return { source, plan, hostCalls, bytes: clockAt };
  return { source, plan, hostCalls, bytes: clockAt + clockBytes(timed), clock: { at: clockAt, timed } };
}

/** Statements that run the launches of a plan. With `everyone` all threads are here; else only the first is, and does all of it. */
function launchesOf(
  emission: Emission,
  plan: Plan,
  addressOf: (buffer: number) => string,
  { body, everyone }: { readonly body: boolean; readonly everyone: boolean },
): string {
  const lines: string[] = [];
  const lap = (launch: Launch) => (emission.timed ? renderLap(emission.timed, plan, launch) : []);
  if (!everyone) {
    for (const launch of plan.launches) lines.push(`  ${callOf(emission, launch, addressOf, false)}`, ...lap(launch));
    return lines.join("\n");
  }
  const { launches, barrierAtEnd } = divide(plan, { ...emission.division, body });
  let alone: string[] = [];
  const flush = () => {
    if (alone.length > 0) lines.push("  if (thread == 0) {", ...alone.map((l) => `    ${l}`), "  }");
    alone = [];
  };
  const wait = ["  gradus_barrier(rt, thread, threads);", ...(emission.timed ? [lapOfBarrier] : [])];
  for (const { launch, divided, barrier } of launches) {
    if (barrier || divided) flush();
    if (barrier) lines.push(...wait);
    const call = callOf(emission, launch, addressOf, divided);
    if (divided) lines.push(`  ${call}`, ...lap(launch));
    else alone.push(call, ...lap(launch));
  }
  flush();
  if (barrierAtEnd) lines.push(...wait);
  return lines.join("\n");
}

function callOf(
  emission: Emission,
  { kernel, buffers }: Launch,
  addressOf: (buffer: number) => string,
  divided: boolean,
): string {
  const name = kernelFunction(emission, kernel, divided);
  const threads = divided ? "thread, threads" : "0, 1";
  return `${name}(${[...buffers.slice(0, kernel.slots.length).map(addressOf), threads, "rt"].join(", ")});`;
}

const common = "long thread, long threads, struct gradus_runtime *rt";

/** The name of the function of a kernel, which is written on first request. */
function kernelFunction(emission: Emission, kernel: Kernel, divided: boolean): string {
  // What is timed within a body is timed for each launch of it.
  const apart = emission.timed && bodiesOf(kernel).length > 0 ? `${emission.count}` : "";
  const key = `${divided}${apart}${kernel.key}`;
  const known = emission.kernels.get(key);
  if (known !== undefined) return known;
  const name = `k${emission.count++}`;
  emission.kernels.set(key, name);
  const text = kernelText(emission, kernel, name, divided);
  const parameters = [...kernel.slots.map((_, i) => `char *s${i}`), common].join(", ");
  emission.functions.push(
    `/* ${describe(kernel)} */\n__attribute__((noinline)) static void ${name}(${parameters}) {\n${text}\n}`,
  );
  return name;
}

function describe(kernel: Kernel): string {
  const what = kernel.kind === "matmul" ? `${kernel.m} x ${kernel.k} x ${kernel.n}` : kernel.kind;
  return `${kernel.name.replaceAll("*/", "")}: ${what}`;
}

function kernelText(emission: Emission, kernel: Kernel, name: string, divided: boolean): string {
  const { target } = emission;
  switch (kernel.kind) {
    case "loop":
      return renderLoops(kernel, target, divided);
    case "matmul":
      return isSmall(kernel) ? renderSmallProduct(kernel, target, divided) : matmulText(emission, kernel, name);
    case "whole":
      return wholeText(emission, kernel, name);
    case "copy": {
      const bytes = kernel.slots[0].length * bytesOf[kernel.slots[0].dtype];
      if (!divided) return `  __builtin_memcpy(s1, s0, ${bytes}l);`;
      return `  long from, to;\n  gradus_part(${bytes}, 4096, thread, threads, &from, &to);\n  __builtin_memcpy(s1 + from, s0 + from, to - from);`;
    }
    case "scan":
      return scanText(emission, kernel, divided);
    case "while":
      return whileText(emission, kernel, divided);
    case "cond": {
      const [whenTrue, whenFalse] = kernel.branches.map((b) => bodyCall(emission, b, kernel.slots.length, divided));
      return `  if (*s0) ${whenTrue}\n  else ${whenFalse}`;
    }
  }
}

const slotList = (kernel: Kernel) => `  char *slots[] = {${kernel.slots.map((_, i) => `s${i}`).join(", ")}};\n`;

/** Writes the function of type gradus_finish for the epilogue of the kernel called `name`; returns its name. */
function finishFunction(emission: Emission, name: string, body: string): string {
  emission.functions.push(
    `static void ${name}_finish(void *context, void *tile, long stride, long row, long column, long rows, long columns, long batch) {\n${body}\n}`,
  );
  return `${name}_finish`;
}

function matmulText(emission: Emission, kernel: MatmulKernel, name: string): string {
  const { epilogue, dtype, batch } = kernel;
  if (!epilogue) return renderProduct(kernel, undefined);
  const finish = finishFunction(emission, name, renderFinish(epilogue, { dtype, batch, columns: kernel.n }, emission.target));
  return slotList(kernel) + renderProduct(kernel, finish);
}

function wholeText(emission: Emission, kernel: WholeKernel, name: string): string {
  const index = emission.hostCalls.push(kernel) - 1;
  const giveUp = `char *operands[] = {${kernel.slots.map((_, i) => `s${i}`).join(", ")}}; gradus_host(rt, ${index}, ${kernel.slots.length}, operands);`;
  const rendering = wholeRendering(kernel);
  if (!rendering) return `  ${giveUp}`;
  const { epilogue } = kernel;
  if (!epilogue) return rendering.body(kernel, giveUp, undefined, emission.target);
  const dtype = kernel.outputs[0].dtype === "float64" ? "float64" : "float32";
  const finish = finishFunction(emission, name, renderFinish(epilogue, { dtype, batch: [] }, emission.target));
  return slotList(kernel) + rendering.body(kernel, "rt->failed = 1;", finish, emission.target);
}

// Control flow ------------------------------------------------------------------------------------------------------------

/** Calls the function of a body with its workspace and what its externals are bound to; those that move are moved[binding]. */
function bodyCall(
  emission: Emission,
  body: Body,
  slots: number,
  divided: boolean,
  moved: ReadonlyMap<number, string> = new Map(),
): string {
  const { plan } = body;
  const addressOf = (buffer: number): string => {
    let at = buffer;
    while (plan.standsIn.has(at)) at = plan.standsIn.get(at)!;
    const external = plan.externals.indexOf(at);
    if (external >= 0) return `e${external}`;
    return `workspace + ${plan.offsets[at] ?? fail("engine", `buffer ${at} of a body has no place.`)}`;
  };
  const launches = launchesOf(emission, plan, addressOf, { body: true, everyone: divided });
  const name = `body${emission.count++}`;
  const parameters = ["char *workspace", ...plan.externals.map((_, i) => `char *e${i}`), common].join(", ");
  emission.functions.push(`__attribute__((noinline)) static void ${name}(${parameters}) {\n${launches}\n}`);
  const bound = body.bindings.map(({ slot }, i) => moved.get(i) ?? `s${slot}`);
  return `${name}(${[`s${slots - 1} + ${body.start}`, ...bound, "thread", "threads", "rt"].join(", ")});`;
}

/** Copies initial values to where the body updates them, and lets all threads see them. */
function copyCarries(kernel: Extract<Kernel, { kind: "scan" | "while" }>, divided: boolean): string[] {
  const copies = kernel.copies.map(
    ([from, to]) => `__builtin_memcpy(s${to}, s${from}, ${kernel.slots[from].length * bytesOf[kernel.slots[from].dtype]}l);`,
  );
  if (copies.length === 0) return [];
  return divided
    ? [`  if (thread == 0) { ${copies.join(" ")} }`, "  gradus_barrier(rt, thread, threads);"]
    : copies.map((c) => `  ${c}`);
}

function scanText(emission: Emission, kernel: Extract<Kernel, { kind: "scan" }>, divided: boolean): string {
  const { body, length, reverse, slots } = kernel;
  const lines = copyCarries(kernel, divided);
  if (length === 0) return lines.join("\n");
  const moved = new Map<number, string>();
  body.bindings.forEach(({ slot, stride }, i) => {
    if (stride === 0) return;
    const bytes = stride * bytesOf[slots[slot].dtype];
    moved.set(i, `s${slot} + ${reverse ? `(${length - 1} - i)` : "i"} * ${bytes}l`);
  });
  lines.push(`  for (long i = 0; i < ${length}; i++)`, `    ${bodyCall(emission, body, slots.length, divided, moved)}`);
  return lines.join("\n");
}

function whileText(emission: Emission, kernel: Extract<Kernel, { kind: "while" }>, divided: boolean): string {
  const { condition, body, slots } = kernel;
  const test = condition.plan;
  const at = test.offsets[test.outputs[0]] ?? fail("engine", "while: the condition's result has no place.");
  // Nobody computes the condition again before all have read it.
  const settled = divided && !divide(body.plan, { ...emission.division, body: true }).barrierAtEnd;
  return [
    ...copyCarries(kernel, divided),
    "  for (;;) {",
    `    ${bodyCall(emission, condition, slots.length, divided)}`,
    `    if (gradus_failed(rt, threads) || !s${slots.length - 1}[${condition.start + at}]) break;`,
    `    ${bodyCall(emission, body, slots.length, divided)}`,
    ...(settled ? ["    gradus_barrier(rt, thread, threads);"] : []),
    "  }",
  ].join("\n");
}
