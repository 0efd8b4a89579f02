// Samples of every primitive (the compiler says which lacks them), and of the named compositions.

import type { PrimitiveName } from "../registry.ts";
import { compositionSamples } from "./compositions.ts";
import { contractionSamples } from "./contraction.ts";
import { controlSamples } from "./control.ts";
import { elementwiseSamples } from "./elementwise.ts";
import { linalgSamples } from "./linalg.ts";
import { randomSamples } from "./random.ts";
import { reductionSamples } from "./reduction.ts";
import type { Sample } from "./sample.ts";
import { structureSamples } from "./structure.ts";

const primitiveSamples: Readonly<Record<PrimitiveName, readonly Sample[]>> = {
  ...elementwiseSamples,
  ...reductionSamples,
  ...structureSamples,
  ...contractionSamples,
  ...linalgSamples,
  ...randomSamples,
  ...controlSamples,
};

export const samples: Readonly<Record<string, readonly Sample[]>> = { ...primitiveSamples, ...compositionSamples };
