// Einstein summation, written with transpositions, products and sums: operands are contracted two at a time, the cheapest pair
// first, each pair as one stack of matrix products.

import { fail } from "../graph/errors.ts";
import type { Node } from "../graph/node.ts";
import { formatShape, sizeOf } from "../graph/shape.ts";
import { mul } from "./arithmetic.ts";
import { diagonal } from "./diagonal.ts";
import { matmul } from "./matmul.ts";
import { expandDims, reshape, transpose } from "./shape.ts";
import { sum } from "./sum.ts";

/** A tensor whose axes have names. An axis of size 1 stands in for the same name of any size, as in broadcasting. */
interface Term {
  readonly node: Node;
  readonly labels: readonly string[];
}

interface Equation {
  readonly inputs: readonly (readonly string[])[];
  readonly output: readonly string[];
}

/** The names of the axes an ellipsis stands for, from the last: "…1" is the last of them. */
const ellipsis = (count: number) => Array.from({ length: count }, (_, i) => `…${count - i}`);

function parse(equation: string, operands: readonly Node[]): Equation {
  const reject = (why: string): never => fail("argument", `einsum: "${equation}": ${why}`);
  const text = equation.replaceAll(" ", "");
  const [left, right, ...more] = text.split("->");
  if (more.length > 0) reject('more than one "->".');
  const terms = left.split(",");
  if (terms.length !== operands.length) {
    reject(`it names ${terms.length} operands, ${operands.length} were given. Separate operands by commas.`);
  }
  const check = (term: string) => {
    if (!/^[A-Za-z]*(\.\.\.)?[A-Za-z]*$/.test(term)) reject(`"${term}" is not a list of letters with at most one "...".`);
    return term;
  };
  let widest = 0;
  const inputs = terms.map((term, i) => {
    const letters = check(term).replace("...", "").length;
    const { shape } = operands[i];
    const rest = shape.length - letters;
    if (rest < 0 || (rest > 0 && !term.includes("..."))) {
      reject(`"${term}" names ${letters} axes, but operand ${i} has shape ${formatShape(shape)}.`);
    }
    widest = Math.max(widest, rest);
    const [before, after] = term.includes("...") ? term.split("...") : [term, ""];
    return [...before, ...ellipsis(rest), ...after];
  });
  const named = inputs.flat();
  if (right === undefined) {
    const once = named.filter((l) => l.length === 1 && named.indexOf(l) === named.lastIndexOf(l));
    return { inputs, output: [...ellipsis(widest), ...once.sort()] };
  }
  const [before, after] = check(right).includes("...") ? right.split("...") : [right, undefined];
  const output = [...before, ...(after === undefined ? [] : [...ellipsis(widest), ...after])];
  output.forEach((label, i) => {
    if (output.indexOf(label) !== i) reject(`the result names "${label}" twice.`);
    if (!named.includes(label)) reject(`the result names "${label}", which no operand has.`);
  });
  return { inputs, output };
}

/** Sizes of the named axes; throws when one name has two sizes. */
function sizes(equation: string, inputs: Equation["inputs"], operands: readonly Node[]): Map<string, number> {
  const known = new Map<string, number>();
  inputs.forEach((labels, k) => {
    labels.forEach((label, axis) => {
      const size = operands[k].shape[axis];
      const before = known.get(label) ?? 1;
      const repeated = labels.indexOf(label);
      const differs = operands[k].shape[repeated] !== size || (before !== 1 && size !== 1 && before !== size);
      if (differs) {
        fail(
          "shape",
          `einsum: "${equation}": axis "${label}" has sizes ${repeated === axis ? before : operands[k].shape[repeated]} and ${size}, the latter in operand ${k} of shape ${formatShape(operands[k].shape)}.`,
        );
      }
      known.set(label, before === 1 ? size : before);
    });
  });
  return known;
}

/** Repeated names become diagonals, and names nobody else needs are summed away. */
function simplify(term: Term, needed: ReadonlySet<string>): Term {
  let { node, labels } = term;
  for (;;) {
    const second = labels.findIndex((l, i) => labels.indexOf(l) !== i);
    if (second < 0) break;
    const label = labels[second];
    const first = labels.indexOf(label);
    node = diagonal(node, 0, first, second);
    labels = [...labels.filter((_, i) => i !== first && i !== second), label];
  }
  const summed = labels.flatMap((l, i) => (needed.has(l) ? [] : [i]));
  if (summed.length === 0) return { node, labels };
  return { node: sum(node, summed), labels: labels.filter((l) => needed.has(l)) };
}

function arrange(term: Term, order: readonly string[]): Node {
  return transpose(
    term.node,
    order.map((l) => term.labels.indexOf(l)),
  );
}

/** Drops stretched axes: a size of 1 where the name has another size says nothing and would upset the grouping. */
function dropStretched(term: Term, size: ReadonlyMap<string, number>): Term {
  const kept = term.labels.map((l, i) => term.node.shape[i] === size.get(l));
  return {
    node: reshape(
      term.node,
      term.node.shape.filter((_, i) => kept[i]),
    ),
    labels: term.labels.filter((_, i) => kept[i]),
  };
}

/** The product of two terms, summed over the names that are not `needed` afterwards. */
function contract(x: Term, y: Term, needed: ReadonlySet<string>, size: ReadonlyMap<string, number>): Term {
  const a = simplify(x, new Set([...needed, ...y.labels]));
  const b = simplify(y, new Set([...needed, ...x.labels]));
  const shared = a.labels.filter((l) => b.labels.includes(l));
  const batch = shared.filter((l) => needed.has(l));
  const inner = shared.filter((l) => !needed.has(l));
  const left = a.labels.filter((l) => !shared.includes(l));
  const right = b.labels.filter((l) => !shared.includes(l));
  const labels = [...batch, ...left, ...right];
  const dims = (list: readonly string[]) => list.map((l) => size.get(l)!);
  if (inner.length === 0) {
    const p = expandDims(
      arrange(a, [...batch, ...left]),
      right.map((_, i) => batch.length + left.length + i),
    );
    const q = expandDims(
      arrange(b, [...batch, ...right]),
      left.map((_, i) => batch.length + i),
    );
    return { node: mul(p, q), labels };
  }
  const p = reshape(arrange(a, [...batch, ...left, ...inner]), [...dims(batch), sizeOf(dims(left)), sizeOf(dims(inner))]);
  const q = reshape(arrange(b, [...batch, ...inner, ...right]), [...dims(batch), sizeOf(dims(inner)), sizeOf(dims(right))]);
  return { node: reshape(matmul(p, q), dims(labels)), labels };
}

/** Number of multiplications of contracting a pair: the product of the sizes of all its names. */
function work(x: Term, y: Term, size: ReadonlyMap<string, number>): number {
  return sizeOf([...new Set([...x.labels, ...y.labels])].map((l) => size.get(l)!));
}

/**
 * Einstein summation: einsum("ij,jk->ik", a, b) is Σⱼ aᵢⱼ bⱼₖ. Letters name axes; a name missing from the result is summed over, a name
 * repeated within an operand takes its diagonal, "..." stands for any further axes, which broadcast. Without "->" the result has
 * the names that occur once, in alphabetical order. Throws an argument error on a malformed equation and a shape error when one name
 * has two sizes.
 */
export function einsum(equation: string, ...operands: readonly Node[]): Node {
  const { inputs, output } = parse(equation, operands);
  const size = sizes(equation, inputs, operands);
  let terms = operands.map((node, i): Term => dropStretched(simplify({ node, labels: inputs[i] }, new Set(size.keys())), size));
  while (terms.length > 1) {
    let best: [number, number] = [0, 1];
    let least = Number.POSITIVE_INFINITY;
    for (let i = 0; i < terms.length; i++) {
      for (let j = i + 1; j < terms.length; j++) {
        const cost = work(terms[i], terms[j], size);
        if (cost < least) [least, best] = [cost, [i, j]];
      }
    }
    const [i, j] = best;
    const rest = terms.filter((_, k) => k !== i && k !== j);
    const needed = new Set([...output, ...rest.flatMap((t) => t.labels)]);
    terms = [...rest, contract(terms[i], terms[j], needed, size)];
  }
  return arrange(simplify(terms[0], new Set(output)), output);
}
