// A function as its constants are checked (verify-constants.ts): the expression, the domain, and what rules of composition prove. And how the
// data of proofs are read.

import { parseRational, type Rational } from "../../numeric/exact/rational.ts";
import type { JsonData } from "../certificate.ts";
import { type Arithmetic, arithmeticOf } from "../checker/fractions.ts";
import { termsForCheck } from "../composition/index.ts";
import type { Domain } from "../domain.ts";
import type { Problem } from "./problem.ts";
import type { Subject } from "./subject.ts";
import { type Slice, type SlicedFunction, slicedFunction, sliceOf } from "./verify-slices.ts";

export type ConstantName = "mu" | "L" | "lipschitz";
export type End = "lower" | "upper";

/** A function whose constants are checked. */
export interface Checked {
  readonly problem: Problem;
  /** The domain, cut to where the function is defined. */
  readonly domain: Domain;
  /** As an exact expression; undefined where it is too large for that. */
  readonly subject: Subject | undefined;
  /** 1: convex, −1: concave (that is proved elsewhere), 0: neither, or not known; "affine": both. */
  readonly bends: 1 | -1 | 0 | "affine";
  readonly sliced: SlicedFunction | undefined;
  /** What rules of composition prove. */
  terms(): ReturnType<typeof termsForCheck>;
  /** The checker's exact arithmetic on the function's expressions. */
  arithmetic(): Arithmetic | undefined;
  readonly deadline: number;
}

export function checkedFunction(problem: Problem, given: Subject | string, bends: Checked["bends"], deadline: number): Checked {
  const subject = typeof given === "string" ? undefined : given;
  const domain = subject?.domain ?? problem.domain;
  let terms: ReturnType<typeof termsForCheck> | null = null;
  let arithmetic: Arithmetic | undefined;
  return {
    problem,
    domain,
    subject,
    bends,
    sliced: subject && problem.coordinates === 1 ? slicedFunction(subject.value, domain.box[0], othersOf(subject)) : undefined,
    terms: () => {
      if (terms === null) terms = termsForCheck(problem.graph, domain);
      return terms;
    },
    arithmetic: () => {
      if (subject) arithmetic ??= arithmeticOf(subject.value.store);
      return arithmetic;
    },
    deadline,
  };
}

/** The function as its formula says, where it is analysed in another form. */
const othersOf = ({ value, formula }: Subject) => (formula === value ? [] : [formula]);

/** Whether composition proves of the function the side that its constants are read on. */
export const sameBends = (f: Checked) => f.bends === f.terms()?.bends;

export type Fields = { readonly [key: string]: JsonData | undefined };
export const fieldsOf = (data: JsonData | undefined): Fields =>
  typeof data === "object" && data !== null && !Array.isArray(data) ? (data as Fields) : {};

export function pointOf(data: JsonData | undefined, n: number): number[] | undefined {
  if (!Array.isArray(data) || data.length !== n) return undefined;
  const x = (data as readonly JsonData[]).map((c) => (typeof c === "number" ? c : Number.NaN));
  return x.every(Number.isFinite) ? x : undefined;
}

export const rationalOf = (data: JsonData | undefined): Rational | undefined =>
  typeof data === "string" && /^-?\d+(\/[1-9]\d*)?$/.test(data) ? parseRational(data) : undefined;

/** `then` of the slices that data list; undefined where they list none. */
export function slicesOf<T>(data: JsonData | undefined, then: (slices: readonly Slice[]) => T): T | undefined {
  if (!Array.isArray(data)) return undefined;
  const slices = (data as readonly JsonData[]).map(sliceOf);
  return slices.every((s) => s !== undefined) ? then(slices) : undefined;
}

/** Which derivative a constant is read from. */
export const orderOf = (name: ConstantName): 1 | 2 => (name === "lipschitz" ? 1 : 2);
