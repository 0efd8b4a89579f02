// The smooth functions of the reference examples, written as float64 programs, with the domains on which their verdicts are known.

import * as G from "../../tensor/index.ts";
import { type Tensor, tensor } from "../../tensor/index.ts";
import { boxDomain, type Domain, everywhere } from "../domain.ts";
import { type Scalarised, scalariseFunction } from "./index.ts";

export interface Example {
  readonly id: string;
  readonly variables: number;
  readonly domain: Domain;
  readonly f: (...x: Tensor[]) => Tensor;
}

export const number = (value: number): Tensor => tensor(value, { dtype: "float64" });

const { exp, log, sqrt, sin, cos, tanh } = G;
const one = (name: string, f: (x: Tensor) => Tensor, domain = everywhere(1)): Example => ({ id: name, variables: 1, domain, f });
const two = (name: string, f: (x: Tensor, y: Tensor) => Tensor, domain = everywhere(2)): Example => ({
  id: name,
  variables: 2,
  domain,
  f,
});
const three = (name: string, f: (x: Tensor, y: Tensor, z: Tensor) => Tensor, domain = everywhere(3)): Example => ({
  id: name,
  variables: 3,
  domain,
  f,
});
const sigmoid = (x: Tensor) => number(1).div(exp(x.neg()).add(1));

/** x > 0 for the coordinates named, all of R for the others. */
export function positive(coordinates: number, which: readonly number[]): Domain {
  const all = everywhere(coordinates);
  return {
    ...all,
    box: all.box.map((b, i) => (which.includes(i) ? { lower: 0, upper: Infinity } : b)),
    text: which.map((i) => `x${i}>0`).join(", "),
  };
}

const positiveDefinite: Domain = {
  ...everywhere(3),
  cones: [
    {
      entries: [
        [0, 1],
        [1, 2],
      ],
    },
  ],
  text: "x>0, x*z>y^2",
};

export const examples: readonly Example[] = [
  one("affine1", (x) => x.mul(3).add(2)),
  one("cubic", (x) => x.pow(3)),
  one("log", log, positive(1, [0])),
  one("sqrt", sqrt, positive(1, [0])),
  one("inv12", (x) => number(1).div(x), boxDomain([[1, 2]])),
  one("xlogx", (x) => x.mul(log(x)), positive(1, [0])),
  one("softplus", (x) => log(exp(x).add(1))),
  one("pseudohuber", (x) => sqrt(x.square().add(1))),
  one("gelu", (x) => x.mul(G.normalCdf(x))),
  one("x2_3sin2", (x) => x.square().add(sin(x).square().mul(3))),
  one("x2_sin", (x) => x.square().add(sin(x))),
  one("x2_2sin", (x) => x.square().add(sin(x).mul(2))),
  one("doublewell", (x) => x.pow(4).sub(x.square().mul(2))),
  one("poly4", (x) => x.pow(4).sub(x.pow(3)).add(x.square())),
  one("poly6", (x) => x.pow(6).sub(x.pow(4)).add(x.square())),
  one("gauss", (x) => exp(x.square().neg())),
  one("bell.5", (x) => x.square().add(1).pow(-0.5)),
  one("logexpm1x", (x) => log(exp(x).sub(1).div(x))),
  one("cauchy", (x) => log(x.square().add(1))),
  one("welsch", (x) => number(1).sub(exp(x.square().neg().div(2)))),
  one("needle", (x) => x.square().add(exp(x.sub(0.3).square().mul(-1e6)).div(1000))),
  one("micro", (x) => x.pow(4).sub(x.square().mul(1e-6))),
  one("cancel", (x) => x.square().add(x).sub(x.square())),
  one("logplus", (x) => log(number(1).add(number(1).div(x))), positive(1, [0])),
  one("negsqrt1mx2", (x) => sqrt(number(1).sub(x.square())).neg(), boxDomain([[-1, 1]])),
  one("bce_t", (x) => log(exp(x).add(1)).sub(x.mul(0.3))),
  one("focal2", (x) =>
    number(1)
      .sub(sigmoid(x))
      .square()
      .mul(log(exp(x.neg()).add(1))),
  ),
  one("poisson", (x) => exp(x).sub(x.mul(2))),
  one("softplus2", (x) => log(exp(x).add(1)).square()),
  one("mish", (x) => x.mul(tanh(log(exp(x).add(1))))),
  one("styb", (x) => x.pow(4).sub(x.square().mul(16)).add(x.mul(5)).div(2)),
  one("rastrigin1", (x) =>
    x
      .square()
      .add(10)
      .sub(cos(x.mul(2 * Math.PI)).mul(10)),
  ),
  two("bilinear_pos", (x, y) => x.mul(y), positive(2, [0, 1])),
  two("lse2", (x, y) => log(exp(x).add(exp(y)))),
  two(
    "amgm",
    (x, y) =>
      x
        .add(y)
        .div(2)
        .sub(sqrt(x.mul(y))),
    positive(2, [0, 1]),
  ),
  two("himmel", (x, y) => x.square().add(y).sub(11).square().add(x.add(y.square()).sub(7).square())),
  two("booth", (x, y) => x.add(y.mul(2)).sub(7).square().add(x.mul(2).add(y).sub(5).square())),
  two("quart_6", (x, y) => x.pow(4).add(x.square().mul(y.square()).mul(6)).add(y.pow(4))),
  two("quart_-.1", (x, y) => x.pow(4).sub(x.square().mul(y.square()).mul(0.1)).add(y.pow(4))),
  two("persp", (x, y) => y.mul(exp(x.div(y))), positive(2, [1])),
  two("softmax1", (x, y) => exp(x).div(exp(x).add(exp(y)))),
  two("brier", (x, y) => {
    const total = exp(x).add(exp(y));
    return exp(x).div(total).sub(1).square().add(exp(y).div(total).square());
  }),
  two("prodfit", (x, y) => x.mul(y).sub(1).square()),
  two("gaussnll_nat", (x, y) => y.sub(x).square().div(2).sub(log(y)), positive(2, [1])),
  three("ce3", (x, y, z) => log(exp(x).add(exp(y)).add(exp(z))).sub(x)),
  three("logdet2", (x, y, z) => log(x.mul(z).sub(y.square())), positiveDefinite),
];

/** The example as an expression. */
export function expressionOf({ f, variables, domain }: Example): Scalarised {
  const made = scalariseFunction(
    f,
    Array.from({ length: variables }, () => number(0.5)),
    { domain },
  );
  if (made.kind !== "scalarised") throw new Error(`${made.operation}: ${made.reason}`);
  return made;
}
