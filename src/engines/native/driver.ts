// Runs compilers within a limit, which none outlives: several at a time, started by a small process of their own, because compiling is
// synchronous here; or a short one directly, which spares the time that process takes to start.

import { fail } from "../../graph/errors.ts";
import { childProcess } from "./node.ts";

/** Commands that may run at the same time, then one that needs them. */
export interface Job {
  readonly first?: readonly (readonly string[])[];
  readonly command: readonly string[];
  readonly folder: string;
}

/** Of the first command that failed, or of the last one. */
export interface JobResult {
  /** 0: done. */
  readonly code: number;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

const program = `
const { spawn } = require("node:child_process");
const { jobs, seconds } = JSON.parse(require("node:fs").readFileSync(0, "utf8"));
const running = new Set();
const end = (child) => { try { process.kill(process.platform === "win32" ? child.pid : -child.pid, "SIGKILL"); } catch {} };
for (const signal of ["SIGINT", "SIGTERM", "SIGHUP"]) process.on(signal, () => { running.forEach(end); process.exit(130); });
const waiting = [];
let slots = Math.max(2, require("node:os").availableParallelism());
const run = (command, folder) => new Promise((done) => {
  const start = () => {
    slots--;
    const result = { code: 0, timedOut: false, stdout: "", stderr: "" };
    const env = { ...process.env, LC_ALL: "C", TMPDIR: folder, TMP: folder, TEMP: folder };
    const child = spawn(command[0], command.slice(1), { cwd: folder, env, detached: process.platform !== "win32", windowsHide: true, stdio: ["ignore", "pipe", "pipe"] });
    running.add(child);
    const timer = setTimeout(() => { result.timedOut = true; end(child); }, Math.max(1, deadline - Date.now()));
    const finish = (code) => {
      clearTimeout(timer);
      if (!running.delete(child)) return;
      slots++;
      waiting.shift()?.();
      result.code = code;
      done(result);
    };
    for (const name of ["stdout", "stderr"]) child[name].on("data", (data) => { if (result[name].length < 1e6) result[name] += data; });
    child.on("error", (error) => { result.stderr += error.message; finish(127); });
    child.on("close", (code, signal) => { if (signal) result.stderr += "ended by " + signal; finish(code ?? 1); });
  };
  if (slots > 0) start();
  else waiting.push(start);
});
const deadline = Date.now() + seconds * 1000;
Promise.all(jobs.map(async ({ first = [], command, folder }) => {
  const results = await Promise.all(first.map((one) => run(one, folder)));
  return results.find(({ code }) => code !== 0) ?? run(command, folder);
})).then((results) => process.stdout.write(JSON.stringify(results)));
`;

/** Runs the jobs, as many commands at a time as there are processors, for at most so many seconds. Nothing is left running. */
export function runJobs(jobs: readonly Job[], seconds: number): JobResult[] {
  const { stdout, error, signal, stderr } = childProcess().spawnSync(process.execPath, ["-e", program], {
    input: JSON.stringify({ jobs, seconds }),
    encoding: "utf8",
    maxBuffer: 2 ** 26,
    windowsHide: true,
    // Options meant for this process (inspectors, loaders) are not for that one.
    env: { ...process.env, NODE_OPTIONS: "", ELECTRON_RUN_AS_NODE: "1" },
  });
  if (error || signal || !stdout) {
    fail("engine", `native: the C compiler could not be run: ${error?.message ?? signal ?? stderr}.`);
  }
  return JSON.parse(stdout);
}

/** Runs a command that takes no longer than starting another process would. */
export function runOne(command: readonly string[], folder: string, seconds: number): JobResult {
  const [program, ...words] = command;
  // A compiler has children, which would survive a limit on it alone: they are a group, and end together.
  const { pid, status, signal, error, stdout, stderr } = childProcess().spawnSync(program, words, {
    ...{ detached: process.platform !== "win32" },
    cwd: folder,
    env: { ...process.env, LC_ALL: "C", TMPDIR: folder, TMP: folder, TEMP: folder },
    stdio: ["ignore", "pipe", "pipe"],
    encoding: "utf8",
    timeout: seconds * 1000,
    killSignal: "SIGKILL",
    windowsHide: true,
  });
  const timedOut = error !== undefined && "code" in error && error.code === "ETIMEDOUT";
  if (timedOut && process.platform !== "win32") {
    try {
      process.kill(-pid, "SIGKILL");
    } catch {
      // It had none.
    }
  }
  const said = error && !timedOut ? error.message : signal ? `ended by ${signal}` : "";
  return { code: status ?? (error ? 127 : 1), timedOut, stdout: stdout ?? "", stderr: `${stderr ?? ""}${said}` };
}
