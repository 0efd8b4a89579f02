// The other measurements: products and elementwise kernels against the machine's peaks, the time to the first step, how steps grow,
// and memory. What is timed runs in a child process on processors of its own.

import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { measurePeak, type Peak } from "./machine.ts";
import { titleOf } from "./peers.ts";
import { pinned } from "./processors.ts";
import { isCannot, type SideSpec, side } from "./side.ts";
import { grouped, median, microseconds, percent, render } from "./table.ts";
import { writeTensors } from "./workloads.ts";

export interface SuiteOptions {
  readonly bench: string;
  readonly root: string;
  readonly engines: readonly string[];
  readonly threads: readonly number[];
  readonly works: readonly string[];
  /** For those that measure peers, too. */
  readonly peers: readonly SideSpec[];
  readonly json: boolean;
  readonly markdown: boolean;
  /** Takes a line of output. */
  readonly lines: (line: string) => void;
  readonly progress: (text: string) => void;
}

/** One figure of a suite, as its child prints it. */
type Row = Readonly<Record<string, string | number>>;

/** The JSON lines that a program prints. */
function printed(threads: number, command: readonly string[], environment: NodeJS.ProcessEnv = process.env): Promise<Row[]> {
  return new Promise((resolve, reject) => {
    const [program, ...words] = pinned(threads, command);
    const child = spawn(program, words, { stdio: ["ignore", "pipe", "pipe"], env: environment });
    const rows: Row[] = [];
    let complaint = "";
    createInterface({ input: child.stdout }).on("line", (line) => {
      if (line.startsWith("{")) rows.push(JSON.parse(line) as Row);
    });
    child.stderr.on("data", (text) => (complaint += text));
    child.on("error", reject);
    child.on("close", (code) => (code === 0 ? resolve(rows) : reject(new Error(`${command.join(" ")} failed:\n${complaint}`))));
  });
}

/** Runs bench/suites/NAME.ts for every engine and number of threads. */
async function measured(name: string, { bench, root, engines, threads, progress }: SuiteOptions): Promise<Row[]> {
  const rows: Row[] = [];
  for (const n of threads)
    for (const engine of engines) {
      progress(`${name}: ${engine}, ${n} thread${n > 1 ? "s" : ""}`);
      const command = [process.execPath, join(root, "scripts/ts.mjs"), join(bench, "suites", `${name}.ts`), engine, String(n)];
      for (const row of await printed(n, command)) rows.push({ engine, threads: n, suite: name, ...row });
    }
  return rows;
}

function show(title: string, head: readonly string[], rows: readonly (readonly string[])[], options: SuiteOptions): void {
  options.lines(`\n${options.markdown ? `**${title}**` : title}\n\n${render({ head, rows }, options.markdown)}`);
}

const place = (row: Row) => `${row.engine}, ${row.threads} thread${Number(row.threads) > 1 ? "s" : ""}`;

/** Rows by a key, columns by engine and threads. */
function pivot(
  rows: readonly Row[],
  rowKey: (row: Row) => string,
  cell: (row: Row) => string,
): { head: string[]; rows: string[][] } {
  const columns = [...new Set(rows.map(place))];
  const keys = [...new Set(rows.map(rowKey))];
  const cellOf = (key: string, column: string) => {
    const found = rows.find((r) => rowKey(r) === key && place(r) === column);
    return found ? cell(found) : "–";
  };
  return { head: columns, rows: keys.map((key) => [key, ...columns.map((column) => cellOf(key, column))]) };
}

const peaks = ({ bench, threads, progress }: SuiteOptions): ReadonlyMap<number, Peak | undefined> => {
  progress("the machine's peaks");
  return new Map(threads.map((n) => [n, measurePeak(bench, n)]));
};

function sayPeaks(known: ReadonlyMap<number, Peak | undefined>, options: SuiteOptions): void {
  for (const [n, peak] of known) {
    const where = `peak on ${n} thread${n > 1 ? "s" : ""}`;
    if (options.json) {
      if (peak) options.lines(JSON.stringify({ machine: "peak", threads: n, ...peak }));
    } else if (peak === undefined) options.lines(`${where}: unknown, for there is no C compiler; so are the shares`);
    else {
      const { float32, float64, bandwidth } = peak;
      const figures = [float32, float64].map((x) => (x / 1e9).toFixed(0)).join(" GFLOP/s in float32, ");
      options.lines(`${where}: ${figures} in float64 (fused multiply-adds), ${(bandwidth / 1e9).toFixed(1)} GB/s`);
    }
  }
}

const share = (value: number, peak: number | undefined) => (peak === undefined ? undefined : value / peak);
const rounded = (x: number | undefined) => (x === undefined ? {} : { share: Number(x.toPrecision(3)) });

async function matmul(options: SuiteOptions): Promise<void> {
  const known = peaks(options);
  sayPeaks(known, options);
  // On one thread the peak is measured together with each product.
  const peakOf = (row: Row) =>
    row.peak === undefined ? known.get(Number(row.threads))?.[row.dtype as "float32" | "float64"] : Number(row.peak) * 1e9;
  const shareOf = (row: Row) => share(Number(row.gflops) * 1e9, peakOf(row));
  const rows = await measured("matmul", options);
  if (options.json) for (const row of rows) options.lines(JSON.stringify({ ...row, ...rounded(shareOf(row)) }));
  else {
    const cell = (row: Row) => `${Number(row.gflops).toFixed(1)} (${percent(shareOf(row))})`;
    const table = pivot(rows, (row) => `${row.size}³ ${row.dtype} ${row.layout}`, cell);
    show("Matrix products: GFLOP/s (share of the peak)", ["product", ...table.head], table.rows, options);
  }
}

async function elementwise(options: SuiteOptions): Promise<void> {
  const known = peaks(options);
  sayPeaks(known, options);
  const shareOf = (row: Row) => share(Number(row.gbps) * 1e9, known.get(Number(row.threads))?.bandwidth);
  const rows = await measured("elementwise", options);
  if (options.json) for (const row of rows) options.lines(JSON.stringify({ ...row, ...rounded(shareOf(row)) }));
  else {
    const cell = (row: Row) =>
      `${microseconds(Number(row.us))} µs, ${Number(row.gbps).toFixed(1)} GB/s (${percent(shareOf(row))})`;
    const table = pivot(rows, (row) => String(row.kernel), cell);
    show("Over 1M elements of float32 (share of the memory bandwidth)", ["kernel", ...table.head], table.rows, options);
  }
}

async function growth(options: SuiteOptions): Promise<void> {
  const rows = await measured("growth", options);
  if (options.json) for (const row of rows) options.lines(JSON.stringify(row));
  else {
    const table = pivot(
      rows,
      (row) => `${row.model}, ${row.along} ${row.value}`,
      (row) => microseconds(Number(row.us)),
    );
    show("How a step grows: µs", ["model", ...table.head], table.rows, options);
  }
}

async function start(options: SuiteOptions): Promise<void> {
  const { bench, root, engines, threads, json, lines, progress } = options;
  const library = join(root, "dist/index.js");
  if (!existsSync(library)) throw new Error("the time to the first step is that of the built library: npm run build first.");
  const rows: Row[] = [];
  for (const engine of engines) {
    const cache = mkdtempSync(join(tmpdir(), "gradus-cache-"));
    const environment = { ...process.env, GRADUS_CACHE: cache };
    const command = [process.execPath, join(bench, "suites/start.mjs"), library, engine];
    try {
      // Only the native engine keeps what it compiles, and compiles on several processors.
      for (const kind of engine === "native" ? ["cold", "warm"] : ["none"])
        for (const processors of kind === "cold" ? threads : [1]) {
          progress(`start: ${engine}, ${kind} cache`);
          const once = async () => (await printed(processors, command, environment))[0];
          if (kind !== "cold") await once();
          const runs: Row[] = [];
          for (let i = 0; i < (kind === "cold" ? 3 : 5); i++) {
            if (kind === "cold") rmSync(cache, { recursive: true, force: true });
            runs.push(await once());
          }
          const of = (key: string) => Number(median(runs.map((r) => Number(r[key]))).toFixed(1));
          const times = { importMs: of("importMs"), firstStepMs: of("firstStepMs") };
          rows.push({ engine, suite: "start", cache: kind, processors, ...times });
        }
    } finally {
      rmSync(cache, { recursive: true, force: true });
    }
  }
  if (json) for (const row of rows) lines(JSON.stringify(row));
  else {
    const cells = rows.map((r) => [
      `${r.engine}${r.cache === "none" ? "" : `, ${r.cache} cache`}`,
      `${r.processors}`,
      `${r.importMs}`,
      `${r.firstStepMs}`,
    ]);
    const head = ["engine", "processors", "import", "then the first step"];
    show("From import to the first step of mlp128: ms", head, cells, options);
  }
}

async function memory(options: SuiteOptions): Promise<void> {
  const { bench, root, engines, works, peers, json, lines, progress } = options;
  const runner = join(root, "scripts/ts.mjs");
  const own = engines.map((name): SideSpec => {
    const command = [process.execPath, runner, join(bench, "peers/gradus_side.ts"), name, "1"];
    return { kind: "engine", name, threads: 1, command, named: false };
  });
  const specs = [...own, ...peers.filter(({ threads }) => threads === 1)];
  const folder = mkdtempSync(join(tmpdir(), "gradus-bench-"));
  const rows: { spec: SideSpec; work: string; bytes: number | undefined }[] = [];
  try {
    for (const work of works) {
      const file = join(folder, `${work}.safetensors`);
      await writeTensors(file, work);
      for (const spec of specs) {
        progress(`memory: ${work}, ${spec.name}`);
        const one = side(spec);
        const loaded = await one.load(work, file);
        const answer = isCannot(loaded) ? loaded : await one.memory();
        one.end();
        rows.push({ spec, work, bytes: isCannot(answer) ? undefined : answer.bytes });
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  const known = rows.filter((r) => r.bytes !== undefined);
  if (json)
    for (const { spec, work, bytes } of known) lines(JSON.stringify({ [spec.kind]: spec.name, suite: "memory", work, bytes }));
  else {
    const cell = (work: string, spec: SideSpec) => {
      const bytes = rows.find((r) => r.work === work && r.spec === spec)?.bytes;
      return bytes === undefined ? "–" : grouped(bytes / 2 ** 20);
    };
    const cells = works.map((work) => [work, ...specs.map((spec) => cell(work, spec))]);
    show(
      "Most memory the whole process held in its first steps, one thread: MiB",
      ["workload", ...specs.map((s) => titleOf(s.name))],
      cells,
      options,
    );
  }
}

export const suites: Readonly<Record<string, (options: SuiteOptions) => Promise<void>>> = {
  matmul,
  elementwise,
  start,
  growth,
  memory,
};
export const suiteNames = Object.keys(suites);
