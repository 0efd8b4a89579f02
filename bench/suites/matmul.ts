// Square products from 64 to 2048, in float32 and float64. Usage: matmul.ts ENGINE THREADS

import { random } from "../../src/index.ts";
import { microsecondsOf, placeGiven, print, programOf } from "./place.ts";

const place = placeGiven();
for (const dtype of ["float32", "float64"] as const)
  for (const size of [64, 128, 256, 512, 1024, 2048]) {
    // The interpreter is the reference, not a contestant.
    if (place.engine === "interpreter" && size > 256) continue;
    const operands = [1, 2].map((seed) => random.normal(random.key(seed), [size, size]).cast(dtype));
    const program = programOf((a, b) => a.matmul(b), operands, place);
    const us = microsecondsOf(() => program.execute());
    print({ dtype, size, us: Number(us.toPrecision(4)), gflops: Number(((2 * size ** 3) / us / 1e3).toPrecision(4)) });
  }
