// The routine of cumulative sums: lanes run across the axis, so that every one of them sums in the same order as the room.

import { bytesPerElement } from "../../graph/dtype.ts";
import { sizeOf, stridesOf } from "../../graph/shape.ts";
import type { CumulativeAttributes } from "../../ops/cumulative.ts";
import type { WholeKernel } from "../lowering/ir.ts";
import { type FunctionBuilder, op, splatConstant, sum } from "./assembler.ts";
import { loadElements, storeElements, type Width } from "./lanes.ts";
import { around, type Routines } from "./routines.ts";

export const cumulativeRoutines: Routines = {
  cumulativeSum: (kernel, a) => ({ scratch: 0, emit: (f) => emitCumulativeSum(f, kernel, a as CumulativeAttributes) }),
};

function emitCumulativeSum(f: FunctionBuilder, kernel: WholeKernel, { axis, reverse, exclusive }: CumulativeAttributes): void {
  const [{ shape, dtype }] = kernel.inputs;
  const [x, y] = f.parameters;
  const n = shape[axis];
  if (sizeOf(shape) === 0) return;
  const bytes = bytesPerElement[dtype];
  const stride = stridesOf(shape)[axis] * bytes;
  const width: Width = dtype === "float64" ? 2 : 4;
  const lanes = dtype === "float64" ? "f64x2" : dtype === "float32" ? "f32x4" : "i32x4";
  around(
    f,
    shape,
    axis,
    width,
    [
      { base: x, bytes, whole: true },
      { base: y, bytes, whole: true },
    ],
    ([source, target], active) => {
      const start = reverse ? (n - 1) * stride : 0;
      const step = reverse ? -stride : stride;
      const total = f.local("v128", splatConstant("i32x4", 0));
      const from = f.let(sum(source, start));
      const to = f.let(sum(target, start));
      f.repeat(
        n,
        [
          [to, step],
          [from, step],
        ],
        () => {
          const value = loadElements(f, width, dtype, { address: from, offset: 0 }, active === 1 ? 0 : 1, active);
          if (exclusive) storeElements(f, width, dtype, { address: to, offset: 0 }, 1, active, total);
          f.set(total, op(`${lanes}.add`, total, value));
          if (!exclusive) storeElements(f, width, dtype, { address: to, offset: 0 }, 1, active, total);
        },
      );
    },
  );
}
