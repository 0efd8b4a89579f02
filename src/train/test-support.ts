// Small problems that the tests of training share.

import { column, type Dataset, dataset } from "../data/dataset.ts";
import { crossEntropy } from "../losses/index.ts";
import * as nn from "../nn/index.ts";
import { adam } from "../optim/index.ts";
import type { FitOptions, FitResult } from "./fit.ts";
import { encodeSnapshot, type Snapshot } from "./snapshot.ts";

/** Points in the plane in three classes, on a spiral each; the same for the same size. */
export function points(size: number, name = "points"): Dataset {
  const inputs = new Float32Array(2 * size);
  const labels = new Int32Array(size);
  for (let i = 0; i < size; i++) {
    labels[i] = i % 3;
    const r = (i + 1) / size;
    const angle = 4 * r + (2 * Math.PI * labels[i]) / 3;
    inputs[2 * i] = r * Math.cos(angle);
    inputs[2 * i + 1] = r * Math.sin(angle);
  }
  return dataset({ name, inputs: column(inputs, [2]), targets: labels, classes: 3 });
}

/** Everything that is easily lost in a resumption: random numbers in the steps, running statistics. */
export const noisyModel = () => nn.sequential(nn.linear(2, 8), nn.batchNorm(8), nn.tanh(), nn.dropout(0.3), nn.linear(8, 3));

/** 22 examples in batches of 8, 8 and 6. */
export const noisyTraining = { data: points(22), batchesPerEpoch: 3, epochs: 3 };

export const noisyOptions = (): FitOptions => ({
  loss: crossEntropy,
  optimizer: adam({ learningRate: 0.05 }),
  epochs: noisyTraining.epochs,
  batchSize: 8,
  validation: points(10, "validation"),
  metrics: ["accuracy", "f1"],
  seed: 5,
});

/** The bytes of a snapshot, but for the clock: what must be equal after a resumption. */
export function timelessBytes({ state, cursor }: Snapshot): Uint8Array {
  const history = cursor.history.map((record) => ({ ...record, seconds: 0 }));
  return encodeSnapshot({ state, cursor: { ...cursor, history, seconds: 0, epochBegan: 0 } });
}

export function timeless(history: FitResult["history"]): object[] {
  return history.map((record) => ({ ...record, seconds: 0 }));
}
