// Samples of loops and choices.

import { scalar } from "../../graph/structural.ts";
import { add, mul } from "../arithmetic.ts";
import { less } from "../comparison.ts";
import { cond, scan, whileLoop } from "../control.ts";
import { tanh } from "../hyperbolic.ts";
import { matmul } from "../matmul.ts";
import { sum } from "../sum.ts";
import type { Sample } from "./sample.ts";

const half = (dtype: "float32" | "float64" | "int32" | "bool") => scalar(0.5, dtype);

export const controlSamples = {
  scan: [
    {
      about: "a recurrent cell with weights from outside",
      inputs: [{ shape: [2, 3] }, { shape: [4, 2, 3] }, { shape: [3, 3], range: [-1, 1] }],
      build: (h, xs, w) => {
        const { carry, ys } = scan(
          ([state], [x]) => {
            const next = tanh(add(matmul(state, w), x));
            return { carry: [next], ys: [next] };
          },
          [h],
          [xs],
        );
        return add(sum(ys[0], 0), carry[0]);
      },
    },
    {
      about: "two carries, reversed",
      inputs: [{ shape: [] }, { shape: [3] }, { shape: [5, 3] }],
      build: (a, b, xs) => {
        const { carry } = scan(
          ([s, v], [x]) => ({ carry: [add(s, sum(mul(v, x))), mul(add(v, x), half(v.dtype))], ys: [] }),
          [a, b],
          [xs],
          {
            reverse: true,
          },
        );
        return mul(carry[0], carry[1]);
      },
    },
    {
      about: "no steps",
      inputs: [{ shape: [2] }, { shape: [0, 2] }],
      build: (c, xs) => scan(([s], [x]) => ({ carry: [add(s, x)], ys: [] }), [c], [xs]).carry[0],
    },
  ],
  while: [
    {
      about: "doubles until 10",
      inputs: [{ shape: [], range: [0.5, 2] }],
      // Reverse mode does not exist for while.
      order: 0,
      build: (x) =>
        whileLoop(
          ([c]) => less(c, scalar(10, c.dtype)),
          ([c]) => [add(c, c)],
          [x],
        )[0],
    },
  ],
  cond: [
    {
      about: "takes the first branch",
      inputs: [{ shape: [3], range: [-2, -1] }],
      build: (x) =>
        cond(
          less(sum(x), scalar(0, x.dtype)),
          ([v]) => [mul(v, v)],
          ([v]) => [tanh(v)],
          [x],
        )[0],
    },
    {
      about: "takes the second branch",
      inputs: [{ shape: [3], range: [1, 2] }],
      build: (x) =>
        cond(
          less(sum(x), scalar(0, x.dtype)),
          ([v]) => [mul(v, v)],
          ([v]) => [tanh(v)],
          [x],
        )[0],
    },
  ],
} satisfies Record<string, readonly Sample[]>;
