import { describe, expect, it } from "vitest";
import type { Node } from "../graph/node.ts";
import { sizeOf, stridesOf } from "../graph/shape.ts";
import { constant } from "../graph/structural.ts";
import { einsum } from "./einsum.ts";
import { checkBatching, checkDerivatives, expectClose, flat, random } from "./test-support.ts";

/** Σ over all index tuples, straight from the definition. Labels only (ellipses spelled out as letters). */
function byDefinition(equation: string, ...operands: Node[]): Node {
  const [left, output] = equation.split("->");
  const terms = left.split(",");
  const size = new Map<string, number>();
  terms.forEach((t, k) => {
    [...t].forEach((l, i) => {
      size.set(l, Math.max(size.get(l) ?? 1, operands[k].shape[i]));
    });
  });
  const labels = [...size.keys()];
  const shape = [...output].map((l) => size.get(l)!);
  const result = new Float64Array(sizeOf(shape));
  const values = operands.map(flat);
  const total = sizeOf([...size.values()]);
  const index = new Map<string, number>();
  const at = (list: string, dims: readonly number[]) =>
    [...list].reduce((sum, l, i) => sum + (dims[i] === 1 ? 0 : index.get(l)! * stridesOf(dims)[i]), 0);
  for (let n = 0; n < total; n++) {
    let rest = n;
    for (const l of labels) {
      index.set(l, rest % size.get(l)!);
      rest = Math.floor(rest / size.get(l)!);
    }
    result[at(output, shape)] += values.reduce((p, v, k) => p * v[at(terms[k], operands[k].shape)], 1);
  }
  return constant(result, shape, "float64");
}

describe("einsum", () => {
  it.each<[string, number[][]]>([
    [
      "ij,jk->ik",
      [
        [2, 3],
        [3, 4],
      ],
    ],
    [
      "ij,kj->ki",
      [
        [2, 3],
        [4, 3],
      ],
    ],
    [
      "bij,bjk->bik",
      [
        [2, 2, 3],
        [2, 3, 2],
      ],
    ],
    [
      "bhqd,bkhd->bhqk",
      [
        [2, 2, 3, 2],
        [2, 4, 2, 2],
      ],
    ],
    ["i,j->ij", [[2], [3]]],
    ["i,i->", [[3], [3]]],
    ["ij->ji", [[2, 3]]],
    ["ij->", [[2, 3]]],
    ["ii->i", [[3, 3]]],
    ["ii->", [[3, 3]]],
    ["iji->j", [[2, 3, 2]]],
    [
      "ij,jk,kl->il",
      [
        [2, 5],
        [5, 2],
        [2, 3],
      ],
    ],
    ["ij,j->i", [[2, 3], [1]]],
    [
      "ijk,ilm,njm,nlk->",
      [
        [2, 2, 2],
        [2, 3, 2],
        [2, 2, 2],
        [2, 3, 2],
      ],
    ],
    [
      "ab,cd->dbca",
      [
        [2, 3],
        [2, 2],
      ],
    ],
    [
      "ij,ij->ij",
      [
        [2, 3],
        [2, 3],
      ],
    ],
    [
      "ij,kl->",
      [
        [2, 3],
        [2, 2],
      ],
    ],
    [",i->i", [[], [3]]],
  ])("%s equals the sum over all indices", (equation, shapes) => {
    const operands = shapes.map((s, i) => random(s, i + 1));
    expectClose(einsum(equation, ...operands), byDefinition(equation, ...operands));
  });

  it("broadcasts what an ellipsis stands for, and sorts names when no result is given", () => {
    const [a, b] = [random([2, 1, 3, 4], 1), random([5, 4, 2], 2)];
    expectClose(einsum("...ij,...jk->...ik", a, b), byDefinition("xyij,yjk->xyik", a, b));
    expectClose(einsum("...ij,...jk", a, b), byDefinition("xyij,yjk->xyik", a, b));
    expectClose(einsum("ba", random([2, 3])), byDefinition("ba->ab", random([2, 3])));
    expectClose(
      einsum("ij,jk", random([2, 3], 1), random([3, 2], 2)),
      byDefinition("ij,jk->ik", random([2, 3], 1), random([3, 2], 2)),
    );
    expectClose(einsum("i...->...", random([2, 3])), byDefinition("ij->j", random([2, 3])));
  });

  it("differentiates and batches", () => {
    const f = (a: Node, b: Node, c: Node) => einsum("bij,jk,bk->ib", a, b, c);
    const inputs = [random([2, 2, 3], 1), random([3, 2], 2), random([2, 2], 3)];
    checkDerivatives(f, inputs);
    checkBatching(f, inputs);
  });

  it("says what is wrong with an equation", () => {
    const [a, b] = [random([2, 3]), random([4, 2])];
    expect(() => einsum("ij,jk->ik", a, b)).toThrow(/axis "j" has sizes 3 and 4, the latter in operand 1 of shape \[4, 2\]/);
    expect(() => einsum("ij->i", a, b)).toThrow(/names 1 operands, 2 were given/);
    expect(() => einsum("i->i", a)).toThrow(/names 1 axes, but operand 0 has shape \[2, 3\]/);
    expect(() => einsum("ij->ik", a)).toThrow(/names "k", which no operand has/);
    expect(() => einsum("ij->ii", a)).toThrow(/names "i" twice/);
    expect(() => einsum("i1->i", a)).toThrow(/"i1" is not a list of letters/);
    expect(() => einsum("ii->i", a)).toThrow(/axis "i" has sizes 2 and 3/);
  });
});
