// Learning rates as functions of the number of steps taken so far, 0 at the first update. They are made of tensor operations, so that
// a compiled step computes its own rate; schedule(tensor(100)).item() is the rate of the 101st update.

import { fail } from "../graph/errors.ts";
import { minimum, where } from "../tensor/functions/elementwise.ts";
import { callable, describe, nodeOf, number } from "../tensor/operands.ts";
import { known } from "../tensor/options.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** From the number of steps taken (a float scalar) to the learning rate (a scalar). Any such function will do. */
export interface Schedule {
  (step: Tensor): Tensor;
  readonly kind?: string;
  readonly options?: Readonly<Record<string, unknown>>;
}

function schedule(kind: string, options: object, rate: (step: Tensor) => Tensor): Schedule {
  for (const [name, value] of Object.entries(options))
    if (value !== undefined && typeof value !== "object" && typeof value !== "boolean") number(kind, name, value);
  return Object.assign((step: Tensor) => rate(step), { kind, options: { ...options } });
}

function requireSteps(kind: string, name: string, steps: number): void {
  if (!(number(kind, name, steps) > 0 && Number.isFinite(steps)))
    fail("argument", `${kind}: ${name} must be a number of steps above 0, got ${steps}.`);
}

/** η(t) = rate. */
export function constant(rate: number): Schedule {
  return schedule("constant", { rate }, (t) => t.mul(0).add(rate));
}

export interface ExponentialDecayOptions {
  /** Factor by which the rate falls in `steps` steps. */
  readonly rate: number;
  readonly steps?: number;
  /** Fall at whole multiples of `steps` only, as torch.optim.lr_scheduler.StepLR does. */
  readonly staircase?: boolean;
}

/** η(t) = initial · rate^(t/steps). With steps 1 (the default) it is torch.optim.lr_scheduler.ExponentialLR. */
export function exponentialDecay(initial: number, options: ExponentialDecayOptions): Schedule {
  const { rate, steps = 1, staircase = false } = known("exponentialDecay", options, ["rate", "steps", "staircase"]);
  requireSteps("exponentialDecay", "steps", steps);
  if (!(number("exponentialDecay", "rate", rate) > 0)) fail("argument", `exponentialDecay: rate must be above 0, got ${rate}.`);
  return schedule("exponentialDecay", { initial, ...options }, (t) => {
    const periods = t.div(steps);
    return (staircase ? periods.floor() : periods).mul(Math.log(rate)).exp().mul(initial);
  });
}

/** η(t) = initial / (1 + rate·t/steps). (Robbins & Monro 1951 ask for a decay like this one.) */
export function inverseTime(initial: number, options: { readonly rate: number; readonly steps?: number }): Schedule {
  const { rate, steps = 1 } = known("inverseTime", options, ["rate", "steps"]);
  requireSteps("inverseTime", "steps", steps);
  return schedule("inverseTime", { initial, ...options }, (t) =>
    t
      .mul(rate / steps)
      .add(1)
      .reciprocal()
      .mul(initial),
  );
}

/**
 * η(t) = final + ½(initial − final)(1 + cos(π·min(t, steps)/steps)), half a cosine from initial down to final.
 * (Loshchilov & Hutter 2017, SGDR, without restarts; torch.optim.lr_scheduler.CosineAnnealingLR up to t = steps.)
 */
export function cosineDecay(initial: number, options: { readonly steps: number; readonly final?: number }): Schedule {
  const { steps, final = 0 } = known("cosineDecay", options, ["steps", "final"]);
  requireSteps("cosineDecay", "steps", steps);
  return schedule("cosineDecay", { initial, ...options }, (t) => anneal(initial, final, minimum(t, steps).div(steps)));
}

/** Half a cosine from `from` at s = 0 to `to` at s = 1. */
function anneal(from: number, to: number, s: Tensor): Tensor {
  return s
    .mul(Math.PI)
    .cos()
    .add(1)
    .mul((from - to) / 2)
    .add(to);
}

export interface PolynomialOptions {
  readonly steps: number;
  readonly final?: number;
  /** 1 (the default) is a straight line. */
  readonly power?: number;
}

/** η(t) = final + (initial − final)(1 − min(t, steps)/steps)^power. */
export function polynomial(initial: number, options: PolynomialOptions): Schedule {
  const { steps, final = 0, power = 1 } = known("polynomial", options, ["steps", "final", "power"]);
  requireSteps("polynomial", "steps", steps);
  return schedule("polynomial", { initial, ...options }, (t) => {
    const left = minimum(t, steps).div(-steps).add(1);
    return (power === 1 ? left : left.pow(power)).mul(initial - final).add(final);
  });
}

/** Constant pieces: [[0, 0.1], [1000, 0.01]] is 0.1 for the first 1000 steps and 0.01 from then on. */
export function piecewise(pieces: readonly (readonly [from: number, rate: number])[]): Schedule {
  const pairs =
    Array.isArray(pieces) && Array.from(pieces).every((p) => Array.isArray(p) && p.length === 2 && p.every(Number.isFinite));
  if (!pairs)
    fail("argument", `piecewise: the pieces must be an array of [from, rate] pairs of numbers, got ${describe(pieces)}.`);
  if (pieces.length === 0 || pieces[0][0] !== 0 || pieces.some(([from], i) => i > 0 && from <= pieces[i - 1][0])) {
    fail("argument", `piecewise: pieces must start at step 0 and ascend, got ${JSON.stringify(pieces)}.`);
  }
  return schedule("piecewise", { pieces }, (t) =>
    pieces.slice(1).reduce((rate, [from, next]) => where(t.greaterEqual(from), next, rate), t.mul(0).add(pieces[0][1])),
  );
}

/**
 * A straight line from `from` (default 0) up to `then`'s first rate over `steps` steps, then `then` counted from there. The rate is
 * from + (then(0) − from)·(t + 1)/steps, so that the first update already does something. (Goyal et al. 2017.)
 */
export function warmup(then: number | Schedule, options: { readonly steps: number; readonly from?: number }): Schedule {
  const { steps, from = 0 } = known("warmup", options, ["steps", "from"]);
  requireSteps("warmup", "steps", steps);
  if (typeof then !== "number") callable("warmup", "what follows, unless it is a number,", then);
  const later = typeof then === "number" ? constant(then) : then;
  return schedule("warmup", { rate: typeof then === "number" ? then : { kind: then.kind, ...then.options }, ...options }, (t) => {
    const target = later(t.mul(0));
    nodeOf("warmup (the schedule's result)", target);
    const rising = target
      .sub(from)
      .mul(minimum(t.add(1), steps).div(steps))
      .add(from);
    return where(t.less(steps), rising, later(t.sub(steps).maximum(0)));
  });
}

export interface OneCycleOptions {
  /** Length of the whole cycle. */
  readonly steps: number;
  /** Part of it that rises; default 0.3. */
  readonly rise?: number;
  /** It starts at peak / start; default 25. */
  readonly start?: number;
  /** It ends at peak / (start · end); default 10,000. */
  readonly end?: number;
}

/** Half a cosine up to `peak` and another down to almost nothing. (Smith & Topin 2018; torch.optim.lr_scheduler.OneCycleLR.) */
export function oneCycle(peak: number, options: OneCycleOptions): Schedule {
  const { steps, rise = 0.3, start = 25, end = 1e4 } = known("oneCycle", options, ["steps", "rise", "start", "end"]);
  requireSteps("oneCycle", "steps", steps);
  for (const [name, value] of Object.entries({ peak, rise, start, end })) number("oneCycle", name, value);
  const top = rise * steps - 1;
  const last = steps - 1;
  if (!(top > 0 && top < last)) {
    fail(
      "argument",
      `oneCycle: ${steps} steps with rise ${rise} leave no room to rise and fall; rise·steps must be above 1 and below steps.`,
    );
  }
  const initial = peak / start;
  return schedule("oneCycle", { peak, ...options }, (t) =>
    where(
      t.lessEqual(top),
      anneal(initial, peak, minimum(t, top).div(top)),
      anneal(
        peak,
        initial / end,
        minimum(t, last)
          .sub(top)
          .div(last - top),
      ),
    ),
  );
}
