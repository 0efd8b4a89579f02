// npm run bench: how fast Gradus is, beside its peers, on this machine. `npm run bench -- --help` says what it can do.

import { spawnSync } from "node:child_process";
import { dirname, join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { compile, type EngineName, tensor } from "../src/index.ts";
import { machine } from "./machine.ts";
import { findPeers, peerNames, titleOf } from "./peers.ts";
import { processorCount } from "./processors.ts";
import type { SideSpec } from "./side.ts";
import { compareSteps, jsonOf, stepTables } from "./steps.ts";
import { suiteNames, suites } from "./suites.ts";
import { workloads } from "./workloads.ts";

const bench = dirname(fileURLToPath(import.meta.url));
const root = resolve(bench, "..");

const help = `npm run bench [-- OPTIONS]     microseconds per step of ten workloads, beside the peers that are installed

  --suite NAME[,NAME]    steps (default), ${suiteNames.join(", ")}, or all
  --engine NAME[,NAME]   engines of Gradus (default: wasm, and native where it is present; also interpreter)
  --threads N[,N]        numbers of threads (default: 1 and 2)
  --work NAME[,NAME]     workloads: ${Object.keys(workloads).join(", ")}
  --peers NAME[,NAME]    ${peerNames.join(", ")}, or none (default: those that are found)
  --python PATH          the Python that has PyTorch or JAX with optax (default: python3)
  --install-peers        install the JavaScript peers into bench/node_modules first
  --rounds N             rounds, of which the median counts (default 5)
  --seconds S            of a round of one side (default 0.2)
  --json                 a line of JSON for each figure
  --markdown             tables in Markdown, as the README has them`;

/** The command cannot do what it was told: says why and ends with 2. */
function refuse(why: string): never {
  process.stderr.write(`bench: ${why}\n`);
  process.exit(2);
}

function options() {
  try {
    return parseArgs({
      options: {
        suite: { type: "string", default: "steps" },
        engine: { type: "string" },
        threads: { type: "string" },
        work: { type: "string" },
        peers: { type: "string" },
        python: { type: "string" },
        "install-peers": { type: "boolean", default: false },
        rounds: { type: "string", default: "5" },
        seconds: { type: "string", default: "0.2" },
        json: { type: "boolean", default: false },
        markdown: { type: "boolean", default: false },
        help: { type: "boolean", default: false },
      },
    }).values;
  } catch (error) {
    return refuse(`${error instanceof Error ? error.message : error}\n\n${help}`);
  }
}

/** A list by commas, each of them known. */
function listed(option: string, text: string, known: readonly string[]): string[] {
  const names = text.split(",").filter((name) => name !== "");
  const stranger = names.find((name) => !known.includes(name));
  if (stranger !== undefined || names.length === 0) refuse(`--${option}: "${stranger ?? ""}" is none of ${known.join(", ")}.`);
  return names;
}

function numberAbove0(option: string, text: string): number {
  const value = Number(text);
  return value > 0 && Number.isFinite(value) ? value : refuse(`--${option} needs a number above 0, not "${text}".`);
}

/** Why an engine cannot run here; undefined when it can. */
function whatEngineLacks(engine: string): string | undefined {
  try {
    compile((x: ReturnType<typeof tensor>) => x.add(1), { engine: engine as EngineName })(tensor([1]));
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function enginesFor(wanted: string | undefined, note: (text: string) => void): string[] {
  const known = ["wasm", "native", "interpreter"];
  const names = wanted === undefined ? ["wasm", "native"] : listed("engine", wanted, known);
  return names.filter((name) => {
    const why = whatEngineLacks(name);
    if (why === undefined) return true;
    if (wanted !== undefined) refuse(`the engine ${name} cannot run here: ${why}`);
    note(`the engine ${name} is left out: ${why}`);
    return false;
  });
}

async function main(): Promise<void> {
  const given = options();
  if (given.help) {
    process.stdout.write(`${help}\n`);
    return;
  }
  if (given["install-peers"]) {
    const { status } = spawnSync("npm", ["install", "--prefix", bench, "--no-audit", "--no-fund"], { stdio: ["ignore", 2, 2] });
    if (status !== 0) refuse("npm install --prefix bench failed.");
  }
  const note = (text: string) => void process.stderr.write(`note: ${text}\n`);
  const engines = enginesFor(given.engine, note);
  const chosen = given.suite === "all" ? ["steps", ...suiteNames] : listed("suite", given.suite, ["steps", ...suiteNames]);
  const threads = threadCounts(given.threads, note);
  const works = given.work === undefined ? Object.keys(workloads) : listed("work", given.work, Object.keys(workloads));
  const others = chosen.some((name) => name === "steps" || name === "memory") ? peersFor(given, threads, note) : [];
  const live = process.stderr.isTTY === true;
  const progress = (text: string) => {
    if (live) process.stderr.write(`\r\u001b[K${text}`);
  };
  const clear = () => progress("");
  if (!given.json) {
    const rows = machine(root, threads).map(([what, is]) => (given.markdown ? `- ${what}: ${is}` : `${what.padEnd(12)}${is}`));
    process.stdout.write(`${rows.join("\n")}\n`);
  }
  for (const name of chosen) {
    if (name === "steps") await steps({ ...given, engines, threads, works, others }, note, progress);
    else {
      const lines = (line: string) => {
        clear();
        process.stdout.write(`${line}\n`);
      };
      await suites[name]({
        bench,
        root,
        engines,
        threads,
        works,
        peers: others,
        json: given.json,
        markdown: given.markdown,
        lines,
        progress,
      });
    }
    clear();
  }
}

function threadCounts(text: string | undefined, note: (text: string) => void): number[] {
  if (text === undefined) {
    if (processorCount() > 1) return [1, 2];
    note("there is one processor; 2 threads are left out");
    return [1];
  }
  return text.split(",").map((n) => (/^[1-9]\d?$/.test(n) ? Number(n) : refuse(`--threads: "${n}" is no number of threads.`)));
}

/** The peers that are asked for, or else those that are found. */
function peersFor(
  given: ReturnType<typeof options>,
  threads: readonly number[],
  note: (text: string) => void,
): readonly SideSpec[] {
  const wanted = given.peers === undefined ? undefined : given.peers === "none" ? [] : listed("peers", given.peers, peerNames);
  const { sides, missing } = findPeers(bench, { wanted, python: given.python, threads });
  for (const { name, why, named } of missing) {
    if (named) refuse(`${titleOf(name)} cannot run: ${why}.`);
    note(`${titleOf(name)} is left out: ${why}`);
  }
  return sides;
}

async function steps(
  given: Pick<ReturnType<typeof options>, "engine" | "rounds" | "seconds" | "json" | "markdown"> & {
    readonly engines: readonly string[];
    readonly threads: readonly number[];
    readonly works: readonly string[];
    readonly others: readonly SideSpec[];
  },
  note: (text: string) => void,
  progress: (text: string) => void,
): Promise<void> {
  const { engines, threads, works, others, json, markdown } = given;
  const runner = join(root, "scripts/ts.mjs");
  const own = threads.flatMap((n) =>
    engines.map((name): SideSpec => {
      const command = [process.execPath, runner, join(bench, "peers/gradus_side.ts"), name, String(n)];
      return { kind: "engine", name, threads: n, command, named: given.engine !== undefined };
    }),
  );
  const compared = await compareSteps([...own, ...others], {
    works,
    rounds: Math.ceil(numberAbove0("rounds", given.rounds)),
    seconds: numberAbove0("seconds", given.seconds),
    progress,
    report: (figure) => {
      progress("");
      if (json) process.stdout.write(`${jsonOf(figure)}\n`);
    },
  });
  progress("");
  for (const { spec, why } of compared.absent) note(`${titleOf(spec.name)} did not start: ${why}`);
  if (json) return;
  const versions = [...compared.versions].filter(([name]) => name !== "Node").map(([name, version]) => `${name} ${version}`);
  if (versions.length > 0)
    process.stdout.write(
      `${markdown ? "- " : ""}${"peers".padEnd(markdown ? 0 : 12)}${markdown ? ": " : ""}${versions.join(", ")}\n`,
    );
  process.stdout.write(`\n${stepTables(compared, works, markdown)}\n`);
  const reasons = new Set(
    compared.figures.flatMap((f) => (f.why === undefined ? [] : [`${titleOf(f.spec.name)}, ${f.work}: ${f.why}`])),
  );
  if (reasons.size > 0)
    process.stdout.write(`\nNot timed:\n${[...reasons].map((r) => `${markdown ? "- " : "  "}${r}`).join("\n")}\n`);
  if (compared.figures.some((f) => f.spec.kind === "engine" && f.us === undefined)) process.exitCode = 1;
}

await main();
