// Loop kernels as WebAssembly. One loop is vectorised: an outer one, so that lanes are different results, or in each step an inner
// one, so that lanes are partial results of one row, which are then combined. What does not move with a loop is computed before it.

import { bytesPerElement } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import type { Access, LoopKernel, Step, Store, Value } from "../lowering/ir.ts";
import { isIndependent } from "../lowering/parallel.ts";
import {
  chooseLoop,
  dependence,
  roundsUp,
  stepValues,
  tiled,
  touchesDoubles,
  unrollOf,
  valuesOfStep,
} from "../lowering/vectorise.ts";
import { type Expression, type FunctionBuilder, type Local, type Operand, op, sum, wordsConstant } from "./assembler.ts";
import { loadElements, type Place, storeElements, type Width } from "./lanes.ts";
import { inLast, type Part, share } from "./part.ts";
import { acrossLanes, combine, identityOf, onlyActive } from "./reducers.ts";
import { formulaWriter } from "./values.ts";

interface Loop {
  readonly extent: number;
  /** Position in the strides of accesses in its scope. */
  readonly position: number;
  readonly vector: boolean;
  /** Which rounds this thread does, if not all. */
  readonly part?: Part | undefined;
}

/** Additions in a row to one register before it is added to a total: what is lost to rounding grows with this, not with the length. */
const longRun = 256;

/** A byte offset kept in a local: moved by each loop by that loop's stride. */
interface Stream {
  readonly local: Local;
  /** Bytes per round of each loop position in scope. */
  readonly strides: readonly number[];
}

/** Enough rounds for a loop to be divided well among threads, however many. */
const manyRounds = 32;

/** The outer loop that threads divide: the outermost with many rounds, or the one with most; undefined: none has two. */
function dividedLoop(kernel: LoopKernel, order: readonly number[], roundsOf: (loop: number) => number): number | undefined {
  let best: number | undefined;
  for (const loop of order) {
    if (!isIndependent(kernel, loop)) continue;
    if (roundsOf(loop) >= manyRounds) return loop;
    if (roundsOf(loop) > (best === undefined ? 1 : roundsOf(best))) best = loop;
  }
  return best;
}

function shapeOf(given: LoopKernel) {
  const width: Width = touchesDoubles(given) ? 2 : 4;
  const vectorised = chooseLoop(given, width, stepValues(given));
  const kernel = tiled(given, vectorised) ?? given;
  const outerVector = vectorised.kind === "outer" ? vectorised.loop : undefined;
  // The vectorised loop is the innermost.
  const outerOrder = kernel.outer.map((_, i) => i).filter((i) => i !== outerVector);
  if (outerVector !== undefined) outerOrder.push(outerVector);
  const roundsOf = (loop: number) => Math.floor(kernel.outer[loop] / (loop === outerVector ? width : 1));
  return { width, vectorised, kernel, outerVector, outerOrder, divided: dividedLoop(kernel, outerOrder, roundsOf) };
}

/** Whether threads can divide the kernel. */
export function canDivideLoops(kernel: LoopKernel): boolean {
  return shapeOf(kernel).divided !== undefined;
}

/** Writes the kernel's code, or that of a thread's part; the function's first parameters are the addresses of the slots. */
export function emitLoops(f: FunctionBuilder, given: LoopKernel, part?: Part): void {
  const { width, vectorised, kernel, outerVector, outerOrder, divided } = shapeOf(given);
  const moving = stepValues(kernel);
  const bases = f.parameters;
  const formula = formulaWriter(f, width, kernel.values);
  const outerRank = kernel.outer.length;
  const scaled = (access: Access, bytes: number) => access.strides.map((s) => s * bytes);
  const keyOf = (strides: readonly number[]) => strides.join();

  // Streams of the outer loops: one for each way of moving with them.
  const outerStreams = new Map<string, Stream>();
  const stepStreams = new Map<string, Stream>();
  const outerStream = (strides: readonly number[]): Stream | undefined => {
    const own = strides.slice(0, outerRank);
    if (own.every((s) => s === 0)) return undefined;
    return outerStreams.get(keyOf(own));
  };
  const needOuter = (strides: readonly number[]) => {
    const own = strides.slice(0, outerRank);
    if (own.some((s) => s !== 0) && !outerStreams.has(keyOf(own))) {
      outerStreams.set(keyOf(own), { local: f.local("i32", 0), strides: own });
    }
  };
  for (const v of kernel.values) {
    if (v.kind === "load") needOuter(scaled(v.access, bytesPerElement[v.dtype]));
    if (v.kind === "index") needOuter(v.strides);
  }
  for (const step of kernel.steps) for (const s of step.stores) needOuter(scaled(s.access, bytesPerElement[s.dtype]));

  const streamFor = (strides: readonly number[]): Expression | undefined => {
    if (strides.length <= outerRank) return outerStream(strides)?.local;
    const stream = stepStreams.get(keyOf(strides));
    check: if (stream === undefined) fail("engine", "loops: a stream is missing.");
    return stream?.local;
  };
  const placeOf = (access: Access, bytes: number, offset: number): Place => {
    const strides = scaled(access, bytes);
    const stream = streamFor(strides);
    const base = bases[access.slot];
    if (stream === undefined) return { address: base, offset };
    // An offset in an instruction must not make up for a negative address.
    if (strides.some((s) => s < 0)) return { address: sum(base, stream, offset), offset: 0 };
    return { address: sum(base, stream), offset };
  };

  /** Values known in the code being written, per vector of the round: those of enclosing scopes, then those of this one. */
  type Known = Map<string, Expression>;
  interface Scope {
    readonly known: Known;
    /** Loop position (in strides) of the lanes; undefined: all lanes are the same. */
    readonly vector: number | undefined;
    /** Lanes in use. */
    readonly active: number;
  }
  const reduced = new Map<string, Expression>();

  const depends = dependence(kernel);

  const valueAt = (index: number, group: number, scope: Scope): Expression => {
    const known =
      scope.known.get(`${index}.${group}`) ?? (variesWith(index, scope.vector) ? undefined : scope.known.get(`${index}.0`));
    if (known !== undefined) return known;
    const made = compute(kernel.values[index], variesWith(index, scope.vector) ? group : 0, scope);
    scope.known.set(`${index}.${variesWith(index, scope.vector) ? group : 0}`, made);
    return made;
  };
  const variesWith = (index: number, vector: number | undefined): boolean =>
    vector !== undefined && depends.on[index].has(loopKey(vector));
  const loopKey = (vector: number) => (vector < outerRank ? `o${vector}` : `i${vector - outerRank}`);

  const compute = (v: Value, group: number, scope: Scope): Expression => {
    const { vector, active } = scope;
    switch (v.kind) {
      case "load": {
        const bytes = bytesPerElement[v.dtype];
        const stride = vector === undefined ? 0 : (v.access.strides[vector] ?? 0);
        const offset = (v.access.offset + group * width * stride) * bytes;
        return loadElements(f, width, v.dtype, placeOf(v.access, bytes, offset), stride, active);
      }
      case "index": {
        const stride = vector === undefined ? 0 : (v.strides[vector] ?? 0);
        const start = sum(streamFor(v.strides) ?? 0, v.offset + group * width * stride);
        const first = f.let(op("i32x4.splat", start));
        if (stride === 0) return first;
        return f.let(op("i32x4.add", first, f.hoisted(wordsConstant([0, stride, 2 * stride, 3 * stride]))));
      }
      case "reduced":
        check: if (!reduced.has(`${v.reduction}.0`)) fail("engine", `loops: reduction ${v.reduction} is read before it is made.`);
        return reduced.get(`${v.reduction}.${group}`) ?? reduced.get(`${v.reduction}.0`)!;
      case "product":
        return fail("engine", "loops: there is no product here.");
      default:
        return formula(v, (o) => valueAt(o, group, scope));
    }
  };

  const store = (s: Store, group: number, scope: Scope) => {
    const bytes = bytesPerElement[s.dtype];
    const stride = scope.vector === undefined ? 0 : (s.access.strides[scope.vector] ?? 0);
    const offset = (s.access.offset + group * width * stride) * bytes;
    const lanes = scope.vector === undefined || stride === 0 ? 1 : scope.active;
    storeElements(
      f,
      width,
      s.dtype,
      placeOf(s.access, bytes, offset),
      lanes === 1 ? 1 : stride,
      lanes,
      valueAt(s.value, group, scope),
    );
  };

  /** All values are computed before the first is stored: a result may lie where an operand of another was. */
  const storeAll = (stores: readonly Store[], groups: number, scope: Scope) => {
    for (let g = 0; g < groups; g++) {
      for (const s of stores) valueAt(s.value, g, scope);
      for (const s of stores) store(s, g, scope);
    }
  };

  /** Rounds of one loop, with its streams moved along; `flush` is done after every `longRun` of them. */
  const rounds = (
    times: Operand,
    stride: number,
    position: number,
    streams: readonly Stream[],
    body: () => void,
    flush?: () => void,
  ) => {
    const moved = streams
      .filter((s) => (s.strides[position] ?? 0) !== 0)
      .map((s): readonly [Local, number] => [s.local, s.strides[position] * stride]);
    const run = (count: Operand) => {
      if (count === 0) return;
      f.scoped(() => f.repeat(count, moved.length > 0 ? moved : [[f.local("i32", 0), 1]], () => f.scoped(body)));
    };
    if (flush === undefined || typeof times !== "number" || times <= longRun) {
      run(times);
      return;
    }
    f.scoped(() => {
      f.repeat(Math.floor(times / longRun), [[f.local("i32", 0), 1]], () => {
        run(longRun);
        flush();
      });
    });
    run(times % longRun);
  };
  const rewind = (position: number, extent: number, streams: readonly Stream[]) => {
    for (const s of streams) if ((s.strides[position] ?? 0) !== 0) f.increment(s.local, -extent * s.strides[position]);
  };
  /** A thread's part of a loop of `times` rounds. Afterwards the streams stand at the loop's end, as if all had been done. */
  const partOfRounds = (
    part: Part,
    times: number,
    stride: number,
    position: number,
    streams: readonly Stream[],
    body: () => void,
  ) => {
    const { from, to } = share(f, part, times);
    const skip = (count: Expression) => {
      for (const s of streams) {
        const step = (s.strides[position] ?? 0) * stride;
        if (step !== 0) f.increment(s.local, op("i32.mul", count, step));
      }
    };
    skip(from);
    rounds(f.let(op("i32.sub", to, from)), stride, position, streams, body);
    skip(op("i32.sub", times, to));
  };

  /** A nest of loops: `hoist(depth)` before each, and at the bottom `body(vectors, active)` for the sections of the vectorised loop. */
  const nest = (
    loops: readonly Loop[],
    streams: readonly Stream[],
    unroll: number,
    whole: boolean,
    hoist: (depth: number) => void,
    body: (vectors: number, active: number) => void,
    flush?: () => void,
  ) => {
    const enter = (depth: number) => {
      hoist(depth);
      if (depth === loops.length) {
        body(1, width);
        return;
      }
      const { extent, position, vector, part } = loops[depth];
      if (!vector) {
        if (part) partOfRounds(part, extent, 1, position, streams, () => enter(depth + 1));
        else rounds(extent, 1, position, streams, () => enter(depth + 1), depth === loops.length - 1 ? flush : undefined);
        if (depth > 0) rewind(position, extent, streams);
        return;
      }
      const vectors = whole ? Math.ceil(extent / width) : Math.floor(extent / width);
      const blocks = Math.floor(vectors / unroll);
      const rest = whole ? 0 : extent % width;
      const left = vectors - blocks * unroll;
      const remainder = () => {
        if (left > 0) rounds(left, width, position, streams, () => body(1, width));
        if (rest > 0) f.scoped(() => body(1, rest));
      };
      if (part) {
        partOfRounds(part, blocks, unroll * width, position, streams, () => body(unroll, width));
        inLast(f, part, () => {
          remainder();
          rewind(position, left * width, streams);
        });
        if (depth > 0) rewind(position, blocks * unroll * width, streams);
        return;
      }
      rounds(blocks, unroll * width, position, streams, () => body(unroll, width), flush);
      remainder();
      if (depth > 0) rewind(position, vectors * width, streams);
    };
    enter(0);
  };

  const emitStep = (step: Step, stepIndex: number, outerScope: Scope, groups: number) => {
    if (step.inner.length === 0 && step.reductions.length === 0) {
      storeAll(step.stores, groups, outerScope);
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
    for (const o of outside) for (let g = 0; g < groups; g++) valueAt(o, g, outerScope);

    const innerVector = vectorised.kind === "inner" ? vectorised.loops[stepIndex] : undefined;
    const extent = innerVector === undefined ? 0 : step.inner[innerVector];
    const unroll = innerVector === undefined ? 1 : unrollOf(members.length, extent, width, step.reductions.length > 0);
    const partials = innerVector === undefined ? groups : Math.min(unroll, Math.max(1, Math.floor(extent / width)));
    const accumulators = step.reductions.map((r) => {
      const { reducer, dtype } = kernel.reductions[r];
      return Array.from({ length: partials }, () => f.local("v128", identityOf(f, reducer, dtype)));
    });

    const innermost =
      step.inner.length === 0 ? 0 : innerVector === undefined ? step.inner[step.inner.length - 1] : extent / width / unroll;
    const isLong = innermost > longRun;
    const totals = step.reductions.map((r, k) => {
      const { reducer, dtype } = kernel.reductions[r];
      return isLong && reducer === "sum" && dtype !== "int32"
        ? accumulators[k].map(() => f.local("v128", identityOf(f, reducer, dtype)))
        : [];
    });
    const flush = () => {
      step.reductions.forEach((r, k) => {
        const { reducer, dtype } = kernel.reductions[r];
        totals[k].forEach((total, g) => {
          f.set(total, combine(reducer, dtype, total, accumulators[k][g]));
          f.set(accumulators[k][g], identityOf(f, reducer, dtype));
        });
      });
    };

    f.scoped(() => {
      const positions = step.inner.map((_, i) => i).filter((i) => i !== innerVector);
      if (innerVector !== undefined) positions.push(innerVector);
      const loops = positions.map((i): Loop => ({ extent: step.inner[i], position: outerRank + i, vector: i === innerVector }));
      stepStreams.clear();
      const need = (strides: readonly number[]) => {
        if (strides.length <= outerRank || stepStreams.has(keyOf(strides))) return;
        const start = outerStream(strides);
        stepStreams.set(keyOf(strides), { local: f.local("i32", start ? start.local : 0), strides });
      };
      for (const i of members) {
        const v = kernel.values[i];
        if (v.kind === "load") need(scaled(v.access, bytesPerElement[v.dtype]));
        if (v.kind === "index") need(v.strides);
      }
      for (const s of step.stores) need(scaled(s.access, bytesPerElement[s.dtype]));
      const streams = [...stepStreams.values()];

      // Values are computed before the innermost loop that they move with.
      const known: Known = new Map(outerScope.known);
      const bodies = (vectors: number, active: number) => {
        const scope: Scope =
          innerVector === undefined
            ? { known: new Map(known), vector: outerScope.vector, active: outerScope.active }
            : { known: new Map(known), vector: outerRank + innerVector, active };
        const count = innerVector === undefined ? groups : vectors;
        for (let g = 0; g < count; g++) {
          step.reductions.forEach((r, k) => {
            const { reducer, dtype, value } = kernel.reductions[r];
            let x = valueAt(value, g, scope);
            if (innerVector !== undefined && active < width)
              x = onlyActive(f, width, dtype, active, x, identityOf(f, reducer, dtype));
            f.set(accumulators[k][g], combine(reducer, dtype, accumulators[k][g], x));
          });
        }
        storeAll(step.stores, count, scope);
      };
      const hoist = (depth: number) => {
        if (depth === loops.length) return;
        const open = new Set(loops.slice(depth).map((l) => `i${l.position - outerRank}`));
        const scope: Scope = {
          known,
          vector: innerVector === undefined ? outerScope.vector : undefined,
          active: innerVector === undefined ? outerScope.active : 1,
        };
        for (const i of members) {
          if ([...depends.on[i]].some((d) => open.has(d)) || kernel.values[i].kind === "constant") continue;
          for (let g = 0; g < (innerVector === undefined ? groups : 1); g++) valueAt(i, g, scope);
        }
      };
      nest(loops, streams, unroll, false, hoist, bodies, isLong ? flush : undefined);
      if (isLong) flush();

      step.reductions.forEach((r, k) => {
        const { reducer, dtype } = kernel.reductions[r];
        if (innerVector === undefined) {
          for (let g = 0; g < groups; g++) reduced.set(`${r}.${g}`, totals[k][g] ?? accumulators[k][g]);
          return;
        }
        let list: Expression[] = totals[k].length > 0 ? totals[k] : accumulators[k];
        while (list.length > 1) {
          const next: Expression[] = [];
          for (let i = 0; i < list.length; i += 2)
            next.push(i + 1 < list.length ? f.let(combine(reducer, dtype, list[i], list[i + 1])) : list[i]);
          list = next;
        }
        const total = acrossLanes(f, width, reducer, dtype, list[0]);
        f.set(accumulators[k][0], total);
        reduced.set(`${r}.0`, accumulators[k][0]);
      });
    });
  };

  // The outer nest.
  const outerLoops = outerOrder.map(
    (i): Loop => ({
      extent: kernel.outer[i],
      position: i,
      vector: i === outerVector,
      part: i === divided ? part : undefined,
    }),
  );
  const known: Known = new Map();
  const flat = kernel.values.map((_, i) => i).filter((i) => !moving[i]);
  const hasReductions = kernel.reductions.length > 0;
  const whole = roundsUp(kernel, outerVector);
  const outerExtent = outerVector === undefined ? 0 : kernel.outer[outerVector];
  const wanted = outerVector === undefined ? 1 : unrollOf(kernel.values.length, outerExtent, width, hasReductions);
  // Few vectors are dealt out one by one.
  const unroll = part && divided === outerVector && outerExtent < manyRounds * width ? 1 : wanted;
  nest(
    outerLoops,
    [...outerStreams.values()],
    unroll,
    whole,
    (depth) => {
      if (depth === outerLoops.length) return;
      const open = new Set(outerLoops.slice(depth).map((l) => `o${l.position}`));
      const scope: Scope = { known, vector: undefined, active: 1 };
      for (const i of flat) {
        if (kernel.values[i].kind === "constant" || depends.late[i] || [...depends.on[i]].some((d) => open.has(d))) continue;
        valueAt(i, 0, scope);
      }
    },
    (vectors, active) => {
      const scope: Scope = { known: new Map(known), vector: outerVector, active };
      reduced.clear();
      kernel.steps.forEach((step, s) => emitStep(step, s, scope, vectors));
    },
  );
}
