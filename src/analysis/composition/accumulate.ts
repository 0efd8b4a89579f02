// Sums of many products in float64 with a-priori bounds of their errors: as sound as interval arithmetic, and as fast as floats.

import { spend } from "../../numeric/effort.ts";
import { add, type Interval, mul, point } from "../../numeric/interval.ts";
import { addDown, addUp } from "../../numeric/rounding.ts";
import type { Row } from "./rows.ts";

const unitRoundoff = 2 ** -53;

/** value ± error, where the value was computed with `operations` roundings on terms of total size `size`, plus what is uncertain. */
function around(value: number, size: number, operations: number, uncertain: number): Interval {
  // (1 + u)^k − 1 < 1.01·k·u for k·u < 0.01; sizes are themselves rounded. Products of less than 1e-290 may have lost digits to underflow.
  const error = (size * operations * unitRoundoff * 1.02 + uncertain * (1 + 1e-6)) * (1 + 1e-9) + operations * 1e-300;
  if (!Number.isFinite(value) || !Number.isFinite(error)) return { lower: -Infinity, upper: Infinity };
  return error <= operations * 1e-300 && size === 0 && uncertain === 0
    ? { lower: value, upper: value }
    : { lower: addDown(value, -error), upper: addUp(value, error) };
}

/** rowᵀv. */
export function along({ columns, values, scale, relative }: Row, v: ArrayLike<number>): Interval {
  spend(2 + columns.length / 40);
  let total = 0;
  let size = 0;
  for (let k = 0; k < columns.length; k++) {
    const p = values[k] * v[columns[k]];
    total += p;
    size += Math.abs(p);
  }
  const s = Math.abs(scale);
  return around(total * scale, size * s, columns.length + 4, size * s * relative);
}

/** Σ cᵢ·rowᵢ for numbers cᵢ in intervals, by coordinate. */
export interface Accumulator {
  add(row: Row, c: Interval): void;
  /** The sum so far. */
  total(): Interval[];
}

export function accumulator(n: number): Accumulator {
  return n <= 32 ? careful(n) : fast(n);
}

/** In interval arithmetic: exact numbers stay exact. */
function careful(n: number): Accumulator {
  const sum = new Array<Interval>(n).fill(point(0));
  return {
    add: ({ columns, values, scale, relative }, c) => {
      if (c.lower === 0 && c.upper === 0) return;
      spend(1 + columns.length);
      const spread = relative === 0 ? point(1) : { lower: addDown(1, -relative), upper: addUp(1, relative) };
      const factor = mul(mul(c, point(scale)), spread);
      for (let k = 0; k < columns.length; k++) sum[columns[k]] = add(sum[columns[k]], mul(factor, point(values[k])));
    },
    total: () => [...sum],
  };
}

function fast(n: number): Accumulator {
  const sum = new Float64Array(n);
  const size = new Float64Array(n);
  const slack = new Float64Array(n);
  let operations = 4;
  return {
    add: ({ columns, values, scale, relative }, c) => {
      const middle = c.lower === c.upper ? c.lower : c.lower / 2 + c.upper / 2;
      const radius = c.lower === c.upper ? 0 : Math.max(addUp(c.upper, -middle), addUp(middle, -c.lower));
      if (middle === 0 && radius === 0) return;
      operations += 4;
      spend(1 + columns.length / 20);
      const factor = middle * scale;
      const spread =
        (radius + Math.abs(middle) * relative * (1 + 1e-9)) * Math.abs(scale) * (1 + 1e-9) + radius * Math.abs(scale) * relative;
      for (let k = 0; k < columns.length; k++) {
        const at = columns[k];
        const v = values[k];
        const p = factor * v;
        sum[at] += p;
        size[at] += Math.abs(p);
        if (spread !== 0) slack[at] += spread * Math.abs(v);
      }
    },
    total: () => Array.from(sum, (x, i) => around(x, size[i], operations, slack[i] * (1 + operations * 2 ** -52))),
  };
}
