// Affine nodes as exact numbers: for each element its constant part and its coefficients. A node of which any of these would have to be
// rounded has no form. What is read here is equal in truth, which is what rules on the entries of matrices ask.

import type { Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { isIdentity } from "../../graph/structural.ts";
import { spend } from "../../numeric/effort.ts";
import { addDown, addUp, divDown, divUp, mulDown, mulUp } from "../../numeric/rounding.ts";
import { reduceIndices } from "../../ops/sum.ts";
import { exactValue, isMovement, sources } from "./constants.ts";

/** constant + Σ coefficient·coordinate; coefficients of 0 are left out. */
export interface Form {
  readonly constant: number;
  readonly coefficients: ReadonlyMap<number, number>;
}

const nothing: ReadonlyMap<number, number> = new Map();
const mostElements = 4096;

class Inexact extends Error {}

function exactSum(a: number, b: number): number {
  const s = a + b;
  if (addDown(a, b) !== addUp(a, b) || !Number.isFinite(s)) throw new Inexact();
  return s;
}

function exactProduct(a: number, b: number): number {
  const p = a * b;
  if (mulDown(a, b) !== mulUp(a, b) || !Number.isFinite(p)) throw new Inexact();
  return p;
}

function exactQuotient(a: number, b: number): number {
  if (b === 0 || divDown(a, b) !== divUp(a, b)) throw new Inexact();
  return a / b;
}

const mapped = ({ constant, coefficients }: Form, f: (x: number) => number): Form => ({
  constant: f(constant),
  coefficients: coefficients.size === 0 ? coefficients : new Map([...coefficients].map(([k, c]) => [k, f(c)])),
});

const scaled = (form: Form, c: number): Form =>
  c === 1 ? form : c === 0 ? { constant: 0, coefficients: nothing } : mapped(form, (x) => exactProduct(x, c));

function added(a: Form, b: Form): Form {
  spend(1 + b.coefficients.size);
  const constant = exactSum(a.constant, b.constant);
  if (a.coefficients.size === 0 || b.coefficients.size === 0)
    return { constant, coefficients: a.coefficients.size === 0 ? b.coefficients : a.coefficients };
  const coefficients = new Map(a.coefficients);
  for (const [k, c] of b.coefficients) {
    const sum = exactSum(coefficients.get(k) ?? 0, c);
    if (sum === 0) coefficients.delete(k);
    else coefficients.set(k, sum);
  }
  return { constant, coefficients };
}

export type FormReader = (node: Node) => readonly Form[] | undefined;

/** Forms over the coordinates of the nodes given with their first one. A node that depends on anything else has none. */
export function formReader(coordinatesOf: ReadonlyMap<Node, number>): FormReader {
  const known = new Map<Node, readonly Form[] | undefined>();
  const formsOf: FormReader = (node) => {
    if (known.has(node)) return known.get(node);
    let result: readonly Form[] | undefined;
    try {
      result = sizeOf(node.shape) > mostElements ? undefined : compute(node);
    } catch (error) {
      if (!(error instanceof Inexact)) throw error;
    }
    known.set(node, result);
    return result;
  };
  const numbers = (node: Node): readonly number[] | undefined => {
    const forms = formsOf(node);
    return forms?.every((f) => f.coefficients.size === 0) ? forms.map((f) => f.constant) : undefined;
  };
  const compute = (node: Node): readonly Form[] | undefined => {
    const size = sizeOf(node.shape);
    const first = coordinatesOf.get(node);
    if (first !== undefined)
      return Array.from({ length: size }, (_, i) => ({ constant: 0, coefficients: new Map([[first + i, 1]]) }));
    const value = exactValue(node);
    if (value)
      return value.every((x) => Number.isFinite(x))
        ? Array.from(value, (constant) => ({ constant, coefficients: nothing }))
        : undefined;
    const [a, b] = node.inputs;
    if (isIdentity(node)) return formsOf(a);
    if (isMovement(node)) {
      if (node.op.name !== "concat" && node.inputs.slice(1).some((n) => !exactValue(n))) return undefined;
      const lists = (node.op.name === "concat" ? node.inputs : [a]).map(formsOf);
      if (lists.some((l) => l === undefined)) return undefined;
      const from = lists.flatMap((l) => l as readonly Form[]);
      if (node.op.name === "reshape" || node.op.name === "cast") return from;
      const padding = node.op.name === "pad" ? (node.attributes.value as number) : 0;
      return Array.from(sources(node), (i) => (i < 0 ? { constant: padding, coefficients: nothing } : from[i]));
    }
    switch (node.op.name) {
      case "neg":
        return formsOf(a)?.map((f) => scaled(f, -1));
      case "add":
      case "sub": {
        const [p, q] = [formsOf(a), formsOf(b)];
        return p && q && p.map((f, i) => added(f, node.op.name === "add" ? q[i] : scaled(q[i], -1)));
      }
      case "mul": {
        const [p, q] = [formsOf(a), formsOf(b)];
        return p && q && p.map((f, i) => timesForm(f, q[i]));
      }
      case "div": {
        const [p, q] = [formsOf(a), numbers(b)];
        return p && q && p.map((f, i) => mapped(f, (x) => exactQuotient(x, q[i])));
      }
      case "where": {
        const condition = exactValue(a);
        const [p, q] = [formsOf(b), formsOf(node.inputs[2])];
        return condition && p && q && p.map((f, i) => (condition[i] ? f : q[i]));
      }
      case "sum": {
        const list = formsOf(a);
        if (!list) return undefined;
        const starts: number[] = [];
        const offsets = reduceIndices(
          { shape: a.shape, dtype: a.dtype, data: new Float64Array(0) },
          node.attributes.axes as number[],
          (at, s) => {
            starts[at] = s;
          },
        );
        return starts.map((s) => total(Array.from(offsets, (o) => list[s + o])));
      }
      case "matmul": {
        if (a.shape.length !== 2 || b.shape.length !== 2) return undefined;
        const [p, q] = [formsOf(a), formsOf(b)];
        if (!p || !q) return undefined;
        const [rows, inner] = a.shape;
        const columns = b.shape[1];
        return Array.from({ length: rows * columns }, (_, at) => {
          const [i, j] = [Math.floor(at / columns), at % columns];
          return total(Array.from({ length: inner }, (_, k) => timesForm(p[i * inner + k], q[k * columns + j])));
        });
      }
      default:
        return undefined;
    }
  };
  return formsOf;
}

function total(list: readonly Form[]): Form {
  let constant = 0;
  const coefficients = new Map<number, number>();
  for (const f of list) {
    spend(1 + f.coefficients.size);
    constant = exactSum(constant, f.constant);
    for (const [k, c] of f.coefficients) {
      const sum = exactSum(coefficients.get(k) ?? 0, c);
      if (sum === 0) coefficients.delete(k);
      else coefficients.set(k, sum);
    }
  }
  return { constant, coefficients: coefficients.size === 0 ? nothing : coefficients };
}

/** The product of two forms of which one is a number. */
function timesForm(a: Form, b: Form): Form {
  spend(1);
  if (a.coefficients.size === 0) return scaled(b, a.constant);
  if (b.coefficients.size === 0) return scaled(a, b.constant);
  throw new Inexact();
}

export const sameForm = (a: Form, b: Form): boolean =>
  a === b ||
  (a.constant === b.constant &&
    a.coefficients.size === b.coefficients.size &&
    [...a.coefficients].every(([k, c]) => b.coefficients.get(k) === c));
