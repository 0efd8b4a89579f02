// The cache of compiled programs among processes: several that want the same program, and some that are killed.

import { type ChildProcess, spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { writeCompiler } from "../../src/engines/native/cc-test-support.ts";

const root = resolve(import.meta.dirname, "../..");
let place: string;

beforeEach(() => {
  place = mkdtempSync(join(tmpdir(), "gradus-processes-test-"));
});

afterEach(() => {
  rmSync(place, { recursive: true, force: true });
});

/** A compiler that takes its time, and writes down that it has begun. */
function slowCompiler(seconds: number): void {
  const compile = `echo begun >> ${join(place, "log")}\necho half > "$out"\nsleep ${seconds}\necho whole > "$out"`;
  writeCompiler(join(place, "slow"), "slow", "__SSE__", compile);
}

const cache = () => join(place, "cache");
const begun = () => (existsSync(join(place, "log")) ? readFileSync(join(place, "log"), "utf8").split("\n").length - 1 : 0);
const entries = () => readdirSync(cache()).filter((name) => /^[0-9a-f]{64}$/.test(name));

function start(text: string): ChildProcess {
  const env = { ...process.env, GRADUS_CACHE: cache(), CC: join(place, "slow") };
  const words = [join(root, "scripts/ts.mjs"), join(root, "tests/native/compile-child.ts"), text];
  return spawn(process.execPath, words, { cwd: root, env, stdio: ["ignore", "pipe", "inherit"] });
}

function output(child: ChildProcess): Promise<string> {
  let text = "";
  child.stdout?.on("data", (data) => {
    text += data;
  });
  return new Promise((done) => child.on("close", () => done(text)));
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((done) => setTimeout(done, 20));
}

describe.skipIf(process.platform === "win32")("processes that share the cache", () => {
  it("end with one entry when they compile the same program at once", async () => {
    slowCompiler(0.5);
    const libraries = await Promise.all([1, 2, 3].map(() => output(start("int a;"))));
    expect(new Set(libraries).size).toBe(1);
    expect(readFileSync(libraries[0], "utf8")).toBe("whole\n");
    expect(entries()).toHaveLength(1);
    expect(readdirSync(cache()).filter((name) => /^(new|old)-/.test(name))).toEqual([]);
  });

  it("leave no broken entry when they are killed, and others compile anew", async () => {
    slowCompiler(5);
    const child = start("int b;");
    const closed = output(child);
    await until(() => begun() === 1);
    child.kill("SIGKILL");
    await closed;
    expect(entries()).toEqual([]);
    slowCompiler(0);
    const library = await output(start("int b;"));
    expect(readFileSync(library, "utf8")).toBe("whole\n");
    expect(entries()).toHaveLength(1);
  });

  it("end their compilers when they are interrupted", async () => {
    slowCompiler(2);
    const env = { ...process.env, GRADUS_CACHE: cache(), CC: join(place, "slow") };
    const words = [join(root, "scripts/ts.mjs"), join(root, "tests/native/compile-child.ts"), "int c;"];
    // A group of its own, which gets the signal as from a terminal's Ctrl-C.
    const child = spawn(process.execPath, words, { cwd: root, env, detached: true, stdio: ["ignore", "ignore", "ignore"] });
    const closed = new Promise((done) => child.on("close", done));
    await until(() => begun() === 1);
    process.kill(-(child.pid ?? 0), "SIGINT");
    await closed;
    await new Promise((done) => setTimeout(done, 2500));
    const left = readdirSync(cache()).filter((name) => name.startsWith("new-"));
    for (const name of left) expect(readFileSync(join(cache(), name, "library.bin"), "utf8")).toBe("half\n");
    expect(entries()).toEqual([]);
  });
});
