// Where the time of training goes: every kernel of the programs that a run compiles, timed, beside what the machine can do at most.

import type { Engine, Peaks, Program } from "../engines/engine.ts";
import { describeLaunch } from "../engines/lowering/describe.ts";

export interface KernelProfile {
  readonly kernel: string;
  /** The loops or sizes, as "64×784×128". */
  readonly over: string;
  readonly writes: readonly string[];
  readonly calls: number;
  readonly seconds: number;
  /** Operations and bytes of one call. */
  readonly flops: number;
  readonly bytes: number;
}

export interface ProgramProfile {
  /** A step of training, or the evaluation of a batch. */
  readonly role: "training" | "evaluation";
  readonly executions: number;
  readonly seconds: number;
  /** The one that takes longest first. */
  readonly kernels: readonly KernelProfile[];
}

/** profile.json. */
export interface RunProfile {
  readonly engine: string;
  /** Of the run, from its first step to its last, what is outside the programs included. */
  readonly seconds: number;
  readonly peaks?: Peaks;
  readonly programs: readonly ProgramProfile[];
}

/** An engine that times the kernels of all it compiles. */
export interface RunProfiler {
  readonly engine: Engine;
  /** What was timed so far, in a run of so many seconds. */
  profile(seconds: number): Promise<RunProfile>;
}

export function runProfiler(engine: Engine): RunProfiler {
  const compiled: { readonly role: ProgramProfile["role"]; readonly program: Program }[] = [];
  return {
    engine: {
      ...engine,
      compile: (graph, options = {}) => {
        const program = engine.compile(graph, { ...options, profile: true });
        // A step of training updates its state in place.
        const trains = options.donate?.some((j) => j !== undefined) ?? false;
        compiled.push({ role: trains ? "training" : "evaluation", program });
        return program;
      },
    },
    profile: async (seconds) => {
      const programs = compiled.flatMap(({ role, program }) => (program.profile ? [profileOf(role, program.profile())] : []));
      const peaks = await peaksFor(engine.name);
      return { engine: engine.name, seconds, ...(peaks ? { peaks } : {}), programs };
    },
  };
}

function profileOf(
  role: ProgramProfile["role"],
  { executions, laps }: ReturnType<NonNullable<Program["profile"]>>,
): ProgramProfile {
  const kernels = laps.map(({ plan, launch, calls, seconds }): KernelProfile => {
    const { name, over, writes } = describeLaunch(plan, launch);
    return { kernel: name, over, writes, calls, seconds, flops: launch.flops, bytes: launch.bytes };
  });
  return {
    role,
    executions,
    seconds: kernels.reduce((sum, k) => sum + k.seconds, 0),
    kernels: kernels.sort((a, b) => b.seconds - a.seconds),
  };
}

/** What the machine reaches with the means of an engine; undefined where that is not known. */
async function peaksFor(engine: string): Promise<Peaks | undefined> {
  if (engine === "native") return (await import("../engines/native/peaks.ts")).measurePeaks();
  return engine === "wasm" ? (await import("../engines/wasm/peaks.ts")).measurePeaks() : undefined;
}
