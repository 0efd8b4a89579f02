// The ten workloads on every side: all start from the same weights and must compute the same numbers in the first steps; then they are
// timed in rounds, one after the other, so that what slows the machine for a while slows all of them.

import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { titleOf } from "./peers.ts";
import { isCannot, type Side, type SideSpec, side } from "./side.ts";
import { geometricMean, median, microseconds, render, times } from "./table.ts";
import { writeTensors } from "./workloads.ts";

/** A time, or why there is none. */
export interface Figure {
  readonly spec: SideSpec;
  readonly work: string;
  readonly us?: number;
  /** Of the rounds the fastest and the slowest. */
  readonly range?: readonly [low: number, high: number];
  readonly why?: string;
}

export interface StepOptions {
  readonly works: readonly string[];
  readonly rounds: number;
  /** Of a round of one side. */
  readonly seconds: number;
  /** Told of each figure as it is there. */
  readonly report: (figure: Figure) => void;
  /** Told what is being done. */
  readonly progress: (text: string) => void;
}

/** How far the numbers of the first steps may lie from what most sides compute: the sides differ in rounding and in Adam's ε. */
const tolerance = 1e-3;

export interface Compared {
  readonly figures: readonly Figure[];
  /** Versions of all that took part. */
  readonly versions: ReadonlyMap<string, string>;
  /** Sides that did not start. */
  readonly absent: readonly { readonly spec: SideSpec; readonly why: string }[];
  /** Microseconds to import each peer. */
  readonly imports: ReadonlyMap<string, number>;
}

export async function compareSteps(specs: readonly SideSpec[], options: StepOptions): Promise<Compared> {
  const folder = mkdtempSync(join(tmpdir(), "gradus-bench-"));
  const versions = new Map<string, string>();
  const imports = new Map<string, number>();
  const absent: { spec: SideSpec; why: string }[] = [];
  const figures: Figure[] = [];
  const sides: Side[] = [];
  try {
    for (const spec of specs) {
      const one = side(spec);
      const ready = await one.ready();
      if (isCannot(ready)) {
        absent.push({ spec, why: ready.cannot });
        continue;
      }
      sides.push(one);
      for (const [name, version] of Object.entries(ready.versions)) versions.set(name, version);
      if (spec.kind === "peer") imports.set(spec.name, ready.import_us);
    }
    for (const work of options.works) {
      const file = join(folder, `${work}.safetensors`);
      await writeTensors(file, work);
      for (const figure of await compareStep(sides, work, file, options)) {
        figures.push(figure);
        options.report(figure);
      }
    }
  } finally {
    for (const one of sides) one.end();
    rmSync(folder, { recursive: true, force: true });
  }
  return { figures, versions, absent, imports };
}

async function compareStep(sides: readonly Side[], work: string, file: string, options: StepOptions): Promise<Figure[]> {
  const { rounds, seconds, progress } = options;
  const figures: Figure[] = [];
  const loaded: { readonly one: Side; readonly values: readonly number[] }[] = [];
  for (const one of sides) {
    progress(`${work}: first steps of ${one.spec.name}`);
    const answer = await one.load(work, file);
    if (isCannot(answer)) figures.push({ spec: one.spec, work, why: answer.cannot });
    else loaded.push({ one, values: answer.values });
  }
  const agreed = (step: number) => median(loaded.map(({ values }) => values[step]));
  const agreeing = loaded.filter(({ one, values }) => {
    const wrong = values.findIndex(
      (v, step) => !(Math.abs(v - agreed(step)) <= tolerance * Math.max(1e-2, Math.abs(agreed(step)))),
    );
    if (wrong < 0) return true;
    const why = `disagrees: step ${wrong + 1} gives ${values[wrong]}, the others ${agreed(wrong)}; not timed`;
    figures.push({ spec: one.spec, work, why });
    return false;
  });
  // One round more than is counted: the first warms up compilers and caches.
  const taken = agreeing.map((): number[] => []);
  const fallen = new Map<number, string>();
  for (let round = 0; round <= rounds; round++) {
    progress(`${work}: round ${round} of ${rounds}`);
    for (const [i, { one }] of agreeing.entries()) {
      if (fallen.has(i)) continue;
      const answer = await one.time(round === 0 ? seconds / 2 : seconds);
      if (isCannot(answer)) fallen.set(i, answer.cannot);
      else if (round > 0) taken[i].push(answer.us);
    }
  }
  for (const [i, { one }] of agreeing.entries()) {
    const why = fallen.get(i);
    if (why !== undefined) figures.push({ spec: one.spec, work, why });
    else figures.push({ spec: one.spec, work, us: median(taken[i]), range: [Math.min(...taken[i]), Math.max(...taken[i])] });
  }
  return figures;
}

/** A line of JSON for a program to read. */
export function jsonOf({ spec, work, us, range, why }: Figure): string {
  const place = { [spec.kind]: spec.name, threads: spec.threads, work };
  const round = (x: number) => Number(x.toPrecision(5));
  return JSON.stringify(us === undefined ? { ...place, error: why } : { ...place, us: round(us), range: range?.map(round) });
}

/** One table for each number of threads: microseconds per step, then how many times faster than the peers each engine is. */
export function stepTables({ figures }: Compared, works: readonly string[], markdown: boolean): string {
  const threads = [...new Set(figures.map((f) => f.spec.threads))].sort((a, b) => a - b);
  return threads
    .map((n) => {
      const here = figures.filter((f) => f.spec.threads === n);
      const names = [...new Set(here.map((f) => f.spec.name))];
      const engines = names.filter((name) => here.some((f) => f.spec.name === name && f.spec.kind === "engine"));
      const peers = names.filter((name) => !engines.includes(name));
      const timeOf = (name: string, work: string) => here.find((f) => f.spec.name === name && f.work === work)?.us;
      const best = (work: string) => {
        const all = peers.map((peer) => timeOf(peer, work)).filter((us) => us !== undefined);
        return all.length === 0 ? undefined : Math.min(...all);
      };
      const against = [
        ...(peers.length > 0 ? [{ title: "best peer", of: best }] : []),
        ...peers.map((peer) => ({ title: titleOf(peer), of: (work: string) => timeOf(peer, work) })),
      ];
      const ratios = engines.flatMap((engine) =>
        against.map(({ title, of }) => ({
          title: `${engine} : ${title}`,
          of: (work: string) => {
            const [mine, theirs] = [timeOf(engine, work), of(work)];
            return mine === undefined || theirs === undefined ? undefined : theirs / mine;
          },
        })),
      );
      const ordered = [...engines, ...peers];
      const means = ratios.map(({ of }) => geometricMean(works.map(of).filter((r) => r !== undefined)));
      const table = {
        head: ["µs per step", ...ordered.map(titleOf), ...ratios.map(({ title }) => title)],
        rows: [
          ...works.map((work) => [
            work,
            ...ordered.map((name) => microseconds(timeOf(name, work))),
            ...ratios.map(({ of }) => times(of(work))),
          ]),
          ...(ratios.length > 0 ? [["geometric mean", ...ordered.map(() => ""), ...means.map(times)]] : []),
        ],
      };
      const title = `${n} thread${n > 1 ? "s" : ""}`;
      return `${markdown ? `**${title}**\n\n` : `${title}\n\n`}${render(table, markdown)}`;
    })
    .join("\n\n");
}
