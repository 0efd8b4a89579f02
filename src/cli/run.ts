// One call of the command line, with the process passed in: parses, calls the command, prints, and returns the exit code.

import { existsSync } from "node:fs";
import { join } from "node:path";
import type { AnalysisCommands } from "../analysis/commands/command.ts";
import type { ExplainCommands } from "../explain/commands/command.ts";
import { GradusError } from "../graph/errors.ts";
import type { Answer, CommandContext, Commands } from "../train/command.ts";
import type { Emit, EndEvent, TrainEvent } from "../train/events.ts";
import { progress } from "../train/progress.ts";
import { type Environment, paint, type Terminal, wantsColour, wantsLive } from "../train/terminal.ts";
import { commandHelp, generalHelp } from "./help.ts";
import { type Manner, parseCommandLine, type Request, UsageError } from "./options.ts";

/** What the command line needs of the world around it. */
export interface World {
  readonly stdout: Terminal;
  readonly stderr: Terminal;
  readonly environment: Environment;
  readonly version: string;
  readonly commands: () => Promise<Commands & AnalysisCommands & ExplainCommands>;
  readonly loadModule: CommandContext["loadModule"];
  /** Folder of the lessons. */
  readonly lessons: string;
  /** Aborted at the first Ctrl-C. */
  readonly signal: AbortSignal;
}

export const exitCodes = { done: 0, no: 1, usage: 2, interrupted: 130 } as const;

/** Runs `gradus WORDS…` and returns the exit code. Never throws. */
export async function run(words: readonly string[], world: World): Promise<number> {
  try {
    return await answer(parseCommandLine(words), world);
  } catch (error) {
    if (error instanceof UsageError) {
      const about = error.command === undefined ? "gradus --help" : `gradus ${error.command} --help`;
      complain(world, `${error.message}\nSee ${about}.`);
      return exitCodes.usage;
    }
    complain(world, describe(error, world.environment));
    return world.signal.aborted ? exitCodes.interrupted : exitCodes.no;
  }
}

async function answer(request: Request, world: World): Promise<number> {
  const style = paint(wantsColour(world.environment, world.stdout));
  switch (request.command) {
    case "version":
      world.stdout.write(`gradus ${world.version}\n`);
      return exitCodes.done;
    case "help":
      world.stdout.write(request.about === undefined ? generalHelp(world.version, style) : commandHelp(request.about, style));
      return exitCodes.done;
    case "train":
      return train(request, world);
    default: {
      const commands = await world.commands();
      const context = contextOf(world, () => {});
      switch (request.command) {
        case "predict":
          return print(await commands.predict(request.options, context), request.manner, world);
        case "summary":
          return print(await commands.summary(request.options, context), request.manner, world);
        case "check":
          return print(await commands.check(request.options, context), request.manner, world);
        case "compile":
          return print(await commands.compile(request.options, context), request.manner, world);
        case "certify":
          return print(await commands.certify(request.options, context), request.manner, world);
        case "minimize":
          return print(await commands.minimize(request.options, context), request.manner, world);
        case "landscape":
          return print(await commands.landscape(request.options, context), request.manner, world);
        case "curvature":
          return print(await commands.curvature(request.options, context), request.manner, world);
        case "draw":
          return print(await commands.draw(request.options, context), request.manner, world);
        case "cost":
          return print(await commands.cost(request.options, context), request.manner, world);
        case "explain": {
          const colour = wantsColour(world.environment, world.stdout);
          const options = {
            ...request.options,
            colour,
            ...(world.stdout.columns !== undefined && { width: world.stdout.columns }),
          };
          return print(await commands.explain(options, context), request.manner, world);
        }
        case "lesson":
          return print(
            await commands.lesson({ ...request.options, folder: world.lessons, style }, context),
            request.manner,
            world,
          );
      }
    }
  }
}

function print(result: Answer, manner: Manner, world: World): number {
  const text = manner.json ? JSON.stringify(result.json) : result.text.trimEnd();
  if (text !== "") world.stdout.write(`${text}\n`);
  if (world.signal.aborted) return exitCodes.interrupted;
  return result.ok ? exitCodes.done : exitCodes.no;
}

/** Whatever happens, the last event is "end", exactly once. */
async function train(request: Extract<Request, { command: "train" }>, world: World): Promise<number> {
  const show = display(request.manner, world);
  const started = performance.now();
  let end: EndEvent | undefined;
  const emit: Emit = (event) => {
    if (end !== undefined) return;
    if (event.event === "end") end = event;
    show(event);
  };
  try {
    const commands = await world.commands();
    const result = await commands.train(request.options, contextOf(world, emit));
    emit(result);
    const last = end ?? result;
    if (!request.manner.json && last.run !== undefined) nameReport(last.run, world);
    if (last.status === "failed" && last.message !== undefined) complain(world, last.message);
    return endCode(last);
  } catch (error) {
    const status = world.signal.aborted ? "interrupted" : "failed";
    const seconds = (performance.now() - started) / 1000;
    emit({ event: "end", status, metrics: {}, seconds, message: error instanceof Error ? error.message : String(error) });
    complain(world, describe(error, world.environment));
    return status === "interrupted" ? exitCodes.interrupted : exitCodes.no;
  }
}

function nameReport(run: string, world: World): void {
  const report = join(run, "report.html");
  if (existsSync(report)) world.stdout.write(`report ${report}\n`);
}

function endCode({ status }: EndEvent): number {
  return { done: exitCodes.done, interrupted: exitCodes.interrupted, failed: exitCodes.no }[status];
}

/** Where events go: JSON lines on standard output with the display on standard error, or the display on standard output. */
function display({ json, quiet }: Manner, world: World): Emit {
  const terminal = json ? world.stderr : world.stdout;
  const live = wantsLive(world.environment, terminal);
  const shown = progress({ terminal, live, colour: wantsColour(world.environment, terminal) });
  const watch: Emit = (event) => {
    if (quiet && event.event !== "end" && event.event !== "warning") return;
    if (json && !live) return;
    shown(event);
  };
  return (event) => {
    if (json) world.stdout.write(`${JSON.stringify(event)}\n`);
    watch(event);
  };
}

function contextOf(world: World, emit: (event: TrainEvent) => void): CommandContext {
  return { signal: world.signal, emit, loadModule: world.loadModule, version: world.version };
}

function complain(world: World, message: string): void {
  const style = paint(wantsColour(world.environment, world.stderr));
  world.stderr.write(`${style.red("error")} ${message}\n`);
}

/** What went wrong; errors that Gradus did not foresee come with their stack. */
function describe(error: unknown, environment: Environment): string {
  if (!(error instanceof Error)) return String(error);
  if (error instanceof GradusError && !environment.GRADUS_DEBUG) return error.message;
  return `${error.stack ?? error.message}${error instanceof GradusError ? "" : unforeseen}`;
}

const unforeseen = "\nThis is a fault in Gradus or in the module it was given, not in the command line.";
