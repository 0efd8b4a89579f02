// All routines at once, for graphs that are built from nodes and not from tensors, as tests build them.

import { useControl } from "./control.ts";
import { convolutionRoutines } from "./convolution.ts";
import { cumulativeRoutines } from "./cumulative.ts";
import { poolingRoutines } from "./pooling.ts";
import { useRoutines } from "./routines.ts";

export function useEveryRoutine(): void {
  useRoutines({ ...convolutionRoutines, ...cumulativeRoutines, ...poolingRoutines });
  useControl();
}
