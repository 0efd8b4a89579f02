// A profile as tables: which kernels the time went to, and how near they come to what the machine can do.

import type { Peaks } from "../engines/engine.ts";
import { columns, duration } from "./format.ts";
import type { KernelProfile, ProgramProfile, RunProfile } from "./profile.ts";

/** A kernel as a line of the table. */
export interface ProfileRow {
  readonly kernel: string;
  readonly over: string;
  readonly calls: number;
  readonly seconds: number;
  /** Of the time of its program. */
  readonly share: number;
  /** Per second. */
  readonly flops: number;
  readonly bytes: number;
  /** Of the machine's peaks, where they are known. */
  readonly ofFlops?: number;
  readonly ofBytes?: number;
}

/** The kernels that take longest, and the rest as one row. */
export function profileRows({ kernels, seconds }: ProgramProfile, peaks: Peaks | undefined, most: number): ProfileRow[] {
  const row = (kernel: string, over: string, list: readonly KernelProfile[]): ProfileRow => {
    const total = (of: (k: KernelProfile) => number) => list.reduce((sum, k) => sum + of(k), 0);
    const time = total((k) => k.seconds);
    const rate = (amount: number) => (time > 0 ? amount / time : 0);
    const [flops, moved] = [rate(total((k) => k.flops * k.calls)), rate(total((k) => k.bytes * k.calls))];
    return {
      kernel,
      over,
      calls: total((k) => k.calls),
      seconds: time,
      share: seconds > 0 ? time / seconds : 0,
      flops,
      bytes: moved,
      ...(peaks ? { ofFlops: flops / peaks.flops, ofBytes: moved / peaks.bytes } : {}),
    };
  };
  const shown = kernels.length > most + 1 ? kernels.slice(0, most) : kernels;
  const rest = kernels.slice(shown.length);
  const rows = shown.map((k) => row(k.kernel, k.over, [k]));
  return rest.length === 0 ? rows : [...rows, row(`${rest.length} others`, "", rest)];
}

export const profileHead = [
  "kernel",
  "over",
  "calls",
  "time",
  "a call",
  "share",
  "GFLOP/s",
  "of peak",
  "GB/s",
  "of peak",
] as const;

/** The cells of a row, under `profileHead`. */
export function profileCells(row: ProfileRow): string[] {
  const giga = (x: number) => (x / 1e9).toFixed(x < 9.95e9 ? 1 : 0);
  const whole = (share: number | undefined) => (share === undefined ? "" : `${(100 * share).toFixed(0)} %`);
  return [
    row.kernel,
    row.over,
    String(row.calls),
    duration(row.seconds),
    row.calls > 0 ? duration(row.seconds / row.calls) : "",
    whole(row.share),
    giga(row.flops),
    whole(row.ofFlops),
    giga(row.bytes),
    whole(row.ofBytes),
  ];
}

/** "training step: 1,570 × 0.4 ms" */
export function programTitle({ role, executions, seconds }: ProgramProfile): string {
  const what = role === "training" ? "training step" : "evaluation";
  return `${what}: ${executions} × ${duration(executions > 0 ? seconds / executions : 0)}`;
}

/** What the peaks are, and how much time passed outside the programs. */
export function profileSummary({ engine, seconds, peaks, programs }: RunProfile): string {
  const inside = programs.reduce((sum, p) => sum + p.seconds, 0);
  const known = peaks
    ? `one core reaches ${(peaks.flops / 1e9).toFixed(0)} GFLOP/s in float32 (${peaks.by}) and ${(peaks.bytes / 1e9).toFixed(1)} GB/s`
    : "the machine's peaks are not known";
  return `kernels of ${engine}: ${duration(inside)} of ${duration(seconds)}; the rest is data, checkpoints and compilation; ${known}`;
}

/** The program that takes longest first. */
export const bySeconds = (programs: readonly ProgramProfile[]) => [...programs].sort((a, b) => b.seconds - a.seconds);

/** The tables, as a terminal shows them; programs of little account are a line. */
export function profileText(profile: RunProfile, most = 12): string {
  const sides = ["left", "left", ...new Array<"right">(8).fill("right")] as const;
  const total = profile.programs.reduce((sum, p) => sum + p.seconds, 0);
  const tables = bySeconds(profile.programs).map((program) => {
    if (program.seconds < 0.03 * total) return programTitle(program);
    const rows = profileRows(program, profile.peaks, most).map(profileCells);
    return `${programTitle(program)}\n${columns([profileHead, ...rows], sides).join("\n")}`;
  });
  return [...tables, profileSummary(profile)].join("\n\n");
}
