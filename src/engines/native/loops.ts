// Loop kernels as C. One loop is vectorised: an outer one, so that lanes are different results, or in each step an inner one, so that
// lanes are partial results of one row, which are then combined. What does not move with a loop is computed before it; registers and the
// arithmetic of addresses are the C compiler's business.

import { fail } from "../../graph/errors.ts";
import type { LoopKernel, Step } from "../lowering/ir.ts";
import {
  chooseLoop,
  dependence,
  roundsUp,
  stepValues,
  tiled,
  touchesDoubles,
  unrollOf,
  type Vectorised,
  valuesOfStep,
} from "../lowering/vectorise.ts";
import { formulas, type Scope } from "./formulas.ts";
import { type Active, acrossLanes, combine, identityOf, lanesOf, onlyActive, typeOfLanes } from "./lanes.ts";
import type { Target } from "./target.ts";
import { type Writer, writer } from "./writer.ts";

interface Loop {
  readonly extent: number;
  /** Position in the strides of accesses in its scope. */
  readonly position: number;
  readonly vector: boolean;
}

/** Additions in a row to one register before it is added to a total: what is lost to rounding grows with this, not with the length. */
const longRun = 256;

/** How a loop kernel will be written. */
interface Shape {
  readonly kernel: LoopKernel;
  readonly width: number;
  readonly vectorised: Vectorised;
  /** Outer loops in the order they are nested, the vectorised one last. */
  readonly order: readonly number[];
  readonly unroll: number;
  /** Whether the vectorised loop runs over its end. */
  readonly whole: boolean;
}

function shapeOf(given: LoopKernel, target: Target): Shape {
  const { width } = lanesOf(target, touchesDoubles(given));
  const vectorised = chooseLoop(given, width, stepValues(given));
  const kernel = tiled(given, vectorised) ?? given;
  const vector = vectorised.kind === "outer" ? vectorised.loop : undefined;
  const order = kernel.outer.map((_, i) => i).filter((i) => i !== vector);
  if (vector !== undefined) order.push(vector);
  const unroll =
    vector === undefined ? 1 : unrollOf(kernel.values.length, kernel.outer[vector], width, kernel.reductions.length > 0);
  return { kernel, width, vectorised, order, unroll, whole: roundsUp(kernel, vector) };
}

/** The loop that threads divide, as an index into the order, and at what multiples it is cut; undefined: there is none worth it. */
function division({
  kernel,
  width,
  vectorised,
  order,
  unroll,
}: Shape): { readonly depth: number; readonly grain: number } | undefined {
  const pieces = order.map((loop) => {
    const grain = vectorised.kind === "outer" && vectorised.loop === loop ? unroll * width : 1;
    return { grain, count: Math.ceil(kernel.outer[loop] / grain) };
  });
  // The outermost that leaves threads equally busy; else the one with the most pieces.
  let depth = pieces.findIndex((p) => p.count >= 16);
  if (depth < 0) depth = pieces.reduce((best, p, i) => (best < 0 || p.count > pieces[best].count ? i : best), -1);
  return depth >= 0 && pieces[depth].count > 1 ? { depth, grain: pieces[depth].grain } : undefined;
}

/** Whether threads can divide the kernel. */
export function loopsDivide(kernel: LoopKernel, target: Target): boolean {
  return division(shapeOf(kernel, target)) !== undefined;
}

/** The body of the kernel's function, whose parameters are the slots' addresses s0, s1 …, and `thread` and `threads` if it is `divided`. */
export function renderLoops(given: LoopKernel, target: Target, divided: boolean): string {
  const shape = shapeOf(given, target);
  const { kernel, width, vectorised, order, unroll, whole } = shape;
  const lanes = lanesOf(target, touchesDoubles(given));
  const w: Writer = writer();
  const moving = stepValues(kernel);
  const depends = dependence(kernel);
  const outerRank = kernel.outer.length;
  const outerVector = vectorised.kind === "outer" ? vectorised.loop : undefined;
  const keyOf = (position: number) => (position < outerRank ? `o${position}` : `i${position - outerRank}`);
  /** Finished reductions, by "reduction.group". */
  const reduced = new Map<string, string>();
  const f = formulas(w, {
    lanes,
    values: kernel.values,
    variesWith: (index, position) => depends.on[index].has(keyOf(position)),
    slot: (index) => `s${index}`,
    given: (v, group) =>
      v.kind === "reduced" ? (reduced.get(`${v.reduction}.${group}`) ?? reduced.get(`${v.reduction}.0`)) : undefined,
  });

  /** for (variable = from; variable + step ≤ to; variable += step), known to accesses as the loop at `position`. */
  const loop = (position: number, opening: string, variable: string, body: () => void) => {
    w.block(opening, () => {
      f.loops.push({ position, variable, block: w.current });
      body();
      f.loops.pop();
    });
  };

  /**
   * A nest of loops: `hoist(depth)` before each, and at the bottom `body(vectors, active)` for the parts of the vectorised loop;
   * `flush` is done after every `longRun` rounds of the innermost. The loop at depth `cut` is divided among threads.
   */
  const nest = (
    loops: readonly Loop[],
    unrolled: number,
    overEnd: boolean,
    hoist: (depth: number) => void,
    body: (vectors: number, active: number) => void,
    flush?: () => void,
    cut?: { readonly depth: number; readonly grain: number },
  ) => {
    const enter = (depth: number) => {
      hoist(depth);
      if (depth === loops.length) {
        body(1, width);
        return;
      }
      const { extent, position, vector } = loops[depth];
      const variable = w.name("i");
      let from = "0";
      let to = String(extent);
      const isCut = cut?.depth === depth;
      if (isCut) {
        [from, to] = [w.name("from"), w.name("to")];
        w.line(`long ${from}, ${to};`);
        w.line(`gradus_part(${extent}, ${cut.grain}, thread, threads, &${from}, &${to});`);
      }
      const innermost = depth === loops.length - 1;
      const rounds = (step: number, count: number, inside: () => void) => {
        if (flush === undefined || !innermost || count <= longRun) {
          loop(position, `for (; ${variable} + ${step} <= ${to}; ${variable} += ${step})`, variable, inside);
          return;
        }
        const run = w.name("run");
        w.block(`while (${variable} + ${step} <= ${to})`, () => {
          w.line(`const long ${run} = ${variable} + ${longRun * step} < ${to} ? ${variable} + ${longRun * step} : ${to};`);
          loop(position, `for (; ${variable} + ${step} <= ${run}; ${variable} += ${step})`, variable, inside);
          flush();
        });
      };
      if (!vector) {
        w.line(`long ${variable} = ${from};`);
        rounds(1, extent, () => enter(depth + 1));
        return;
      }
      const vectors = overEnd ? Math.ceil(extent / width) : Math.floor(extent / width);
      const rest = overEnd ? 0 : extent % width;
      if (overEnd && extent % width !== 0) {
        if (isCut) w.line(`${to} = (${to} + ${width - 1}) / ${width} * ${width};`);
        else to = String(vectors * width);
      }
      w.line(`long ${variable} = ${from};`);
      if (vectors >= unrolled) rounds(unrolled * width, Math.floor(vectors / unrolled), () => body(unrolled, width));
      if (unrolled > 1 && vectors % unrolled > 0) rounds(width, 1, () => body(1, width));
      if (rest > 0) loop(position, isCut ? `if (${variable} < ${to})` : "", variable, () => body(1, rest));
    };
    enter(0);
  };

  const renderStep = (step: Step, stepIndex: number, outerScope: Scope, groups: number) => {
    if (step.inner.length === 0 && step.reductions.length === 0) {
      f.storeAll(step.stores, groups, outerScope);
      return;
    }
    const members = valuesOfStep(kernel, step, moving);
    // What the step reads from outside its loops is known before they start.
    const outside = new Set<number>();
    for (const i of members) {
      const v = kernel.values[i];
      if ("operands" in v) for (const o of v.operands) if (!moving[o]) outside.add(o);
    }
    for (const r of step.reductions) if (!moving[kernel.reductions[r].value]) outside.add(kernel.reductions[r].value);
    for (const s of step.stores) if (!moving[s.value]) outside.add(s.value);
    for (const o of outside) for (let g = 0; g < groups; g++) f.value(o, g, outerScope);

    const innerVector = vectorised.kind === "inner" ? vectorised.loops[stepIndex] : undefined;
    const extent = innerVector === undefined ? 0 : step.inner[innerVector];
    const unrolled = innerVector === undefined ? 1 : unrollOf(members.length, extent, width, step.reductions.length > 0);
    const partials = innerVector === undefined ? groups : Math.min(unrolled, Math.max(1, Math.floor(extent / width)));
    const registers = (r: number) => {
      const { reducer, dtype } = kernel.reductions[r];
      return Array.from({ length: partials }, () => {
        const name = w.name("a");
        w.line(`${typeOfLanes(lanes, dtype)} ${name} = ${identityOf(w, lanes, reducer, dtype)};`);
        return name;
      });
    };
    const accumulators = step.reductions.map(registers);
    const innermost =
      step.inner.length === 0 ? 0 : innerVector === undefined ? step.inner[step.inner.length - 1] : extent / width / unrolled;
    const isLong = innermost > longRun;
    const totals = step.reductions.map((r) => {
      const { reducer, dtype } = kernel.reductions[r];
      return isLong && reducer === "sum" && dtype !== "int32" ? registers(r) : [];
    });
    const flush = () => {
      step.reductions.forEach((r, k) => {
        const { reducer, dtype } = kernel.reductions[r];
        totals[k].forEach((total, g) => {
          w.line(`${total} = ${combine(lanes, reducer, dtype, total, accumulators[k][g])};`);
          w.line(`${accumulators[k][g]} = ${identityOf(w, lanes, reducer, dtype)};`);
        });
      });
    };
    const accumulate = (r: number, accumulator: string, group: number, scope: Scope) => {
      const { reducer, dtype, value } = kernel.reductions[r];
      const v = kernel.values[value];
      // A product is added unrounded where the processor can.
      if (reducer === "sum" && target.fma && v.kind === "apply" && v.compute === dtype && scope.active === width) {
        const [x, y = x] = v.operands;
        if (v.op.name === "mul" || v.op.name === "square") {
          const [p, q] = [f.value(x, group, scope), f.value(y, group, scope)];
          w.line(`${accumulator} = fma_${typeOfLanes(lanes, dtype)}(${p}, ${q}, ${accumulator});`);
          return;
        }
      }
      let x = f.value(value, group, scope);
      if (innerVector !== undefined && typeof scope.active === "number" && scope.active < width)
        x = onlyActive(w, lanes, dtype, scope.active, x, identityOf(w, lanes, reducer, dtype));
      w.line(`${accumulator} = ${combine(lanes, reducer, dtype, accumulator, x)};`);
    };

    const positions = step.inner.map((_, i) => i).filter((i) => i !== innerVector);
    if (innerVector !== undefined) positions.push(innerVector);
    const loops = positions.map((i): Loop => ({ extent: step.inner[i], position: outerRank + i, vector: i === innerVector }));
    // Values are computed before the innermost loop that they move with.
    const scopes: Scope["known"][] = [new Map(outerScope.known)];
    const inside = (vector: number | undefined, active: Active, known: Scope["known"]): Scope =>
      innerVector === undefined ? { known, vector: outerScope.vector, active: outerScope.active } : { known, vector, active };
    const body = (vectors: number, active: number) => {
      const scope = inside(innerVector === undefined ? undefined : outerRank + innerVector, active, new Map(scopes[0]));
      const count = innerVector === undefined ? groups : vectors;
      w.together(count, (g) => {
        step.reductions.forEach((r, k) => {
          accumulate(r, accumulators[k][g], g, scope);
        });
        for (const s of step.stores) f.value(s.value, g, scope);
      });
      f.storeAll(step.stores, count, scope);
    };
    const hoist = (depth: number) => {
      if (depth === loops.length) return;
      const open = new Set(loops.slice(depth).map((l) => keyOf(l.position)));
      const scope = inside(undefined, 1, scopes[0]);
      for (const i of members) {
        if ([...depends.on[i]].some((d) => open.has(d)) || kernel.values[i].kind === "constant") continue;
        for (let g = 0; g < (innerVector === undefined ? groups : 1); g++) f.value(i, g, scope);
      }
    };
    nest(loops, unrolled, false, hoist, body, isLong ? flush : undefined);
    if (isLong) flush();

    step.reductions.forEach((r, k) => {
      const { reducer, dtype } = kernel.reductions[r];
      const results = totals[k].length > 0 ? totals[k] : accumulators[k];
      if (innerVector === undefined) {
        results.forEach((name, g) => {
          reduced.set(`${r}.${g}`, name);
        });
        return;
      }
      const type = typeOfLanes(lanes, dtype);
      let pairs = results;
      while (pairs.length > 1) {
        const next: string[] = [];
        for (let i = 0; i < pairs.length; i += 2)
          next.push(i + 1 < pairs.length ? w.let(type, combine(lanes, reducer, dtype, pairs[i], pairs[i + 1])) : pairs[i]);
        pairs = next;
      }
      reduced.set(`${r}.0`, acrossLanes(w, lanes, reducer, dtype, pairs[0]));
    });
  };

  const outerLoops = order.map((i): Loop => ({ extent: kernel.outer[i], position: i, vector: i === outerVector }));
  const flat = kernel.values.map((_, i) => i).filter((i) => !moving[i]);
  const known: Scope["known"] = new Map();
  const cut = divided ? (division(shape) ?? fail("engine", `native: ${kernel.name} cannot be divided.`)) : undefined;
  nest(
    outerLoops,
    unroll,
    whole,
    (depth) => {
      if (depth === outerLoops.length) return;
      const open = new Set(outerLoops.slice(depth).map((l) => keyOf(l.position)));
      const scope: Scope = { known, vector: undefined, active: 1 };
      for (const i of flat) {
        if (kernel.values[i].kind === "constant" || depends.late[i] || [...depends.on[i]].some((d) => open.has(d))) continue;
        f.value(i, 0, scope);
      }
    },
    (vectors, active) => {
      const scope: Scope = { known: new Map(known), vector: outerVector, active };
      reduced.clear();
      kernel.steps.forEach((step, s) => {
        renderStep(step, s, scope, vectors);
      });
    },
    undefined,
    cut,
  );
  return w.text();
}
