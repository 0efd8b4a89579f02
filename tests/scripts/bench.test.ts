// The benchmark as its user runs it, and what it does with sides that are wrong or die.

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, onTestFinished, test } from "vitest";
import { findPeers } from "../../bench/peers.ts";
import type { SideSpec } from "../../bench/side.ts";
import { compareSteps, jsonOf, stepTables } from "../../bench/steps.ts";

const root = join(import.meta.dirname, "../..");

const bench = (...words: string[]) =>
  new Promise<{ code: number; stdout: string; stderr: string }>((resolve) => {
    const command = [join(root, "scripts/ts.mjs"), join(root, "bench/run.ts"), ...words];
    const child = execFile(process.execPath, command, { cwd: root }, (_, stdout, stderr) => {
      resolve({ code: child.exitCode ?? -1, stdout, stderr });
    });
  });

const brief = ["--peers", "none", "--rounds", "1", "--seconds", "0.01"];

test("--json prints a line for the engine, the number of threads and the workload that were named", async () => {
  const { code, stdout, stderr } = await bench(...brief, "--json", "--engine", "wasm", "--threads", "1", "--work", "xor,infer1");
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  const lines = stdout
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line));
  expect(lines).toMatchObject([
    { engine: "wasm", threads: 1, work: "xor" },
    { engine: "wasm", threads: 1, work: "infer1" },
  ]);
  for (const { us } of lines) expect(us).toBeGreaterThan(0);
});

test("what is named and missing ends the run with 2, and is named", async () => {
  const cases: [string[], RegExp][] = [
    [["--work", "xr"], /--work: "xr" is none of xor, spiral/],
    [["--engine", "metal"], /--engine: "metal" is none of wasm/],
    [["--threads", "two"], /--threads: "two" is no number/],
    [["--bananas"], /--bananas/],
    [
      ["--engine", "wasm", "--peers", "torch", "--python", "/nowhere/python"],
      /PyTorch cannot run: \/nowhere\/python does not run/,
    ],
  ];
  const results = await Promise.all(cases.map(([words]) => bench(...words)));
  for (const [i, [words, message]] of cases.entries()) {
    const { code, stdout, stderr } = results[i];
    expect({ words, code, stdout }).toEqual({ words, code: 2, stdout: "" });
    expect(stderr).toMatch(message);
  }
});

test("peers that are not installed are named with what would install them", () => {
  const { sides, missing } = findPeers("/nowhere", { wanted: ["jax-js", "tfjs"], python: "/nowhere/python", threads: [1, 2] });
  expect(sides).toEqual([]);
  expect(missing.map(({ name }) => name)).toEqual(["jax-js", "tfjs"]);
  expect(missing[0].why).toContain("npm install --prefix bench");
});

/** A side that answers with the given numbers and takes so many microseconds, or dies when it is to be timed. */
async function pretended(folder: string, name: string, values: readonly number[], us: number | "dies"): Promise<SideSpec> {
  const file = join(folder, `${name}.mjs`);
  const timed = us === "dies" ? '(console.error("Error: out of luck"), process.exit(3))' : `({ us: ${us} })`;
  await writeFile(
    file,
    `import { createInterface } from "node:readline";
console.log("a library's greeting");
const say = (answer) => console.log(JSON.stringify(answer));
say({ ready: { versions: { ${JSON.stringify(name)}: "1" }, import_us: 5 } });
for await (const line of createInterface({ input: process.stdin })) {
  const { do: what } = JSON.parse(line);
  if (what === "end") process.exit(0);
  say(what === "load" ? { values: ${JSON.stringify(values)} } : ${timed});
}
`,
  );
  return { kind: name === "mine" ? "engine" : "peer", name, threads: 1, command: [process.execPath, file], named: true };
}

test("a side that disagrees is not timed, one that dies does not end the run, and the rest is compared", async () => {
  const folder = await mkdtemp(join(tmpdir(), "gradus-bench-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const right = [0.8, 0.7, 0.6];
  const specs = [
    await pretended(folder, "mine", right, 5),
    await pretended(folder, "good", [0.8, 0.70001, 0.6], 10),
    await pretended(folder, "wrong", [0.8, 0.7, 0.65], 1),
    await pretended(folder, "brittle", right, "dies"),
  ];
  const absent: SideSpec = {
    kind: "peer",
    name: "absent",
    threads: 1,
    command: [process.execPath, join(folder, "no.mjs")],
    named: true,
  };
  const reported: string[] = [];
  const compared = await compareSteps([...specs, absent], {
    works: ["xor", "infer1"],
    rounds: 3,
    seconds: 0.01,
    report: (figure) => reported.push(jsonOf(figure)),
    progress: () => {},
  });
  expect(compared.absent.map(({ spec }) => spec.name)).toEqual(["absent"]);
  expect(compared.versions.get("good")).toBe("1");
  const outcome = (work: string) =>
    Object.fromEntries(compared.figures.filter((f) => f.work === work).map((f) => [f.spec.name, f.us ?? f.why]));
  for (const work of ["xor", "infer1"]) {
    expect(outcome(work)).toEqual({
      mine: 5,
      good: 10,
      wrong: "disagrees: step 3 gives 0.65, the others 0.6; not timed",
      brittle: "the process ended with 3: Error: out of luck",
    });
  }
  expect(reported).toContain('{"engine":"mine","threads":1,"work":"xor","us":5,"range":[5,5]}');
  expect(reported).toContain('{"peer":"good","threads":1,"work":"xor","us":10,"range":[10,10]}');
  const table = stepTables(compared, ["xor", "infer1"], true);
  expect(table).toContain("| xor | 5 | ");
  expect(table).toMatch(/\| geometric mean \|.*\| 2× \|/);
});
