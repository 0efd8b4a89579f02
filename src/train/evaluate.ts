// Loss and metrics over a whole data set.

import type { Dataset } from "../data/dataset.ts";
import type { Metric } from "../metrics/index.ts";
import { rowsOf } from "./feed.ts";
import { accumulate, emptyTotals, means } from "./history.ts";
import type { EvaluationStep, TrainingState } from "./step.ts";
import { turns } from "./turns.ts";

export interface MeasureOptions {
  readonly batchSize: number;
  readonly metrics: readonly Metric[];
  /** Put before the names, as "val_". */
  readonly prefix?: string;
  readonly signal?: AbortSignal | undefined;
}

/** The means over `data`, in its own order; undefined when the signal was aborted meanwhile. `state` must not be donated meanwhile. */
export async function measure(
  evaluation: EvaluationStep,
  state: Pick<TrainingState, "parameters" | "state">,
  data: Dataset,
  { batchSize, metrics, prefix = "", signal }: MeasureOptions,
): Promise<Record<string, number> | undefined> {
  const totals = emptyTotals();
  const turn = turns();
  for (let from = 0; from < data.size; from += batchSize) {
    if (signal?.aborted) return undefined;
    const to = Math.min(from + batchSize, data.size);
    const result = evaluation(state.parameters, state.state, rowsOf(data.inputs, from, to), rowsOf(data.targets, from, to));
    accumulate(totals, to - from, result.loss.item(), result.metrics);
    if (turn.due()) await turn.take();
  }
  return means(totals, metrics, prefix);
}
