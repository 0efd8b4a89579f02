// Programs written by hand, on the runtime's threads and with calls back into JavaScript.

import { mkdtempSync, rmSync } from "node:fs";
import { availableParallelism, tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { DType } from "../../graph/dtype.ts";
import { makeNode } from "../../graph/node.ts";
import type { Structured } from "../../graph/primitive.ts";
import { parameter } from "../../graph/structural.ts";
import { cumulativeSum } from "../../ops/cumulative.ts";
import type { Plan, WholeKernel } from "../lowering/ir.ts";
import { nativeMissing } from "./index.ts";
import { loadProgram } from "./library.ts";
import { instantiate } from "./program.ts";

const { GRADUS_CACHE } = process.env;
const place = mkdtempSync(join(tmpdir(), "gradus-program-test-"));
process.env.GRADUS_CACHE = join(place, "cache");

afterAll(() => {
  if (GRADUS_CACHE === undefined) delete process.env.GRADUS_CACHE;
  else process.env.GRADUS_CACHE = GRADUS_CACHE;
  rmSync(place, { recursive: true, force: true });
});

/** A plan of dense buffers side by side, each a parameter and an output; the launches are in the C code. */
function planOf(buffers: readonly { readonly dtype: DType; readonly length: number }[]): Plan {
  let bytes = 0;
  const offsets = buffers.map(({ length }) => {
    const offset = bytes;
    bytes += Math.ceil((length * 8) / 64) * 64;
    return offset;
  });
  const all = buffers.map((_, i) => i);
  return {
    buffers: buffers.map((b, id) => ({ ...b, id, role: "parameter", name: `b${id}` })),
    launches: [],
    parameters: all,
    outputs: all,
    externals: [],
    offsets,
    standsIn: new Map(),
    bytes,
  };
}

function programOf(body: string, plan: Plan, threads: number, hostCalls: readonly WholeKernel[] = []) {
  const source = `#include "gradus.h"
void gradus_run(char *memory, long thread, long threads, struct gradus_runtime *rt) {
${body}
}`;
  return instantiate({ loaded: loadProgram("a test", source, ["-O2"]), plan, hostCalls, bytes: plan.bytes + 64, threads });
}

/** A kernel that is computed by a room: y = the cumulative sum of x, or what `evaluate` says. */
function hostKernel(length: number, evaluate?: Structured["evaluate"]): WholeKernel {
  const x = parameter({ shape: [length], dtype: "float64" });
  const y = cumulativeSum(x, 0);
  if (y.op.kind !== "structured") throw new Error("not a room");
  const node = evaluate ? makeNode({ ...y.op, evaluate }, [x], y.attributes) : y;
  const slot = { dtype: "float64", length } as const;
  return {
    kind: "whole",
    name: "host",
    key: "host",
    slots: [
      { ...slot, access: "read" },
      { ...slot, access: "write" },
    ],
    node,
    inputs: [x],
    outputs: [y],
  };
}

const missing = nativeMissing();

it.runIf(missing !== undefined)("says what is missing and what to do", () => {
  expect(missing).toMatch(/^native: .*engine: "wasm"/s);
});

describe.skipIf(missing !== undefined)("a native program", () => {
  it("has memory at a multiple of 64 bytes, filled by writes and read by reads", () => {
    const plan = planOf([
      { dtype: "float32", length: 5 },
      { dtype: "int32", length: 3 },
    ]);
    const program = programOf("  ((int32_t *)(memory + 64))[0] = (uintptr_t)memory % 64;", plan, 1);
    program.write(0, Float32Array.of(1, 2, 3, 4, 5));
    program.write(1, Int32Array.of(9, 9, 9));
    program.execute();
    expect(program.read(0)).toEqual(Float32Array.of(1, 2, 3, 4, 5));
    expect(program.read(1)).toEqual(Int32Array.of(0, 9, 9));
    expect(() => program.write(0, new Float32Array(4))).toThrow("parameter 0 takes 5 elements, got 4");
  });

  it("cannot lose its memory to another thread", () => {
    const program = programOf("", planOf([{ dtype: "float32", length: 5 }]), 1);
    const { buffer } = program.view(0);
    try {
      structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
    } catch {
      // Node 21 and later refuse; earlier ones copy.
    }
    expect(program.view(0).length).toBe(5);
  });

  // Each round reads what the others wrote in the last: a missing or early barrier shows.
  const diffusion = `  double *a = (double *)memory, *b = a + 1000;
  long from, to;
  gradus_part(1000, 8, thread, threads, &from, &to);
  for (int round = 0; round < 200; round++) {
    for (long i = from; i < to; i++) b[i] = 0.5 * a[i] + 0.3 * a[(i + 1) % 1000] + 0.2 * a[(i + 611) % 1000];
    gradus_barrier(rt, thread, threads);
    for (long i = from; i < to; i++) a[i] = b[(i * 7) % 1000];
    gradus_barrier(rt, thread, threads);
  }`;
  it.each([2, 3, 4, 7])("gives the same bits on %d threads as on one", (threads) => {
    const plan = planOf([
      { dtype: "float64", length: 1000 },
      { dtype: "float64", length: 1000 },
    ]);
    const start = Float64Array.from({ length: 1000 }, (_, i) => Math.sin(i * i));
    const [one] = programOf(diffusion, plan, 1).run([start, start]);
    const several = programOf(diffusion, plan, threads);
    for (let again = 0; again < 5; again++) expect(several.run([start, start])[0]).toEqual(one);
  });

  it("hands out each unit of work once, however far threads are apart and however many run", () => {
    const [rounds, most] = [300, 97];
    // Work after work without a barrier, each with another number of units.
    const body = `  int *taken = (int *)memory;
  for (long round = 0; round < ${rounds}; round++) {
    struct gradus_units u = gradus_units(rt, thread, threads, round % ${most + 1});
    while (gradus_next(&u)) __atomic_fetch_add(taken + u.unit, 1, __ATOMIC_RELAXED);
  }`;
    const plan = planOf([{ dtype: "int32", length: most }]);
    const expected = Int32Array.from({ length: most }, (_, unit) => {
      let times = 0;
      for (let round = 0; round < rounds; round++) if (unit < round % (most + 1)) times++;
      return times;
    });
    const programs = [1, 2, 4, 3].map((threads) => programOf(body, plan, threads));
    for (let again = 0; again < 20; again++)
      for (const program of programs) expect(program.run([new Int32Array(most)])[0]).toEqual(expected);
  });

  it.runIf(availableParallelism() > 1)("goes on alone while another thread has no processor, and asks for it again later", () => {
    const plan = planOf([{ dtype: "int32", length: 1 }]);
    const threadsOf = (late: string, runs: number) => {
      const body = `  if (thread == 0) *(int *)memory = threads;\n${late}\n  gradus_barrier(rt, thread, threads);`;
      const program = programOf(body, plan, 2);
      return Array.from({ length: runs }, () => program.run([new Int32Array(1)])[0][0]);
    };
    // Of a thread without a processor the others see that it comes to the barrier milliseconds late.
    const starved = threadsOf("  if (thread == 1) for (volatile long i = 0; i < 4000000; i++);", 60);
    expect(starved.join("")).toMatch(/21{8,}2/);
    expect(starved.filter((threads) => threads === 1).length).toBeGreaterThan(40);
    expect(threadsOf("", 600)).toContain(2);
  });

  it("shares working memory among threads, and gives each its own", () => {
    const plan = planOf([{ dtype: "float64", length: 64 }]);
    const body = `  for (long size = 64; size <= 1 << 20; size *= 4) {
    double *all = rt->shared(rt, thread, threads, size * 8), *own = rt->scratch(rt, thread, size * 8);
    own[0] = thread + size;
    all[thread] = own[0];
    gradus_barrier(rt, thread, threads);
    if (own[0] != thread + size || (uintptr_t)own % 64 || (uintptr_t)all % 64) ((double *)memory)[thread] = -1e9;
    ((double *)memory)[thread] += all[(thread + 1) % threads];
    gradus_barrier(rt, thread, threads);
  }`;
    const program = programOf(body, plan, 3);
    let result = program.run([new Float64Array(64)])[0];
    // On a machine that is busy with other work, a run may go without the other threads; a later one does not.
    for (let again = 0; result[1] === 0 && again < 1000; again++) result = program.run([new Float64Array(64)])[0];
    const sizes = [64, 256, 1024, 4096, 16384, 65536, 262144, 1048576];
    const total = sizes.reduce((sum, size) => sum + size, 0);
    expect(Array.from(result.slice(0, 4))).toEqual([1, 2, 0].map((next) => total + next * sizes.length).concat(0));
  });

  it.runIf(process.platform === "linux")("sleeps when it has nothing to do", async () => {
    const { readdirSync, readFileSync } = await import("node:fs");
    programOf(diffusion, planOf([{ dtype: "float64", length: 2000 }]), 2).execute();
    // Threads of this process by number, with their names and states.
    const threads = () => {
      const all = readdirSync("/proc/self/task").map((task) => {
        const [, name, state] = readFileSync(`/proc/self/task/${task}/stat`, "utf8").match(/\((.*)\) (.)/) ?? [];
        return { task, name, state };
      });
      return all.filter(({ name }) => name === "gradus");
    };
    const awake = new Set(threads().map(({ task }) => task));
    expect(awake.size).toBeGreaterThan(0);
    for (let tries = 0; tries < 500 && awake.size > 0; tries++) {
      for (const { task, state } of threads()) if (state === "S") awake.delete(task);
      await new Promise((done) => setTimeout(done, 10));
    }
    expect([...awake]).toEqual([]);
  });

  const callAndAdd = `  double *x = (double *)memory, *y = x + 8;
  gradus_barrier(rt, thread, threads);
  if (thread == 0) { char *operands[] = {memory, memory + 64}; gradus_host(rt, 0, 2, operands); }
  gradus_barrier(rt, thread, threads);
  if (thread == threads - 1) for (int i = 0; i < 8; i++) x[i] = y[i] + 1;`;
  const both = planOf([
    { dtype: "float64", length: 8 },
    { dtype: "float64", length: 8 },
  ]);
  const ones = new Float64Array(8).fill(1);

  it.each([1, 2])("calls rooms in JavaScript on its memory, with %d threads", (threads) => {
    const [x, y] = programOf(callAndAdd, both, threads, [hostKernel(8)]).run([ones, ones]);
    expect(y).toEqual(Float64Array.of(1, 2, 3, 4, 5, 6, 7, 8));
    expect(x).toEqual(Float64Array.of(2, 3, 4, 5, 6, 7, 8, 9));
  });

  it.each([1, 2])("throws what a room throws, then goes on working, with %d threads", (threads) => {
    let wrong = true;
    const fault = new RangeError("no good");
    const kernel = hostKernel(8, (inputs, outputs) => {
      if (wrong) throw fault;
      outputs[0].data.set(inputs[0].data);
    });
    // The loop would not end if the failure did not end it.
    const body = `  do {\n${callAndAdd}\n    gradus_barrier(rt, thread, threads);\n  } while (!gradus_failed(rt, threads) && ((double *)memory)[0] < 5);`;
    const program = programOf(body, both, threads, [kernel]);
    for (let again = 0; again < 3; again++) {
      wrong = true;
      expect(() => program.run([ones.map(() => -1e300), ones])).toThrow(fault);
      wrong = false;
      expect(program.run([ones, ones])[0][0]).toBe(5);
    }
  });

  it("runs another program within a call to a room", () => {
    const inner = programOf(diffusion, planOf([{ dtype: "float64", length: 2000 }]), 2);
    inner.write(0, new Float64Array(2000).fill(1));
    const kernel = hostKernel(8, (inputs, outputs) => {
      inner.execute();
      outputs[0].data.set(inputs[0].data);
      outputs[0].data[7] = inner.view(0)[0];
    });
    const [x] = programOf(callAndAdd, both, 2, [kernel]).run([ones, ones]);
    expect(x[0]).toBe(2);
    expect(x[7]).toBeCloseTo(2, 10);
  });

  it("loads a program whose entry in the cache has been damaged", async () => {
    const { readdirSync, writeFileSync } = await import("node:fs");
    const plan = planOf([{ dtype: "int32", length: 1 }]);
    const body = "  ((int32_t *)memory)[0] = 4711;";
    const folder = join(place, "cache");
    programOf(body, plan, 1);
    const entry = readdirSync(folder).find((name) => {
      const file = join(folder, name, "program.c");
      return !name.startsWith("note-") && existing(file)?.includes("4711");
    });
    // A new file, as a disk fault or another program would leave it; the loaded one stays as it is.
    const library = join(folder, entry ?? "", "library.bin");
    rmSync(library);
    writeFileSync(library, "not a library");
    const program = programOf(body, plan, 1);
    program.execute();
    expect(program.read(0)).toEqual(Int32Array.of(4711));
  });
});

function existing(file: string): string | undefined {
  const { existsSync, readFileSync } = process.getBuiltinModule("node:fs");
  return existsSync(file) ? readFileSync(file, "utf8") : undefined;
}
