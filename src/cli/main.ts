#!/usr/bin/env node
// The `gradus` command: connects the process (arguments, streams, signals, exit code) to run.ts.

import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { libraryModules, loadModule } from "./load.ts";
import { run } from "./run.ts";

interface Manifest {
  readonly name: string;
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
}

const manifest = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8")) as Manifest;
const interruption = new AbortController();
let stopCode: number | undefined;

process.on("SIGINT", () => stop(130));
process.on("SIGTERM", () => stop(143));
// The reader of a pipe is gone (`gradus train … | head`): nobody listens, but the work is still worth a checkpoint.
for (const stream of [process.stdout, process.stderr]) {
  stream.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    interruption.abort();
  });
}

const code = await run(process.argv.slice(2), {
  stdout: process.stdout,
  stderr: process.stderr,
  environment: process.env,
  version: manifest.version,
  commands: async () => {
    const [train, analysis, explain] = await Promise.all([
      import("../train/commands.ts"),
      import("../analysis/commands/index.ts"),
      import("../explain/commands/index.ts"),
    ]);
    return { ...train.commands, ...analysis.analysisCommands, ...explain.explainCommands };
  },
  loadModule: (path) => loadModule(path, () => libraryModules(entryNames())),
  lessons: fileURLToPath(new URL("../../lessons", import.meta.url)),
  signal: interruption.signal,
});
// Exit even if workers are still alive, but not before standard output has been written.
process.stdout.write("", () => process.exit(stopCode ?? code));

function stop(withCode: number): void {
  if (interruption.signal.aborted) process.exit(withCode);
  stopCode = withCode;
  interruption.abort();
  process.stderr.write("\nstopping after this step; once more to quit at once\n");
}

function entryNames(): string[] {
  return Object.keys(manifest.exports)
    .filter((path) => !path.endsWith(".json"))
    .map((path) => manifest.name + path.slice(1));
}
