// How the time of a training step grows with batch, width, depth and the length of sequences. Usage: growth.ts ENGINE THREADS

import { classifier, recurrent, transformer, type Workload } from "../workloads.ts";
import { microsecondsOf, placeGiven, print } from "./place.ts";

interface Growth {
  readonly model: string;
  readonly along: string;
  readonly values: readonly number[];
  readonly workload: (value: number) => Workload;
}

const growths: readonly Growth[] = [
  { model: "784-128-10", along: "batch", values: [1, 4, 16, 64, 256, 1024], workload: (n) => classifier([784, 128, 10], n) },
  { model: "784-n-10 batch 64", along: "width", values: [32, 128, 512, 2048], workload: (n) => classifier([784, n, 10], 64) },
  {
    model: "784-128-…-10 batch 64",
    along: "hidden layers",
    values: [1, 2, 4, 8, 16],
    workload: (n) => classifier([784, ...new Array<number>(n).fill(128), 10], 64),
  },
  { model: "GRU 16-64 batch 32", along: "steps", values: [8, 32, 128], workload: (n) => recurrent(n, 32) },
  { model: "transformer batch 8", along: "tokens", values: [16, 64, 256], workload: (n) => transformer(n, 8) },
];

const place = placeGiven();
for (const { model, along, values, workload } of growths)
  for (const value of values) {
    const step = workload(value).start(place);
    print({ model, along, value, us: Number(microsecondsOf(step).toPrecision(4)) });
  }
