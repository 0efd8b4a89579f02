// Shows a training run as it goes: on a terminal one block that redraws itself below a line for every finished epoch, elsewhere
// a line per epoch. It reads the events of events.ts and computes nothing but times. Pure functions make the lines; `progress`
// decides when to write them.

import type { BatchEvent, BeginEvent, Emit, EndEvent, EpochEvent, Metrics, TrainEvent } from "./events.ts";
import { clock, count, duration, isShare, metric, namedMetric, rate } from "./format.ts";
import { profileText } from "./profile-text.ts";
import { fitColumns, type Paint, paint, type Terminal } from "./terminal.ts";

export interface ProgressOptions {
  readonly terminal: Terminal;
  /** Redraw in place. Default: the terminal is one. */
  readonly live?: boolean;
  /** Default: as `live`. */
  readonly colour?: boolean;
  /** Seconds, from any origin; for tests. */
  readonly now?: () => number;
}

/** How fast a run goes, as the block shows it. */
export interface Pace {
  /** Seconds a step, smoothed; undefined before two steps have been seen. */
  readonly stepSeconds: number | undefined;
  readonly batchSize: number | undefined;
}

const barWidth = 20;
const redrawSeconds = 0.05;
const separator = " · ";

/** Follows a run on a terminal: give it every event. Redraws at most every 50 ms. */
export function progress(options: ProgressOptions): Emit {
  const { terminal } = options;
  const live = options.live ?? terminal.isTTY === true;
  const style = paint(options.colour ?? live);
  const now = options.now ?? (() => performance.now() / 1000);
  let begin: BeginEvent | undefined;
  let best: Best | undefined;
  let linesDrawn = 0;
  let drawnAt = Number.NEGATIVE_INFINITY;
  const pace = stopwatch();

  const keep = (text: string) => {
    terminal.write(`${erase(linesDrawn)}${text}\n`);
    linesDrawn = 0;
  };
  const draw = (event: BatchEvent, time: number) => {
    const columns = Math.max(20, terminal.columns ?? 80);
    const lines = batchLines(event, begin, pace.read(), style).map((line) => fitColumns(line, columns));
    terminal.write(`${erase(linesDrawn)}${lines.join("\n")}`);
    linesDrawn = lines.length;
    drawnAt = time;
  };

  return (event: TrainEvent) => {
    switch (event.event) {
      case "begin":
        begin = event;
        pace.setBatchSize(event.batchSize ?? Math.ceil(event.examples / Math.max(1, event.steps)));
        return keep(beginLine(event, style));
      case "batch": {
        if (!live) return;
        const time = now();
        if (time - drawnAt < redrawSeconds && event.step < event.steps) return;
        pace.observe(time, (event.epoch - 1) * event.steps + event.step);
        return draw(event, time);
      }
      case "epoch":
        best = better(best, event);
        pace.pause();
        return keep(epochLine(event, style));
      case "warning":
        return keep(`${style.yellow("warning")} ${event.message}`);
      case "checkpoint":
        return;
      case "profile":
        return keep(`\n${profileText(event)}\n`);
      case "end":
        return keep(endLine(event, best, style));
    }
  };
}

/** "training on 10,000 examples · 157 steps an epoch · 101,770 parameters · wasm · seed 0" */
export function beginLine(event: BeginEvent, style: Paint = paint(false)): string {
  const resumed = event.epoch !== undefined && event.epoch > 1 ? `resuming at epoch ${event.epoch}, ` : "";
  const parts = [
    `${resumed}training on ${count(event.examples)} examples`,
    `${count(event.steps)} steps an epoch`,
    `${count(event.parameters)} parameters`,
    event.engine,
    `seed ${event.seed}`,
  ];
  return style.dim(parts.join(separator));
}

/** The block of a running epoch: where it stands, and how well it does. */
export function batchLines(event: BatchEvent, begin: BeginEvent | undefined, pace: Pace, style: Paint = paint(false)): string[] {
  const label = epochLabel(event.epoch, begin?.epochs);
  const steps = String(event.steps);
  const position = `${String(event.step).padStart(steps.length)}/${steps}`;
  const times: string[] = [];
  if (pace.stepSeconds !== undefined) {
    times.push(`${clock(pace.stepSeconds * (event.steps - event.step))} left`);
    if (pace.batchSize !== undefined) times.push(`${rate(pace.batchSize / pace.stepSeconds)} examples/s`);
  }
  const metrics: string[] = [namedMetric("loss", event.loss), ...metricParts(without(event.metrics ?? {}, "loss"))];
  if (event.learningRate !== undefined) metrics.push(`learning rate ${learningRate(event.learningRate)}`);
  if (pace.stepSeconds !== undefined) metrics.push(`${duration(pace.stepSeconds)} a step`);
  return [
    `${style.bold(label)}  ${bar(event.step / event.steps, barWidth, style)}  ${position}  ${style.dim(times.join(separator))}`,
    `${" ".repeat(label.length)}  ${metrics.join(separator)}`,
  ].map((line) => line.trimEnd());
}

/** The line that stays of an epoch. */
export function epochLine(event: EpochEvent, style: Paint = paint(false)): string {
  const parts = [duration(event.seconds), ...metricParts(event.metrics)];
  return `${style.bold(epochLabel(event.epoch, event.epochs))}  ${parts.join(separator)}`;
}

/** The last line: what became of the run, its best epoch, and where it lies. */
export function endLine(event: EndEvent, best?: Best, style: Paint = paint(false)): string {
  const verdict = {
    done: style.green("done"),
    interrupted: style.yellow("interrupted"),
    failed: style.red("failed"),
  }[event.status];
  const parts = [`${verdict} in ${duration(event.seconds)}`, ...metricParts(event.metrics)];
  if (best !== undefined && best.epochs > 1) {
    parts.push(`best ${namedMetric(best.name, best.value)} in epoch ${best.epoch}`);
  }
  const lines = [parts.join(separator)];
  if (event.run !== undefined) lines.push(`${style.dim("run")} ${event.run}`);
  return lines.join("\n");
}

/** A bar whose halves differ in shape as well as in colour: `━━━━━━━╸────`. */
export function bar(share: number, width: number, style: Paint = paint(false)): string {
  const halves = Math.round(Math.min(1, Math.max(0, Number.isFinite(share) ? share : 0)) * width * 2);
  const done = "━".repeat(halves >> 1) + (halves % 2 === 1 ? "╸" : "");
  return style.green(done) + style.dim("─".repeat(width - done.length));
}

/** The best validation result so far. */
export interface Best {
  readonly name: string;
  readonly value: number;
  readonly epoch: number;
  /** Epochs that were compared. */
  readonly epochs: number;
}

function better(best: Best | undefined, event: EpochEvent): Best | undefined {
  const name = best?.name ?? ["val_accuracy", "val_loss"].find((key) => key in event.metrics);
  if (name === undefined) return undefined;
  const value = event.metrics[name];
  if (value === undefined) return best;
  const epochs = (best?.epochs ?? 0) + 1;
  const improved = best === undefined || (isShare(name) ? value > best.value : value < best.value);
  return improved ? { name, value, epoch: event.epoch, epochs } : { ...best, epochs };
}

/**
 * Measures seconds a step as a debiased exponential average over redraws. The first step is left out (it compiles the program),
 * and so is the time between epochs (it validates).
 */
function stopwatch() {
  const smoothing = 0.7;
  let average = 0;
  let weight = 0;
  let anchor: { time: number; step: number } | undefined;
  let batchSize: number | undefined;
  return {
    setBatchSize: (size: number) => {
      batchSize = size;
    },
    observe: (time: number, step: number) => {
      if (anchor !== undefined && step > anchor.step) {
        average = smoothing * average + (1 - smoothing) * ((time - anchor.time) / (step - anchor.step));
        weight = smoothing * weight + (1 - smoothing);
      }
      anchor = { time, step };
    },
    pause: () => {
      anchor = undefined;
    },
    read: (): Pace => ({ stepSeconds: weight > 0 ? average / weight : undefined, batchSize }),
  };
}

function epochLabel(epoch: number, epochs: number | undefined): string {
  const total = epochs === undefined ? "" : String(epochs);
  return `epoch ${String(epoch).padStart(total.length)}${total === "" ? "" : `/${total}`}`;
}

function metricParts(metrics: Metrics): string[] {
  return Object.entries(metrics).map(([name, value]) => namedMetric(name, value));
}

function without(metrics: Metrics, name: string): Metrics {
  return Object.fromEntries(Object.entries(metrics).filter(([key]) => key !== name));
}

function learningRate(value: number): string {
  return value >= 1e-3 && value < 1e3 ? String(Number(value.toPrecision(3))) : metric(value).replace(/\.?0+e/, "e");
}

/** Erases the last `lines` lines, leaving the cursor where the first began. */
function erase(lines: number): string {
  if (lines === 0) return "";
  return `${lines > 1 ? `\u001b[${lines - 1}A` : ""}\r\u001b[J`;
}
