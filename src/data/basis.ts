// Basis functions that are chosen before anything is learned: features φ(x) of the inputs, on which a linear predictor is fitted.
// They are modules without parameters, so that nn.sequential(radialBasis(centres, 1), nn.linear(k, 1)) is a model like any other.

import { fail } from "../graph/errors.ts";
import { formatShape, type Shape } from "../graph/shape.ts";
import { expectLast, leaf, type Module } from "../nn/module.ts";
import { ones } from "../tensor/create.ts";
import { concat } from "../tensor/functions/structure.ts";
import { integer, number } from "../tensor/operands.ts";
import type { Tensor } from "../tensor/tensor.ts";

/**
 * φⱼ(x) = exp(−‖x − cⱼ‖²/(2s²)) for centres c [k, d] and a width s: x [..., d] gives [..., k], each in (0, 1]. Centres by hand, or from
 * `kMeans`. (Broomhead & Lowe 1988.)
 */
export function radialBasis(centres: Tensor, width: number): Module<Shape, Shape> {
  if (centres.rank !== 2) fail("shape", `radialBasis: the centres must be [k, d], got ${formatShape(centres.shape)}.`);
  if (!(number("radialBasis", "the width", width) > 0 && width < Infinity))
    fail("argument", `radialBasis: the width must be a positive number, got ${width}.`);
  const [count, inputs] = centres.shape;
  const call = `radialBasis([${count}, ${inputs}], ${width})`;
  return leaf<Shape, Shape>({
    kind: "radialBasis",
    options: { centres: centres.toArray(), width },
    apply: (_parameters, x) => {
      expectLast(call, x, inputs);
      const squares = x
        .expandDims(x.rank - 1)
        .sub(centres.cast(x.dtype))
        .square()
        .sum(-1);
      return squares.mul(-1 / (2 * width * width)).exp();
    },
  });
}

/** φ(x) = (1, x, x², …, x^degree) of each feature: x [..., d] gives [..., 1 + d·degree], the 1 once, then all x, all x² … */
export function polynomialBasis(inputs: number, degree: number): Module<Shape, Shape> {
  integer("polynomialBasis", "inputs", inputs, 1);
  integer("polynomialBasis", "degree", degree, 0);
  return leaf<Shape, Shape>({
    kind: "polynomialBasis",
    options: { inputs, degree },
    apply: (_parameters, x) => {
      expectLast(`polynomialBasis(${inputs}, ${degree})`, x, inputs);
      const powers: Tensor[] = [];
      for (let k = 0; k < degree; k++) powers.push(k === 0 ? x : powers[k - 1].mul(x));
      return concat([ones([...x.shape.slice(0, -1), 1], x.dtype), ...powers], -1);
    },
  });
}
