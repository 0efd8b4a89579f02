// Training: epochs of compiled steps over a data set, with validation, events, callbacks, cancellation and exact resumption. The
// state after k steps is a function of the seed, the data and the configuration alone.

import { type Batches, batches } from "../data/batches.ts";
import { type Dataset, fingerprint } from "../data/dataset.ts";
import type { Engine } from "../engines/engine.ts";
import { type EngineName, engineNamed } from "../engines/index.ts";
import { isFloat } from "../graph/dtype.ts";
import { fail } from "../graph/errors.ts";
import type { Metric } from "../metrics/index.ts";
import type { Module } from "../nn/module.ts";
import type { Optimizer } from "../optim/index.ts";
import { known } from "../tensor/options.ts";
import { foldIn, key as makeKey } from "../tensor/random.ts";
import { readable } from "../tensor/tensor.ts";
import { flatten } from "../tensor/tree.ts";
import type { Callback } from "./callbacks.ts";
import { diagnose, explainEvaluation } from "./diagnose.ts";
import { measure } from "./evaluate.ts";
import type { BatchEvent, BeginEvent, Emit, EndEvent, Metrics } from "./events.ts";
import { feed } from "./feed.ts";
import { accumulate, type EpochRecord, emptyTotals, means } from "./history.ts";
import { type MetricName, metricsNamed } from "./metric-names.ts";
import { type TrainedModel, trainedModel } from "./model.ts";
import { beginning, cursorOf, type Position, positionOf } from "./position.ts";
import { type Course, requireSameCourse, type Snapshot } from "./snapshot.ts";
import {
  compileEvaluation,
  compileTrainStep,
  detached,
  type EvaluationStep,
  initialState,
  type Loss,
  type Problem,
  type TrainingState,
} from "./step.ts";
import { turns } from "./turns.ts";
import { requireTrainable } from "./validate.ts";

/** What is trained, and how. */
export interface TrainingOptions {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** Passes over the training data. */
  readonly epochs: number;
  /** Examples per step; default 32. */
  readonly batchSize?: number;
  readonly validation?: Dataset | undefined;
  /** Besides the loss: names ("accuracy") or metrics. */
  readonly metrics?: readonly (MetricName | Metric)[];
  /** Of initial parameters, order of examples and dropout. Default 0. */
  readonly seed?: number;
  /** Take the examples in a new order every epoch. Default true. */
  readonly shuffle?: boolean;
  /** Leave out the last batch of an epoch if it is not full. Default false. */
  readonly dropRemainder?: boolean;
  /** Default "wasm"; "auto" is the fastest present, which the first event names. */
  readonly engine?: EngineName | Engine;
  /** Most threads that compute a step; the results are the same bits for any number. Default: see `setThreads`. */
  readonly threads?: number;
  readonly callbacks?: readonly Callback[];
  /** Goes on from a snapshot instead of from fresh parameters, whose form it is given. */
  readonly resume?: ((fresh: TrainingState) => Snapshot) | undefined;
}

/** Who watches a run, and what it may do to it. Nothing here changes the numbers. */
export interface RunOptions {
  /** Aborting it ends training after the step under way; the result then has status "interrupted". */
  readonly signal?: AbortSignal;
  /** Takes every event of the run but "end". */
  readonly onEvent?: Emit;
  /** Takes a snapshot before the first step, at the end of epochs, within long ones, and when training ends or is interrupted. */
  readonly checkpoint?: (snapshot: Snapshot) => Promise<void>;
  /** Seconds between checkpoints within an epoch; default 10. After an epoch it is done every second at most. */
  readonly checkpointSeconds?: number;
  /** The folder of the run, for events. */
  readonly run?: string;
}

const trainingOptions = [
  "loss",
  "optimizer",
  "epochs",
  "batchSize",
  "validation",
  "metrics",
  "seed",
  "shuffle",
  "dropRemainder",
  "engine",
  "threads",
  "callbacks",
  "resume",
] as const;
const runOptions = ["signal", "onEvent", "checkpoint", "checkpointSeconds", "run"] as const;

export interface FitOptions extends TrainingOptions, RunOptions {}

export interface FitResult extends TrainedModel {
  readonly history: readonly EpochRecord[];
  readonly status: EndEvent["status"];
  /** Why training ended before its last epoch. */
  readonly reason: string | undefined;
  /** The last epoch's metrics. */
  readonly metrics: Metrics;
  /** Seconds of training, those before a resumption included. */
  readonly seconds: number;
  /** Loss and metrics over other data. */
  evaluate(data: Dataset): Promise<Metrics>;
  /**
   * Writes model.safetensors, config.json, metrics.jsonl and report.html into a folder, in Node. An earlier save in it is replaced;
   * a folder that holds anything else is refused with a run error. `loadModel` reads the model again.
   */
  save(folder: string): Promise<void>;
}

/**
 * Trains `model` on `data`. The returned parameters are those after the last step. Throws data, shape and argument errors before the
 * first step, and a numeric error when training makes NaN or infinity, which names step, layer and operation where it began.
 */
export async function fit(model: Module, data: Dataset, options: FitOptions): Promise<FitResult> {
  const all = known("fit", options, [...trainingOptions, ...runOptions]);
  return prepared(model, data, all).run(all);
}

/** Training that is known to be possible and has not begun. */
export interface Training {
  run(options?: RunOptions): Promise<FitResult>;
}

/** Checks all that can be checked without training. Errors as `fit` throws before the first step. */
export function prepareTraining(model: Module, data: Dataset, options: TrainingOptions): Training {
  return prepared(model, data, known("prepareTraining", options, trainingOptions));
}

function prepared(model: Module, data: Dataset, options: TrainingOptions): Training {
  const plan = planOf(model, data, options);
  requireTrainable(plan.problem, plan.start.state, { train: data, validation: options.validation }, plan.course.batchSize);
  return { run: (run = {}) => train(plan, run) };
}

/** Everything about a run that is settled before it begins. */
interface Plan {
  readonly problem: Problem;
  readonly data: Dataset;
  readonly validation: Dataset | undefined;
  readonly epochs: number;
  readonly engine: Engine;
  readonly threads: number | undefined;
  readonly callbacks: readonly Callback[];
  readonly course: Course;
  readonly start: Position;
  /** The batches of an epoch, which counts from 0. */
  readonly batchesOf: (epoch: number) => Batches;
  /** ISO 8601. */
  readonly startedAt: string;
}

function planOf(model: Module, data: Dataset, options: TrainingOptions): Plan {
  const { epochs, batchSize = 32, seed = 0, shuffle = true, dropRemainder = false, validation, callbacks = [] } = options;
  for (const [name, value] of Object.entries({ epochs, batchSize })) {
    if (!Number.isInteger(value) || value < 1) fail("argument", `fit: ${name} must be a whole number ≥ 1, got ${value}.`);
  }
  const twice = callbacks.find((c, i) => callbacks.findIndex((other) => other.name === c.name) < i);
  if (twice) fail("argument", `fit: two callbacks are called "${twice.name}"; checkpoints keep their state by name.`);
  const metrics = metricsNamed(options.metrics ?? []);
  const root = makeKey(seed);
  const problem = { model, loss: options.loss, metrics, optimizer: options.optimizer, key: foldIn(root, 1) };
  const course = { seed, batchSize, shuffle, dropRemainder, data: fingerprint(data) };
  const fresh = initialState(problem, foldIn(root, 0));
  const snapshot = options.resume?.(fresh);
  if (snapshot) requireSameCourse(snapshot.cursor.course, course);
  const names = ["loss", ...metrics.map((m) => m.kind)];
  for (const c of callbacks) {
    c.onBegin?.({ metrics: validation ? [...names, ...names.map((name) => `val_${name}`)] : names });
    if (snapshot && c.name in snapshot.cursor.callbacks) c.restore?.(snapshot.cursor.callbacks[c.name]);
  }
  return {
    problem,
    data,
    validation,
    epochs,
    engine: engineNamed(options.engine ?? "wasm"),
    threads: options.threads,
    callbacks,
    course,
    start: snapshot ? positionOf(snapshot, epochs) : beginning(fresh),
    batchesOf: (epoch) => batches(data, { batchSize, seed, epoch, shuffle, dropRemainder }),
    startedAt: new Date().toISOString(),
  };
}

/** The loop. What it leaves behind depends on the plan alone; `run` only watches, and may end it early. */
async function train(plan: Plan, run: RunOptions): Promise<FitResult> {
  const { problem, data, validation, epochs, callbacks, course } = plan;
  const { metrics } = problem;
  const { signal, onEvent: emit = () => {}, checkpointSeconds = 10 } = run;
  const at: Position = { ...plan.start, history: [...plan.start.history] };
  const step = compileTrainStep(problem, plan.engine, plan.threads);
  const evaluation = compileEvaluation(problem, plan.engine, plan.threads);
  const validationBatch = Math.max(course.batchSize, 256);
  const read = feed(data, course.batchSize);
  const turn = turns();
  const clock = stopwatch(at.secondsBefore);
  const stop = (why: string) => {
    at.stopped ??= why;
  };
  const unfinished = () => at.batch > 0 || (at.history.length < epochs && at.stopped === undefined);

  let good: Snapshot | undefined;
  let checkpointed = 0;
  const failure = () => diagnose({ problem, step, read, batchesOf: plan.batchesOf }, good, at);
  /** The state outside the program, known to be finite. */
  const soundState = () => {
    const state = detached(at.state);
    if (!allFinite(state)) throw failure();
    return state;
  };
  const checkpoint = async (state: TrainingState) => {
    const kept = Object.fromEntries(callbacks.flatMap((c) => (c.save ? [[c.name, c.save()]] : [])));
    good = { state, cursor: cursorOf(at, { course, epochs, callbacks: structuredClone(kept), seconds: clock() }) };
    await run.checkpoint?.(good);
    checkpointed = clock();
  };
  const checkpointDue = (interval: number) => clock() - checkpointed >= interval;

  emit(beginEvent(plan, run));
  await checkpoint(soundState());
  while (unfinished() && !signal?.aborted) {
    const epoch = at.history.length;
    const order = plan.batchesOf(epoch);
    while (at.batch < order.count && at.stopped === undefined && !signal?.aborted) {
      const indices = order.at(at.batch);
      const [next, result] = step(at.state, ...read(indices));
      const loss = readable(result.loss)[0];
      if (!Number.isFinite(loss)) throw failure();
      at.state = next;
      at.batch++;
      accumulate(at.totals, indices.length, loss, result.metrics);
      for (const c of callbacks) c.onBatchEnd?.({ epoch: epoch + 1, batch: at.batch, loss, stop });
      if (turn.due()) {
        emit(batchEvent(at, order.count, metrics));
        await turn.take();
      }
      if (at.batch < order.count && checkpointDue(checkpointSeconds)) await checkpoint(soundState());
    }
    const state = soundState();
    const validated = validation
      ? await measure(evaluation, state, validation, { batchSize: validationBatch, metrics, prefix: "val_", signal })
      : {};
    if (signal?.aborted || !validated) break;
    const record: EpochRecord = {
      epoch: epoch + 1,
      seconds: clock() - at.epochBegan,
      metrics: { ...means(at.totals, metrics), ...validated },
      ...learningRateOf(problem, state),
    };
    at.history.push(record);
    at.batch = 0;
    at.totals = emptyTotals();
    at.epochBegan = clock();
    for (const c of callbacks) {
      await c.onEpochEnd?.({ record, history: at.history, parameters: () => state.parameters, stop });
    }
    emit({ event: "epoch", ...record, epochs });
    if (validation && !Number.isFinite(record.metrics.val_loss)) {
      const why = explainEvaluation(problem, state, validation, validationBatch);
      emit({ event: "warning", message: `the validation loss of epoch ${epoch + 1} is ${record.metrics.val_loss}: ${why}` });
    }
    if (unfinished() && checkpointDue(Math.min(1, checkpointSeconds))) await checkpoint(state);
  }
  const state = soundState();
  await checkpoint(state);
  const status = unfinished() ? "interrupted" : "done";
  const reason = status === "interrupted" ? "interrupted" : at.stopped;
  return resultOf(plan, evaluation, { state, history: at.history, seconds: clock(), status, reason });
}

/** Seconds of training, on from those before. */
function stopwatch(before: number): () => number {
  const begun = performance.now();
  return () => before + (performance.now() - begun) / 1000;
}

function allFinite(tree: unknown): boolean {
  return flatten(tree).leaves.every((t) => {
    if (!isFloat(t.dtype)) return true;
    const data = readable(t);
    // x - x is 0 exactly for finite x.
    for (let i = 0; i < data.length; i++) if (data[i] - data[i] !== 0) return false;
    return true;
  });
}

function learningRateOf({ optimizer }: Problem, state: TrainingState): { readonly learningRate?: number } {
  const learningRate = optimizer.learningRate?.(state.optimizer);
  return learningRate === undefined ? {} : { learningRate };
}

function beginEvent({ data, start, epochs, engine, course, batchesOf }: Plan, { run }: RunOptions): BeginEvent {
  return {
    event: "begin",
    ...(run === undefined ? {} : { run }),
    seed: course.seed,
    engine: engine.name,
    examples: data.size,
    steps: batchesOf(0).count,
    epochs,
    parameters: flatten(start.state.parameters).leaves.reduce((n, t) => n + t.size, 0),
    batchSize: course.batchSize,
    epoch: Math.min(epochs, start.history.length + 1),
  };
}

function batchEvent(at: Position, steps: number, metrics: readonly Metric[]): BatchEvent {
  const { loss, ...others } = means(at.totals, metrics);
  const place = { epoch: at.history.length + 1, step: at.batch, steps, loss };
  return { event: "batch", ...place, ...(metrics.length > 0 ? { metrics: others } : {}) };
}

function resultOf(
  { problem, data, validation, epochs, engine, course, startedAt }: Plan,
  evaluation: EvaluationStep,
  { state, ...end }: Pick<FitResult, "history" | "status" | "reason" | "seconds"> & { readonly state: TrainingState },
): FitResult {
  const { model, metrics } = problem;
  const result: FitResult = {
    ...trainedModel(model, state.parameters, state.state, engine),
    ...end,
    metrics: end.history.at(-1)?.metrics ?? {},
    evaluate: async (other) =>
      (await measure(evaluation, state, other, { batchSize: Math.max(course.batchSize, 256), metrics })) ?? {},
    save: async (folder) => {
      const { saveResult } = await import("./save.ts");
      await saveResult(folder, { result, problem, train: data, validation, epochs, engine, course, startedAt });
    },
  };
  return result;
}
