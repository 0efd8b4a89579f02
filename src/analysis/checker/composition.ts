// Proofs by composition read line by line: of each node that a proof names, what its line claims is held against what the checker's own table
// (atoms.ts) gives from the lines of the node's inputs, and no more than it says is used after it. What is taken from composition/ is how a
// traced function is read (which node is which, and where movements take elements), not its rules.

import type { Graph, Node } from "../../graph/node.ts";
import { sizeOf } from "../../graph/shape.ts";
import { callAttributes, isIdentity, isParameter } from "../../graph/structural.ts";
import { spend } from "../../numeric/effort.ts";
import * as I from "../../numeric/interval.ts";
import * as F from "../../numeric/interval-elementary.ts";
import type { JsonData, Proof } from "../certificate.ts";
import { exactValue, isMovement, sources } from "../composition/constants.ts";
import { callName, normalise } from "../composition/normalise.ts";
import { groupsOf } from "../composition/terms.ts";
import type { Domain } from "../domain.ts";
import {
  affine,
  elu,
  entropy,
  functionOf,
  isAffine,
  isNumber,
  largest,
  negative,
  number,
  plus,
  powerOf,
  product,
  quotient,
  type Shown,
  shown,
  smallest,
  times,
} from "./atoms.ts";
import { fieldOf } from "./claims.ts";

/** Thrown where the checker's table has no rule: nothing is said of the proof. */
class NotKnown extends Error {}
const notKnown = (): never => {
  throw new NotKnown();
};

/** Whether the lines of a proof by composition show what it is said to prove; undefined where the table does not suffice. */
export function readsAs(graph: Graph, domain: Domain, proof: Proof, wanted: "convex" | "concave"): true | undefined {
  if (domain.box.some(({ lower, upper }) => !(lower <= upper))) return undefined;
  const { nodes, output, offsets } = normalise(graph);
  const lines = linesOf(proof, nodes);
  if (!lines) return undefined;
  const known = new Map<Node, readonly Shown[]>();
  const of = (node: Node): readonly Shown[] => {
    let found = known.get(node);
    if (!found) {
      const value = exactValue(node);
      found = value ? numbers(value) : derived(node);
      known.set(node, found);
    }
    return found;
  };
  const derived = (node: Node): readonly Shown[] => {
    const from = offsets.get(node);
    const own = from !== undefined ? coordinates(domain, from, sizeOf(node.shape)) : fromInputs(node, of);
    return node.symbolic && !isCarried(node) ? asClaimed(own, lines.get(node)) : own;
  };
  try {
    // All of them: what may have no value must not be lost in a maximum.
    for (const node of nodes) if (node.symbolic) of(node);
    const [last, ...others] = of(output);
    return others.length === 0 && last?.[wanted] ? true : undefined;
  } catch (error) {
    if (error instanceof NotKnown) return undefined;
    throw error;
  }
}

/** Parameters, conditions, and nodes that only carry elements: of those nothing is taken from a proof. */
const isCarried = (node: Node) => isParameter(node) || isIdentity(node) || isMovement(node) || node.dtype === "bool";

/** What lines claim of the elements of nodes. */
function linesOf(proof: Proof, nodes: readonly Node[]): ReadonlyMap<Node, readonly string[]> | undefined {
  const found = new Map<Node, readonly string[]>();
  let broken = false;
  const visit = (line: Proof): void => {
    const at = fieldOf(line.data, "node");
    const claims = fieldOf(line.data, "claims");
    const node = typeof at === "number" ? nodes[at] : undefined;
    if (node && Array.isArray(claims)) {
      const list: string[] = [];
      const given = claims as readonly JsonData[];
      const size = sizeOf(node.shape);
      for (let i = 0; i + 1 < given.length; i += 2) {
        for (let k = 0; k < Number(given[i]) && list.length <= size; k++) list.push(String(given[i + 1]));
      }
      if (list.length !== size || found.has(node)) broken = true;
      found.set(node, list);
    }
    for (const premise of line.premises ?? []) visit(premise);
  };
  visit(proof);
  return broken ? undefined : found;
}

/** No more than lines claim. */
function asClaimed(own: readonly Shown[], claims: readonly string[] | undefined): readonly Shown[] {
  const made = new Map<Shown, Map<string, Shown>>();
  return own.map((u, i) => {
    if (isNumber(u)) return u;
    const text = claims?.[i] ?? "unknown";
    let byText = made.get(u);
    if (!byText) {
      byText = new Map();
      made.set(u, byText);
    }
    let found = byText.get(text);
    if (!found) {
      found = within(u, text);
      byText.set(text, found);
    }
    return found;
  });
}

/** What of u a line claims; what it claims of u has to be shown. */
function within(u: Shown, text: string): Shown {
  const words = text.split(", ");
  const has = (word: string) => words.includes(word);
  const order = (word: string): number => Number(words.find((w) => w.startsWith(`${word} `))?.slice(word.length + 1));
  const [root, power] = [has("log-convex") ? Infinity : order("root"), has("log-concave") ? Infinity : order("power")];
  const isConvex = has("convex") || has("affine") || has("constant");
  const isConcave = has("concave") || has("affine") || has("constant");
  if ((isConvex && !u.convex) || (isConcave && !u.concave) || (has("positive") && !u.positive)) return notKnown();
  if ((root >= 1 && !(u.root >= root)) || (power >= 0 && !(u.power >= 0 && u.power <= power))) return notKnown();
  return shown(u.range, {
    convex: isConvex,
    concave: isConcave,
    positive: u.positive,
    root: root >= 1 ? root : 0,
    power: power >= 0 ? power : -1,
  });
}

function numbers(values: ArrayLike<number>): readonly Shown[] {
  const made = new Map<number, Shown>();
  return Array.from(values, (x) => {
    if (!Number.isFinite(x)) return notKnown();
    let found = made.get(x);
    if (!found) {
      found = number(I.point(x));
      made.set(x, found);
    }
    return found;
  });
}

function coordinates({ box }: Domain, from: number, size: number): readonly Shown[] {
  const made = new Map<string, Shown>();
  return Array.from({ length: size }, (_, i) => {
    const range = box[from + i] ?? notKnown();
    const key = `${range.lower},${range.upper}`;
    let found = made.get(key);
    if (!found) {
      found = range.lower === range.upper ? number(range) : affine(range);
      made.set(key, found);
    }
    return found;
  });
}

type Of = (node: Node) => readonly Shown[];

function fromInputs(node: Node, of: Of): readonly Shown[] {
  if (isIdentity(node)) return of(node.inputs[0]);
  if (isMovement(node)) return moved(node, of);
  // A condition is 0 or 1.
  if (node.dtype === "bool") return new Array<Shown>(sizeOf(node.shape)).fill(shown({ lower: 0, upper: 1 }));
  if (node.dtype === "int32") return notKnown();
  const name = callName(node) ?? node.op.name;
  const [a, b] = node.inputs;
  switch (name) {
    case "add":
      return pairwise(of(a), of(b), plus);
    case "sub":
      return pairwise(of(a), of(b), (u, v) => plus(u, negative(v)));
    case "mul":
      if (b.op.name === "log" && b.inputs[0] === a) return each(of(a), entropy);
      if (a.op.name === "log" && a.inputs[0] === b) return each(of(b), entropy);
      return pairwise(of(a), of(b), product);
    case "div":
      return pairwise(of(a), of(b), quotient);
    case "maximum":
      return pairwise(of(a), of(b), largest);
    case "minimum":
      return pairwise(of(a), of(b), smallest);
    case "power":
      return each(of(a), (u) => powerOf(u, node.attributes.exponent as number));
    case "sum":
      return reduced(node, of, total);
    case "reduceMax":
      return reduced(node, of, (list) => list.reduce(largest));
    case "reduceMin":
      return reduced(node, of, (list) => list.reduce(smallest));
    case "logSumExp": {
      const rank = a.shape.length;
      const axes = (callAttributes(node).parameters.axes as readonly number[]).map((x) => x + rank).sort((p, q) => p - q);
      return groupsOf(a, axes).map((group) => logSumExp(Array.from(group, (i) => of(a)[i])));
    }
    case "where":
      return each(of(eluArgument(node) ?? notKnown()), (u) => elu(u, 1));
    case "elu":
      return each(of(a), (u) => elu(u, callAttributes(node).parameters.alpha as number));
    case "leakyRelu": {
      const slope = callAttributes(node).parameters.slope as number;
      return each(of(a), (u) => (slope <= 1 ? largest : smallest)(u, times(I.point(slope), u)));
    }
    case "matmul":
      return matrixProduct(node, of);
    default:
      return each(of(a), (u) => (node.inputs.length === 1 ? functionOf(name, u) : undefined));
  }
}

/** u, of where(u > 0, u, eᵘ − 1). */
function eluArgument(node: Node): Node | undefined {
  const [condition, u, otherwise] = node.inputs;
  const isZero = (n: Node) => exactValue(n)?.every((x: number) => x === 0) ?? false;
  const isOne = (n: Node) => exactValue(n)?.every((x: number) => x === 1) ?? false;
  const [left, right] = condition.inputs;
  const name = condition.op.name;
  const above =
    ((name === "greater" || name === "greaterEqual") && left === u && isZero(right)) ||
    ((name === "less" || name === "lessEqual") && right === u && isZero(left));
  const [grows, less] = otherwise.op.name === "sub" ? otherwise.inputs : [otherwise, undefined];
  const fits = less ? grows.op.name === "exp" && isOne(less) : grows.op.name === "expm1";
  return above && fits && grows.inputs[0] === u ? u : undefined;
}

function each(list: readonly Shown[], f: (u: Shown) => Shown | undefined): readonly Shown[] {
  const made = new Map<Shown, Shown>();
  return list.map((u) => {
    let found = made.get(u);
    if (!found) {
      spend(20);
      found = f(u) ?? notKnown();
      made.set(u, found);
    }
    return found;
  });
}

function pairwise(a: readonly Shown[], b: readonly Shown[], f: (u: Shown, v: Shown) => Shown | undefined): readonly Shown[] {
  let last: Shown | undefined;
  return a.map((u, i) => {
    if (last && i > 0 && u === a[i - 1] && b[i] === b[i - 1]) return last;
    spend(20);
    last = f(u, b[i]) ?? notKnown();
    return last;
  });
}

function moved(node: Node, of: Of): readonly Shown[] {
  const isJoined = node.op.name === "concat";
  if (!isJoined && node.inputs.slice(1).some((n) => exactValue(n) === undefined)) return notKnown();
  const from = isJoined ? node.inputs.flatMap(of) : of(node.inputs[0]);
  const padding = node.op.name === "pad" ? number(I.point(node.attributes.value as number)) : undefined;
  return Array.from(sources(node), (i) => (i < 0 ? (padding ?? notKnown()) : from[i]));
}

const reduced = (node: Node, of: Of, f: (list: readonly Shown[]) => Shown): readonly Shown[] => {
  const [a] = node.inputs;
  const list = of(a);
  return groupsOf(a, node.attributes.axes as readonly number[]).map((group) => {
    if (group.length === 0) return notKnown();
    spend(group.length);
    return f(Array.from(group, (i) => list[i]));
  });
};

/** Σ u, as often as an element comes. */
function total(list: readonly Shown[]): Shown {
  let sum = list[0];
  for (let i = 1; i < list.length; i++) sum = plus(sum, list[i]);
  return sum;
}

/** Increasing in all and convex; its bounds are its values at theirs. */
function logSumExp(list: readonly Shown[]): Shown {
  const at = (xs: readonly number[]): I.Interval => {
    const most = Math.max(...xs);
    if (!Number.isFinite(most)) return I.point(most);
    const sum = xs.map((x) => F.exp(I.sub(I.point(x), I.point(most)))).reduce(I.add, I.point(0));
    return I.add(I.point(most), F.log(sum));
  };
  const range = { lower: at(list.map((u) => u.range.lower)).lower, upper: at(list.map((u) => u.range.upper)).upper };
  return shown(range, { convex: list.every((u) => u.convex), concave: list.length === 1 && list[0].concave });
}

/** Of two matrices, one of numbers: its rows (columns) weigh the elements of the other. */
function matrixProduct(node: Node, of: Of): readonly Shown[] {
  const [a, b] = node.inputs;
  const [left, right] = [exactValue(a), exactValue(b)];
  if (a.shape.length !== 2 || b.shape.length !== 2 || (!left && !right)) return notKnown();
  const [rows, inner] = a.shape;
  const columns = b.shape[1];
  const [u, v] = [left ? [] : of(a), left ? of(b) : []];
  const free = affine(I.entire);
  const isFree = (list: readonly Shown[]) =>
    list.every((e) => isAffine(e) && e.range.lower === -Infinity && e.range.upper === Infinity);
  const all = isFree(left ? v : u);
  return Array.from({ length: rows * columns }, (_, k) => {
    const [i, j] = [Math.floor(k / columns), k % columns];
    spend(1 + inner / 20);
    let sum: Shown | undefined;
    for (let p = 0; p < inner; p++) {
      const c = left ? left[i * inner + p] : (right as ArrayLike<number>)[p * columns + j];
      if (!Number.isFinite(c)) return notKnown();
      if (c === 0) continue;
      if (all) sum = free;
      else {
        const term = times(I.point(c), left ? v[p * columns + j] : u[i * inner + p]);
        sum = sum ? plus(sum, term) : term;
      }
    }
    return sum ?? number(I.point(0));
  });
}
