// The activation functions, their slopes, and what is done at kinks.

import { grad, hardThreshold, leakyRelu, relu, softmax, softplus, type Tensor, tensor } from "gradus";
import { certify } from "gradus/analysis";
import { lesson } from "gradus/explain";

const f64 = { dtype: "float64" } as const;
const sigmoid = (z: Tensor) => z.sigmoid();
const tanh = (z: Tensor) => z.tanh();
const at = (f: (x: Tensor) => Tensor, x: number) => f(tensor(x, f64)).item();

export default lesson(
  {
    number: 20,
    title: "Activation functions",
    learn: "which bends are put between the layers, how steep each of them is, and what happens where a slope does not exist",
    source: "texts 001 and 002, activation functions",
    concepts: ["activations"],
  },
  ({ prose, heading, formula, numbers, table, plot, given, check }) => {
    prose`Without a bend between them, layers of a network collapse to one (lesson ${13}). The bend is a function of one number, applied to
      every unit. A good one is cheap, is not flat where it matters, and has a slope that is easily computed.`;
    type Bend = {
      name: string;
      symbol: string;
      f: (z: Tensor) => Tensor;
      value: (z: number) => number;
      slope: (z: number) => number;
    };
    const functions: readonly Bend[] = [
      { name: "linear", symbol: "z", f: (z: Tensor) => z, value: (z: number) => z, slope: () => 1 },
      { name: "ReLU", symbol: "max(0, z)", f: relu, value: (z: number) => Math.max(0, z), slope: (z: number) => (z > 0 ? 1 : 0) },
      {
        name: "leaky ReLU",
        symbol: "z if z > 0, else 0.01·z",
        f: (z: Tensor) => leakyRelu(z, 0.01),
        value: (z: number) => (z > 0 ? z : 0.01 * z),
        slope: (z: number) => (z > 0 ? 1 : 0.01),
      },
      { name: "softplus", symbol: "log(1 + e^z)", f: softplus, value: (z: number) => Math.log1p(Math.exp(z)), slope: logistic },
      {
        name: "hard threshold",
        symbol: "1 if z > 0, else 0",
        f: hardThreshold,
        value: (z: number) => (z > 0 ? 1 : 0),
        slope: () => 0,
      },
      {
        name: "logistic",
        symbol: "σ(z) = 1/(1 + e^{−z})",
        f: sigmoid,
        value: logistic,
        slope: (z: number) => logistic(z) * (1 - logistic(z)),
      },
      {
        name: "tanh",
        symbol: "(e^z − e^{−z})/(e^z + e^{−z})",
        f: tanh,
        value: Math.tanh,
        slope: (z: number) => 1 - Math.tanh(z) ** 2,
      },
    ];
    for (const { symbol } of functions) formula`y = ${symbol}`;
    const zs = given("points", [-2, -0.5, 0.5, 2]);
    table(
      "Their values",
      ["function", ...zs.map((z) => `$z = ${String(z).replace("-", "−")}$`)],
      functions.map(({ name, f }) => [name, ...zs.map((z) => at(f, z))]),
    );
    table(
      "Their slopes, by grad",
      ["function", ...zs.map((z) => `$z = ${String(z).replace("-", "−")}$`)],
      functions.map(({ name, f }) => [name, ...zs.map((z) => at(grad(f), z))]),
    );
    for (const { name, f, value, slope } of functions) {
      check(
        `${name}`,
        zs.map(value),
        zs.map((z) => at(f, z)),
        14,
      );
      check(
        `slope of ${name}`,
        zs.map(slope),
        zs.map((z) => at(grad(f), z)),
        14,
      );
    }
    const grid = Array.from({ length: 161 }, (_, i) => -4 + i / 20);
    plot({
      title: "Seven bends",
      x: "z",
      y: "y",
      yRange: [-1.5, 3],
      curves: functions.map(({ name, f }, i) => ({ name, colour: i, points: grid.map((z) => [z, at(f, z)] as const) })),
    });

    heading("Slopes made of values");
    prose`Backpropagation needs the slope at the place where the unit stands, and the value there is known already. For some functions
      the slope can be had from it for a multiplication or two: the logistic function and the hyperbolic tangent.`;
    formula`σ′(z) = y·(1 − y)`;
    formula`tanh′(z) = 1 − y²`;
    const z = given("z", 0.5);
    const [s, t] = [at(sigmoid, z), at(tanh, z)];
    numbers`σ′(${z}) = ${s}·(1 − ${s}) = ${at(grad(sigmoid), z)}`;
    numbers`tanh′(${z}) = 1 − ${t}² = ${at(grad(tanh), z)}`;
    prose`The two are one curve at different scales: $tanh(z) = 2·σ(2·z) − 1$. And the slope of softplus is the logistic function.`;
    check("tanh(z) = 2σ(2z) − 1", at(tanh, z), 2 * at(sigmoid, 2 * z) - 1, 14);
    check("steepest slope of σ", 0.25, at(grad(sigmoid), 0));
    check("steepest slope of tanh", 1, at(grad(tanh), 0));
    prose`A logistic unit is never steeper than ${at(grad(sigmoid), 0)}, and far from 0 it is flat. Through ten of them in a row an
      error signal shrinks to less than a millionth, ${0.25 ** 10}, which is why deep networks prefer ReLU: half of it has slope 1.`;
    check(
      "a quarter, ten times",
      0.25 ** 10,
      at((x) => grad(sigmoid)(x).pow(10), 0),
      14,
    );

    heading("Kinks");
    prose`ReLU, leaky ReLU and the absolute value have a kink at 0, where the slope jumps, and no derivative. A program has to say
      something, and any number between the slopes to the left and to the right does no harm: such a number is a subgradient. Gradus
      gives the slope to the left for ReLU and leaky ReLU, and the one in the middle for the absolute value:`;
    const kinks: readonly { name: string; left: number; right: number; f: (x: Tensor) => Tensor }[] = [
      { name: "ReLU", left: 0, right: 1, f: relu },
      { name: "leaky ReLU", left: 0.01, right: 1, f: (x: Tensor) => leakyRelu(x, 0.01) },
      { name: "|z|", left: -1, right: 1, f: (x: Tensor) => x.abs() },
      { name: "hard threshold", left: 0, right: 0, f: hardThreshold },
    ];
    table(
      "Slopes at 0",
      ["function", "to the left", "to the right", "grad at 0"],
      kinks.map(({ name, left, right, f }) => [name, left, right, at(grad(f), 0)]),
    );
    check(
      "grad at the kinks",
      [0, 0.01, 0, 0],
      kinks.map(({ f }) => at(grad(f), 0)),
      14,
    );
    prose`The hard threshold is worse than a kink: it jumps, and its slope is 0 on both sides. A network of thresholds gives gradient
      descent nothing to go by.`;

    heading("Softmax");
    prose`Softmax turns any numbers into shares that are positive and add up to 1; it is the bend of the last layer when one of several
      classes is to be named. Each share depends on all the numbers:`;
    formula`yᵢ = exp(zᵢ)/(exp(z₁) + exp(z₂) + exp(z₃))`;
    const scores = given("scores", [1, 2, 0]);
    const shares = softmax(tensor(scores, f64)).data();
    const sum = scores.reduce((total, score) => total + Math.exp(score), 0);
    numbers`y₂ = exp(2)/(exp(1) + exp(2) + exp(0)) = ${shares[1]}`;
    prose`The shares are $y = ${[...shares]}$. Only differences count: with 1000 added to every score nothing changes, although the
      exponential of 1000 is beyond any number that a computer knows. (It takes the largest score off first.)`;
    const far = softmax(
      tensor(
        scores.map((score) => score + 1000),
        f64,
      ),
    ).data();
    check(
      "softmax",
      scores.map((score) => Math.exp(score) / sum),
      [...shares],
      14,
    );
    check("softmax of scores moved by", [...shares], [...far], 12);
    given("moved by", 1000);
    const push = grad((x: Tensor) => softmax(x).slice([1], [2]).sum())(tensor(scores, f64)).data();
    check(
      "slopes of the second share",
      [-shares[0] * shares[1], shares[1] * (1 - shares[1]), -shares[1] * shares[2]],
      [...push],
      14,
    );
    prose`A share rises with its own score by $yᵢ·(1 − yᵢ)$ and falls with another one by $yᵢ·yⱼ$: here the second moves with the three
      scores by ${[...push]}. These slopes add up to 0, as they must when only differences count.`;

    heading("Convex or not");
    prose`Which of them are convex decides what can be proved of a network made of them (lesson ${25}).`;
    const verdicts = ["max(0, x)", "log(1+exp(x))", "1/(1+exp(-x))", "tanh(x)"].map((text) => [text, certify(text).verdict]);
    table("What certify says", ["function", "verdict"], verdicts);
    check(
      "verdicts",
      ["convex", "strictly convex", "neither", "neither"],
      verdicts.map(([, verdict]) => verdict),
    );
  },
);

function logistic(z: number): number {
  return 1 / (1 + Math.exp(-z));
}
