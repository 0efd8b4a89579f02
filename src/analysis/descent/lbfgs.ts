// Limited-memory BFGS with a strong Wolfe line search (Liu & Nocedal 1989; Nocedal & Wright, algorithms 7.4 and 7.5).

import { rayFrom, strongWolfe } from "./line-search.ts";
import type { Objective } from "./objective.ts";
import type { Stepper } from "./path.ts";
import { along, combine, dot, norm } from "./vectors.ts";

interface Pair {
  readonly s: Float64Array;
  readonly y: Float64Array;
  /** 1/sᵀy */
  readonly rho: number;
}

/** H·g by the two-loop recursion. */
function product(pairs: readonly Pair[], gradient: Float64Array): Float64Array {
  let q = gradient;
  const alphas: number[] = [];
  for (let i = pairs.length - 1; i >= 0; i--) {
    alphas[i] = pairs[i].rho * dot(pairs[i].s, q);
    q = along(q, -alphas[i], pairs[i].y);
  }
  const last = pairs[pairs.length - 1];
  q = q.map((v) => v / (last.rho * dot(last.y, last.y)));
  for (const [i, { s, y, rho }] of pairs.entries()) q = along(q, alphas[i] - rho * dot(y, q), s);
  return q;
}

export function lbfgsStepper(objective: Objective, memory = 10): Stepper {
  let pairs: Pair[] = [];
  return {
    advance: (_k, at) => {
      for (;;) {
        const size = norm(at.gradient);
        const quasi = pairs.length > 0 ? product(pairs, at.gradient) : undefined;
        const usable = quasi !== undefined && dot(quasi, at.gradient) > 0 && Number.isFinite(norm(quasi));
        const direction = usable ? quasi.map((v) => -v) : at.gradient.map((v) => -v);
        const probe = strongWolfe(rayFrom(objective, at.x, at, direction), usable ? 1 : Math.min(1, 1 / size));
        if (!probe) {
          if (pairs.length === 0) return "stuck";
          pairs = [];
          continue;
        }
        const s = combine(1, probe.x, -1, at.x);
        const y = combine(1, probe.gradient, -1, at.gradient);
        const curvature = dot(s, y);
        if (curvature > 1e-16 * norm(s) * norm(y)) pairs = [...pairs, { s, y, rho: 1 / curvature }].slice(-memory);
        return { x: probe.x, step: probe.step, evaluation: probe };
      }
    },
  };
}
