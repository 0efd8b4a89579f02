// Training: epochs of compiled steps over a data set, with validation, events, callbacks, cancellation and exact resumption. The
// state after k steps is a function of the seed, the data and the configuration alone.

import { batches } from "../data/batches.ts";
import { allocateBatch, type Batch, type Dataset, fingerprint, take } from "../data/dataset.ts";
import type { Engine } from "../engines/engine.ts";
import { type EngineName, engineNamed } from "../engines/index.ts";
import { fail } from "../graph/errors.ts";
import { sizeOf } from "../graph/shape.ts";
import { constant } from "../graph/structural.ts";
import type { Metric } from "../metrics/index.ts";
import type { Module } from "../nn/module.ts";
import type { Optimizer } from "../optim/index.ts";
import { foldIn, key as makeKey } from "../tensor/random.ts";
import { readable, Tensor } from "../tensor/tensor.ts";
import { flatten, mapTree } from "../tensor/tree.ts";
import type { Callback } from "./callbacks.ts";
import { diagnose } from "./diagnose.ts";
import type { Emit, EndEvent, Metrics } from "./events.ts";
import { accumulate, emptyTotals, type EpochRecord, type MetricName, means, metricNamed, type Totals } from "./history.ts";
import { type TrainedModel, trainedModel } from "./model.ts";
import type { Cursor, Snapshot } from "./snapshot.ts";
import { compileEvaluation, compileTrainStep, initialState, type Loss, type Problem, type TrainingState } from "./step.ts";

export interface FitOptions {
  readonly loss: Loss;
  readonly optimizer: Optimizer;
  /** Passes over the training data. */
  readonly epochs: number;
  /** Examples per step; default 32. */
  readonly batchSize?: number;
  readonly validation?: Dataset;
  /** Besides the loss: names ("accuracy") or metrics. */
  readonly metrics?: readonly (MetricName | Metric)[];
  /** Of initial parameters, order of examples and dropout. Default 0. */
  readonly seed?: number;
  readonly shuffle?: boolean;
  /** Leave out the last batch of an epoch if it is not full. Default false. */
  readonly dropRemainder?: boolean;
  readonly engine?: EngineName | Engine;
  readonly callbacks?: readonly Callback[];
  /** Aborting it ends training after the step under way; the result then has status "interrupted". */
  readonly signal?: AbortSignal;
  /** Takes every event of the run. */
  readonly onEvent?: Emit;
  /** Goes on from here instead of from fresh parameters. */
  readonly resume?: (fresh: TrainingState) => Snapshot;
  /** Called with a snapshot after every epoch, every `checkpointSeconds` and on interruption. */
  readonly checkpoint?: (snapshot: Snapshot) => Promise<void>;
  /** Default 30. */
  readonly checkpointSeconds?: number;
  /** The folder of the run, for events. */
  readonly run?: string;
}

export interface FitResult extends TrainedModel {
  readonly history: readonly EpochRecord[];
  readonly status: EndEvent["status"];
  /** Why training ended before its last epoch. */
  readonly reason: string | undefined;
  /** The last epoch's metrics. */
  readonly metrics: Metrics;
  /** Seconds of training, those before a resumption included. */
  readonly seconds: number;
  readonly epochs: number;
}

// How long training may hold the event loop, so that signals and timers get their turn.
const turnMilliseconds = 40;

/**
 * Trains `model` on `data`. The returned parameters are those after the last step. Throws a numeric error when the loss becomes NaN or
 * infinite, naming the step, the layer and the operation where it began; data and argument errors before the first step.
 */
export async function fit(model: Module, data: Dataset, options: FitOptions): Promise<FitResult> {
  const {
    epochs,
    batchSize = 32,
    seed = 0,
    shuffle = true,
    dropRemainder = false,
    callbacks = [],
    checkpointSeconds = 30,
  } = options;
  if (!Number.isInteger(epochs) || epochs < 1) fail("argument", `fit: epochs must be a whole number ≥ 1, got ${epochs}.`);
  if (!Number.isInteger(batchSize) || batchSize < 1)
    fail("argument", `fit: batchSize must be a whole number ≥ 1, got ${batchSize}.`);
  const engine = engineNamed(options.engine ?? "auto");
  const metrics = (options.metrics ?? []).map((m) => (typeof m === "string" ? metricNamed(m) : m));
  const root = makeKey(seed);
  const problem: Problem = { model, loss: options.loss, metrics, optimizer: options.optimizer, key: foldIn(root, 1) };
  const step = compileTrainStep(problem, engine);
  const evaluation = compileEvaluation(problem, engine);
  const dataPrint = fingerprint(data);

  const fresh = initialState(problem, foldIn(root, 0));
  const resumed = options.resume?.(fresh);
  if (resumed) checkCursor(resumed.cursor, { seed, batchSize, data: dataPrint });
  let state = resumed?.state ?? fresh;
  const history: EpochRecord[] = [...(resumed?.cursor.history ?? [])];
  const earlier = resumed?.cursor.seconds ?? 0;
  if (resumed) for (const c of callbacks) if (c.name in resumed.cursor.callbacks) c.restore?.(resumed.cursor.callbacks[c.name]);

  const emit = options.onEvent ?? (() => {});
  const stepsPerEpoch = batches(data, { batchSize, shuffle: false, dropRemainder }).count;
  const parameterCount = flatten(fresh.parameters).leaves.reduce((n, t) => n + t.size, 0);
  emit({
    event: "begin",
    ...(options.run === undefined ? {} : { run: options.run }),
    seed,
    engine: engine.name,
    examples: data.size,
    steps: stepsPerEpoch,
    epochs,
    parameters: parameterCount,
    batchSize,
    epoch: history.length + 1,
  });

  const started = performance.now();
  const elapsed = () => earlier + (performance.now() - started) / 1000;
  let reason: string | undefined;
  let interrupted = false;
  let lastCheckpoint = performance.now();
  let lastTurn = performance.now();
  const buffer = allocateBatch(data, Math.min(batchSize, data.size));
  const save = async (epoch: number, batch: number, totals: Totals) => {
    lastCheckpoint = performance.now();
    if (!options.checkpoint) return;
    const cursor: Cursor = {
      epoch,
      batch,
      seed,
      batchSize,
      data: dataPrint,
      history,
      totals,
      callbacks: Object.fromEntries(callbacks.flatMap((c) => (c.save ? [[c.name, c.save()]] : []))),
      seconds: elapsed(),
    };
    await options.checkpoint({ state: copyState(state), cursor });
  };

  let startBatch = resumed?.cursor.batch ?? 0;
  let startTotals = resumed ? cloneTotals(resumed.cursor.totals) : emptyTotals();
  for (let epoch = history.length; epoch < epochs && !interrupted && reason === undefined; epoch++) {
    const epochStarted = performance.now();
    const order = batches(data, { batchSize, seed, epoch, shuffle, dropRemainder });
    const totals = startTotals;
    // What the search for a NaN starts from.
    const good = { state: copyState(state), batch: startBatch };
    for (let b = startBatch; b < order.count; b++) {
      const indices = order.at(b);
      const [x, y] = batchTensors(data, indices, buffer);
      const [next, result] = step(state, x, y);
      state = next;
      const loss = readable(result.loss)[0];
      if (!Number.isFinite(loss)) {
        throw diagnose(problem, { data, order, epoch, from: good, until: b, loss });
      }
      accumulate(totals, indices.length, loss, result.metrics);
      const stop = (why: string) => {
        reason = why;
      };
      for (const c of callbacks) c.onBatchEnd?.({ epoch: epoch + 1, batch: b + 1, loss, stop });
      const now = performance.now();
      if (now - lastTurn > turnMilliseconds || b + 1 === order.count) {
        const { loss: mean, ...others } = means(totals, metrics);
        emit({
          event: "batch",
          epoch: epoch + 1,
          step: b + 1,
          steps: order.count,
          loss: mean,
          ...(metrics.length > 0 ? { metrics: others } : {}),
        });
        await turn();
        lastTurn = performance.now();
      }
      interrupted = options.signal?.aborted ?? false;
      const unfinished = b + 1 < order.count;
      if (interrupted && unfinished) {
        await save(epoch, b + 1, totals);
        break;
      }
      if (unfinished && performance.now() - lastCheckpoint > checkpointSeconds * 1000) await save(epoch, b + 1, totals);
      if (reason !== undefined) break;
    }
    if (interrupted && totals.examples < usedExamples(data.size, batchSize, dropRemainder)) break;
    startBatch = 0;
    startTotals = emptyTotals();
    const validation = options.validation
      ? await measure(evaluation, state, options.validation, Math.max(batchSize, 256), metrics, "val_")
      : {};
    const record: EpochRecord = {
      epoch: epoch + 1,
      seconds: (performance.now() - epochStarted) / 1000,
      metrics: { ...means(totals, metrics), ...validation },
    };
    const bad = nonFiniteParameter(state);
    if (bad !== undefined) {
      throw diagnose(problem, { data, order, epoch, from: good, until: order.count - 1, loss: Number.NaN });
    }
    history.push(record);
    for (const c of callbacks) {
      await c.onEpochEnd?.({
        record,
        history,
        parameters: () => copyState(state).parameters,
        stop: (why) => {
          reason = why;
        },
      });
    }
    emit({ event: "epoch", epoch: epoch + 1, epochs, seconds: record.seconds, metrics: record.metrics });
    await save(epoch + 1, 0, startTotals);
    interrupted = interrupted || (options.signal?.aborted ?? false);
  }

  const final = copyState(state);
  const status = interrupted && history.length < epochs ? "interrupted" : "done";
  return {
    ...trainedModel(model, final.parameters, final.state, engine),
    history,
    status,
    reason: status === "interrupted" ? "interrupted" : reason,
    metrics: history.at(-1)?.metrics ?? {},
    seconds: elapsed(),
    epochs,
  };
}

const usedExamples = (size: number, batchSize: number, dropRemainder: boolean) =>
  dropRemainder ? size - (size % batchSize) : size;
const cloneTotals = (t: Totals): Totals => ({ ...t, metrics: structuredClone(t.metrics) });
const turn = () => new Promise<void>((resolve) => setTimeout(resolve, 0));

/** The tensors of a batch. They share `buffer` until the next batch, but each is a new literal, so a program copies it in. */
export function batchTensors(data: Dataset, indices: Int32Array, buffer: Batch): [Tensor, Tensor] {
  take(data, indices, buffer);
  const { inputs, targets } = data;
  const n = indices.length;
  return [
    new Tensor(constant({ data: buffer.inputs.subarray(0, n * sizeOf(inputs.shape)) }, [n, ...inputs.shape], inputs.dtype)),
    new Tensor(constant({ data: buffer.targets.subarray(0, n * sizeOf(targets.shape)) }, [n, ...targets.shape], targets.dtype)),
  ];
}

/** Loss and metrics over a whole data set. */
export async function measure(
  evaluation: ReturnType<typeof compileEvaluation>,
  state: Pick<TrainingState, "parameters" | "state">,
  data: Dataset,
  batchSize: number,
  metrics: readonly Metric[],
  prefix = "",
): Promise<Record<string, number>> {
  const { parameters, state: moduleState } = copyState(state);
  const totals = emptyTotals();
  const buffer = allocateBatch(data, Math.min(batchSize, data.size));
  let last = performance.now();
  for (const indices of batches(data, { batchSize, shuffle: false })) {
    const [x, y] = batchTensors(data, indices, buffer);
    const result = evaluation(parameters, moduleState, x, y);
    accumulate(totals, indices.length, result.loss.item(), result.metrics);
    if (performance.now() - last > turnMilliseconds) {
      await turn();
      last = performance.now();
    }
  }
  return means(totals, metrics, prefix);
}

/** The same values outside any program's memory. */
export function copyState<T>(state: T): T {
  return mapTree((t) => new Tensor(constant(readable(t), t.shape, t.dtype)), state);
}

/** Path of the first parameter that holds NaN or Inf. */
function nonFiniteParameter(state: TrainingState): string | undefined {
  const { leaves, structure } = flatten(state.parameters);
  const at = leaves.findIndex((t) => !readable(t).every((v: number) => Number.isFinite(v)));
  return at < 0 ? undefined : structure.paths[at];
}

function checkCursor(cursor: Cursor, now: { readonly seed: number; readonly batchSize: number; readonly data: string }): void {
  if (cursor.data !== now.data) {
    fail(
      "run",
      `resume: the training data are not those of the checkpoint (fingerprint ${now.data}, expected ${cursor.data}). Give the same data.`,
    );
  }
  for (const name of ["seed", "batchSize"] as const) {
    if (cursor[name] !== now[name])
      fail("run", `resume: ${name} is ${now[name]}, but the checkpoint was made with ${cursor[name]}. It must stay the same.`);
  }
}
