// The values of a kernel as C, at one place of its loops: each is computed once for every place it moves to, vector by vector of a round.

import type { FloatDType } from "../../graph/dtype.ts";
import { fail } from "../../graph/errors.ts";
import type { Algebra } from "../../numeric/algebra.ts";
import { threefry2x32 } from "../../numeric/random.ts";
import type { Access, Store, Value } from "../lowering/ir.ts";
import { floatAlgebra, integerAlgebra, literal } from "./algebra.ts";
import {
  type Active,
  bytesOf,
  castElements,
  constantElements,
  type Lanes,
  loadElements,
  maskFor,
  maskFrom,
  plus,
  storeElements,
} from "./lanes.ts";
import type { Block, Writer } from "./writer.ts";

/** A loop that is open: its variable counts elements along `position` of the strides, and is known in `block`. */
export interface OpenLoop {
  readonly position: number;
  readonly variable: string;
  readonly block: Block;
}

/** Where values are computed. */
export interface Scope {
  /** Values known here, by "index.group"; starts as those of the enclosing scope. */
  readonly known: Map<string, string>;
  /** Position of the loop along which the lanes run; undefined: all lanes are the same. */
  readonly vector: number | undefined;
  readonly active: Active;
}

export interface Formulas {
  /** The vector of value `index` at vector `group` of the round. */
  value(index: number, group: number, scope: Scope): string;
  /**
   * Stores vectors `first` (0) to `groups` of the round. All values are computed before the first is stored: a result may lie where an
   * operand of another was.
   */
  storeAll(stores: readonly Store[], groups: number, scope: Scope, first?: number): void;
  /** Address of an access, `bytes` further on. */
  address(access: Access, elementBytes: number, bytes: number): string;
  /** Open loops, outermost first. */
  readonly loops: OpenLoop[];
}

export interface FormulaOptions {
  readonly lanes: Lanes;
  readonly values: readonly Value[];
  /** Whether value `index` moves with the loop at `position`. */
  variesWith(index: number, position: number): boolean;
  /** C names of the slots' addresses. */
  slot(index: number): string;
  /** A value that is not computed from others: a finished reduction, or element of a product. */
  given?(value: Value, group: number): string | undefined;
}

export function formulas(w: Writer, { lanes, values, variesWith, slot, given }: FormulaOptions): Formulas {
  const { width, letter, fma } = lanes;
  const loops: OpenLoop[] = [];
  const integers = integerAlgebra(w, letter);
  const algebras = new Map<FloatDType, Algebra<string>>();
  const algebraOf = (dtype: FloatDType): Algebra<string> => {
    let k = algebras.get(dtype);
    if (!k) {
      k = floatAlgebra(w, letter, dtype, fma);
      algebras.set(dtype, k);
    }
    return k;
  };

  /** One pointer for each way of moving, advanced loop by loop. */
  const address = ({ slot: index, offset, strides }: Access, elementBytes: number, bytes: number): string => {
    let pointer = slot(index);
    for (const { position, variable, block } of loops) {
      const stride = (strides[position] ?? 0) * elementBytes;
      if (stride !== 0) pointer = w.letIn(block, "gradus_address", `${pointer} + ${variable} * ${literalStride(stride)}`);
    }
    return plus(pointer, offset * elementBytes + bytes);
  };

  const varies = (index: number, { vector }: Scope) => vector !== undefined && variesWith(index, vector);

  const value = (index: number, group: number, scope: Scope): string => {
    const at = `${index}.${varies(index, scope) ? group : 0}`;
    let result = scope.known.get(at);
    if (result === undefined) {
      result = compute(values[index], varies(index, scope) ? group : 0, scope);
      scope.known.set(at, result);
    }
    return result;
  };

  const compute = (v: Value, group: number, scope: Scope): string => {
    const { vector, active } = scope;
    switch (v.kind) {
      case "constant":
        return constantElements(w, lanes, v.dtype, v.value);
      case "load": {
        const bytes = bytesOf[v.dtype];
        const stride = vector === undefined ? 0 : (v.access.strides[vector] ?? 0);
        return loadElements(w, lanes, v.dtype, address(v.access, bytes, group * width * stride * bytes), stride, active);
      }
      case "apply": {
        const operands = v.operands.map((o) => {
          const x = value(o, group, scope);
          return values[o].dtype === "bool" ? maskFor(w, lanes, v.compute, x) : x;
        });
        let result: string;
        if (v.compute === "int32") {
          const formula = v.op.integerFormula ?? fail("dtype", `${v.op.name}: has no formula for int32.`);
          result = formula(integers, operands, v.attributes);
        } else result = v.op.formula(algebraOf(v.compute), operands, v.attributes);
        return v.dtype === "bool" ? maskFrom(w, lanes, v.compute, result) : result;
      }
      case "cast":
        return castElements(w, lanes, values[v.operands[0]].dtype, v.dtype, value(v.operands[0], group, scope));
      case "index": {
        const stride = vector === undefined ? 0 : (v.strides[vector] ?? 0);
        const moved = loops.flatMap(({ position, variable }) => {
          const s = v.strides[position] ?? 0;
          return s === 0 ? [] : [`${variable} * ${literalStride(s)}`];
        });
        const start = [literal("i", v.offset + group * width * stride), ...moved].join(" + ");
        const first = `splat_${letter}i((int)(${start}))`;
        if (stride === 0) return w.let(`${letter}i`, first);
        const steps = Array.from({ length: width }, (_, l) => literal("i", l * stride)).join(", ");
        return w.let(`${letter}i`, `${first} + (${letter}i){${steps}}`);
      }
      case "random": {
        const [key0, key1, counter] = v.operands.map((o) => value(o, group, scope));
        const [word] = threefry2x32(integers, key0, key1, counter, integers.constant(v.stream));
        return v.bits === 32 ? word : integers.shiftRight(word, 32 - v.bits);
      }
      default:
        return given?.(v, group) ?? fail("engine", `native: a value of kind ${v.kind} is read before it is made.`);
    }
  };

  const store = (s: Store, group: number, scope: Scope) => {
    const bytes = bytesOf[s.dtype];
    const stride = scope.vector === undefined ? 0 : (s.access.strides[scope.vector] ?? 0);
    const place = address(s.access, bytes, group * width * stride * bytes);
    const x = value(s.value, group, scope);
    if (stride === 0) storeElements(w, lanes, s.dtype, place, 1, 1, x);
    else storeElements(w, lanes, s.dtype, place, stride, scope.active, x);
  };

  const storeAll = (stores: readonly Store[], groups: number, scope: Scope, first = 0) => {
    w.together(groups - first, (g) => {
      for (const s of stores) value(s.value, first + g, scope);
    });
    for (let g = first; g < groups; g++) for (const s of stores) store(s, g, scope);
  };

  return { value, storeAll, address, loops };
}

function literalStride(stride: number): string {
  return stride < 0 ? `(${stride})` : String(stride);
}
