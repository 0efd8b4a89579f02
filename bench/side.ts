// A side of the comparison as a child process: a system at work on some processors, which loads workloads and times their steps when
// asked. When it dies, whatever it was asked is answered with the reason, and it is started again for the next workload.

import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { pinned } from "./processors.ts";

export interface SideSpec {
  readonly kind: "engine" | "peer";
  readonly name: string;
  readonly threads: number;
  readonly command: readonly string[];
  /** Whether the user asked for it by name: then its absence is an error. */
  readonly named: boolean;
}

/** It could not do what it was asked. */
export interface Cannot {
  readonly cannot: string;
}

export interface Ready {
  readonly versions: Readonly<Record<string, string>>;
  /** Microseconds to import it; 0 where that is measured otherwise. */
  readonly import_us: number;
}

export interface Side {
  readonly spec: SideSpec;
  /** Starts the process if it does not run. */
  ready(): Promise<Ready | Cannot>;
  /** The numbers of the first steps from the weights in `file`. */
  load(work: string, file: string): Promise<{ readonly values: readonly number[] } | Cannot>;
  /** Microseconds of a step, the mean over about so many seconds. */
  time(seconds: number): Promise<{ readonly us: number } | Cannot>;
  /** The most memory that its process has held. */
  memory(): Promise<{ readonly bytes: number } | Cannot>;
  end(): void;
}

type Answer = Readonly<Record<string, unknown>>;

/** Longest wait for an answer, in milliseconds: an interpreter takes its time over a transformer. */
const patience = 600_000;

export const isCannot = (answer: object): answer is Cannot => "cannot" in answer;

export function side(spec: SideSpec): Side {
  let child: ChildProcess | undefined;
  let greeting: Promise<Answer> | undefined;
  let heard: ((answer: Answer) => void) | undefined;
  let complaint = "";

  const next = (): Promise<Answer> =>
    new Promise((resolve) => {
      const timer = setTimeout(() => {
        child?.kill("SIGKILL");
        resolve({ cannot: `no answer in ${patience / 1000} s` });
      }, patience);
      heard = (answer) => {
        clearTimeout(timer);
        heard = undefined;
        resolve(answer);
      };
    });

  const start = (): Promise<Answer> => {
    const [program, ...words] = pinned(spec.threads, spec.command);
    const threads = String(spec.threads);
    const started = spawn(program, words, {
      stdio: ["pipe", "pipe", "pipe"],
      env: { ...process.env, OMP_NUM_THREADS: threads, OPENBLAS_NUM_THREADS: threads, MKL_NUM_THREADS: threads },
    });
    child = started;
    complaint = "";
    const gone = (why: string) => {
      if (child === started) child = undefined;
      heard?.({ cannot: why });
    };
    createInterface({ input: started.stdout }).on("line", (line) => {
      // Libraries print, too.
      if (line.startsWith("{")) heard?.(JSON.parse(line) as Answer);
    });
    started.stderr.on("data", (text) => {
      complaint = `${complaint}${text}`.slice(-2000);
    });
    started.stdin.on("error", () => undefined);
    started.on("error", (error) => gone(error.message));
    started.on("close", (code, signal) => gone(`the process ended with ${signal ?? code}: ${reasonIn(complaint)}`));
    return next();
  };

  const ask = async (request: object): Promise<Answer> => {
    if (child === undefined) greeting = start();
    const hello = await greeting!;
    if (isCannot(hello)) return hello;
    const answer = next();
    child?.stdin?.write(`${JSON.stringify(request)}\n`);
    return answer;
  };

  return {
    spec,
    ready: async () => {
      if (child === undefined) greeting = start();
      const hello = await greeting!;
      return isCannot(hello) ? hello : (hello.ready as Ready);
    },
    load: async (work, file) => (await ask({ do: "load", work, file })) as { values: number[] } | Cannot,
    time: async (seconds) => (await ask({ do: "time", seconds })) as { us: number } | Cannot,
    memory: async () => (await ask({ do: "memory" })) as { bytes: number } | Cannot,
    end: () => {
      child?.stdin?.end(`${JSON.stringify({ do: "end" })}\n`);
    },
  };
}

/** The line of an error that says what it is. */
function reasonIn(complaint: string): string {
  const lines = complaint.split("\n").filter((line) => line.trim() !== "");
  return lines.find((line) => /Error\b/.test(line))?.trim() ?? lines.at(-1)?.trim() ?? "no word";
}
